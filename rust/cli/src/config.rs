//! Options from configuration files, put before those of the command line.
//!
//! A file is TOML. A key is the long name of an option; at the top it holds for every command that has the option, in a
//! table with the name of a command for that one. What the command line says, or contradicts, wins.

use crate::args::Cli;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};
use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file of all users.
const SYSTEM: &str = "/etc/zeek-anomaly/config.toml";

/// The environment variable that names the file.
const VARIABLE: &str = "ZEEK_ANOMALY_CONFIG";

/// The largest file, in bytes.
const LARGEST: u64 = 1 << 20;

/// Options that no file may set: they are decisions of one call.
const NEVER: [&str; 4] = ["config", "force", "help", "version"];

/// An option that a file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The file and line.
    pub place: String,
    /// The command, or all that have the option.
    pub command: Option<String>,
    /// The long name of the option.
    pub option: String,
    /// Its values; empty for a switch.
    pub values: Vec<String>,
    /// Whether it is a switch that is off.
    pub off: bool,
}

impl Setting {
    /// As arguments.
    fn arguments(&self) -> Vec<OsString> {
        let of = |v: &String| format!("--{}={v}", self.option).into();
        match (self.off, self.values.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => vec![format!("--{}", self.option).into()],
            (false, false) => self.values.iter().map(of).collect(),
        }
    }
}

/// The files that count: the one that is asked for, or that of the system and that of the user.
pub fn files(asked: Option<&Path>) -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let asked = asked.map(Path::to_owned);
    if let Some(file) = asked.or_else(|| variable(VARIABLE).map(PathBuf::from)) {
        return vec![file];
    }
    let of_user = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|p| p.is_absolute())
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")))
        .map(|directory| directory.join("zeek-anomaly/config.toml"));
    let files = [Some(PathBuf::from(SYSTEM)), of_user];
    files.into_iter().flatten().filter(|p| p.exists()).collect()
}

/// The command line with what the files set, or what is wrong with them.
pub fn arguments(given: Vec<OsString>) -> Result<Vec<OsString>, String> {
    let program = Cli::command();
    let lenient = program.clone().ignore_errors(true);
    let Ok(matches) = lenient.try_get_matches_from(&given) else {
        return Ok(given);
    };
    let Some((name, of_command)) = matches.subcommand() else {
        return Ok(given);
    };
    if name == "config" {
        return Ok(given);
    }
    let (Some(command), Some(at)) = (
        program.find_subcommand(name),
        given.iter().position(|a| a == OsStr::new(name)),
    ) else {
        return Ok(given);
    };
    let asked = of_command.get_one::<PathBuf>("config");
    let mut settings: Vec<Setting> = Vec::new();
    for file in files(asked.map(PathBuf::as_path)) {
        for setting in read(&file)? {
            let here = setting.command.as_deref().is_none_or(|c| c == name);
            if !here || option(&program, command, &setting.option).is_none() {
                continue;
            }
            // A command's own table goes before what holds for all, and the user's file before the system's.
            let same = |s: &Setting| s.option == setting.option;
            let stays = |s: &Setting| same(s) && s.command.is_some() && setting.command.is_none();
            match settings.iter().any(stays) {
                true => {}
                false => {
                    settings.retain(|s| !same(s));
                    settings.push(setting);
                }
            }
        }
    }
    let set = settings
        .iter()
        .filter(|s| applies(s, &program, command, of_command));
    let set: Vec<OsString> = set.flat_map(Setting::arguments).collect();
    let mut all = given;
    all.splice(at + 1..at + 1, set);
    Ok(all)
}

/// An option of a command, or of all.
fn option<'c>(program: &'c Command, command: &'c Command, long: &str) -> Option<&'c Arg> {
    let of = |c: &'c Command| {
        c.get_arguments().find(|a| {
            a.get_long() == Some(long) || a.get_all_aliases().is_some_and(|all| all.contains(&long))
        })
    };
    of(command).or_else(|| of(program).filter(|a| a.is_global_set()))
}

/// Whether the command line neither has the option nor one that contradicts it.
fn applies(setting: &Setting, program: &Command, command: &Command, given: &ArgMatches) -> bool {
    let Some(arg) = option(program, command, &setting.option) else {
        return false;
    };
    let is_given = |a: &Arg| {
        let id = a.get_id().as_str();
        given.try_contains_id(id).is_ok()
            && given.value_source(id) == Some(ValueSource::CommandLine)
    };
    let contradicts = |a: &&Arg| {
        let of = |one: &Arg, other: &Arg| {
            let all = command.get_arg_conflicts_with(one);
            all.iter().any(|c| c.get_id() == other.get_id())
        };
        // Options of all commands are no part of one command until it is built.
        a.get_id() == arg.get_id()
            || (!arg.is_global_set() && !a.is_global_set() && (of(arg, a) || of(a, arg)))
    };
    let mut known = command.get_arguments().chain(program.get_arguments());
    !known.any(|a| is_given(a) && contradicts(&a))
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it, with file, line and key, and what would be right.
pub fn read(file: &Path) -> Result<Vec<Setting>, String> {
    let name = file.display();
    let bytes = zeek_anomaly_base::read_small(file, LARGEST).map_err(|e| format!("{name}: {e}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name}: is not UTF-8 text"))?;
    let place = |at: Range<usize>| {
        let line = text[..at.start.min(text.len())].matches('\n').count() + 1;
        format!("{name}:{line}")
    };
    let table = DeTable::parse(&text).map_err(|e| {
        let at = e.span().unwrap_or_default();
        format!("{}: {}", place(at), e.message())
    })?;
    let program = Cli::command();
    let mut settings = Vec::new();
    for (key, value) in table.get_ref() {
        let key_name = key.get_ref().as_ref();
        match value.get_ref() {
            DeValue::Table(of_command) => {
                let Some(command) = program.find_subcommand(key_name) else {
                    let all: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
                    return Err(format!(
                        "{}: [{key_name}] is no command; there are {}",
                        place(key.span()),
                        all.join(", ")
                    ));
                };
                for (key, value) in of_command {
                    let setting = setting(key.get_ref(), value, place(key.span()), Some(command))?;
                    settings.push(setting);
                }
            }
            _ => settings.push(setting(key_name, value, place(key.span()), None)?),
        }
    }
    Ok(settings)
}

/// One key, checked as the command line checks it.
fn setting(
    option_name: &str,
    value: &Spanned<DeValue<'_>>,
    place: String,
    command: Option<&Command>,
) -> Result<Setting, String> {
    let program = Cli::command();
    let of = |c: &Command| option(&program, c, option_name).cloned();
    let (checked, arg) = match command {
        Some(c) => (Some(c.clone()), of(c)),
        None => {
            let has = program.get_subcommands().find(|c| of(c).is_some());
            (has.cloned(), has.and_then(of))
        }
    };
    let (Some(checked), Some(arg)) = (checked, arg) else {
        let whose = command.map_or_else(|| "any command".into(), |c| c.get_name().to_owned());
        return Err(format!(
            "{place}: `{option_name}` is no option of {whose}; keys are the long names of options, as in \
             zeek-anomaly help COMMAND"
        ));
    };
    if NEVER.contains(&option_name) {
        return Err(format!(
            "{place}: `{option_name}` can only be said on the command line"
        ));
    }
    let switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let wrong = |what: &str| format!("{place}: `{option_name}` {what}");
    let (values, off) = match (value.get_ref(), switch) {
        (DeValue::Boolean(on), true) => (Vec::new(), !on),
        (_, true) => return Err(wrong("is a switch: true or false")),
        (DeValue::Array(all), false) => {
            let all = all.iter().map(|v| scalar(v.get_ref()));
            let all: Option<Vec<String>> = all.collect();
            let all = all.ok_or_else(|| wrong("is a list of texts and numbers"))?;
            let many = matches!(arg.get_action(), ArgAction::Append);
            match many || all.len() == 1 {
                true => (all, false),
                false => return Err(wrong("takes one value, not a list")),
            }
        }
        (one, false) => {
            let one = scalar(one).ok_or_else(|| wrong("is a text or a number"))?;
            (vec![one], false)
        }
    };
    let setting = Setting {
        place,
        command: command.map(|c| c.get_name().to_owned()),
        option: option_name.to_owned(),
        values,
        off,
    };
    let mut line: Vec<OsString> = vec!["zeek-anomaly".into(), checked.get_name().into()];
    line.extend(setting.arguments());
    match program.try_get_matches_from(line) {
        Err(e) if is_of_value(e.kind()) => {
            let text = e.to_string();
            let first = text.lines().next().unwrap_or_default();
            let what = first.strip_prefix("error: ").unwrap_or(first);
            Err(format!("{}: {what}", setting.place))
        }
        _ => Ok(setting),
    }
}

/// Whether an error is about a value, rather than about what else a command needs.
fn is_of_value(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidValue
            | ErrorKind::ValueValidation
            | ErrorKind::TooManyValues
            | ErrorKind::TooFewValues
            | ErrorKind::WrongNumberOfValues
            | ErrorKind::NoEquals
            | ErrorKind::UnknownArgument
    )
}

/// A text or number as an argument.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(s) => Some(s.as_ref().to_owned()),
        DeValue::Integer(n) if n.radix() == 10 => Some(n.as_str().replace('_', "")),
        DeValue::Float(n) => Some(n.as_str().replace('_', "")),
        _ => None,
    }
}
