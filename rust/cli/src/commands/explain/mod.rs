//! `explain`: everything that all logs say of one connection.

pub mod args;
mod show;

use super::inputs::Inputs;
use crate::exit::{Failure, Status};
use crate::progress::Progress;
use crate::say::{self, counted};
use crate::summary::Watch;
use args::ExplainArgs;
use show::Shown;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::offline::{self, ReadParams};
use zeek_anomaly_engine::related::{self, Found};
use zeek_anomaly_engine::train::TrainParams;
use zeek_anomaly_engine::{Model, Reason, Verdict};
use zeek_log::{Options, Record};

/// The verdict on a record, by its input's path and its line.
type Verdicts = HashMap<(String, u64), (Verdict, Vec<Reason>)>;

/// Finds, scores and shows.
pub fn run(args: &ExplainArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let loaded = args.model.as_deref().map(Model::load).transpose()?;
    let fit_here = loaded.is_none() && args.train_on.is_empty();
    let mut inputs = Inputs::gather(&args.paths, true)?;
    let mut training = Inputs::gather(&args.train_on, true)?;
    let mut watch = Watch::new(Progress::new(0, !args.work.quiet), None, inputs.alias());
    inputs.tell_problems(&mut watch);
    let options = Options::default();
    let (related, found) = related::find(&inputs.list, &args.uid, &options, &mut watch);
    watch.say_skipped();
    if found.is_empty() {
        return Err(Failure::Said(format!(
            "{}: no record of {} names it as a connection (uid) or a file (fuid)",
            args.uid,
            counted(watch.rows(), "row")
        )));
    }
    if related.cut {
        say::warning("more belongs to it than can be shown; the rest is left out");
    }
    let mut quiet = Watch::new(Progress::new(0, !args.work.quiet), None, None);
    let model = match loaded {
        Some(model) => model,
        None => {
            training.tell_problems(&mut quiet);
            let list = if fit_here {
                &inputs.list
            } else {
                &training.list
            };
            let params = TrainParams {
                own_rows: fit_here,
                ..args.fit.params()
            };
            offline::train(list, &params, &ReadParams::default(), &mut quiet)
        }
    };
    let verdicts = verdicts(&inputs, &model, fit_here, &found, &mut quiet);
    watch.progress.finish();
    quiet.progress.finish();
    let records: Vec<Shown<'_>> = found
        .iter()
        .map(|f| {
            let input = &inputs.list[f.input];
            let key = (input.path.display().to_string(), f.line);
            let name = if input.is_stdin() || inputs.alias().is_some_and(|a| a.0 == key.0) {
                "standard input".to_owned()
            } else {
                key.0.clone()
            };
            Shown::new(f, name, verdicts.get(&key))
        })
        .collect();
    show::show(&args.uid, &related, &records, args.format).map_err(Failure::stdout)?;
    if !args.work.quiet {
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
    Ok(watch.status())
}

/// Scores the records that were found, each with what its connection did.
fn verdicts(
    inputs: &Inputs,
    model: &Model,
    leave_out: bool,
    found: &[Found],
    watch: &mut Watch,
) -> Verdicts {
    // The records by their content: the test of rows sees no lines.
    let wanted: HashSet<(Option<u64>, String)> = found
        .iter()
        .map(|f| key(&f.schema, &f.record.record()))
        .collect();
    let read = ReadParams {
        select: Some(offline::Select(Arc::new(move |schema, record| {
            wanted.contains(&key(schema, record))
        }))),
        ..ReadParams::default()
    };
    let mut verdicts = Verdicts::new();
    let lines: HashSet<(String, u64)> = found
        .iter()
        .map(|f| (inputs.list[f.input].path.display().to_string(), f.line))
        .collect();
    offline::score(&inputs.list, model, leave_out, &read, watch, &mut |s| {
        let at = (s.input.path.display().to_string(), s.line);
        if lines.contains(&at) {
            verdicts.insert(at, (s.verdict, s.reasons()));
        }
        ControlFlow::Continue(())
    });
    verdicts
}

/// A log and a moment: few records share them, and only few are scored in vain.
fn key(schema: &zeek_log::Schema, record: &Record<'_>) -> (Option<u64>, String) {
    let ts = schema.position("ts").and_then(|i| record.get(i).number());
    (ts.map(f64::to_bits), schema.log.clone())
}
