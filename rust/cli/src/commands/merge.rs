//! `merge`: models in, one model out.

use super::train::{place_of, refuse_overlap, say_kept};
use crate::args::MergeArgs;
use crate::coverage::say_table;
use crate::exit::{Failure, Status};
use crate::say::{self, count, counted};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::combine::{MergeWarning, merge};
use zeek_anomaly_engine::train::TrainParams;

/// Reads, merges and writes.
pub fn run(args: &MergeArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let output = place_of(&args.output)?;
    let models: Vec<Model> = (args.models.iter())
        .map(|path| Model::load(path))
        .collect::<Result<_, _>>()?;
    let Some(first) = models.first() else {
        return Err(Failure::Said("there is no model to merge".into()));
    };
    let mut params = TrainParams {
        seed: first.info.seed,
        sample_rows: usize::try_from(args.sample_rows).unwrap_or(usize::MAX),
        ..TrainParams::default()
    };
    args.keep.apply(first.info.holdout, &mut params);
    let (model, warnings) = merge(&models, &params).map_err(|(i, e)| {
        let path = args.models.get(i).map(|p| p.display().to_string());
        Failure::Said(format!("{}: {e}", printable(&path.unwrap_or_default())))
    })?;
    let is_same = |w: &MergeWarning| matches!(w, MergeWarning::SameRows { .. });
    let (same, warnings): (Vec<_>, Vec<_>) = warnings.into_iter().partition(is_same);
    for w in &warnings {
        say::warning(&w.to_string());
    }
    if model.info.rows == 0 {
        return Err(Failure::Said("the models hold no rows".into()));
    }
    refuse_overlap(&same, args.keep.allow_overlap)?;
    model.save(&output)?;
    if !args.work.quiet {
        let rows = (model.logs.iter())
            .map(|m| {
                let of = models.iter().filter(|o| o.position(m.log()).is_some());
                vec![
                    printable(m.log()),
                    count(of.count() as u64),
                    count(m.rows),
                    m.detector_name().to_owned(),
                    say::reach(m),
                ]
            })
            .collect();
        say_table(
            &["log", "models", "rows", "detector", "measured up to"],
            rows,
        );
        say_kept(&model, args.keep.compact);
        let size = std::fs::metadata(&output).map_or(0, |m| m.len());
        say::line(&format!(
            "wrote {} ({}): {} of {}",
            printable(&args.output.display().to_string()),
            say::bytes(size),
            counted(model.info.rows, "row"),
            counted(models.len() as u64, "model"),
        ));
    }
    // What was left out was said.
    let left_out = (warnings.iter()).any(|w| matches!(w, MergeWarning::OtherFeatures { .. }));
    Ok(if left_out {
        Status::Skipped
    } else {
        Status::Fine
    })
}
