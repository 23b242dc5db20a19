//! Where the model comes from.

use crate::coverage::Coverage;
use crate::run::Run;
use crate::source::Source;
use zeek_anomaly_behavior::BehaviorEngine;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::train::{TrainParams, Trainer};

/// Where a model comes from.
#[derive(Debug)]
pub enum ModelFrom<'a> {
    /// It was loaded.
    Loaded(Box<Model>),
    /// It is trained on other rows.
    TrainedOn(&'a Source),
    /// It is fitted on the very rows that are judged: it ranks them among themselves.
    FittedOn(&'a Source),
}

/// A model, ready to judge.
#[derive(Debug)]
pub struct Prepared {
    /// The model.
    pub model: Model,
    /// Whether it was fitted on the rows that it judges.
    pub own_rows: bool,
    /// What it was trained on, where that was done here. Of rows that are judged, too, the coverage
    /// of that run tells.
    pub trained: Option<Coverage>,
}

/// Loads, trains or fits. `learner` watches the training rows, too, where there are any.
pub fn prepare(
    from: ModelFrom<'_>,
    params: TrainParams,
    learner: Option<&mut BehaviorEngine>,
    progress: &mut dyn FnMut(u64, u64),
) -> Prepared {
    let (source, own_rows) = match from {
        ModelFrom::Loaded(model) => {
            return Prepared {
                model: *model,
                own_rows: false,
                trained: None,
            };
        }
        ModelFrom::TrainedOn(source) => (source, false),
        ModelFrom::FittedOn(source) => (source, true),
    };
    let params = TrainParams { own_rows, ..params };
    let trainer = Trainer::new(params);
    let mut run = Run::of(source);
    if own_rows {
        run = run.and_again();
    } else if let Some(learner) = learner {
        run = run.behaviors(learner);
    }
    let (model, coverage) = run.train(trainer, progress);
    Prepared {
        model,
        own_rows,
        trained: (!own_rows).then_some(coverage),
    }
}
