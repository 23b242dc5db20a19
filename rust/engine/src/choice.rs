//! Which detectors judge which log, and how they are made.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use zeek_anomaly_models::DetectorKind;
use zeek_anomaly_models::ensemble::MAX_MEMBERS;
pub use zeek_anomaly_models::forest::ForestParams;
pub use zeek_anomaly_models::kitnet::{KitnetParams, MAX_CLUSTER};
pub use zeek_anomaly_models::pca::{Distance, PcaParams};
pub use zeek_anomaly_models::svm::{KernelKind, MAX_GAMMA, SvmParams};

/// How detectors are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectorParams {
    /// Isolation forest; the seed is that of the training.
    pub forest: ForestParams,
    /// Principal components.
    pub pca: PcaParams,
    /// KitNET; the seed is that of the training.
    pub kitnet: KitnetParams,
    /// One-class SVM; the seed is that of the training.
    pub svm: SvmParams,
}

/// Which detectors judge which log. In text: `auto`, `pca`, `pca+rarity` (an ensemble),
/// `conn=pca,dns=rarity+kitnet,isolation_forest`; what names no log is for all other logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// For all logs that have none of their own; empty for each log's default.
    others: Vec<DetectorKind>,
    /// For single logs; empty for the log's default.
    logs: BTreeMap<String, Vec<DetectorKind>>,
}

/// What stands for a log's own default.
const AUTO: &str = "auto";

impl Choice {
    /// The detectors of a log, in a fixed order; none for its default.
    pub fn of(&self, log: &str) -> &[DetectorKind] {
        self.logs.get(log).unwrap_or(&self.others)
    }

    /// The logs that were named.
    pub fn logs(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }
}

impl From<DetectorKind> for Choice {
    fn from(kind: DetectorKind) -> Choice {
        Choice {
            others: vec![kind],
            logs: BTreeMap::new(),
        }
    }
}

impl From<Option<DetectorKind>> for Choice {
    fn from(kind: Option<DetectorKind>) -> Choice {
        kind.map_or_else(Choice::default, Choice::from)
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Choice, String> {
        let mut choice = Choice::default();
        let mut others: Vec<&str> = Vec::new();
        for item in text.split(',').map(str::trim) {
            let Some((log, names)) = item.split_once('=') else {
                others.extend(item.split('+'));
                continue;
            };
            let log = log.trim();
            if log.is_empty() {
                return Err(format!("{item} names no log, as conn=pca does"));
            }
            let kinds = kinds(names.split('+'))?;
            if choice.logs.insert(log.to_owned(), kinds).is_some() {
                return Err(format!(
                    "{log} is there twice; several detectors of one log are joined by +, as {log}=pca+rarity"
                ));
            }
        }
        if !others.is_empty() {
            choice.others = kinds(others.into_iter())?;
        }
        Ok(choice)
    }
}

/// Detectors by their names, in a fixed order; none for `auto`.
fn kinds<'t>(names: impl Iterator<Item = &'t str>) -> Result<Vec<DetectorKind>, String> {
    let names: Vec<&str> = names.map(str::trim).collect();
    if names == [AUTO] {
        return Ok(Vec::new());
    }
    let mut kinds = Vec::new();
    for name in names {
        let kind = DetectorKind::by_name(name).ok_or_else(|| match name {
            AUTO => "auto stands alone: it is what a log has by itself".to_owned(),
            "" => "a detector's name is missing".to_owned(),
            _ => {
                let all: Vec<&str> = DetectorKind::ALL.iter().map(|k| k.name()).collect();
                format!(
                    "there is no detector {name}; there are auto, {}",
                    all.join(", ")
                )
            }
        })?;
        if kinds.contains(&kind) {
            return Err(format!("{name} is there twice"));
        }
        kinds.push(kind);
    }
    if kinds.len() > MAX_MEMBERS {
        return Err(format!("an ensemble has at most {MAX_MEMBERS} detectors"));
    }
    kinds.sort_unstable();
    Ok(kinds)
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |kinds: &[DetectorKind]| -> String {
            let names: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
            if names.is_empty() {
                AUTO.to_owned()
            } else {
                names.join("+")
            }
        };
        for (log, kinds) in &self.logs {
            write!(f, "{log}={},", joined(kinds))?;
        }
        f.write_str(&joined(&self.others))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DetectorKind::{IsolationForest, Pca, Rarity};

    #[test]
    fn choices_are_read_for_all_logs_and_for_single_ones() {
        let of = |text: &str, log: &str| text.parse::<Choice>().unwrap().of(log).to_vec();
        assert_eq!(of("auto", "conn"), []);
        assert_eq!(of("pca", "conn"), [Pca]);
        assert_eq!(of("pca,rarity", "conn"), of("rarity+pca", "conn"));
        let each = "conn=pca+rarity, dns=auto, isolation_forest";
        assert_eq!(of(each, "conn"), [Rarity, Pca]);
        assert_eq!(of(each, "dns"), []);
        assert_eq!(of(each, "http"), [IsolationForest]);
        assert_eq!(of("conn=pca", "http"), []);
        let choice: Choice = each.parse().unwrap();
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for (text, word) in [
            (
                "lof",
                "there is no detector lof; there are auto, isolation_forest",
            ),
            ("auto,pca", "auto stands alone"),
            ("pca,pca", "twice"),
            ("conn=pca,conn=rarity", "conn=pca+rarity"),
            ("=pca", "names no log"),
            ("conn=", "missing"),
            ("", "missing"),
        ] {
            let error = text.parse::<Choice>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
