//! `hunt`: behaviors, by host.

pub mod args;
mod show;

use super::inputs::{self, named};
use crate::allowed;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::progress::Progress;
use crate::say::{self, count, counted};
use args::HuntArgs;
pub use show::{FindingOut, finding as finding_out};
use std::io::{self, IsTerminal, Write};
use zeek_anomaly_behavior::{BehaviorColumns, BehaviorEngine, Finding, Settings, registry};
use zeek_anomaly_engine::merge::InOrder;
use zeek_anomaly_runner::{Coverage, Findings, HostFindings, Run, Sink, learn_baseline};

/// Hunts and shows.
pub fn run(args: &HuntArgs) -> Result<Status, Failure> {
    if args.list {
        return list();
    }
    args.work.set_threads();
    let settings = settings(args)?;
    let allow = allowed::load(args.allow.as_deref())?;
    let baseline = inputs::baseline(args.usual.as_deref())?;
    let place = Place::open(args.output.as_deref())?;
    let place_name = place.name();
    let training = inputs::paths(&args.train_on, &args.rows.spool, false)?;
    let source = inputs::rows(&args.rows, &args.rows.paths, None, false)?;
    let total = source.bytes() + training.bytes();
    let mut progress = Progress::new(total, !args.work.quiet);
    let baseline = match training.is_asked() {
        false => baseline,
        true => {
            let learned =
                learn_baseline(&training, settings.clone(), &mut |b, r| progress.add(b, r));
            let (baseline, trained) = learned;
            coverage::say_skipped(&trained);
            if trained.used() == 0 {
                return Err(coverage::nothing(&trained, None, "learn from"));
            }
            Some(baseline)
        }
    };
    let mut hunter = match (&args.learn, &args.state) {
        (Some(_), _) => BehaviorEngine::learner(settings),
        (None, Some(path)) if path.exists() => {
            BehaviorEngine::restore_from(settings, baseline, path).map_err(|e| named(path, &e))?
        }
        _ => BehaviorEngine::new(settings, baseline),
    };
    *hunter.allow() = allow;
    let mut found = Findings::default();
    let seen = hunter.now();
    let mut earlier = Earlier {
        than: seen,
        records: 0,
    };
    let coverage = Run::of(&source)
        .behaviors(&mut hunter)
        .sink(&mut found)
        .sink(&mut earlier)
        .go(&mut |b, r| progress.add(b, r));
    progress.finish();
    coverage::say_skipped(&coverage);
    if coverage.used() == 0 {
        let label = args.rows.label_column.as_ref();
        return Err(coverage::nothing(&coverage, label, "look at"));
    }
    // Late records are ordinary where a day ends; most of a day are not.
    if earlier.records > coverage.used() / 2 && !args.allow_overlap {
        return Err(Failure::Said(format!(
            "{} of {} are of a time that the state has seen already (up to {} UTC), and would count \
             twice; leave them out, or add --allow-overlap. The state was not changed",
            count(earlier.records),
            counted(coverage.used(), "record"),
            say::second(seen)
        )));
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
        return Ok(coverage::status(&coverage));
    }
    let failed = |cause| Failure::Output {
        to: place_name.clone(),
        cause,
    };
    let hosts = found.by_host(|f| wanted(args, f));
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
        summarize(args, &mut hunter, &coverage, &progress, &hosts);
    }
    Ok(coverage::status(&coverage))
}

/// Whether a finding is to be shown; the sum of a host is shown with its findings.
fn wanted(args: &HuntArgs, f: &Finding) -> bool {
    args.kinds.is_empty() || args.kinds.iter().any(|k| k == f.kind.0.name)
}

fn said(e: impl std::fmt::Display) -> Failure {
    Failure::Said(e.to_string())
}

fn settings(args: &HuntArgs) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    settings.memory = usize::try_from(args.memory << 20).unwrap_or(usize::MAX);
    settings.local_nets = args.local_nets.clone();
    for (name, value) in &args.settings {
        registry::set(&mut settings, name, *value).map_err(said)?;
    }
    Ok(settings)
}

/// Counts the records of a time that a state has seen already.
struct Earlier {
    than: f64,
    records: u64,
}

impl Sink for Earlier {
    fn in_order(&mut self, row: &InOrder<'_>, _: &BehaviorColumns) {
        let ts = row.schema.position("ts").map(|at| row.record.get(at));
        let ts = ts.and_then(|t| t.number());
        self.records += u64::from(ts.is_some_and(|t| t < self.than));
    }
}

fn summarize(
    args: &HuntArgs,
    hunter: &mut BehaviorEngine,
    coverage: &Coverage,
    progress: &Progress,
    hosts: &[HostFindings],
) {
    coverage::say(coverage, args.work.verbose);
    let seconds = progress.seconds();
    say::line(&format!(
        "looked at {} in {seconds:.2} s ({} rows/s): {} about {}",
        counted(coverage.used(), "row"),
        count((coverage.used() as f64 / seconds.max(1e-3)) as u64),
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
    if counts.findings_in_baseline > 0 {
        let n = counted(counts.findings_in_baseline, "finding");
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
