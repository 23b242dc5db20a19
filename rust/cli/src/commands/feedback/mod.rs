//! `feedback`: findings marked false or true, kept in the model, and what that changes.

mod compare;
mod find;
pub mod list;
mod wanted;

use super::inputs;
use crate::args::FeedbackArgs;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::place;
use crate::progress::Progress;
use crate::say::{self, counted};
use compare::Comparison;
use find::{Finder, Found};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::{SystemTime, UNIX_EPOCH};
use wanted::Wanted;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::feedback::{Mark, MarkError};
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_runner::{Coverage, Run, Source, on_scored};

/// Logs in which a record was found that are named.
const NAMED: usize = 5;

/// Marks, takes back or lists.
pub fn run(args: &FeedbackArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let model = Model::load(&args.model)?;
    if args.list {
        let mut out = io::stdout().lock();
        list::print(&model, &mut out)
            .and_then(|()| out.flush())
            .map_err(Failure::stdout)?;
        return Ok(Status::Fine);
    }
    let wanted = wanted::gather(args)?;
    if wanted.is_empty() && args.undo.is_empty() {
        return Err(Failure::Said(
            "nothing to mark: give --false, --true or --from with findings, --undo, or --list"
                .into(),
        ));
    }
    if args.paths.is_empty() && !wanted.is_empty() {
        return Err(Failure::Said(
            "the logs that the findings are from have to be given too".into(),
        ));
    }
    let target = args.output.as_ref().unwrap_or(&args.model);
    let output = place::target(target).map_err(|cause| Failure::Output {
        to: target.display().to_string(),
        cause,
    })?;

    let mut after = model.clone();
    undo(args, &mut after)?;
    let source = inputs::paths(&args.paths, &args.spool, true)?;
    let mut progress = Progress::new(2 * source.bytes_to_score(), !args.work.quiet);
    let mut finder = Finder::new(&wanted);
    if !wanted.is_empty() {
        let coverage = each(&source, &after, &mut progress, true, &mut |s| {
            finder.look(s)
        });
        // Otherwise the second pass reports what is wrong with the logs.
        if finder.found.iter().all(Option::is_none) {
            coverage::say_skipped(&coverage);
        }
    }
    let (marked, problems) = mark(args, &wanted, finder, &mut after)?;
    let mut status = Status::Fine;

    let nothing_new = !wanted.is_empty() && marked.is_empty();
    if !source.inputs().is_empty() && !nothing_new {
        let mut comparison = Comparison::new(&model, &after, marked, args.threshold);
        let coverage = each(&source, &after, &mut progress, false, &mut |s| {
            comparison.look(s)
        });
        progress.finish();
        coverage::say_skipped(&coverage);
        if coverage.scored_rows() == 0 {
            return Err(coverage::nothing(&coverage, None, "compare"));
        }
        if !args.work.quiet {
            coverage::say(&coverage, args.work.verbose);
        }
        status = coverage::status(&coverage);
        let mut out = io::stdout().lock();
        comparison
            .print(&mut out)
            .and_then(|()| out.flush())
            .map_err(Failure::stdout)?;
    }
    progress.finish();
    for p in &problems {
        say::warning(p);
    }
    if nothing_new {
        return Err(Failure::Said("no record was marked".into()));
    }
    if args.dry_run {
        say::line("nothing was written (--dry-run)");
    } else {
        after.save(&output)?;
        if !args.work.quiet {
            say::line(&format!(
                "wrote {} with {}; --undo takes them back",
                printable(&output.display().to_string()),
                counted(after.marks().len() as u64, "mark")
            ));
        }
    }
    Ok(match problems.is_empty() {
        true => status,
        false => Status::Skipped,
    })
}

/// Scores all records with a model; with `again`, they are read again afterwards.
fn each(
    source: &Source,
    model: &Model,
    progress: &mut Progress,
    again: bool,
    look: &mut dyn FnMut(&Scored<'_>),
) -> Coverage {
    let mut sink = on_scored(|scored| {
        look(scored);
        ControlFlow::Continue(())
    });
    let mut run = Run::of(source).score(model, false).sink(&mut sink);
    if again {
        run = run.and_again();
    }
    run.go(&mut |b, r| progress.add(b, r))
}

/// Takes marks back.
fn undo(args: &FeedbackArgs, model: &mut Model) -> Result<(), Failure> {
    for text in &args.undo {
        if text == "all" {
            let ids: Vec<u32> = model.marks().iter().map(|m| m.id).collect();
            model.undo_marks(&ids);
        } else if !text.parse().is_ok_and(|id| model.undo_marks(&[id]) > 0) {
            return Err(Failure::Said(format!(
                "--undo {text}: the model has no such feedback (--list shows what it has); nothing \
                 was changed"
            )));
        }
    }
    Ok(())
}

/// Marks with the records they are about, and what could not be marked and why.
type Outcome = (Vec<(Mark, Found)>, Vec<String>);

/// Marks what was found. Gives the marks, and what could not be marked and why.
fn mark(
    args: &FeedbackArgs,
    wanted: &[Wanted],
    finder: Finder<'_>,
    model: &mut Model,
) -> Result<Outcome, Failure> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |d| d.as_secs() as f64);
    let (mut marks, mut found_of, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for ((w, found), logs) in wanted.iter().zip(finder.found).zip(finder.logs) {
        let Some(found) = found else {
            let log = w.log.as_ref().map_or(String::new(), |l| format!(" of {l}"));
            let why = match w.finding() {
                Some(_) => {
                    "is part of it with this model's scores. Behaviors have no model; leave them out with an \
                     allowlist (`hunt --allow`)"
                }
                None => "has it",
            };
            problems.push(format!("{}: no record{log} in these logs {why}", w.name));
            continue;
        };
        let records: u64 = logs.values().sum();
        if records > 1 && !args.work.quiet {
            let names: Vec<String> = logs.keys().take(NAMED).map(|l| printable(l)).collect();
            say::line(&format!(
                "{}: marked the strangest of its {records} records, in {} (found in {}; --log chooses)",
                printable(&w.name),
                printable(&found.log),
                names.join(", ")
            ));
        }
        marks.push(Mark {
            id: 0,
            time: now,
            opinion: w.opinion,
            log: found.log.clone(),
            record: printable(&w.name),
            ts: found.ts,
            note: printable(&args.note),
            matches: found.matches.clone(),
        });
        found_of.push((w, found));
    }
    let mut marked = Vec::new();
    for (result, (w, found)) in model.mark(marks).into_iter().zip(found_of) {
        match result {
            Ok(id) => {
                let mark = model.marks().iter().find(|m| m.id == id);
                marked.extend(mark.map(|m| (m.clone(), found)));
            }
            Err(e @ MarkError::Full) => return Err(Failure::Said(e.to_string())),
            Err(e) => problems.push(format!("{}: {e}", w.name)),
        }
    }
    Ok((marked, problems))
}
