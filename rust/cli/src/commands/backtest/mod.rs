//! `backtest`: what would have been alerted, by day and by budget.

pub mod args;
mod show;

use super::alerts::{Gatherer, logs, say_exceeded};
use super::inputs;
use crate::args::DocumentFormat;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::progress::Progress;
use args::BacktestArgs;
use std::io::{self, Write};
use zeek_anomaly_alerts::Replay;
use zeek_anomaly_engine::Model;
use zeek_anomaly_runner::Run;

/// What one budget would have meant.
pub struct Tried {
    per_day: f64,
    replay: Replay,
}

/// Replays and shows.
pub fn run(args: &BacktestArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let model = Model::load(&args.model)?;
    let source = inputs::rows(&args.rows, &args.rows.paths, None, !args.no_hunt)?;
    let mut engine = match args.no_hunt {
        true => None,
        false => Some(
            args.budget
                .behaviors(args.usual.as_deref(), args.allow.as_deref())?,
        ),
    };
    let watched = if args.no_hunt { 0 } else { source.bytes() };
    let total = source.bytes_to_score() + watched;
    let mut progress = Progress::new(total, !args.work.quiet);
    let logs = logs(&args.logs);
    let mut gatherer = Gatherer::new(args.threshold, &logs, false);
    let mut run = Run::of(&source).score(&model, false).sink(&mut gatherer);
    if let Some(engine) = &mut engine {
        run = run.behaviors(engine);
    }
    let coverage = run.go(&mut |b, r| progress.add(b, r));
    progress.finish();
    coverage::say_skipped(&coverage);
    if coverage.scored_rows() == 0 {
        coverage::say_unscored(&coverage);
        let label = args.rows.label_column.as_ref();
        return Err(coverage::nothing(&coverage, label, "replay"));
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
        DocumentFormat::Json => show::json(args, &logs, &tried, &gatherer, &coverage, &mut out),
    }
    .and_then(|()| out.flush())
    .map_err(Failure::stdout)?;
    if !args.work.quiet {
        coverage::say(&coverage, args.work.verbose);
        coverage::say_unscored(&coverage);
        if let [only] = &tried[..] {
            say_exceeded(&only.replay.days);
        }
    }
    Ok(coverage::status(&coverage))
}
