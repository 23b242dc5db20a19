//! Which records are to be marked, and how.

use crate::args::FeedbackArgs;
use crate::exit::Failure;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use zeek_anomaly_engine::feedback::{MAX_MARKS, Opinion};

/// One record that somebody wants to be marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// A uid, a fuid, a finding's number, or `log:line`.
    pub name: String,
    /// How.
    pub opinion: Opinion,
    /// Only in this log.
    pub log: Option<String>,
    /// Only a record of this time.
    pub ts: Option<f64>,
}

impl Wanted {
    /// The log and the line, where it is named by those.
    pub fn line(&self) -> Option<(&str, u64)> {
        let (log, line) = self.name.rsplit_once(':')?;
        Some((log, line.parse().ok()?))
    }

    /// The finding, where it may be one's number: sixteen digits, hexadecimal, as logs, notices and
    /// alerts have them. No uid of Zeek's is like that.
    pub fn finding(&self) -> Option<u64> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let all = self.name.len() == 16 && self.name.bytes().all(is_digit);
        all.then(|| u64::from_str_radix(&self.name, 16).ok())?
    }
}

/// A finding as `score --format jsonl` writes it, with what somebody added.
#[derive(Deserialize)]
struct Finding {
    log: Option<String>,
    ts: Option<f64>,
    uid: Option<String>,
    fuid: Option<String>,
    finding: Option<String>,
    feedback: Option<Said>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Text(String),
    Truth(bool),
}

/// The longest line of a file of findings, in bytes.
const MAX_LINE: usize = 1 << 20;

/// All that is asked for, once each.
pub fn gather(args: &FeedbackArgs) -> Result<Vec<Wanted>, Failure> {
    let mut all = Vec::new();
    for (names, opinion) in [
        (&args.not_true, Opinion::False),
        (&args.is_true, Opinion::True),
    ] {
        all.extend(names.iter().filter(|n| !n.is_empty()).map(|name| Wanted {
            name: name.clone(),
            opinion,
            log: args.log.clone(),
            ts: None,
        }));
    }
    if let Some(path) = &args.from {
        read(path, args.log.as_deref(), &mut all)?;
    }
    let mut seen: BTreeMap<(String, Option<String>, Option<u64>), Opinion> = BTreeMap::new();
    let mut once = Vec::new();
    for w in all {
        let key = (w.name.clone(), w.log.clone(), w.ts.map(f64::to_bits));
        match seen.insert(key, w.opinion) {
            None => once.push(w),
            Some(before) if before == w.opinion => {}
            Some(_) => {
                return Err(Failure::Said(format!(
                    "{} is marked both false and true: nothing was marked",
                    w.name
                )));
            }
        }
    }
    if once.len() > MAX_MARKS {
        return Err(Failure::Said(format!(
            "{} records are to be marked, a model holds {MAX_MARKS} marks",
            once.len()
        )));
    }
    Ok(once)
}

/// Reads a file of findings, or of uids each with `false` or `true` behind it.
fn read(path: &Path, log: Option<&str>, to: &mut Vec<Wanted>) -> Result<(), Failure> {
    let name = path.display();
    let failed = |e: std::io::Error| Failure::Said(format!("{name}: cannot be read: {e}"));
    let mut lines = BufReader::new(File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    for number in 1u64.. {
        line.clear();
        let mut part = std::io::Read::take(&mut lines, MAX_LINE as u64);
        if part.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let wanted = match text.trim() {
            "" => None,
            t if t.starts_with('{') => of_finding(t),
            t if t.starts_with('#') => None,
            t => of_words(t),
        };
        match wanted.transpose() {
            Ok(None) => {}
            Ok(Some(mut w)) => {
                if w.log.is_none() {
                    w.log = log.map(str::to_owned);
                }
                if to.len() <= MAX_MARKS && log.is_none_or(|l| w.log.as_deref() == Some(l)) {
                    to.push(w);
                }
            }
            Err(why) => return Err(Failure::Said(format!("{name}:{number}: {why}"))),
        }
    }
    Ok(())
}

/// From a finding; none where nobody said anything of it.
fn of_finding(text: &str) -> Option<Result<Wanted, String>> {
    let f: Finding = match serde_json::from_str(text) {
        Ok(f) => f,
        Err(e) => return Some(Err(format!("is no finding: {e}"))),
    };
    let opinion = match f.feedback? {
        Said::Truth(true) => Some(Opinion::True),
        Said::Truth(false) => Some(Opinion::False),
        Said::Text(t) => Opinion::by_name(&t),
    };
    Some(match (opinion, f.uid.or(f.fuid).or(f.finding)) {
        (None, _) => Err("`feedback` should be \"false\" or \"true\"".into()),
        (_, None) => Err("the finding has neither a uid nor a fuid: mark it as LOG:LINE".into()),
        (Some(opinion), Some(name)) => Ok(Wanted {
            name,
            opinion,
            log: f.log,
            ts: f.ts,
        }),
    })
}

/// From `UID false`, with a blank, a TAB or a comma between.
fn of_words(text: &str) -> Option<Result<Wanted, String>> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|w| !w.is_empty())
        .collect();
    let wanted = match words[..] {
        [name, opinion] => Opinion::by_name(opinion).map(|opinion| Wanted {
            name: name.into(),
            opinion,
            log: None,
            ts: None,
        }),
        _ => None,
    };
    Some(wanted.ok_or_else(|| "should be a finding in JSON, or UID false, or UID true".into()))
}
