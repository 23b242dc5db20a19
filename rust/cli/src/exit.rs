//! What the exit status means, in one place.

use crate::say;
use std::io;
use std::process::ExitCode;

/// The text that `--help` ends with.
pub const HELP: &str = "\
Exit status:
  0  all was read (whether or not anomalies were found)
  1  nothing was done: nothing usable to read, a model that is refused, or
     output that cannot be written
  2  the command line is wrong, or nothing in the input was understood
  3  done, but part of the input was skipped: standard error names the lines or files
  4  drift only: done, and what the model knows has changed
 10  verdict --exit-status only: MEDIUM, or SUSPICIOUS VS BASELINE
 20  verdict --exit-status only: HIGH, or ABOVE NORMAL BASELINE";

/// How a command ended that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All was read.
    Fine,
    /// Part of the input was skipped; what, was said.
    Skipped,
    /// Nothing in the input was understood.
    NotUnderstood,
    /// What the model knows has changed.
    Drift,
    /// A verdict that is worth a look, where the status was to tell.
    Medium,
    /// One that somebody should act on.
    High,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Fine => 0,
            Status::NotUnderstood => 2,
            Status::Skipped => 3,
            Status::Drift => 4,
            Status::Medium => 10,
            Status::High => 20,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What went wrong and what to do, for people.
    #[error("{0}")]
    Said(String),
    /// The input has rows or files, and none that this command understands.
    #[error("{0}")]
    NotUnderstood(String),
    /// An input that can be read only once was not copied.
    #[error(transparent)]
    Spool(#[from] zeek_anomaly_runner::SpoolError),
    /// The model was not read or not written.
    #[error(transparent)]
    Model(#[from] zeek_anomaly_engine::ModelError),
    /// The output was not written.
    #[error("{to}: cannot be written: {cause}")]
    Output {
        /// Where it should have gone.
        to: String,
        /// What the system said.
        cause: io::Error,
    },
}

impl Failure {
    /// A failure to write to standard output.
    pub fn stdout(cause: io::Error) -> Failure {
        Failure::Output {
            to: "standard output".into(),
            cause,
        }
    }

    /// Says what happened and gives the exit status. Whoever read our output and
    /// went away got what they wanted: that is no failure.
    pub fn end(self) -> ExitCode {
        match self {
            Failure::Output { cause, .. } if cause.kind() == io::ErrorKind::BrokenPipe => {
                ExitCode::SUCCESS
            }
            other => {
                say::error(&other.to_string());
                ExitCode::from(match other {
                    Failure::NotUnderstood(_) => 2,
                    _ => 1,
                })
            }
        }
    }
}
