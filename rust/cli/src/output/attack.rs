//! Where in MITRE ATT&CK (<https://attack.mitre.org>, version 17) a kind of behavior belongs.

use zeek_anomaly_behavior::Stage;

/// A tactic, and a technique where one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    /// The tactic's id and name.
    pub tactic: (&'static str, &'static str),
    /// The technique's.
    pub technique: Option<(&'static str, &'static str)>,
}

const DISCOVERY: (&str, &str) = ("TA0007", "Discovery");
const CREDENTIALS: (&str, &str) = ("TA0006", "Credential Access");
const ACCESS: (&str, &str) = ("TA0001", "Initial Access");
const CONTROL: (&str, &str) = ("TA0011", "Command and Control");
const MOVEMENT: (&str, &str) = ("TA0008", "Lateral Movement");
const EXFILTRATION: (&str, &str) = ("TA0010", "Exfiltration");

/// Kinds by the beginning of their names, the most particular first.
const TECHNIQUES: &[(&str, &str, &str)] = &[
    ("scan_arp", "T1018", "Remote System Discovery"),
    ("scan", "T1046", "Network Service Discovery"),
    ("arp", "T1557", "Adversary-in-the-Middle"),
    ("dns_tunnel", "T1572", "Protocol Tunneling"),
    ("dga_activity", "T1568", "Dynamic Resolution"),
    ("dga", "T1568", "Dynamic Resolution"),
    ("dns", "T1071", "Application Layer Protocol"),
    ("beacon", "T1071", "Application Layer Protocol"),
    (
        "upload",
        "T1048",
        "Exfiltration FindingSummary Alternative Protocol",
    ),
    ("lateral_spread", "T1021", "Remote Services"),
    ("lateral_execution", "T1021", "Remote Services"),
];

/// Of a kind and its stage; `None` where it has none.
pub fn of(kind: &str, stage: Stage) -> Option<Attack> {
    let tactic = match stage {
        Stage::Reconnaissance => DISCOVERY,
        Stage::CredentialAccess => CREDENTIALS,
        Stage::InitialAccess => ACCESS,
        Stage::CommandAndControl => CONTROL,
        Stage::LateralMovement => MOVEMENT,
        Stage::Exfiltration => EXFILTRATION,
        Stage::Unstaged => return None,
    };
    let named = TECHNIQUES.iter().find(|t| kind.starts_with(t.0));
    let technique = match (named, stage) {
        (Some((_, id, name)), _) => Some((*id, *name)),
        (None, Stage::CredentialAccess) => Some(("T1110", "Brute Force")),
        (None, Stage::InitialAccess) => Some(("T1078", "Valid Accounts")),
        _ => None,
    };
    Some(Attack { tactic, technique })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_with_a_stage_has_its_tactic() {
        for kind in zeek_anomaly_behavior::registry::kinds() {
            let attack = of(kind.name, kind.stage);
            assert_eq!(
                attack.is_none(),
                kind.stage == Stage::Unstaged,
                "{}",
                kind.name
            );
        }
        let scan = of("scan_vertical", Stage::Reconnaissance).unwrap();
        assert_eq!(scan.technique.unwrap().0, "T1046");
    }
}
