//! Every row with its features, a CSV for each log: for spreadsheets, notebooks and other detectors.

use super::place::Place;
use crate::exit::Failure;
use crate::rows::Finding;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::numbers::Numbers;
use zeek_anomaly_engine::offline::Scored;

/// Columns before the features.
const COLUMNS: [&str; 7] = ["ts", "uid", "fuid", "score", "claim", "raw", "anomalous"];

/// Writes into a directory.
pub struct Features {
    dir: PathBuf,
    /// Whether the numbers that detectors see are written too.
    encoded: bool,
    /// Whether the rows are those that the model was trained on.
    own_rows: bool,
    logs: BTreeMap<String, OfLog>,
}

struct OfLog {
    out: ::csv::Writer<Place>,
    name: String,
    numbers: Option<Numbers>,
    row: Vec<String>,
}

impl Features {
    /// Into this directory, which is made where there is none.
    pub fn new(dir: &Path, encoded: bool, own_rows: bool) -> Result<Features, Failure> {
        std::fs::create_dir_all(dir).map_err(|cause| Failure::Output {
            to: dir.display().to_string(),
            cause,
        })?;
        Ok(Features {
            dir: dir.to_owned(),
            encoded,
            own_rows,
            logs: BTreeMap::new(),
        })
    }

    /// Writes a row; `finding` is what else is written of it.
    pub fn write(&mut self, scored: &Scored<'_>, finding: &Finding) -> Result<(), Failure> {
        let Some(model) = scored.log_model() else {
            return Ok(());
        };
        if !self.logs.contains_key(model.log()) {
            let place = Place::open(Some(&self.dir.join(self.file_name(model.log()))))?;
            let name = place.name();
            let numbers = self.encoded.then(|| Numbers::new(model, self.own_rows));
            let mut head: Vec<String> = COLUMNS.iter().map(|c| (*c).to_owned()).collect();
            head.extend((0..model.spec.len()).map(|f| printable(model.spec.name(f))));
            if let Some(numbers) = &numbers {
                head.extend(numbers.names(model).iter().map(|n| printable(n)));
            }
            let mut out = ::csv::Writer::from_writer(place);
            out.write_record(&head).map_err(|e| failed(&name, e))?;
            let of_log = OfLog {
                out,
                name,
                numbers,
                row: Vec::new(),
            };
            self.logs.insert(model.log().to_owned(), of_log);
        }
        let Some(log) = self.logs.get_mut(model.log()) else {
            return Ok(());
        };
        let text = |t: &Option<String>| t.as_deref().map_or_else(String::new, printable);
        log.row.clear();
        log.row.extend([
            finding.ts.map_or_else(String::new, |t| t.to_string()),
            text(&finding.uid),
            text(&finding.fuid),
            finding.score.to_string(),
            finding.claim.name().to_owned(),
            finding.raw.to_string(),
            finding.anomalous.to_string(),
        ]);
        log.row
            .extend((0..model.spec.len()).map(|f| printable(&scored.plain(f))));
        if let Some(numbers) = &mut log.numbers {
            let number = |v: f32| {
                if v.is_nan() {
                    String::new()
                } else {
                    v.to_string()
                }
            };
            log.row
                .extend(numbers.of(model, scored.features()).map(number));
        }
        log.out
            .write_record(&log.row)
            .map_err(|e| failed(&log.name, e))
    }

    /// A log's name comes from a file: it must not lead out of the directory, nor to another
    /// log's file.
    fn file_name(&self, log: &str) -> String {
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let name: String = (log.chars().take(100))
            .map(|c| if safe(c) { c } else { '_' })
            .collect();
        match name == log {
            true => format!("{name}.csv"),
            false => format!("{name}.{}.csv", self.logs.len()),
        }
    }

    /// Puts the files into their places, and says how many there are.
    pub fn finish(self) -> Result<usize, Failure> {
        let n = self.logs.len();
        for (_, log) in self.logs {
            let place = log.out.into_inner();
            place
                .map_err(|e| e.into_error())
                .and_then(Place::finish)
                .map_err(|cause| Failure::Output {
                    to: log.name,
                    cause,
                })?;
        }
        Ok(n)
    }
}

fn failed(to: &str, e: ::csv::Error) -> Failure {
    Failure::Output {
        to: to.to_owned(),
        cause: io::Error::from(e),
    }
}
