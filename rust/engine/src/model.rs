//! What training gives: a model for each log.

use crate::explain::{FEEDBACK, Reason};
use crate::feedback::{Effect, Mark, Moved};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeek_anomaly_alerts::{AlertLog, EntityColumns, Identity};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_base::time::DAY;
use zeek_anomaly_drift::{Baseline, TrainedLog};
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_features::spec::Unit;
use zeek_anomaly_features::{Kind, Row, Spec};
use zeek_anomaly_models::{
    Calibration, Claim, DetectorModel, Encoded, Encoder, Inputs, Kinds, Language,
};
use zeek_log::Record;

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The version of this project that made it.
    pub made_by: String,
    /// The version of Zeek that wrote the training logs, where it was told.
    pub zeek_version: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The first `ts` of the training rows, in seconds since the epoch.
    pub first_ts: Option<f64>,
    /// The last `ts` of the training rows.
    pub last_ts: Option<f64>,
    /// Training rows.
    pub rows: u64,
    /// The share of each log's rows, the last by their time, that nothing was fitted to; 0
    /// for none.
    pub holdout: f64,
}

/// A trained model; by default one that knows nothing.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// What it says of itself.
    pub info: ModelInfo,
    /// A model for each log, by name.
    pub logs: Vec<LogModel>,
    /// What ordinary names look like.
    pub names: Arc<Language>,
    /// What it takes to learn more names, packed.
    pub(crate) kept_names: Option<Vec<u8>>,
    /// What people said of findings.
    pub(crate) marks: Vec<Mark>,
}

impl Model {
    /// Forgets what it takes to go on with more rows: nobody needs it for scoring.
    pub fn forget_training(&mut self) {
        self.logs.iter_mut().for_each(|log| log.kept = None);
        self.kept_names = None;
    }

    /// What a budget of alerts depends on, for each log in the order of [`Model::logs`].
    pub fn alert_logs(&self) -> Vec<AlertLog> {
        self.logs.iter().map(LogModel::alert_log).collect()
    }

    /// What drift is measured against, for each log in the order of [`Model::logs`].
    pub fn trained_logs(&self) -> Vec<TrainedLog<'_>> {
        self.logs.iter().map(LogModel::trained_log).collect()
    }

    /// The position of the model for a log.
    pub fn position(&self, log: &str) -> Option<usize> {
        self.logs.binary_search_by(|m| m.spec.log().cmp(log)).ok()
    }
}

/// The judgement of one record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// −log10(p), where p is the fraction of normal records that look at least as
    /// strange; 0 or more.
    pub score: f64,
    /// How that is known.
    pub claim: Claim,
    /// The detector's own value, with what feedback did to it.
    pub raw: f64,
    /// Whether training did not see the host whose doing the record is, so that the score is that of
    /// [`Strangers`].
    pub stranger: bool,
    /// The detector's name.
    pub detector: &'static str,
    /// What feedback did to it, if it did anything.
    pub feedback: Option<Moved>,
}

/// Memory for judging rows, to be used again.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    coordinates: Vec<f32>,
    p: Vec<f64>,
    inputs: Vec<f32>,
}

/// How strange rows of a host look to what other hosts have taught.
///
/// A host does what others do, and much that only it does: to a model that knows the host all of that is
/// ordinary, and to one that does not it is new. So hosts that are not known have a scale of their own,
/// made of training rows that are judged with all rows of their host left out.
///
/// Few hosts tell little of others: ten are needed for what is seen of one host in ten. Where they are fewer, the score is the mean of ten of
/// which those that are missing say what the log's own scale says. So one host takes a tenth from a score at
/// most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strangers {
    /// The feature that tells such hosts apart.
    pub identity: u16,
    /// Hosts that were left out in turn, each by itself or with others, to judge their rows by the rest.
    pub hosts: u64,
    /// From the detector's value to the common scale; none where no host can be left out, and the log's own scale
    /// has to do.
    pub calibration: Option<Calibration>,
}

/// Hosts from which on the score of another is measured, and the log's own scale has no say.
const MEASURED_BY: u64 = 10;

impl Strangers {
    /// The score of a raw value, given what the log's own scale says. It rises strictly with the raw value, as both
    /// scales do.
    fn score(&self, raw: f64, own: (f64, Claim)) -> (f64, Claim) {
        let (score, claim) = match &self.calibration {
            None => own,
            Some(calibration) => {
                let (of_hosts, claim) = calibration.score(raw);
                let missing = MEASURED_BY.saturating_sub(self.hosts) as f64;
                let more = (own.0 - of_hosts).max(0.0);
                (of_hosts + more * missing / MEASURED_BY as f64, claim)
            }
        };
        match claim {
            Claim::Measured if self.hosts < MEASURED_BY => (score, Claim::Extrapolated),
            _ => (score, claim),
        }
    }

    /// Whether what a file held makes sense.
    pub(crate) fn is_sound(&self, spec: &Spec) -> bool {
        let of_hosts = spec.identities().any(|f| f == usize::from(self.identity));
        let is_sound = match &self.calibration {
            None => self.hosts == 0,
            Some(calibration) => self.hosts > 0 && calibration.is_sound(),
        };
        of_hosts && is_sound
    }
}

/// What became of a promise: of rows that were held out, the share 10⁻ˢ has a score of s or more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// The score.
    pub score: f64,
    /// The share of the held-out rows that has it or more; 10⁻ˢ was promised.
    pub share: f64,
}

/// The model of one log.
#[derive(Clone, Debug)]
pub struct LogModel {
    /// The features.
    pub spec: Spec,
    /// The log's columns in training: names and types.
    pub fields: Vec<(String, String)>,
    /// What is usual for each feature.
    pub encoders: Vec<Encoder>,
    /// The same in words, safe to print.
    pub usual: Vec<String>,
    /// What is usual for rows of a kind, where there are kinds and the detector asks for them.
    pub kinds: Kinds,
    /// How rows become numbers, where the detector asks for them.
    pub inputs: Option<Inputs>,
    /// Whether the detector asks for coordinates.
    coordinates: bool,
    /// The detector.
    pub detector: DetectorModel,
    /// From the detector's value to the common scale.
    pub calibration: Calibration,
    /// The same for hosts that training did not see: by the sort of hosts, each with a feature of its own.
    pub strangers: Vec<Strangers>,
    /// Training rows.
    pub rows: u64,
    /// The first and last `ts` of them.
    pub span: Option<(f64, f64)>,
    /// Those of them that nothing was fitted to, and that scores are calibrated on.
    pub held_out: u64,
    /// How scores that were calibrated without those rows held on them; known only to who has just trained.
    pub held: Vec<Held>,
    /// What training days looked like.
    pub days: Baseline,
    /// What ordinary names look like: the model's.
    pub names: Arc<Language>,
    /// What it takes to go on with more rows ([`crate::combine`]), packed.
    pub(crate) kept: Option<Vec<u8>>,
    /// What the marks of this log do.
    pub(crate) effect: Option<Effect>,
}

impl LogModel {
    /// Puts a model together; its usual values are put in words here.
    pub fn new(
        spec: Spec,
        encoders: Vec<Encoder>,
        detector: DetectorModel,
        calibration: Calibration,
    ) -> LogModel {
        LogModel {
            usual: encoders.iter().map(|e| printable(&e.usual())).collect(),
            inputs: (detector.as_detector().inputs() > 0).then(|| Inputs::new(&encoders)),
            coordinates: detector.as_detector().wants_coordinates(),
            kinds: Kinds::default(),
            spec,
            fields: Vec::new(),
            encoders,
            detector,
            calibration,
            strangers: Vec::new(),
            rows: 0,
            span: None,
            held_out: 0,
            held: Vec::new(),
            days: Baseline::default(),
            names: Language::prior(),
            kept: None,
            effect: None,
        }
    }

    /// The log's name.
    pub fn log(&self) -> &str {
        self.spec.log()
    }

    fn alert_log(&self) -> AlertLog {
        let span = self.span.map_or(0.0, |s| s.1 - s.0);
        // A part of a single day is extrapolated; of more days each counts as whole.
        let days = match self.days.days() {
            0 | 1 => (span / DAY).clamp(1.0 / 24.0, 1.0),
            n => n as f64,
        };
        AlertLog {
            name: self.log().to_owned(),
            highest: match self.calibration.has_tail() {
                true => f64::INFINITY,
                false => self.calibration.ceiling(),
            },
            rows_per_day: self.rows as f64 / days,
        }
    }

    fn trained_log(&self) -> TrainedLog<'_> {
        TrainedLog {
            spec: &self.spec,
            encoders: &self.encoders,
            fields: &self.fields,
            days: &self.days,
        }
    }

    /// The finding that a record belongs to, by what made it anomalous: features count by their
    /// group.
    pub(crate) fn identity(
        &self,
        columns: &EntityColumns,
        record: &Record<'_>,
        reasons: &[Reason],
    ) -> Identity {
        let aspects = self.spec.aspects();
        let of = |r: &Reason| {
            let f = (0..self.spec.len()).find(|f| self.spec.name(*f) == r.feature)?;
            let group = self.spec.name(usize::from(*aspects.get(f)?));
            Some((group, r.share))
        };
        let own = reasons.iter().filter(|r| r.feature != FEEDBACK);
        Identity::new(self.log(), columns, record, own.filter_map(of))
    }

    /// How many bytes the model keeps of this log to go on with more rows; `None` where it
    /// keeps nothing for that.
    pub fn kept_bytes(&self) -> Option<usize> {
        self.kept.as_ref().map(Vec::len)
    }

    /// The detector's name.
    pub fn detector_name(&self) -> &'static str {
        self.detector.as_detector().name()
    }

    /// A row's features in their compact form ([`Spec::extract`]), appended to `out`.
    pub fn extract(&self, row: &Row<'_>, out: &mut Vec<u64>) {
        let from = out.len();
        self.spec.extract(row, &*self.names, out);
        for of in &self.strangers {
            let f = usize::from(of.identity);
            let Some(callee) = self.spec.callee(f, row) else {
                continue;
            };
            let (Some(hosts), Some(host)) = (self.encoders.get(f), out.get_mut(from + f)) else {
                continue;
            };
            let known = |host: u64| hosts.has_seen(host, false);
            if *host != MISSING_CATEGORY && !known(*host) && known(callee.category_bits()) {
                // From outside: none of ours, and so none of ours that training did not see.
                *host = MISSING_CATEGORY;
            }
        }
    }

    /// Judges a row's features ([`LogModel::extract`]). With `leave_out` the row is
    /// one of the training rows, and is judged as if it had not been.
    pub fn judge(&self, bits: &[u64], leave_out: bool, scratch: &mut Scratch) -> Verdict {
        let detector = self.detector.as_detector();
        let row = self.by_detector().encode(bits, leave_out, scratch);
        let unmarked = detector.raw(&row);
        let moved = self.effect.as_ref().and_then(|e| {
            e.apply(&self.spec, bits, unmarked, |out| {
                detector.attribute(&row, out)
            })
        });
        let raw = moved.map_or(unmarked, |m| m.0);
        let strangers = self.strangers_of(bits, leave_out);
        let scored = |raw: f64| {
            let own = self.calibration.score(raw);
            strangers.map_or(own, |s| s.score(raw, own))
        };
        let (score, claim) = scored(raw);
        Verdict {
            score,
            claim,
            raw,
            stranger: strangers.is_some(),
            detector: detector.name(),
            feedback: moved.map(|(_, by, opinion)| Moved {
                by,
                opinion,
                score: scored(unmarked).0,
            }),
        }
    }

    /// What scores of a row's host are calibrated on, where training did not see the host; with
    /// `leave_out` in any row but this.
    fn strangers_of(&self, bits: &[u64], leave_out: bool) -> Option<&Strangers> {
        self.strangers.iter().find(|of| {
            let f = usize::from(of.identity);
            let (Some(hosts), Some(host)) = (self.encoders.get(f), bits.get(f)) else {
                return false;
            };
            // Where some hosts were forgotten it cannot be told which.
            let all_known = hosts.counted().forgotten == 0;
            all_known && *host != MISSING_CATEGORY && !hosts.has_seen(*host, leave_out)
        })
    }

    /// A row's features as the detector sees them.
    pub(crate) fn encoded<'s>(&'s self, bits: &[u64], scratch: &'s mut Scratch) -> Encoded<'s> {
        self.by_detector().encode(bits, false, scratch)
    }

    /// As much of what rows are judged by as the detector looks at.
    fn by_detector(&self) -> By<'_, '_> {
        By {
            encoders: &self.encoders,
            kinds: &self.kinds,
            inputs: self.inputs.as_ref(),
            coordinates: self.coordinates,
        }
    }

    /// What each feature contributes to how strange a row is.
    pub(crate) fn attribute(&self, bits: &[u64], out: &mut [f64]) {
        let mut scratch = Scratch::default();
        let row = self.encoded(bits, &mut scratch);
        self.detector.as_detector().attribute(&row, out);
    }
}

/// What rows are judged by.
#[derive(Clone, Copy)]
pub(crate) struct By<'m, 'i> {
    pub(crate) encoders: &'m [Encoder],
    pub(crate) kinds: &'m Kinds,
    pub(crate) inputs: Option<&'i Inputs>,
    /// Whether coordinates are asked for.
    pub(crate) coordinates: bool,
}

impl<'i> By<'_, 'i> {
    /// A row's features as detectors see them.
    pub(crate) fn encode<'s>(
        &self,
        bits: &[u64],
        leave_out: bool,
        scratch: &'s mut Scratch,
    ) -> Encoded<'s>
    where
        'i: 's,
    {
        scratch.coordinates.clear();
        scratch.p.clear();
        scratch.inputs.clear();
        let of = self.kinds.of(bits);
        for (f, (e, b)) in self.encoders.iter().zip(bits).enumerate() {
            let key = e.key(*b);
            let p = e.p_at(key, leave_out);
            scratch.coordinates.push(match e.kind() {
                Kind::Magnitude(Unit::Bits) => f64::from_bits(*b) as f32,
                _ if self.coordinates => e.coordinate(*b, p),
                _ => f32::NAN,
            });
            let within = self.kinds.p(&of, f, key, p, leave_out);
            scratch.p.push(within.unwrap_or(p));
        }
        if let Some(inputs) = self.inputs {
            inputs.write(self.encoders, bits, leave_out, &mut scratch.inputs);
        }
        Encoded {
            coordinates: &scratch.coordinates,
            p: &scratch.p,
            inputs: &scratch.inputs,
            input_features: self.inputs.map_or(&[], Inputs::features),
        }
    }
}
