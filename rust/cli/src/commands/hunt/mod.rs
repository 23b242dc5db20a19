//! `hunt`: what takes time to see, by host.

pub mod args;
mod show;

use super::inputs::{Inputs, nothing_used};
use crate::allowed;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::progress::Progress;
use crate::say::{self, count, counted};
use crate::summary::Watch;
use args::HuntArgs;
pub use show::by_host;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_behavior::{Columns, Finding, Hunter, Settings, Usual, registry};
use zeek_anomaly_engine::merge::{self, InOrder};
use zeek_anomaly_engine::offline::ReadParams;
use zeek_log::{Input, Schema};

/// Hunts and shows.
pub fn run(args: &HuntArgs) -> Result<Status, Failure> {
    if args.list {
        return list();
    }
    args.work.set_threads();
    let settings = settings(args)?;
    let allow = allowed::load(args.allow.as_deref())?;
    let usual = match &args.usual {
        Some(path) => Some(Usual::load(path).map_err(|e| named(path, &e))?),
        None => None,
    };
    let place = Place::open(args.output.as_deref())?;
    let place_name = place.name();
    let mut training = Inputs::gather(&args.train_on, false)?;
    let mut inputs = Inputs::gather(&args.rows.paths, false)?;
    inputs.within(&args.rows);
    let total: u64 = inputs
        .list
        .iter()
        .chain(&training.list)
        .map(|i| i.size)
        .sum();
    let label = args.rows.label_column.as_ref();
    let mut watch = Watch::new(
        Progress::new(total, !args.work.quiet),
        label.map(|l| l.0.as_str()),
        None,
    );
    let usual = match args.train_on.is_empty() {
        true => usual,
        false => {
            let mut first = Watch::new(watch.progress, None, None);
            training.tell_problems(&mut first);
            let mut learner = Hunter::learner(settings.clone());
            read(
                &training.list,
                &ReadParams::default(),
                &mut learner,
                &mut first,
                &mut |_| {},
            );
            first.say_skipped();
            if first.used() == 0 {
                return Err(nothing_used(&first, None, "learn from"));
            }
            watch.progress = first.progress;
            Some(learner.learned())
        }
    };
    inputs.tell_problems(&mut watch);

    let mut hunter = match (&args.learn, &args.state) {
        (Some(_), _) => Hunter::learner(settings),
        (None, Some(path)) if path.exists() => {
            Hunter::restore_from(settings, usual, path).map_err(|e| named(path, &e))?
        }
        _ => Hunter::new(settings, usual),
    };
    *hunter.allow() = allow;
    let mut found: BTreeMap<u64, Finding> = BTreeMap::new();
    read(
        &inputs.list,
        &args.rows.read(),
        &mut hunter,
        &mut watch,
        &mut |f| {
            found.insert(f.id, f);
        },
    );
    watch.progress.finish();
    watch.say_skipped();
    if watch.used() == 0 {
        return Err(nothing_used(&watch, label, "look at"));
    }
    if let Some(path) = &args.learn {
        let learned = hunter.learned();
        learned.save(path).map_err(|e| named(path, &e))?;
        if !args.work.quiet {
            say::line(&format!(
                "learned of {}: {} and {} that are usual",
                counted(learned.hosts().round() as u64, "host"),
                counted(learned.known_targets() as u64, "target"),
                counted(learned.known_findings() as u64, "finding"),
            ));
        }
        return Ok(watch.status());
    }
    let failed = |cause| Failure::Output {
        to: place_name.clone(),
        cause,
    };
    let findings = found.into_values().filter(|f| wanted(args, f)).collect();
    let hosts = by_host(findings, &hunter);
    let mut place = place;
    show::write(args, &hosts, &mut place).map_err(failed)?;
    place.finish().map_err(failed)?;
    if let Some(path) = &args.state {
        hunter.save_to(path).map_err(|e| named(path, &e))?;
    }
    if !args.work.quiet {
        if args.output.is_none() && io::stdout().is_terminal() {
            say::line("");
        }
        summarize(args, &mut hunter, &watch, &hosts);
    }
    Ok(watch.status())
}

/// Whether a finding is to be shown; the sum of a host is shown with its findings.
fn wanted(args: &HuntArgs, f: &Finding) -> bool {
    args.kinds.is_empty() || args.kinds.iter().any(|k| k == f.kind.0.name)
}

fn said(e: impl std::fmt::Display) -> Failure {
    Failure::Said(e.to_string())
}

fn named(path: &std::path::Path, e: &zeek_anomaly_behavior::SnapshotError) -> Failure {
    match e {
        zeek_anomaly_behavior::SnapshotError::Io { .. } => said(e),
        _ => Failure::Said(format!("{}: {e}", path.display())),
    }
}

fn settings(args: &HuntArgs) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    settings.memory = usize::try_from(args.memory << 20).unwrap_or(usize::MAX);
    settings.local_nets = args.local_nets.clone();
    for (name, value) in &args.settings {
        settings.set(name, *value).map_err(said)?;
    }
    Ok(settings)
}

/// Reads logs in the order of their records and hands each to the hunter.
pub fn read(
    inputs: &[Input],
    read: &ReadParams,
    hunter: &mut Hunter,
    watch: &mut Watch,
    sink: &mut dyn FnMut(Finding),
) {
    // By the schema's address, which its clone here keeps from being used again.
    let mut bound: HashMap<usize, (Arc<Schema>, Columns)> = HashMap::new();
    let mut out = Vec::new();
    merge::in_order(inputs, read, watch, &mut |row: &InOrder<'_>| {
        let key = Arc::as_ptr(row.schema) as usize;
        if bound.len() >= MAX_SCHEMAS && !bound.contains_key(&key) {
            bound.clear();
        }
        let (_, columns) = bound
            .entry(key)
            .or_insert_with(|| (row.schema.clone(), Columns::bind(row.schema)));
        hunter.observe(columns, &row.record, &mut out);
        out.drain(..).for_each(&mut *sink);
        ControlFlow::Continue(())
    });
    hunter.finish(&mut out);
    out.drain(..).for_each(sink);
}

/// Schemas that are bound at once.
const MAX_SCHEMAS: usize = 4096;

fn summarize(args: &HuntArgs, hunter: &mut Hunter, watch: &Watch, hosts: &[show::Host]) {
    watch.say_lines();
    let seconds = watch.progress.seconds();
    say::line(&format!(
        "looked at {} in {seconds:.2} s ({} rows/s): {} about {}",
        counted(watch.used(), "row"),
        count((watch.used() as f64 / seconds.max(1e-3)) as u64),
        counted(
            hosts.iter().map(|h| h.findings.len() as u64).sum(),
            "finding"
        ),
        counted(hosts.len() as u64, "host"),
    ));
    let counts = hunter.counts();
    if counts.duplicates > 0 {
        let n = counted(counts.duplicates, "record");
        say::line(&format!("left out as exact duplicates: {n}"));
    }
    if counts.findings_usual > 0 {
        let n = counted(counts.findings_usual, "finding");
        say::line(&format!("as usual, and not shown: {n}"));
    }
    if args.allow.is_some() {
        say::line(&format!(
            "allowed: {} and {}",
            counted(counts.allowed, "record"),
            counted(counts.findings_allowed, "finding")
        ));
        allowed::say_entries(hunter.allow());
    }
    for part in hunter.parts() {
        let g = part.given_up;
        if g.established + g.unprotected > 0 {
            say::warning(&format!(
                "to stay within --memory, {} forgot {} established {} and could not keep {}",
                part.name,
                count(g.established),
                if g.established == 1 {
                    "entity"
                } else {
                    "entities"
                },
                count(g.unprotected),
            ));
        }
    }
}

/// Lists kinds and parameters.
fn list() -> Result<Status, Failure> {
    let mut out = io::stdout().lock();
    let mut text = String::from("kinds of findings, and their notice types in Zeek (Anomaly::)\n");
    for k in registry::kinds() {
        text.push_str(&format!(
            "  {:<22} {:<22} {} ({})\n",
            k.name,
            k.notice,
            k.title,
            k.stage.name()
        ));
    }
    text.push_str("\nparameters (--set NAME=VALUE)\n");
    for p in registry::params() {
        text.push_str(&format!("  {:<28} {:>6}  {}\n", p.name, p.default, p.help));
    }
    out.write_all(text.as_bytes()).map_err(Failure::stdout)?;
    Ok(Status::Fine)
}
