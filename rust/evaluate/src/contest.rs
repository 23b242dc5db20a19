//! The models that are compared: loaded or trained, then each scores the same rows.

use crate::alerts::AlertGatherer;
use crate::behavior_run;
use crate::matching::BehaviorRun;
use crate::rows::{RowCollector, RowNames, ScoredRows};
use crate::split::{Round, Split, rounds};
use crate::truth::GroundTruth;
use crate::{EvaluateError, EvaluateParams};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use zeek_anomaly_alerts::AlertParams;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::train::Trainer;
use zeek_anomaly_engine::{Choice, LEFT_OUT, Model};
use zeek_anomaly_runner::{Coverage, Run, on_scored};

/// A model, or the models of all rounds of one training, with the rows that they scored.
#[derive(Debug)]
pub struct ScoredModel {
    /// Its name.
    pub name: String,
    /// The rows.
    pub scored: ScoredRows,
    /// Rows of logs that it does not score.
    pub unscored: BTreeMap<String, u64>,
    /// Blanked columns that a loaded model was trained with.
    pub trained_with: BTreeSet<String>,
    /// Rows that were read.
    pub read: u64,
}

/// Where a model comes from.
enum ModelSource {
    File(PathBuf),
    Trained(Choice),
}

/// The outcome.
#[derive(Debug)]
pub struct Contest {
    /// The models, with the rows that each scored.
    pub models: Vec<ScoredModel>,
    /// The names that rows refer to.
    pub names: RowNames,
    /// The behaviors found on the same rows, if they were asked for.
    pub behaviors: Option<BehaviorRun>,
    /// The coverage of each file that was trained on or scored, once: of several passes over the same files,
    /// that of the first.
    pub coverage: Vec<Coverage>,
}

/// An evaluation that is ready to run.
pub struct Evaluator<'a> {
    params: &'a EvaluateParams,
    truth: &'a GroundTruth,
    rounds: Vec<Round>,
    sources: Vec<(String, ModelSource)>,
}

impl<'a> Evaluator<'a> {
    /// Divides the rows into rounds.
    pub fn new(
        params: &'a EvaluateParams,
        truth: &'a GroundTruth,
    ) -> Result<Evaluator<'a>, EvaluateError> {
        Ok(Evaluator {
            params,
            truth,
            rounds: rounds(params, truth.columns())?,
            sources: sources(params),
        })
    }

    /// About how many bytes will be read, for a progress bar.
    pub fn work(&self) -> u64 {
        let work: u64 = (self.rounds.iter())
            .map(|r| r.learn.bytes_to_score() + r.test.bytes_to_score())
            .sum();
        // Behaviors take one pass, models two.
        let passes = 2 * self.sources.len() as u64 + u64::from(self.params.behaviors.is_some());
        work / 2 * passes
    }

    /// Trains or loads each model and lets it score. `progress` gets the bytes and rows that were read since it
    /// was called last.
    pub fn run(self, progress: &mut dyn FnMut(u64, u64)) -> Result<Contest, EvaluateError> {
        let mut names = RowNames::default();
        let mut runs = Vec::new();
        let mut coverage = Vec::new();
        if let Some(params) = &self.params.behaviors {
            for round in &self.rounds {
                let (parts, attacks) = ((&round.learn, &round.test), &mut names.attacks);
                let run = behavior_run::run(params, self.truth, parts, attacks, progress);
                runs.push(run);
            }
        }
        let mut models = Vec::new();
        for (i, (name, source)) in self.sources.iter().enumerate() {
            let mut of = ScoredModel {
                name: name.clone(),
                scored: ScoredRows::default(),
                unscored: BTreeMap::new(),
                trained_with: BTreeSet::new(),
                read: 0,
            };
            for (k, round) in self.rounds.iter().enumerate() {
                let model = match source {
                    ModelSource::File(path) => {
                        let model = Model::load(path)?;
                        let fields = model.logs.iter().flat_map(|l| &l.fields);
                        let blanked = fields.filter(|f| self.params.blank.contains(&f.0));
                        (of.trained_with).extend(blanked.map(|f| f.0.clone()));
                        model
                    }
                    ModelSource::Trained(detector) => {
                        let (model, trained) = self.train(round, detector, progress)?;
                        // Files of a split are scored, too.
                        if i == 0 && self.params.split.is_none() {
                            coverage.push(trained);
                        }
                        model
                    }
                };
                let scored = self.score(&model, round, runs.get(k), &mut names, &mut of, progress);
                // Other models and rounds score the same files; those of a split by file score others.
                if i == 0 && (k == 0 || self.params.split == Some(Split::File)) {
                    coverage.push(scored);
                }
            }
            models.push(of);
        }
        let behaviors = self.params.behaviors.is_some().then(|| {
            let mut all = BehaviorRun::default();
            runs.into_iter().for_each(|r| all.add(r));
            all
        });
        Ok(Contest {
            models,
            names,
            behaviors,
            coverage,
        })
    }

    fn train(
        &self,
        round: &Round,
        detector: &Choice,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(Model, Coverage), EvaluateError> {
        let mut params = self.params.training.clone();
        params.detectors = detector.clone();
        let run = Run::of(&round.learn).and_again();
        let (model, coverage) = run.train(Trainer::new(params), progress);
        match model.info.rows {
            0 => Err(EvaluateError::NothingToTrainOn(Box::new(coverage))),
            _ => Ok((model, coverage)),
        }
    }

    fn score(
        &self,
        model: &Model,
        round: &Round,
        behaviors: Option<&BehaviorRun>,
        names: &mut RowNames,
        into: &mut ScoredModel,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Coverage {
        let mut alerts = AlertGatherer::new(self.params.threshold);
        let mut collector = RowCollector {
            truth: self.truth,
            alerts: &mut alerts,
            baselines: &self.params.baselines,
            keep_uids: self.params.keep_uids,
            names,
            into: &mut into.scored,
        };
        let mut collect = on_scored(|s| {
            collector.take(s);
            ControlFlow::Continue(())
        });
        let coverage = (Run::of(&round.test).score(model, false))
            .sink(&mut collect)
            .and_again()
            .go(progress);
        drop(collect);
        if let Some(run) = behaviors {
            alerts.take_behaviors(run);
        }
        let params = AlertParams {
            per_day: self.params.alerts_per_day,
            threshold: self.params.threshold,
            behaviors: self.params.behaviors.is_some(),
            ..AlertParams::default()
        };
        into.scored.alerts.extend(alerts.finish(model, params));
        into.read += coverage.rows();
        for (log, rows) in &coverage.logs {
            if rows.tally.unscored > 0 && !LEFT_OUT.contains(&log.as_str()) {
                *into.unscored.entry(printable(log)).or_default() += rows.tally.unscored;
            }
        }
        coverage
    }
}

/// The models, with names that tell them apart.
fn sources(params: &EvaluateParams) -> Vec<(String, ModelSource)> {
    let base = |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let mut out = Vec::new();
    for path in &params.models {
        let alone = params
            .models
            .iter()
            .filter(|m| base(m) == base(path))
            .count()
            == 1;
        let name = base(path).filter(|_| alone);
        let name = name.unwrap_or_else(|| path.display().to_string());
        out.push((printable(&name), ModelSource::File(path.clone())));
    }
    let trained = params.detectors.iter();
    out.extend(trained.map(|d| (format!("trained ({d})"), ModelSource::Trained(d.clone()))));
    out
}
