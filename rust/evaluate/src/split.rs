//! Which rows train a model and which are scored with it.

use crate::rows::originator;
use crate::{EvaluateError, EvaluateParams};
use std::str::FromStr;
use std::sync::Arc;
use zeek_anomaly_engine::offline::{ReadParams, Select};
use zeek_anomaly_runner::Source;
use zeek_log::Input;

/// The parts that originators are divided into.
const HOST_PARTS: u64 = 5;

/// How the labelled logs are divided into rows to train on and rows to score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Split {
    /// The earliest rows train: this part of them.
    Time(f64),
    /// Each path is scored with a model of the others.
    File,
    /// Each fifth of the originators is scored with a model of the others.
    Host,
}

/// Why a text is no split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Not a fraction.
    #[error("the fraction should be between 0 and 1, as time=0.5")]
    Fraction,
    /// Something else.
    #[error("should be time=FRACTION, file or host")]
    Unknown,
}

impl FromStr for Split {
    type Err = SplitError;

    fn from_str(text: &str) -> Result<Split, SplitError> {
        match text.split_once('=') {
            None if text == "file" => Ok(Split::File),
            None if text == "host" => Ok(Split::Host),
            Some(("time", part)) => match part.parse::<f64>() {
                Ok(f) if f > 0.0 && f < 1.0 => Ok(Split::Time(f)),
                _ => Err(SplitError::Fraction),
            },
            _ => Err(SplitError::Unknown),
        }
    }
}

/// One training, and what is scored with it.
pub(crate) struct Round {
    pub learn: Source,
    pub test: Source,
}

/// The rounds that the parameters ask for. `hidden` are columns that give the answer away.
pub(crate) fn rounds(
    params: &EvaluateParams,
    hidden: Vec<String>,
) -> Result<Vec<Round>, EvaluateError> {
    let mut blank = params.blank.clone();
    blank.extend(hidden);
    blank.extend(params.train_label.iter().map(|l| l.0.clone()));
    let test_read = ReadParams {
        blank,
        ..ReadParams::default()
    };
    let learn_read = ReadParams {
        only: params.train_label.clone(),
        ..test_read.clone()
    };
    let tested = &params.test;
    let all = || tested.inputs().to_vec();
    // Both parts of all labelled files.
    let round = |learn: ReadParams, test: ReadParams| Round {
        learn: tested.part(all(), learn),
        test: tested.part(all(), test),
    };
    Ok(match params.split {
        None => vec![Round {
            learn: params
                .train
                .part(params.train.inputs().to_vec(), learn_read),
            test: tested.part(all(), test_read),
        }],
        Some(Split::Time(part)) => {
            let cut = Some(cut(tested, part)?);
            let learn = ReadParams {
                until: cut,
                ..learn_read
            };
            let test = ReadParams {
                from: cut,
                ..test_read
            };
            vec![round(learn, test)]
        }
        Some(Split::Host) => (0..HOST_PARTS)
            .map(|k| {
                let seed = params.training.seed;
                // Rows without an originator train always and are never scored.
                let others = Select(Arc::new(move |schema, record| {
                    part_of(&originator(schema, record), seed) != Some(k)
                }));
                let own = Select(Arc::new(move |schema, record| {
                    part_of(&originator(schema, record), seed) == Some(k)
                }));
                let learn = ReadParams {
                    select: Some(others),
                    ..learn_read.clone()
                };
                let test = ReadParams {
                    select: Some(own),
                    ..test_read.clone()
                };
                round(learn, test)
            })
            .collect(),
        Some(Split::File) => {
            if params.paths.len() < 2 {
                return Err(EvaluateError::OnePath);
            }
            let mut out = Vec::new();
            for path in &params.paths {
                let under = |i: &Input| i.path.starts_with(path);
                let (test, learn): (Vec<Input>, Vec<Input>) = all().into_iter().partition(under);
                if test.is_empty() || learn.is_empty() {
                    return Err(EvaluateError::NoFile(path.display().to_string()));
                }
                out.push(Round {
                    learn: tested.part(learn, learn_read.clone()),
                    test: tested.part(test, test_read.clone()),
                });
            }
            out
        }
    })
}

/// The part that an originator belongs to: FNV-1a of its address.
fn part_of(host: &str, seed: u64) -> Option<u64> {
    if host.is_empty() {
        return None;
    }
    let hash = seed
        .to_le_bytes()
        .iter()
        .chain(host.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        });
    Some((hash >> 32) % HOST_PARTS)
}

/// The time before which this part of all rows lies.
fn cut(source: &Source, part: f64) -> Result<f64, EvaluateError> {
    let mut times = Vec::new();
    for input in source.inputs() {
        // A problem with a file is reported when it is scored.
        let Ok(mut reader) = source.read().open(input) else {
            continue;
        };
        let (mut bound, mut at) = (None, None);
        while let Ok(Some(row)) = reader.next() {
            if bound != Some(row.schema_id) {
                bound = Some(row.schema_id);
                at = row.schema.position("ts");
            }
            times.extend(at.and_then(|i| row.record.get(i).number()));
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    let at = (times.len() as f64 * part) as usize;
    times.get(at).copied().ok_or(EvaluateError::NoTime)
}
