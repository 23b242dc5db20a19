//! One day of one log, counted beside the scoring.

use super::measure::Counts;
use super::reference::LogReference;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_models::Encoder;
use zeek_anomaly_models::bins::{MAX_BINS, UNSEEN};

/// Rows of a day that are all counted; later ones are drawn at random: one in
/// [`STEPS`]`.0.1` up to as many rows, and so on. Counting a row costs a fifth of scoring
/// it.
const ALL: u64 = 2048;
const STEPS: [(u64, u64); 2] = [(1 << 16, 8), (u64::MAX, 64)];

/// New values of a feature that are remembered, to name the most frequent.
const NEW_VALUES: usize = 4;

/// The counts of one day.
#[derive(Debug)]
pub(super) struct Window {
    /// All rows.
    pub(super) rows: u64,
    /// Σ w and Σ w² of the rows that were drawn.
    weight: (f64, f64),
    skip: u64,
    random: u64,
    features: Vec<Feature>,
}

#[derive(Clone, Debug, Default)]
struct Feature {
    bins: [u64; MAX_BINS],
    new: Vec<(u64, u64, String)>,
}

impl Window {
    pub(super) fn new(features: usize) -> Window {
        Window {
            rows: 0,
            weight: (0.0, 0.0),
            skip: 0,
            random: 0x9e37_79b9_7f4a_7c15,
            features: vec![Feature::default(); features],
        }
    }

    /// Counts a row; `text` gives a feature's value in words.
    pub(super) fn add(
        &mut self,
        reference: &LogReference,
        encoders: &[Encoder],
        bits: &[u64],
        text: &dyn Fn(usize) -> String,
    ) {
        self.rows += 1;
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        let step = self.step();
        let w = step as f64;
        self.weight = (self.weight.0 + w, self.weight.1 + w * w);
        let of_model = reference.features.iter().zip(encoders);
        for (f, ((reference, encoder), b)) in of_model.zip(bits).enumerate() {
            let Some(feature) = self.features.get_mut(f) else {
                return;
            };
            let bin = reference.bins.bin_of(encoder, *b);
            feature.bins[bin] += step;
            if bin == UNSEEN {
                feature.note(*b, step, || text(f));
            }
        }
    }

    /// How many rows the present one stands for; sets how many follow that are not
    /// counted, at random, for rows may come in pairs.
    fn step(&mut self) -> u64 {
        if self.rows <= ALL {
            return 1;
        }
        let step = STEPS.iter().find(|s| self.rows <= s.0).map_or(1, |s| s.1);
        // xorshift64 (G. Marsaglia, 2003); nothing hangs on its quality.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.skip = self.random % (2 * step - 1);
        step
    }

    /// The distribution of a feature.
    pub(super) fn counts(&self, f: usize) -> Counts {
        let bins = self.features.get(f).map_or([0; MAX_BINS], |x| x.bins);
        Counts {
            of: bins.map(|n| n as f64),
            effective: self.weight.0 * self.weight.0 / self.weight.1.max(1.0),
        }
    }

    /// The new value that came most, and its part of the new ones, where one is most of them.
    pub(super) fn newest(&self, f: usize) -> Option<&str> {
        let feature = self.features.get(f)?;
        let (_, n, text) = feature.new.iter().max_by_key(|v| v.1)?;
        (2 * n > feature.bins[UNSEEN]).then_some(text)
    }
}

impl Feature {
    /// Keeps the most frequent of the new values (J. Misra, D. Gries, "Finding repeated
    /// elements", Science of Computer Programming 2, 1982).
    fn note(&mut self, bits: u64, step: u64, text: impl FnOnce() -> String) {
        if let Some(v) = self.new.iter_mut().find(|v| v.0 == bits) {
            v.1 += step;
        } else if self.new.len() < NEW_VALUES {
            self.new.push((bits, step, printable(&text())));
        } else {
            self.new.iter_mut().for_each(|v| v.1 -= step.min(v.1));
            self.new.retain(|v| v.1 > 0);
        }
    }
}
