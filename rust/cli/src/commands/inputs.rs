//! What there is to read, for the commands that read logs.

use crate::args::{RowArgs, SensorArgs};
use crate::exit::Failure;
use crate::say::{self, counted};
use crate::summary::Watch;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zeek_anomaly_engine::offline::Observer;
use zeek_log::{Input, Unread, discover};

/// What messages call standard input. The blank keeps the copy's name from
/// becoming the name of a log.
const STDIN: &str = "standard input";

/// Inputs, and the copy of standard input if one had to be made.
pub struct Inputs {
    /// What to read.
    pub list: Vec<Input>,
    /// Files that were left out for the interval that their names tell.
    pub outside: u64,
    problems: Vec<zeek_log::Error>,
    unread: Vec<Unread>,
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
            outside: 0,
            problems: found.problems,
            unread: found.unread,
            copy,
        })
    }

    /// What is under the paths of `rows`, without files whose names tell that they hold none of them; with
    /// `sensors`, each path is a sensor.
    pub fn of(rows: &RowArgs, sensors: &SensorArgs, twice: bool) -> Result<Inputs, Failure> {
        let mut inputs = Inputs::gather(&rows.paths, twice)?;
        if sensors.sensors {
            inputs.by_sensor(&rows.paths);
        }
        inputs.within(rows);
        Ok(inputs)
    }

    /// Takes each path for a sensor of its own: equal uids below different paths are
    /// different connections.
    fn by_sensor(&mut self, paths: &[PathBuf]) {
        for input in &mut self.list {
            // The most particular path has it, where one lies in another.
            let of = (paths.iter().enumerate())
                .filter(|(_, p)| input.path.starts_with(p))
                .max_by_key(|(_, p)| p.as_os_str().len());
            input.sensor = of.map_or(0, |(i, _)| i as u64 + 1);
        }
    }

    /// Leaves out files whose names tell that they hold no row between these times; they
    /// are not opened.
    pub fn within(&mut self, rows: &RowArgs) {
        let before = self.list.len();
        (self.list).retain(|input| input.may_hold(rows.from, rows.until));
        self.outside = (before - self.list.len()) as u64;
    }

    /// Says how many those were.
    pub fn say_outside(&self) {
        if self.outside > 0 {
            say::line(&format!(
                "{} outside the time bounds by the name, not opened",
                counted(self.outside, "file")
            ));
        }
    }

    /// A path, and what messages call it instead.
    pub fn alias(&self) -> Option<(String, &'static str)> {
        let (_, path) = self.copy.as_ref()?;
        Some((path.display().to_string(), STDIN))
    }

    /// Hands over what could not be found, and what is not read.
    pub fn tell_problems(&mut self, watch: &mut Watch) {
        for e in std::mem::take(&mut self.problems) {
            watch.problem(e);
        }
        watch.unread(std::mem::take(&mut self.unread));
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
