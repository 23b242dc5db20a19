//! `explain`: everything that all logs say of one connection.

pub mod args;
mod host;
mod show;

use super::inputs;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::progress::Progress;
use crate::say::{self, counted};
use args::ExplainArgs;
use host::Subject;
use show::Shown;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::offline;
use zeek_anomaly_engine::related::{self, Found};
use zeek_anomaly_engine::{Reason, Verdict};
use zeek_anomaly_runner::{Coverage, Prepared, Run, Source, on_scored};
use zeek_log::Record;

/// The verdict on a record, by its input's name and its line.
type Verdicts = HashMap<(String, u64), (Verdict, Vec<Reason>)>;

/// Finds, scores and shows.
pub fn run(args: &ExplainArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let path = inputs::model_path(args.model.as_deref(), &args.train_on);
    let loaded = inputs::load(path.as_deref(), &args.fit)?;
    let source = inputs::paths(&args.paths, &args.spool, true)?;
    let training = inputs::paths(&args.train_on, &args.spool, true)?;
    let fit_here = loaded.is_none() && !training.is_asked();
    if let Some(subject) = Subject::of(&args.uid) {
        let mut progress = Progress::new(source.bytes(), !args.work.quiet);
        let (story, coverage) = host::tell(&source, subject, &mut progress);
        progress.finish();
        if story.is_some() || matches!(subject, Subject::Host(_)) {
            coverage::say_skipped(&coverage);
        }
        match (story, subject) {
            (Some(story), _) => {
                story.show(&args.uid, &coverage, args.format)?;
                if !args.work.quiet {
                    coverage::say(&coverage, args.work.verbose);
                    let records = counted(story.records(), "record");
                    say::line(&format!("{records} of {}", args.uid));
                }
                return Ok(coverage::status(&coverage));
            }
            (None, Subject::Host(_)) => {
                if coverage.rows() == 0 {
                    return Err(coverage::nothing(&coverage, None, "search"));
                }
                return Err(Failure::Said(format!(
                    "{}: none of {} names this host",
                    args.uid,
                    counted(coverage.rows(), "record")
                )));
            }
            (None, Subject::Finding(_)) => {}
        }
    }
    let mut coverage = Coverage::of(&source);
    let (related, found) = related::find(source.inputs(), &args.uid, source.read(), &mut coverage);
    coverage::say_skipped(&coverage);
    if found.is_empty() {
        if coverage.rows() == 0 {
            return Err(coverage::nothing(&coverage, None, "search"));
        }
        return Err(Failure::Said(format!(
            "{}: no record of {} names it as a connection (uid) or a file (fuid), and no behavior has \
             this number",
            args.uid,
            counted(coverage.rows(), "row")
        )));
    }
    if related.cut {
        say::warning("more belongs to it than can be shown; the rest is left out");
    }
    let mut progress = Progress::new(0, !args.work.quiet);
    let prepared = inputs::model(loaded, &training, &source, &args.fit, None, &mut progress)?;
    let verdicts = verdicts(&source, &prepared, &found, &mut progress);
    progress.finish();
    let records: Vec<Shown<'_>> = found
        .iter()
        .map(|f| {
            let input = &source.inputs()[f.input];
            Shown::new(f, input.name(), verdicts.get(&(input.name(), f.line)))
        })
        .collect();
    show::show(&args.uid, &related, &records, &coverage, args.format).map_err(Failure::stdout)?;
    if !args.work.quiet {
        coverage::say(&coverage, args.work.verbose);
        if fit_here {
            say::line(
                "no model given: fitted on these rows themselves; an honest score needs a model \
                 trained on other days (zeek-anomaly train)",
            );
        }
        let unknown = records.iter().filter(|r| r.score().is_none()).count();
        let text = format!("{} of {}", counted(found.len() as u64, "record"), args.uid);
        say::line(&printable(&match unknown {
            0 => text,
            n => format!("{text}, {n} of logs that the model has nothing for"),
        }));
    }
    Ok(coverage::status(&coverage))
}

/// Scores the records that were found, each with what its connection did.
fn verdicts(
    source: &Source,
    prepared: &Prepared,
    found: &[Found],
    progress: &mut Progress,
) -> Verdicts {
    // The records by their content: the test of rows sees no lines.
    let wanted: HashSet<(Option<u64>, String)> = found
        .iter()
        .map(|f| key(&f.schema, &f.record.record()))
        .collect();
    let select = offline::Select(Arc::new(move |schema, record| {
        wanted.contains(&key(schema, record))
    }));
    let mut verdicts = Verdicts::new();
    let lines: HashSet<(String, u64)> = found
        .iter()
        .map(|f| (source.inputs()[f.input].name(), f.line))
        .collect();
    let mut keep = on_scored(|s| {
        let at = (s.input.name(), s.line);
        if lines.contains(&at) {
            verdicts.insert(at, (s.verdict, s.reasons()));
        }
        ControlFlow::Continue(())
    });
    Run::of(&source.selecting(select))
        .score(&prepared.model, prepared.own_rows)
        .sink(&mut keep)
        .go(&mut |b, r| progress.add(b, r));
    drop(keep);
    verdicts
}

/// A log and a moment: few records share them, and only few are scored in vain.
fn key(schema: &zeek_log::Schema, record: &Record<'_>) -> (Option<u64>, String) {
    let ts = schema.position("ts").and_then(|i| record.get(i).number());
    (ts.map(f64::to_bits), schema.log.clone())
}
