//! The kinds of findings, in one table: names, stage of an attack, MITRE ATT&CK techniques.
//!
//! Behaviors refer to their kinds by the statics here; the registry, allowlists, notices, ECS output and reports read
//! the same table. Nothing here knows a behavior, so that a finding can be read back by the name of its kind.

use serde::{Deserialize, Serialize};

/// Where in an attack a finding usually belongs, in the order in which attacks go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Looking around: scans.
    Reconnaissance,
    /// Getting credentials: guessing.
    CredentialAccess,
    /// Getting in: a guess that worked.
    InitialAccess,
    /// Being controlled: beacons, tunnels.
    CommandAndControl,
    /// Moving on to other hosts.
    LateralMovement,
    /// Taking data out.
    Exfiltration,
    /// No stage of its own.
    Unstaged,
}

impl Stage {
    /// The stage in words.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Reconnaissance => "reconnaissance",
            Stage::CredentialAccess => "credential access",
            Stage::InitialAccess => "initial access",
            Stage::CommandAndControl => "command and control",
            Stage::LateralMovement => "lateral movement",
            Stage::Exfiltration => "exfiltration",
            Stage::Unstaged => "none",
        }
    }
}

/// A tactic of MITRE ATT&CK (Enterprise).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tactic {
    /// Its id: `TA0011`.
    pub id: &'static str,
    /// Its name: `Command and Control`.
    pub name: &'static str,
}

/// A technique of MITRE ATT&CK (Enterprise), under the tactic for which it is used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technique {
    /// Its id: `T1046`, or `T1071.004` for a sub-technique.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its tactic.
    pub tactic: Tactic,
}

/// A kind of finding.
#[derive(Debug)]
pub struct BehaviorKindInfo {
    /// Its name in output, allowlists and options: `scan_vertical`.
    pub name: &'static str,
    /// Its notice type inside Zeek: `Vertical_Scan`.
    pub notice: &'static str,
    /// Its title for people: `vertical scan`.
    pub title: &'static str,
    /// Where it usually belongs.
    pub stage: Stage,
    /// Kinds of one family are one habit: a host that scans many hosts in the baseline may scan many ports, too.
    pub family: &'static str,
    /// The techniques that it is evidence of, the likeliest first; empty where none fits.
    pub techniques: &'static [Technique],
}

/// A kind, by reference.
#[derive(Clone, Copy, Debug)]
pub struct BehaviorKind(pub &'static BehaviorKindInfo);

impl PartialEq for BehaviorKind {
    fn eq(&self, other: &BehaviorKind) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for BehaviorKind {}

impl Serialize for BehaviorKind {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for BehaviorKind {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<BehaviorKind, D::Error> {
        let name = String::deserialize(d)?;
        kind(&name).ok_or_else(|| serde::de::Error::custom("unknown kind"))
    }
}

/// All kinds of findings.
pub fn kinds() -> impl Iterator<Item = &'static BehaviorKindInfo> {
    KINDS.iter().copied()
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<BehaviorKind> {
    kinds().find(|k| k.name == name).map(BehaviorKind)
}

const RECONNAISSANCE: Tactic = Tactic {
    id: "TA0043",
    name: "Reconnaissance",
};
const INITIAL_ACCESS: Tactic = Tactic {
    id: "TA0001",
    name: "Initial Access",
};
const EXECUTION: Tactic = Tactic {
    id: "TA0002",
    name: "Execution",
};
const PERSISTENCE: Tactic = Tactic {
    id: "TA0003",
    name: "Persistence",
};
const DEFENSE_EVASION: Tactic = Tactic {
    id: "TA0005",
    name: "Defense Evasion",
};
const IMPACT: Tactic = Tactic {
    id: "TA0040",
    name: "Impact",
};
const CREDENTIAL_ACCESS: Tactic = Tactic {
    id: "TA0006",
    name: "Credential Access",
};
const DISCOVERY: Tactic = Tactic {
    id: "TA0007",
    name: "Discovery",
};
const LATERAL_MOVEMENT: Tactic = Tactic {
    id: "TA0008",
    name: "Lateral Movement",
};
const EXFILTRATION: Tactic = Tactic {
    id: "TA0010",
    name: "Exfiltration",
};
const COMMAND_AND_CONTROL: Tactic = Tactic {
    id: "TA0011",
    name: "Command and Control",
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident: $name:literal, $notice:literal, $title:literal, $stage:ident, $family:literal,
        [$($tid:literal $tname:literal $tactic:ident),*];)*) => {
        $(
            $(#[$doc])*
            pub static $id: BehaviorKindInfo = BehaviorKindInfo {
                name: $name,
                notice: $notice,
                title: $title,
                stage: Stage::$stage,
                family: $family,
                techniques: &[$(Technique { id: $tid, name: $tname, tactic: $tactic }),*],
            };
        )*

        static KINDS: &[&BehaviorKindInfo] = &[$(&$id),*];
    };
}

kinds! {
    /// A regular call.
    BEACON: "beacon", "Beacon", "beacon", CommandAndControl, "beacon",
        ["T1071" "Application Layer Protocol" COMMAND_AND_CONTROL];
    /// A regular question to DNS.
    DNS_BEACON: "dns_beacon", "DNS_Beacon", "beacon over DNS", CommandAndControl, "dns",
        ["T1071.004" "Application Layer Protocol: DNS" COMMAND_AND_CONTROL];
    /// One port of many hosts.
    SCAN_HORIZONTAL: "scan_horizontal", "Horizontal_Scan", "scan of many hosts", Reconnaissance, "scan",
        ["T1046" "Network Service Discovery" DISCOVERY, "T1018" "Remote System Discovery" DISCOVERY];
    /// Many ports of one host.
    SCAN_VERTICAL: "scan_vertical", "Vertical_Scan", "scan of many ports", Reconnaissance, "scan",
        ["T1046" "Network Service Discovery" DISCOVERY];
    /// Many ports of many hosts.
    SCAN_BLOCK: "scan_block", "Block_Scan", "scan of many ports of many hosts", Reconnaissance, "scan",
        ["T1046" "Network Service Discovery" DISCOVERY, "T1018" "Remote System Discovery" DISCOVERY];
    /// One host, by many.
    SCAN_DISTRIBUTED: "scan_distributed", "Distributed_Scan", "scan of one host by many", Reconnaissance, "scan",
        ["T1595.001" "Active Scanning: Scanning IP Blocks" RECONNAISSANCE];
    /// Many login attempts of one host at another.
    GUESSING: "guessing", "Password_Guessing", "password guessing", CredentialAccess, "guessing",
        ["T1110.001" "Brute Force: Password Guessing" CREDENTIAL_ACCESS];
    /// Few attempts each at many hosts or users.
    GUESSING_SPRAY: "guessing_spray", "Password_Spraying", "password spraying", CredentialAccess, "guessing",
        ["T1110.003" "Brute Force: Password Spraying" CREDENTIAL_ACCESS];
    /// Many hosts that fail to log in to one.
    GUESSING_DISTRIBUTED: "guessing_distributed", "Distributed_Guessing", "password guessing by many hosts",
        CredentialAccess, "guessing",
        ["T1110" "Brute Force" CREDENTIAL_ACCESS];
    /// A login that worked after many that did not.
    PASSWORD_GUESS_SUCCEEDED: "password_guess_succeeded", "Password_Guess_Succeeded", "login after password guessing",
        InitialAccess, "guessing",
        ["T1078" "Valid Accounts" INITIAL_ACCESS, "T1110.001" "Brute Force: Password Guessing" CREDENTIAL_ACCESS];
    /// Data in the names of DNS queries.
    DNS_TUNNEL: "dns_tunnel", "DNS_Tunnel", "tunnel through DNS", CommandAndControl, "dns",
        ["T1071.004" "Application Layer Protocol: DNS" COMMAND_AND_CONTROL,
         "T1572" "Protocol Tunneling" COMMAND_AND_CONTROL];
    /// Generated domain names are tried until one exists.
    DGA_ACTIVITY: "dga_activity", "DGA_Activity", "DGA activity: names that do not exist", CommandAndControl, "dns",
        ["T1568.002" "Dynamic Resolution: Domain Generation Algorithms" COMMAND_AND_CONTROL];
    /// Long names.
    DNS_LONG: "dns_long", "Long_Queries", "long names asked of DNS", CommandAndControl, "dns",
        ["T1071.004" "Application Layer Protocol: DNS" COMMAND_AND_CONTROL];
    /// Types of DNS records that are rare here.
    DNS_RARE_TYPE: "dns_rare_type", "Rare_Query_Type", "types asked of DNS that nobody here asks for",
        CommandAndControl, "dns",
        ["T1071.004" "Application Layer Protocol: DNS" COMMAND_AND_CONTROL];
    /// A resolver that one host uses.
    UNUSUAL_DNS_RESOLVER: "unusual_dns_resolver", "Unusual_DNS_Resolver", "DNS resolver that no other host uses",
        CommandAndControl, "dns",
        ["T1071.004" "Application Layer Protocol: DNS" COMMAND_AND_CONTROL];
    /// An upload.
    UPLOAD: "upload", "Unusual_Upload", "unusual upload", Exfiltration, "upload",
        ["T1048" "Exfiltration Over Alternative Protocol" EXFILTRATION,
         "T1567" "Exfiltration Over Web Service" EXFILTRATION];
    /// A connection that stays.
    LONG_CONNECTION: "long_connection", "Long_Connection", "long connection", CommandAndControl, "long",
        ["T1071" "Application Layer Protocol" COMMAND_AND_CONTROL];
    /// Logins at several hosts.
    LATERAL_SPREAD: "lateral_spread", "Lateral_Movement", "logins at several hosts for the first time",
        LateralMovement, "lateral",
        ["T1021" "Remote Services" LATERAL_MOVEMENT];
    /// Something that is made to run from afar.
    LATERAL_EXECUTION: "lateral_execution", "Remote_Execution", "service, task or command run on another host",
        LateralMovement, "execution",
        ["T1569.002" "System Services: Service Execution" EXECUTION,
         "T1053.005" "Scheduled Task/Job: Scheduled Task" EXECUTION,
         "T1047" "Windows Management Instrumentation" EXECUTION,
         "T1021.003" "Remote Services: Distributed Component Object Model" LATERAL_MOVEMENT,
         "T1021.002" "Remote Services: SMB/Windows Admin Shares" LATERAL_MOVEMENT];
    /// A session between two workstations.
    LATERAL_SESSION: "lateral_session", "Remote_Session", "session or administrative share between workstations",
        LateralMovement, "session",
        ["T1021.006" "Remote Services: Windows Remote Management" LATERAL_MOVEMENT,
         "T1021.001" "Remote Services: Remote Desktop Protocol" LATERAL_MOVEMENT,
         "T1021.002" "Remote Services: SMB/Windows Admin Shares" LATERAL_MOVEMENT,
         "T1021.004" "Remote Services: SSH" LATERAL_MOVEMENT,
         "T1021.005" "Remote Services: VNC" LATERAL_MOVEMENT];
    /// A program that goes from one inside host to another.
    LATERAL_TRANSFER: "lateral_transfer", "Program_Transfer", "program brought to another inside host",
        LateralMovement, "transfer",
        ["T1570" "Lateral Tool Transfer" LATERAL_MOVEMENT,
         "T1105" "Ingress Tool Transfer" COMMAND_AND_CONTROL];
    /// Replication of the directory by a host that is no server of it.
    DIRECTORY_REPLICATION: "directory_replication", "Directory_Replication",
        "directory replication by a host that is no domain controller", CredentialAccess, "replication",
        ["T1003.006" "OS Credential Dumping: DCSync" CREDENTIAL_ACCESS,
         "T1207" "Rogue Domain Controller" DEFENSE_EVASION];
    /// Secrets of another host.
    REMOTE_SECRETS: "remote_secrets", "Remote_Secrets", "secrets of another host read", CredentialAccess, "secrets",
        ["T1003.002" "OS Credential Dumping: Security Account Manager" CREDENTIAL_ACCESS,
         "T1003.004" "OS Credential Dumping: LSA Secrets" CREDENTIAL_ACCESS,
         "T1555" "Credentials from Password Stores" CREDENTIAL_ACCESS];
    /// Settings, accounts or logs of another host that are changed.
    REMOTE_CHANGE: "remote_change", "Remote_Change", "settings, accounts or logs of another host changed",
        LateralMovement, "change",
        ["T1112" "Modify Registry" DEFENSE_EVASION,
         "T1547.012" "Boot or Logon Autostart Execution: Print Processors" PERSISTENCE,
         "T1098" "Account Manipulation" PERSISTENCE,
         "T1136" "Create Account" PERSISTENCE,
         "T1070.001" "Indicator Removal: Clear Windows Event Logs" DEFENSE_EVASION,
         "T1529" "System Shutdown/Reboot" IMPACT];
    /// A host that is made to log in elsewhere.
    FORCED_AUTHENTICATION: "forced_authentication", "Forced_Authentication", "calls that make a host log in elsewhere",
        CredentialAccess, "coercion",
        ["T1187" "Forced Authentication" CREDENTIAL_ACCESS];
    /// Accounts, groups and sessions that are listed.
    REMOTE_ENUMERATION: "remote_enumeration", "Remote_Enumeration", "accounts, groups or sessions of other hosts listed",
        Reconnaissance, "enumeration",
        ["T1087.002" "Account Discovery: Domain Account" DISCOVERY,
         "T1069.002" "Permission Groups Discovery: Domain Groups" DISCOVERY,
         "T1049" "System Network Connections Discovery" DISCOVERY,
         "T1033" "System Owner/User Discovery" DISCOVERY,
         "T1135" "Network Share Discovery" DISCOVERY];
    /// Tickets that are collected.
    KERBEROS_TICKETS: "kerberos_tickets", "Kerberos_Tickets", "Kerberos tickets collected", CredentialAccess, "tickets",
        ["T1558.003" "Steal or Forge Kerberos Tickets: Kerberoasting" CREDENTIAL_ACCESS];
    /// A host that talks to more hosts here than it did.
    FAN_OUT_INCREASE: "fan_out_increase", "Fan_Out_Increase", "contacts more inside hosts than before",
        LateralMovement, "lateral",
        ["T1021" "Remote Services" LATERAL_MOVEMENT, "T1018" "Remote System Discovery" DISCOVERY];
    /// Activity at an hour when a host is silent.
    OFF_HOURS_ACTIVITY: "off_hours_activity", "Off_Hours_Activity", "activity outside the usual hours of this host",
        Unstaged, "hours",
        ["T1078" "Valid Accounts" INITIAL_ACCESS];
    /// Things that are new about a host.
    FIRST_SEEN: "first_seen", "First_Seen", "several things that were never there before", Unstaged, "first", [];
    /// A host that is new.
    NEW_HOST: "first_host", "New_Host", "host that was never there before", Unstaged, "first",
        ["T1200" "Hardware Additions" INITIAL_ACCESS];
    /// A search for hosts by ARP.
    SCAN_ARP: "scan_arp", "ARP_Scan", "search for hosts by ARP", Reconnaissance, "scan",
        ["T1018" "Remote System Discovery" DISCOVERY];
    /// Claims of another's address.
    ARP_SPOOFING: "arp_spoofing", "ARP_Spoofing", "claims another's address by ARP", CredentialAccess, "arp",
        ["T1557.002" "Adversary-in-the-Middle: ARP Cache Poisoning" CREDENTIAL_ACCESS];
    /// Frames that nobody sends by mistake.
    ARP_FORGED: "arp_forged", "ARP_Forged", "forged ARP", CredentialAccess, "arp",
        ["T1557.002" "Adversary-in-the-Middle: ARP Cache Poisoning" CREDENTIAL_ACCESS];
    /// A host whose findings add up.
    HOST: "host", "Host_At_Risk", "host at risk", Unstaged, "host", [];
}
