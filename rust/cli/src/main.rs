//! The command `zeek-anomaly`: flags and glue around the engine.
//!
//! Here arguments are parsed and handed to a command. [`args`] is what can be asked
//! for, [`commands`] what is done, [`output`] how findings are written,
//! [`coverage`] and [`progress`] what is reported on standard error, and
//! [`exit`] what the exit status means.

mod allowed;
mod args;
mod commands;
mod config;
mod coverage;
mod exit;
mod output;
mod progress;
mod rows;
mod say;
mod severity;
mod signals;
mod stray;

use args::{Cli, Command};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use exit::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let given: Vec<_> = std::env::args_os().collect();
    if let Some(why) = stray::value(&Cli::command(), &given) {
        Cli::command().error(ErrorKind::InvalidValue, why).exit();
    }
    let arguments = match config::arguments(given) {
        Ok(arguments) => arguments,
        Err(why) => return Failure::Said(why).end(),
    };
    let cli = Cli::parse_from(arguments);
    say::set_look(cli.color, cli.tz.clone());
    if let Some(why) = cli.command.contradiction() {
        Cli::command()
            .error(ErrorKind::ArgumentConflict, why)
            .exit();
    }
    if !matches!(cli.command, Command::Watch(_)) {
        signals::end_cleanly();
    }
    if let Err(failure) = output::place::check(&cli.command.files(), cli.force) {
        return failure.end();
    }
    let outcome = match cli.command {
        Command::Analyze(args) => commands::analyze::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Merge(args) => commands::merge::run(&args),
        Command::Score(args) => commands::score::run(*args),
        Command::Verdict(args) => commands::verdict::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(*args),
        Command::Backtest(args) => commands::backtest::run(&args),
        Command::Hunt(args) => commands::hunt::run(&args),
        Command::Drift(args) => commands::drift::run(&args),
        Command::Feedback(args) => commands::feedback::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Watch(args) => commands::watch::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Man(args) => commands::man::run(&args),
        Command::Completions(args) => commands::completions::run(&args),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(failure) => failure.end(),
    }
}
