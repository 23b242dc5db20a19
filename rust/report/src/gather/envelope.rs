//! Scores in file order, in memory that does not grow with their number.

/// Buckets that are kept.
const BUCKETS: usize = 1024;

/// What a run of records scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnvelopeBucket {
    /// The lowest score.
    pub lowest: f64,
    /// The highest score: that of the flagged records, if there are any.
    pub highest: f64,
    /// Records.
    pub records: u64,
    /// Records from the threshold on.
    pub flagged: u64,
}

impl EnvelopeBucket {
    fn join(&self, other: &EnvelopeBucket) -> EnvelopeBucket {
        EnvelopeBucket {
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            records: self.records + other.records,
            flagged: self.flagged + other.flagged,
        }
    }
}

/// The lowest and highest score of each run of records. Runs are of one length, which
/// doubles whenever there would be too many; so the strangest record of every part stays.
#[derive(Clone, Debug, Default)]
pub struct ScoreEnvelope {
    buckets: Vec<EnvelopeBucket>,
    /// Records of each bucket but the last.
    step: u64,
}

impl ScoreEnvelope {
    /// Takes the next record's score.
    pub fn add(&mut self, score: f64, flagged: bool) {
        let one = EnvelopeBucket {
            lowest: score,
            highest: score,
            records: 1,
            flagged: u64::from(flagged),
        };
        self.step = self.step.max(1);
        match self.buckets.last_mut() {
            Some(last) if last.records < self.step => *last = last.join(&one),
            _ => {
                if self.buckets.len() == BUCKETS {
                    self.buckets = halved(&self.buckets);
                    self.step *= 2;
                }
                self.buckets.push(one);
            }
        }
    }

    /// At most `most` buckets, in order.
    pub fn buckets(&self, most: usize) -> Vec<EnvelopeBucket> {
        let mut out = self.buckets.clone();
        while out.len() > most.max(1) {
            out = halved(&out);
        }
        out
    }
}

fn halved(buckets: &[EnvelopeBucket]) -> Vec<EnvelopeBucket> {
    buckets
        .chunks(2)
        .filter_map(|pair| pair.iter().copied().reduce(|a, b| a.join(&b)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_strange_record_in_a_million_stays_visible() {
        let mut e = ScoreEnvelope::default();
        for i in 0..1_000_000u32 {
            let strange = i == 765_432;
            e.add(
                if strange {
                    7.5
                } else {
                    f64::from(i % 10) / 10.0
                },
                strange,
            );
        }
        for most in [1024, 300, 7] {
            let buckets = e.buckets(most);
            assert!(buckets.len() <= most);
            assert_eq!(buckets.iter().map(|b| b.records).sum::<u64>(), 1_000_000);
            let hits: Vec<_> = buckets.iter().filter(|b| b.flagged > 0).collect();
            assert_eq!((hits.len(), hits[0].highest), (1, 7.5));
        }
    }

    #[test]
    fn few_records_are_kept_one_by_one() {
        let mut e = ScoreEnvelope::default();
        (0..1024).for_each(|i| e.add(f64::from(i), false));
        assert!(e.buckets(1024).iter().all(|b| b.records == 1));
        e.add(0.5, true);
        let buckets = e.buckets(1024);
        assert_eq!((buckets.len(), buckets[0].records), (513, 2));
    }
}
