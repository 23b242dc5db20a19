//! Values of options that stand where paths are expected.
//!
//! The help lists the values of an option with blanks between them, and so people write them: the first is the option's,
//! and the others are taken for names of files.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, ValueHint};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What is wrong with a command line where a further value of an option stands in front of the paths: an argument
/// that follows the option's value, is no file, and would be a value of it.
pub fn value(program: &Command, given: &[OsString]) -> Option<String> {
    let (at, command) = given.iter().enumerate().skip(1).find_map(|(at, a)| {
        let command = program.find_subcommand(a)?;
        Some((at + 1, command))
    })?;
    let takes_paths = |a: &Arg| matches!(a.get_value_hint(), ValueHint::AnyPath);
    if !command.get_positionals().any(takes_paths) {
        return None;
    }
    let mut rest = given.get(at..)?.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            return None;
        }
        let Some(option) = option(command, word) else {
            continue;
        };
        let first = rest.next()?;
        let name = word.to_string_lossy();
        let further = rest
            .clone()
            .take_while(|w| is_value(w, program, command, option, &name));
        let further: Vec<String> = further.map(|w| w.to_string_lossy().into_owned()).collect();
        let Some(stray) = further.first() else {
            continue;
        };
        let first = first.to_string_lossy();
        return Some(match option.get_value_delimiter() {
            Some(c) => {
                let all = further.join(&c.to_string());
                format!(
                    "`{stray}` is no file; values of {name} are separated by `{c}`: {name} {first}{c}{all}"
                )
            }
            None => format!("`{stray}` is no file, and {name} takes one value ({first})"),
        });
    }
    None
}

/// The option that a word names and whose value is the next word.
fn option<'c>(command: &'c Command, word: &OsStr) -> Option<&'c Arg> {
    let word = word.to_str()?;
    let takes_value = |a: &&Arg| matches!(a.get_action(), ArgAction::Set | ArgAction::Append);
    let is_named = |a: &&Arg| match word.strip_prefix("--") {
        Some(long) => {
            let mut others = a.get_all_aliases().into_iter().flatten();
            a.get_long() == Some(long) || others.any(|o| o == long)
        }
        None => {
            let short = word
                .strip_prefix('-')
                .map(|s| s.chars().collect::<Vec<_>>());
            a.get_short().is_some_and(|s| short == Some(vec![s]))
        }
    };
    let mut options = command.get_arguments().filter(|a| !a.is_positional());
    options.find(|a| takes_value(a) && is_named(a))
}

/// Whether a word is no file but would be a value: of an option that takes one value, only a number.
fn is_value(word: &OsStr, program: &Command, command: &Command, option: &Arg, name: &str) -> bool {
    let Some(text) = word.to_str() else {
        return false;
    };
    let is_number = text.parse::<f64>().is_ok();
    let may_be = is_number || (option.get_value_delimiter().is_some() && !text.contains('/'));
    if text.is_empty() || text.starts_with('-') || !may_be || Path::new(word).exists() {
        return false;
    }
    let line = match name.starts_with("--") {
        true => vec![format!("{name}={text}")],
        false => vec![name.to_owned(), text.to_owned()],
    };
    let line = ["zeek-anomaly".to_owned(), command.get_name().to_owned()]
        .into_iter()
        .chain(line);
    let parsed = program.clone().try_get_matches_from(line);
    !parsed.is_err_and(|e| {
        matches!(
            e.kind(),
            ErrorKind::InvalidValue | ErrorKind::ValueValidation
        )
    })
}
