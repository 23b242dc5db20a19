//! What people said of findings: false, or true.
//!
//! A mark is kept in the model as what made its record strange: the features that
//! contributed, each with its value and its share. What training counted is never changed,
//! so taking a mark back leaves nothing of it. A later record is damped (false) or raised
//! (true) as far as the same features with the same values make it strange
//! (`effect`); what else is strange about it counts in full, so a mark is never a
//! whitelist. It works on contributions, which every detector gives, in place of
//! reweighting what one detector is made of (S. Das and others, "Incorporating expert
//! feedback into active anomaly discovery", ICDM 2016; M. A. Siddiqui and others,
//! "Feedback-guided anomaly discovery via online optimization", KDD 2018).

mod effect;

pub(crate) use effect::Effect;

use crate::model::{LogModel, Model, Scratch};
use serde::{Deserialize, Serialize};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_features::Kind;
use zeek_anomaly_models::bins::{NUMBER_KEYS, key_of};
use zeek_anomaly_models::detector::surprise_of;

/// The most marks in one model.
pub const MAX_MARKS: usize = 10_000;

/// The most features that a mark keeps.
const MAX_MATCHES: usize = 8;

/// A feature that contributed less than this part is not kept.
const LEAST_SHARE: f64 = 0.03;

/// How much more surprising than the mean a value has to be, in nats: half as frequent.
const ORDINARY: f64 = std::f64::consts::LN_2;

/// Lengths of texts in a mark, in bytes.
const MAX_NOTE: usize = 1024;
const MAX_TEXT: usize = 256;

/// The key of a value that is missing.
const MISSING_KEY: u64 = u64::MAX;

/// What somebody said of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Opinion {
    /// It was nothing: records like it count less.
    False,
    /// It was something: records like it count more.
    True,
}

impl Opinion {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Opinion::False => "false",
            Opinion::True => "true",
        }
    }

    /// The opinion with this name.
    pub fn by_name(name: &str) -> Option<Opinion> {
        [Opinion::False, Opinion::True]
            .into_iter()
            .find(|o| o.name() == name)
    }
}

/// One mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Its number in the model, from 1.
    pub id: u32,
    /// When it was made, in seconds since the epoch.
    pub time: f64,
    /// What was said.
    pub opinion: Opinion,
    /// The record's log.
    pub log: String,
    /// What the record was found by: a uid, a fuid, or log and line. Safe to print.
    pub record: String,
    /// The record's own time.
    pub ts: Option<f64>,
    /// Why, in somebody's words. Safe to print.
    pub note: String,
    /// What made the record strange.
    pub matches: Vec<Match>,
}

/// A feature that made a marked record strange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The feature's position.
    feature: u16,
    /// Its value: a category's hash, or a number's cell on the grid.
    key: u64,
    /// Its share in what made the record strange; those of a mark add up to 1.
    share: f64,
    /// The value in words; safe to print.
    pub value: String,
}

impl Match {
    /// The feature's position.
    pub fn feature(&self) -> usize {
        usize::from(self.feature)
    }

    /// Its share in what made the record strange, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.share
    }
}

/// What a mark did to a judgement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// The mark that did most.
    pub by: u32,
    /// Whether it damped, or raised.
    pub opinion: Opinion,
    /// The score that the record would have had.
    pub score: f64,
}

/// Why a mark is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarkError {
    /// There are too many.
    #[error("the model holds {MAX_MARKS} marks, which is the most: undo some, or train it again")]
    Full,
    /// The record is marked so already.
    #[error("is marked {0} already, by feedback {1}")]
    Again(&'static str, u32),
    /// The record is marked otherwise.
    #[error("is marked {0} by feedback {1}: undo that first")]
    Contradicts(&'static str, u32),
    /// Nothing made the record strange.
    #[error("nothing in it differs from what is usual, so there is nothing to learn from it")]
    Ordinary,
    /// The model has nothing for the log.
    #[error("the model has nothing for its log")]
    Unknown,
}

impl Model {
    /// The marks, by number.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Takes marks; their numbers are given by the model. For each: its number, or why it
    /// was not taken.
    pub fn mark(&mut self, marks: Vec<Mark>) -> Vec<Result<u32, MarkError>> {
        let results = marks.into_iter().map(|m| self.take_mark(m)).collect();
        self.heed_marks();
        results
    }

    fn take_mark(&mut self, mut mark: Mark) -> Result<u32, MarkError> {
        if self.position(&mark.log).is_none() {
            return Err(MarkError::Unknown);
        }
        mark.record = shortened(&mark.record, MAX_TEXT);
        mark.note = shortened(&mark.note, MAX_NOTE);
        let same = |m: &&Mark| (&m.log, &m.record, m.ts) == (&mark.log, &mark.record, mark.ts);
        if let Some(m) = self.marks.iter().find(same) {
            return Err(match m.opinion == mark.opinion {
                true => MarkError::Again(m.opinion.name(), m.id),
                false => MarkError::Contradicts(m.opinion.name(), m.id),
            });
        }
        if mark.matches.is_empty() {
            return Err(MarkError::Ordinary);
        }
        let last = self.marks.last().map_or(0, |m| m.id);
        mark.id = last.checked_add(1).ok_or(MarkError::Full)?;
        if self.marks.len() >= MAX_MARKS {
            return Err(MarkError::Full);
        }
        let id = mark.id;
        self.marks.push(mark);
        Ok(id)
    }

    /// Takes marks back, by their numbers; gives how many there were of these.
    pub fn undo_marks(&mut self, ids: &[u32]) -> usize {
        let before = self.marks.len();
        self.marks.retain(|m| !ids.contains(&m.id));
        self.heed_marks();
        before - self.marks.len()
    }

    /// Prepares what scoring needs of the marks.
    pub(crate) fn heed_marks(&mut self) {
        for log in &mut self.logs {
            let of_log: Vec<&Mark> = (self.marks.iter())
                .filter(|m| m.log == log.spec.log())
                .collect();
            log.effect = (!of_log.is_empty()).then(|| Effect::new(log, &of_log));
        }
    }

    /// Whether the marks of a file make sense.
    pub(crate) fn marks_are_sound(&self) -> bool {
        self.marks.len() <= MAX_MARKS
            && self.marks.windows(2).all(|w| w[0].id < w[1].id)
            && self.marks.iter().all(|m| {
                self.position(&m.log)
                    .is_some_and(|at| m.is_sound(&self.logs[at]))
            })
    }
}

impl Mark {
    fn is_sound(&self, log: &LogModel) -> bool {
        self.id > 0
            && self.time.is_finite()
            && self.ts.is_none_or(f64::is_finite)
            && self.record.len() <= MAX_TEXT
            && self.note.len() <= MAX_NOTE
            && [&self.record, &self.note]
                .into_iter()
                .chain(self.matches.iter().map(|m| &m.value))
                .all(|t| printable(t) == *t)
            && (1..=MAX_MATCHES).contains(&self.matches.len())
            && self.matches.windows(2).all(|w| w[0].feature < w[1].feature)
            && self.matches.iter().map(|m| m.share).sum::<f64>() < 1.001
            && self.matches.iter().all(|m| {
                m.feature() < log.spec.len()
                    && m.share > 0.0
                    && m.value.len() <= MAX_TEXT
                    && (log.spec.kind(m.feature()) == Kind::Category
                        || m.key < NUMBER_KEYS
                        || m.key == MISSING_KEY)
            })
    }
}

impl LogModel {
    /// What makes a row strange, as a mark keeps it. `value` gives a feature's value in words.
    pub fn matches(&self, bits: &[u64], value: &dyn Fn(usize) -> String) -> Vec<Match> {
        let mut shares = vec![0.0; self.spec.len()];
        self.attribute(bits, &mut shares);
        // An ordinary value is no reason, whatever a detector makes of it.
        let mut scratch = Scratch::default();
        let row = self.encoded(bits, &mut scratch);
        for (share, (e, p)) in shares.iter_mut().zip(self.encoders.iter().zip(row.p)) {
            if surprise_of(*p) <= e.mean_surprise() + ORDINARY {
                *share = 0.0;
            }
        }
        let sum: f64 = shares.iter().sum();
        if sum.is_nan() || sum <= 0.0 {
            return Vec::new();
        }
        let mut order: Vec<usize> = (0..shares.len())
            .filter(|f| shares[*f] / sum >= LEAST_SHARE)
            .collect();
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        order.truncate(MAX_MATCHES);
        order.sort_unstable();
        let kept: f64 = order.iter().map(|f| shares[*f]).sum();
        order
            .into_iter()
            .map(|f| Match {
                feature: f as u16,
                key: key(self.spec.kind(f), bits[f]),
                share: shares[f] / kept,
                value: shortened(&value(f), MAX_TEXT),
            })
            .collect()
    }
}

/// What a value is compared by.
fn key(kind: Kind, bits: u64) -> u64 {
    key_of(kind, bits).unwrap_or(MISSING_KEY)
}

/// Text that is safe to print and has at most so many bytes.
fn shortened(text: &str, bytes: usize) -> String {
    let mut out = printable(text);
    let mut end = bytes.min(out.len());
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}
