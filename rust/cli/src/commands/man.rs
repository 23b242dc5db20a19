//! `man`: the manual pages.

use crate::args::{Cli, ManArgs};
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use clap::{Command, CommandFactory};
use std::io::{self, Write};
use std::path::Path;

/// Writes the page of a command to standard output, or all pages to a directory.
pub fn run(args: &ManArgs) -> Result<Status, Failure> {
    let mut program = Cli::command();
    program.build();
    if let Some(directory) = &args.output {
        return all(&program, directory);
    }
    let page = match &args.command {
        None => page(program),
        Some(name) => {
            let command = program.find_subcommand(name).cloned();
            page(command.ok_or_else(|| Failure::Said(format!("{name} is no command")))?)
        }
    };
    let mut to = io::stdout().lock();
    let written = to.write_all(&page.map_err(Failure::stdout)?);
    written.and_then(|()| to.flush()).map_err(Failure::stdout)?;
    Ok(Status::Fine)
}

fn all(program: &Command, directory: &Path) -> Result<Status, Failure> {
    let failed = |path: &Path, cause| Failure::Output {
        to: path.display().to_string(),
        cause,
    };
    std::fs::create_dir_all(directory).map_err(|e| failed(directory, e))?;
    let commands = program.get_subcommands().filter(|c| !c.is_hide_set());
    for command in std::iter::once(program).chain(commands) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = directory.join(format!("{}.1", name.replace(' ', "-")));
        let written = page(command.clone()).and_then(|page| {
            let mut place = Place::open(Some(&path)).map_err(io::Error::other)?;
            place.write_all(&page)?;
            place.finish()
        });
        written.map_err(|e| failed(&path, e))?;
    }
    Ok(Status::Fine)
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}
