//! What there is to read, for the commands that read logs.

use crate::exit::Failure;
use crate::summary::Watch;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zeek_anomaly_engine::offline::Observer;
use zeek_log::{Input, discover};

/// What messages call standard input. The blank keeps the copy's name from
/// becoming the name of a log.
const STDIN: &str = "standard input";

/// Inputs, and the copy of standard input if one had to be made.
pub struct Inputs {
    /// What to read.
    pub list: Vec<Input>,
    problems: Vec<zeek_log::Error>,
    copy: Option<(TempDir, PathBuf)>,
}

impl Inputs {
    /// Lists what is under these paths. With `twice`, standard input is
    /// copied to a temporary file: it has to be read more than once.
    pub fn gather(paths: &[PathBuf], twice: bool) -> Result<Inputs, Failure> {
        let found = discover(paths);
        let mut list = found.inputs;
        let mut copy = None;
        for input in list.iter_mut().filter(|i| twice && i.is_stdin()) {
            let (dir, path) = spool().map_err(|cause| Failure::Output {
                to: "a temporary copy of standard input".into(),
                cause,
            })?;
            input.size = std::fs::metadata(&path).map_or(0, |m| m.len());
            input.path = path.clone();
            copy = Some((dir, path));
        }
        Ok(Inputs {
            list,
            problems: found.problems,
            copy,
        })
    }

    /// A path, and what messages call it instead.
    pub fn alias(&self) -> Option<(String, &'static str)> {
        let (_, path) = self.copy.as_ref()?;
        Some((path.display().to_string(), STDIN))
    }

    /// Hands over what could not be found.
    pub fn tell_problems(&mut self, watch: &mut Watch) {
        for e in std::mem::take(&mut self.problems) {
            watch.problem(e);
        }
    }
}

/// Copies standard input to a file in a directory of its own; both go in the end.
fn spool() -> io::Result<(TempDir, PathBuf)> {
    let dir = tempfile::Builder::new().prefix("zeek-anomaly-").tempdir()?;
    let path = Path::join(dir.path(), STDIN);
    io::copy(&mut io::stdin().lock(), &mut File::create(&path)?)?;
    Ok((dir, path))
}

/// Why nothing could be used, once `watch` has said what was skipped.
pub fn nothing_used(watch: &Watch, label: Option<&(String, String)>, aim: &str) -> Failure {
    let mut text = format!("there is no row to {aim}");
    let rows = watch.rows();
    if rows == 0 {
        text.push_str(": none could be read");
    } else if let (Some((column, value)), Some((_, files))) = (label, &watch.column) {
        let files_read = watch.files();
        text.push_str(&match files {
            0 => format!(": no file has a column `{column}`"),
            n if watch.filtered() == rows => format!(
                ": the column `{column}` is in {n} of {files_read} files, but no row of the {rows} \
                 that were read has exactly \"{value}\" there (and lies between the time bounds)"
            ),
            _ => String::new(),
        });
    } else if watch.filtered() > 0 {
        text.push_str(&format!(
            ": none of the {rows} rows that were read lies between the time bounds"
        ));
    }
    Failure::Said(text)
}
