//! `config`: what the configuration files set.

use crate::args::ConfigArgs;
use crate::config;
use crate::exit::{Failure, Status};
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;

/// Checks the files, and shows what they set.
pub fn run(args: &ConfigArgs) -> Result<Status, Failure> {
    let crate::args::ConfigCommand::Check { file } = &args.command;
    let files = config::files(file.as_deref());
    let mut out = String::new();
    if files.is_empty() {
        out.push_str("no configuration file\n");
    }
    for file in files {
        let settings = config::read(&file).map_err(Failure::Said)?;
        for s in settings {
            let command = s
                .command
                .as_deref()
                .map_or_else(String::new, |c| format!("{c} "));
            let value = match (s.off, s.values.is_empty()) {
                (true, _) => " (off)".into(),
                (false, true) => String::new(),
                (false, false) => format!(" {}", s.values.join(" ")),
            };
            let line = format!("{}: {command}--{}{value}", s.place, s.option);
            out.push_str(&printable(&line));
            out.push('\n');
        }
    }
    let mut to = io::stdout().lock();
    (to.write_all(out.as_bytes()).and_then(|()| to.flush())).map_err(Failure::stdout)?;
    Ok(Status::Fine)
}
