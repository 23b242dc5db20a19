//! `backtest`: what would have been alerted, by day and by budget.

pub mod args;
mod show;

use super::alerts::{Gatherer, HuntFiles, hunt, logs, say_exceeded};
use super::inputs::{Inputs, nothing_used};
use crate::args::DocumentFormat;
use crate::exit::{Failure, Status};
use crate::progress::Progress;
use crate::summary::Watch;
use args::BacktestArgs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use zeek_anomaly_alerts::Replay;
use zeek_anomaly_engine::{Model, offline};

/// What one budget would have meant.
pub struct Tried {
    per_day: f64,
    replay: Replay,
}

/// Bytes of the files.
fn size(inputs: &Inputs) -> u64 {
    inputs.list.iter().map(|i| i.size).sum()
}

/// Replays and shows.
pub fn run(args: &BacktestArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let model = Model::load(&args.model)?;
    let mut inputs = Inputs::gather(&args.rows.paths, !args.no_hunt)?;
    inputs.within(&args.rows);
    let label = args.rows.label_column.as_ref();
    let mut watch = Watch::new(
        Progress::new(
            offline::work(&inputs.list) + if args.no_hunt { 0 } else { size(&inputs) },
            !args.work.quiet,
        ),
        label.map(|l| l.0.as_str()),
        inputs.alias(),
    );
    inputs.tell_problems(&mut watch);
    let logs = logs(&args.logs);
    let mut gatherer = Gatherer::new(args.threshold, &logs, false);
    offline::score(
        &inputs.list,
        &model,
        false,
        &args.rows.read(),
        &mut watch,
        &mut |scored| {
            gatherer.take(scored);
            ControlFlow::Continue(())
        },
    );
    if !args.no_hunt && watch.used() > 0 {
        let files = HuntFiles {
            usual: args.usual.as_deref(),
            allow: args.allow.as_deref(),
        };
        hunt(files, &inputs, &args.rows.read(), &mut watch, &mut gatherer)?;
    }
    watch.progress.finish();
    watch.say_skipped();
    if watch.used() == 0 {
        watch.say_unscored();
        return Err(nothing_used(&watch, label, "replay"));
    }
    gatherer.say_dropped();
    let mut wanted = args.alerts_per_day.clone();
    wanted.sort_by(f64::total_cmp);
    wanted.dedup();
    let tried: Vec<Tried> = wanted
        .into_iter()
        .map(|per_day| Tried {
            per_day,
            replay: gatherer.replay(&model, args.budget.params(per_day, args.threshold)),
        })
        .collect();
    let mut out = io::stdout().lock();
    match args.format {
        DocumentFormat::Table => show::table(&tried, &mut out),
        DocumentFormat::Json => show::json(args, &logs, &tried, &gatherer, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(Failure::stdout)?;
    if !args.work.quiet {
        watch.say_unscored();
        if let [only] = &tried[..] {
            say_exceeded(&only.replay.days);
        }
    }
    Ok(watch.status())
}
