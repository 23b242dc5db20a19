//! Names, counted while training.

use super::letters::{TRIGRAMS, hash, trigrams};
use serde::{Deserialize, Serialize};

/// Names are kept apart in so many parts, by their hash. A name is judged by what the other
/// parts hold, in training and later: its own letters never speak for it, so that what
/// training measures of ordinary names holds for names that it has not met.
pub(super) const FOLDS: usize = 4;

/// Names that are remembered so as not to be counted each time they come: a name counts
/// once, however often it is used. Those that fall on the same place push each other out.
const REMEMBERED: usize = 1 << 16;

/// Domains of which it is remembered how many of their hosts were counted.
const DOMAINS: usize = 1 << 14;

/// Hosts that are counted of one domain: one content network, or one tunnel, must not teach
/// what names look like.
const HOSTS_OF_A_DOMAIN: u32 = 32;

/// The part that a name belongs to.
pub(super) fn fold(label: &[u8]) -> usize {
    (hash(label) >> 24) as usize % FOLDS
}

/// Counts names while training. Memory is bounded: at most 1.7 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameCounts {
    names: u64,
    /// Trigrams by fold; empty until the first name.
    trigrams: Vec<u32>,
    remembered: Vec<u64>,
    domains: Vec<(u64, u32)>,
}

impl NameCounts {
    /// Counts a label; `domain` is the registered domain that it stands under, if it
    /// does.
    pub fn add(&mut self, label: &[u8], domain: Option<&[u8]>) {
        if label.is_empty() {
            return;
        }
        if self.trigrams.is_empty() {
            self.trigrams = vec![0; FOLDS * TRIGRAMS];
            self.remembered = vec![0; REMEMBERED];
            self.domains = vec![(0, 0); DOMAINS];
        }
        let h = hash(label);
        let Some(place) = self.remembered.get_mut(h as usize % REMEMBERED) else {
            return;
        };
        if *place == h {
            return;
        }
        *place = h;
        if let Some(d) = domain.map(hash)
            && let Some((of, hosts)) = self.domains.get_mut(d as usize % DOMAINS)
        {
            if *of != d {
                (*of, *hosts) = (d, 0);
            }
            *hosts += 1;
            if *hosts > HOSTS_OF_A_DOMAIN {
                *hosts = HOSTS_OF_A_DOMAIN;
                return;
            }
        }
        self.names += 1;
        let part = fold(label) * TRIGRAMS;
        for at in trigrams(label) {
            if let Some(n) = self.trigrams.get_mut(part + at) {
                *n = n.saturating_add(1);
            }
        }
    }

    /// Adds what was counted elsewhere. Names that both have met count twice.
    pub fn absorb(&mut self, other: &NameCounts) {
        if self.trigrams.is_empty() {
            self.clone_from(other);
            return;
        }
        self.names = self.names.saturating_add(other.names);
        for (mine, n) in self.trigrams.iter_mut().zip(&other.trigrams) {
            *mine = mine.saturating_add(*n);
        }
        for (mine, h) in self.remembered.iter_mut().zip(&other.remembered) {
            if *mine == 0 {
                *mine = *h;
            }
        }
        for (mine, d) in self.domains.iter_mut().zip(&other.domains) {
            if mine.0 == 0 {
                *mine = *d;
            } else if mine.0 == d.0 {
                mine.1 = (mine.1 + d.1).min(HOSTS_OF_A_DOMAIN);
            }
        }
    }

    /// Whether what a file held makes sense.
    pub fn is_sound(&self) -> bool {
        let lengths = (
            self.trigrams.len(),
            self.remembered.len(),
            self.domains.len(),
        );
        self.names < 1 << 53
            && (lengths == (0, 0, 0) || lengths == (FOLDS * TRIGRAMS, REMEMBERED, DOMAINS))
            && self.domains.iter().all(|d| d.1 <= HOSTS_OF_A_DOMAIN + 1)
    }

    /// The counts in the form that a model file holds.
    pub fn finish(&self) -> Names {
        if self.trigrams.is_empty() {
            return Names::default();
        }
        let folds = (0..FOLDS).map(|f| {
            let part = self.trigrams.iter().skip(f * TRIGRAMS).take(TRIGRAMS);
            let seen = (0u16..).zip(part).filter(|(_, n)| **n > 0);
            seen.map(|(at, n)| (at, *n)).collect()
        });
        Names {
            names: self.names,
            folds: folds.collect(),
        }
    }
}

/// The names of training, as a model file holds them: counts of three letters in a row.
/// Those of two models can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Different names, about: those that were met again long after count again.
    pub names: u64,
    /// Of each fold, positions and counts, by position.
    pub(super) folds: Vec<Vec<(u16, u32)>>,
}

impl Names {
    /// Adds the names of another model.
    pub fn merge(&mut self, other: &Names) {
        self.names = self.names.saturating_add(other.names);
        self.folds.resize(FOLDS, Vec::new());
        for (mine, others) in self.folds.iter_mut().zip(&other.folds) {
            for (at, n) in others {
                match mine.binary_search_by_key(at, |x| x.0) {
                    Ok(i) => mine[i].1 = mine[i].1.saturating_add(*n),
                    Err(i) => mine.insert(i, (*at, *n)),
                }
            }
        }
    }

    /// Whether a file's counts make sense.
    pub fn is_sound(&self) -> bool {
        self.names < 1 << 53
            && (self.folds.is_empty() || self.folds.len() == FOLDS)
            && self.folds.iter().all(|f| {
                f.windows(2).all(|w| w[0].0 < w[1].0)
                    && f.iter()
                        .all(|(at, n)| usize::from(*at) < TRIGRAMS && *n > 0)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(names: &[&str]) -> Names {
        let mut c = NameCounts::default();
        names.iter().for_each(|n| c.add(n.as_bytes(), None));
        c.finish()
    }

    #[test]
    fn a_name_counts_once_and_two_models_add_up() {
        let (a, b) = (
            counted(&["alpha", "alpha", "Alpha", "beta"]),
            counted(&["gamma"]),
        );
        assert!(a.is_sound() && b.is_sound());
        assert_eq!((a.names, b.names), (2, 1));
        let mut sum = a.clone();
        sum.merge(&b);
        assert_eq!(sum, counted(&["gamma", "beta", "alpha"]));
        let mut none = Names::default();
        none.merge(&a);
        assert_eq!(none, a);
    }

    #[test]
    fn the_hosts_of_one_domain_teach_no_more_than_a_few_of_them() {
        let mut c = NameCounts::default();
        for i in 0..5000 {
            c.add(format!("host{i}").as_bytes(), Some(b"tunnel.example"));
        }
        assert_eq!(c.finish().names, u64::from(HOSTS_OF_A_DOMAIN));
    }

    #[test]
    fn what_makes_no_sense_is_not_sound() {
        let good = counted(&["alpha", "beta", "gamma"]);
        let fold = good.folds.iter().position(|f| f.len() > 1).expect("counts");
        let broken = |change: &dyn Fn(&mut Names)| {
            let mut n = good.clone();
            change(&mut n);
            !n.is_sound()
        };
        assert!(broken(&|n| n.folds[fold].reverse()));
        assert!(broken(&|n| n.folds[fold][0].1 = 0));
        assert!(broken(&|n| n.folds[fold].push((u16::MAX, 1))));
        assert!(broken(&|n| n.folds.truncate(2)));
        assert!(broken(&|n| n.names = u64::MAX));
    }
}
