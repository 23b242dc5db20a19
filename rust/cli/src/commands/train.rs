//! `train`: logs in, a model file out.

use super::inputs::{Inputs, nothing_used};
use crate::args::TrainArgs;
use crate::exit::{Failure, Status};
use crate::output::place;
use crate::progress::Progress;
use crate::say::{self, count, counted};
use crate::summary::{Watch, say_table};
use std::io;
use zeek_anomaly_engine::text::printable;
use zeek_anomaly_engine::{Model, offline};

/// Trains and writes.
pub fn run(args: TrainArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let failed = |cause| Failure::Output {
        to: args.output.display().to_string(),
        cause,
    };
    // Where the model cannot be written, this is known before the work.
    let output = place::target(&args.output).map_err(failed)?;
    if place::is_special(&output) {
        return Err(failed(io::Error::other("is no regular file")));
    }
    drop(place::beside(&output).map_err(failed)?);

    let mut inputs = Inputs::gather(&args.rows.paths, true)?;
    let total = offline::work(&inputs.list);
    let label = args.rows.label_column.as_ref();
    let mut watch = Watch::new(
        Progress::new(total, !args.work.quiet),
        label.map(|l| l.0.as_str()),
        inputs.alias(),
    );
    inputs.tell_problems(&mut watch);
    let model = offline::train(
        &inputs.list,
        &args.fit.params(),
        &args.rows.read(),
        &mut watch,
    );
    watch.progress.finish();
    watch.say_skipped();
    if model.info.rows == 0 {
        return Err(nothing_used(&watch, label, "train on"));
    }
    model.save(&output)?;
    if !args.work.quiet {
        summarize(&model, &watch);
        let size = std::fs::metadata(&output).map_or(0, |m| m.len());
        say::line(&format!(
            "wrote {} ({}): {} of {} in {:.2} s",
            printable(&args.output.display().to_string()),
            say::bytes(size),
            counted(model.info.rows, "row"),
            counted(model.logs.len() as u64, "log"),
            watch.progress.seconds(),
        ));
    }
    Ok(watch.status())
}

fn summarize(model: &Model, watch: &Watch) {
    watch.say_lines();
    let rows = watch
        .logs
        .iter()
        .filter(|(_, l)| l.tally.used + l.tally.filtered + l.refused > 0)
        .map(|(log, l)| {
            let m = model.position(log).map(|i| &model.logs[i]);
            vec![
                printable(log),
                count(l.tally.used),
                count(l.tally.filtered),
                count(l.refused),
                m.map_or("-", |m| m.detector_name()).to_owned(),
                m.map_or("-".into(), |m| m.spec.len().to_string()),
                m.map_or("-".into(), say::reach),
            ]
        })
        .collect();
    say_table(
        &[
            "log",
            "trained on",
            "filtered",
            "refused",
            "detector",
            "features",
            "measured up to",
        ],
        rows,
    );
    watch.say_unscored();
}
