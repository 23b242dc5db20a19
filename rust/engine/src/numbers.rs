//! The numbers that detectors see of a row, for people who want to try others on them.

use crate::model::{By, LogModel, Scratch};
use zeek_anomaly_models::Inputs;

/// Makes the numbers of one log's rows.
#[derive(Debug)]
pub struct Numbers {
    inputs: Inputs,
    leave_out: bool,
    scratch: Scratch,
}

impl Numbers {
    /// For the rows that this model judges, whether its own detector asks for inputs or not. With
    /// `leave_out` the rows are those it was trained on, and the numbers those that it learned:
    /// what only one row has is unseen to it.
    pub fn new(model: &LogModel, leave_out: bool) -> Numbers {
        Numbers {
            leave_out,
            inputs: Inputs::new(&model.encoders),
            scratch: Scratch::default(),
        }
    }

    /// What each number is: `coordinate FEATURE` for those that an isolation forest sees, `input
    /// FEATURE` or `input FEATURE=VALUE` for those of PCA, KitNET and one-class SVM. Not
    /// escaped for a terminal.
    pub fn names(&self, model: &LogModel) -> Vec<String> {
        let name = |f: usize| model.spec.name(f);
        let coordinates = (0..model.spec.len()).map(|f| format!("coordinate {}", name(f)));
        let features = self.inputs.features().iter().map(|f| usize::from(*f));
        let inputs = features
            .enumerate()
            .map(|(i, f)| match self.inputs.meaning(i) {
                "" => format!("input {}", name(f)),
                value => format!("input {}={value}", name(f)),
            });
        coordinates.chain(inputs).collect()
    }

    /// The numbers of a row, in the order of the names; NaN where a coordinate is missing.
    pub fn of(&mut self, model: &LogModel, bits: &[u64]) -> impl Iterator<Item = f32> {
        let by = By {
            encoders: &model.encoders,
            kinds: &model.kinds,
            inputs: Some(&self.inputs),
            coordinates: true,
        };
        let row = by.encode(bits, self.leave_out, &mut self.scratch);
        row.coordinates.iter().chain(row.inputs).copied()
    }
}
