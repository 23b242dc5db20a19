//! What an intruder does on other hosts, as a table: the operation, what it means, and its weight.
//!
//! Names of operations are those of Zeek's DCE-RPC analyzer. Techniques are those of MITRE ATT&CK; the choice follows
//! its rules for Zeek (BZAR, <https://github.com/mitre-attack/bzar>). A weight of 3 is worth a finding by itself.
//! A sign that is `common` has harmless uses: it waits until the traffic shows whether other hosts do the same.

use crate::kinds::{
    BehaviorKindInfo, DIRECTORY_REPLICATION, FORCED_AUTHENTICATION, LATERAL_EXECUTION,
    LATERAL_SESSION, LATERAL_TRANSFER, REMOTE_CHANGE, REMOTE_ENUMERATION, REMOTE_SECRETS,
};

/// Between which hosts a sign counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Any two.
    Any,
    /// The originator is no server of the directory.
    NoDirectoryServer,
    /// Neither serves others.
    Workstations,
    /// The responder serves no others.
    ToWorkstation,
    /// The responder serves no others, or is a server of the directory: it is not there for printing.
    ToOtherRole,
}

/// One thing that is seen.
#[derive(Debug)]
pub struct Sign {
    /// What it is, in words.
    pub what: &'static str,
    /// The technique's id.
    pub technique: &'static str,
    /// The kind of finding.
    pub kind: &'static BehaviorKindInfo,
    /// Its weight, on the scale of scores: 3 is worth a look, 6 is grave.
    pub weight: f64,
    /// Whether ordinary hosts do the same at servers that are there for it.
    pub common: bool,
    /// Between which hosts it counts.
    pub between: Between,
    /// Operations of DCE-RPC; empty where other logs show the sign.
    pub operations: &'static [&'static str],
}

/// See [`Sign::common`].
const COMMON: bool = true;
/// See [`Sign::common`].
const RARE: bool = false;

macro_rules! signs {
    ($($id:ident: $kind:ident $technique:literal $weight:literal $common:ident $between:ident $what:literal
        [$($operation:literal)*];)*) => {
        /// All signs.
        pub static SIGNS: &[Sign] = &[$(Sign {
            what: $what,
            technique: $technique,
            kind: &$kind,
            weight: $weight,
            common: $common,
            between: Between::$between,
            operations: &[$($operation),*],
        }),*];

        /// The places of signs in the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(dead_code, reason = "signs with operations are found by those")]
        pub enum Place { $($id),* }
    };
}

signs! {
    // Run something there.
    CreateService: LATERAL_EXECUTION "T1569.002" 4.5 RARE Any "creates a service"
        ["CreateServiceA" "CreateServiceW" "CreateServiceWOW64A" "CreateServiceWOW64W" "CreateWowService"];
    ChangeService: LATERAL_EXECUTION "T1569.002" 3.5 COMMON Any "changes a service"
        ["ChangeServiceConfigA" "ChangeServiceConfigW" "ChangeServiceConfig2A" "ChangeServiceConfig2W"];
    StartService: LATERAL_EXECUTION "T1569.002" 2.0 COMMON Any "starts a service"
        ["StartServiceA" "StartServiceW"];
    CreateTask: LATERAL_EXECUTION "T1053.005" 4.5 RARE Any "registers a task"
        ["NetrJobAdd" "JobAdd" "SchRpcRegisterTask"];
    RunTask: LATERAL_EXECUTION "T1053.005" 2.0 COMMON Any "runs a task"
        ["SchRpcRun" "SchRpcEnableTask"];
    CallWmi: LATERAL_EXECUTION "T1047" 3.5 COMMON Any "calls a method by WMI"
        ["ExecMethod" "ExecMethodAsync" "PutInstance" "PutInstanceAsync" "PutClass" "PutClassAsync"];
    Activate: LATERAL_EXECUTION "T1021.003" 2.5 COMMON Any "makes an object by DCOM"
        ["RemoteCreateInstance" "RemoteActivation"];
    // Replicate the directory.
    Replicate: DIRECTORY_REPLICATION "T1003.006" 6.0 COMMON NoDirectoryServer "asks for the secrets of the directory"
        ["DRSGetNCChanges"];
    Register: DIRECTORY_REPLICATION "T1207" 6.0 COMMON NoDirectoryServer "registers as a server of the directory"
        ["DRSReplicaAdd" "DRSAddEntry"];
    // Read secrets.
    SaveKeys: REMOTE_SECRETS "T1003.002" 5.0 RARE Any "saves keys of the registry"
        ["BaseRegSaveKey" "BaseRegSaveKeyEx"];
    LsaSecrets: REMOTE_SECRETS "T1003.004" 4.0 COMMON Any "reads secrets of the LSA"
        ["LsarRetrievePrivateData" "LsarQuerySecret" "LsarOpenSecret"];
    BackupKey: REMOTE_SECRETS "T1555" 3.0 COMMON Any "asks for the backup key of DPAPI"
        ["BackuprKey"];
    // Change the other host.
    SetRegistry: REMOTE_CHANGE "T1112" 3.5 COMMON Any "changes the registry"
        ["BaseRegSetValue" "BaseRegCreateKey" "BaseRegDeleteValue" "BaseRegDeleteKey" "BaseRegRestoreKey"];
    AddDriver: REMOTE_CHANGE "T1547.012" 3.5 COMMON Any "adds a driver to the print spooler"
        ["RpcAddPrinterDriver" "RpcAddPrinterDriverEx" "RpcAddPrintProcessor" "RpcAddMonitor"];
    AddMember: REMOTE_CHANGE "T1098" 3.0 COMMON Any "changes the members of a group"
        ["SamrAddMemberToGroup" "SamrAddMemberToAlias" "LsarAddAccountRights" "LsarAddPrivilegesToAccount"];
    CreateUser: REMOTE_CHANGE "T1136" 3.0 COMMON Any "creates an account"
        ["SamrCreateUserInDomain" "SamrCreateUser2InDomain"];
    ClearLog: REMOTE_CHANGE "T1070.001" 4.5 RARE Any "clears a log of events"
        ["ElfrClearELFA" "ElfrClearELFW" "EvtRpcClearLog"];
    Shutdown: REMOTE_CHANGE "T1529" 3.5 COMMON Any "shuts a host down"
        ["BaseInitiateShutdown" "BaseInitiateShutdownEx" "BaseInitiateSystemShutdown"
         "BaseInitiateSystemShutdownEx" "WsdrInitiateShutdown"];
    // Make the other host log in elsewhere.
    SpoolerNotice: FORCED_AUTHENTICATION "T1187" 3.0 COMMON ToOtherRole "asks the print spooler for notices"
        ["RpcRemoteFindFirstPrinterChangeNotification" "RpcRemoteFindFirstPrinterChangeNotificationEx"];
    EncryptedFiles: FORCED_AUTHENTICATION "T1187" 4.0 COMMON Any "calls the encryption of files"
        ["EfsRpcOpenFileRaw" "EfsRpcEncryptFileSrv" "EfsRpcDecryptFileSrv" "EfsRpcQueryUsersOnFile"
         "EfsRpcQueryRecoveryAgents" "EfsRpcAddUsersToFile" "EfsRpcAddUsersToFileEx" "EfsRpcFileKeyInfo"
         "EfsRpcDuplicateEncryptionInfoFile"];
    DfsRoot: FORCED_AUTHENTICATION "T1187" 3.5 COMMON Any "calls the namespace of DFS"
        ["NetrDfsAddStdRoot" "NetrDfsRemoveStdRoot" "NetrDfsAddStdRootForced"];
    ShadowCopies: FORCED_AUTHENTICATION "T1187" 3.0 COMMON Any "calls the agent of shadow copies"
        ["IsPathSupported" "IsPathShadowCopied"];
    // Look around.
    Sessions: REMOTE_ENUMERATION "T1049" 2.0 COMMON Any "lists sessions"
        ["NetrSessionEnum" "NetrConnectionEnum" "NetrFileEnum"];
    Users: REMOTE_ENUMERATION "T1033" 2.0 COMMON Any "lists users who are logged in"
        ["NetrWkstaUserEnum"];
    Accounts: REMOTE_ENUMERATION "T1087.002" 2.0 COMMON Any "lists accounts"
        ["SamrEnumerateUsersInDomain" "SamrQueryDisplayInformation" "SamrQueryDisplayInformation2"
         "SamrQueryDisplayInformation3" "LsarEnumerateAccounts"];
    Groups: REMOTE_ENUMERATION "T1069.002" 2.0 COMMON Any "lists groups"
        ["SamrEnumerateGroupsInDomain" "SamrEnumerateAliasesInDomain"];
    Members: REMOTE_ENUMERATION "T1069.002" 2.0 COMMON Any "lists members of groups"
        ["SamrGetMembersInGroup" "SamrGetMembersInAlias"];
    Shares: REMOTE_ENUMERATION "T1135" 1.0 COMMON Any "lists shares"
        ["NetrShareEnum" "NetrShareEnumSticky"];
    // Log in.
    Winrm: LATERAL_SESSION "T1021.006" 3.5 COMMON Workstations "session by WinRM" [];
    Rdp: LATERAL_SESSION "T1021.001" 3.0 COMMON Workstations "session by RDP" [];
    Ssh: LATERAL_SESSION "T1021.004" 3.0 COMMON Workstations "session by SSH" [];
    Vnc: LATERAL_SESSION "T1021.005" 3.0 COMMON Workstations "session by VNC" [];
    AdminShare: LATERAL_SESSION "T1021.002" 3.0 COMMON Workstations "opens a share for administrators" [];
    // Bring programs.
    AdminProgram: LATERAL_TRANSFER "T1570" 4.5 RARE Any "writes a program to a share for administrators" [];
    Program: LATERAL_TRANSFER "T1570" 3.5 COMMON ToWorkstation "writes a program to a share" [];
    Fetched: LATERAL_TRANSFER "T1105" 3.5 COMMON Any "fetches a program from an inside host without a name" [];
    FetchedByName: LATERAL_TRANSFER "T1105" 2.0 COMMON Any "fetches a program from an inside host" [];
}

/// The sign of an operation.
pub fn of_operation(operation: &[u8]) -> Option<usize> {
    let is = |s: &Sign| s.operations.iter().any(|o| o.as_bytes() == operation);
    SIGNS.iter().position(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_one_sign_and_each_technique_is_one_of_its_kind() {
        let mut seen = std::collections::BTreeSet::new();
        for sign in SIGNS {
            assert!(sign.operations.iter().all(|o| seen.insert(*o)), "{sign:?}");
            let of_kind = sign.kind.techniques.iter();
            assert!(
                of_kind.map(|t| t.id).any(|id| id == sign.technique),
                "{sign:?}"
            );
        }
        assert!(SIGNS.len() < 256);
        assert_eq!(SIGNS[Place::FetchedByName as usize].weight, 2.0);
    }
}
