//! `completions`: a script for a shell.

use crate::args::{Cli, CompletionsArgs};
use crate::exit::{Failure, Status};
use clap::CommandFactory;
use std::io::{self, Write};

/// Writes the script.
pub fn run(args: &CompletionsArgs) -> Result<Status, Failure> {
    // Into memory: the generator does not survive a pipe that closes.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zeek-anomaly", &mut script);
    let mut out = io::stdout().lock();
    out.write_all(&script)
        .and_then(|()| out.flush())
        .map_err(Failure::stdout)?;
    Ok(Status::Fine)
}
