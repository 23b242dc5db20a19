//! What is usual for rows of a kind: a flow is compared with flows of its service, or to its
//! port, when there are enough of them, and with all others otherwise.
//!
//! Of what kind a row is can be told in several ways (by its service, by its port and protocol). Each
//! has the counts of the features of its most frequent kinds. With p the probability among all rows of a value at
//! least as rare ([`crate::stats`]), and q the same among the rows of the kind,
//! n of them, the value has the probability
//!
//! ```text
//! w·q + (1 − w)·p     w = n / (n + WEIGHT)
//! ```
//!
//! where p is what the next way to tell made of it. So few rows move little, and many rows
//! leave nothing of the rest: the weights of a Dirichlet prior whose mean is the distribution of all rows (A.
//! Gelman et al., *Bayesian Data Analysis*, 3rd ed., 2013, ch. 3.4 and 5). A row of a kind that was never seen
//! is compared with everything.
//!
//! Some kinds *explain* what their rows lack ([`zeek_anomaly_features::spec::Explanation`]): for a connection of which
//! the sensor saw the end only, a missing answer is nothing of its own. In the features that it explains such a row
//! is compared with its own kind alone: the probability is w·q + (1 − w). Where training saw too few rows of that kind,
//! nothing is explained: a flood of halves must not pass because training saw none.

use crate::bins::column_key;
use crate::counts::{Counted, FeatureCounts, HashOf};
use crate::stats::Encoder;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeek_anomaly_features::cell::MISSING_CATEGORY;
use zeek_anomaly_features::{Kind, Spec};

/// Rows of a kind that weigh as much as all the rest.
const WEIGHT: f64 = 50.0;

/// The most ways to tell a kind.
pub const MAX_WAYS: usize = 4;

/// The most kinds that are counted of one way: the most frequent.
pub const MAX_KINDS: usize = 48;

/// Rows below which a kind is not counted: it would hardly weigh.
const LEAST_ROWS: usize = 10;

/// Distinct categories that are kept of one feature in one kind.
const MAX_CATEGORIES: usize = 4096;

/// The longest name of a kind, in bytes.
const NAME_BYTES: usize = 160;

/// The kinds that one way tells, as a model file holds them: by key.
pub type Way = Vec<KindCounts>;

/// The counts of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindCounts {
    /// The categories that tell it, as one number.
    key: u64,
    /// The same for people, as 443/tcp.
    name: String,
    /// Its rows.
    rows: u64,
    /// The counts of each feature that is compared within kinds.
    counts: Vec<Counted>,
}

/// Counts features by kind. The rows may be a sample.
#[derive(Clone, Debug)]
pub struct KindCounter {
    ways: Vec<Vec<u16>>,
    within: Vec<(u16, Kind)>,
    counted: Vec<BTreeMap<u64, Counting>>,
}

/// One kind while it is counted.
#[derive(Clone, Debug)]
struct Counting {
    /// The categories that tell it.
    values: Vec<u64>,
    counts: Vec<FeatureCounts>,
}

impl KindCounter {
    /// Finds the most frequent kinds of rows in their compact form, and counts nothing yet.
    /// `None` where a log has no kinds.
    pub fn new<'r, R>(spec: &Spec, rows: impl Fn() -> R + Sync) -> Option<KindCounter>
    where
        R: Iterator<Item = &'r [u64]>,
    {
        let ways = spec.kinds();
        if ways.is_empty() || ways.len() > MAX_WAYS {
            return None;
        }
        let within: Vec<(u16, Kind)> = (spec.within_kinds().into_iter())
            .map(|f| (f, spec.kind(usize::from(f))))
            .collect();
        let counted = ways.par_iter().map(|way| {
            let mut frequency: HashOf<(usize, Vec<u64>)> = HashOf::default();
            for bits in rows() {
                if let Some(key) = key_of(way, bits) {
                    let values = || way.iter().map(|f| bits[usize::from(*f)]).collect();
                    frequency.entry(key).or_insert_with(|| (0, values())).0 += 1;
                }
            }
            let mut kinds: Vec<(usize, u64, Vec<u64>)> = (frequency.into_iter())
                .filter(|k| k.1.0 >= LEAST_ROWS)
                .map(|(key, (n, values))| (n, key, values))
                .collect();
            // The map's order must not show.
            kinds.sort_unstable_by(|a, b| b.cmp(a));
            let nothing = |values| Counting {
                values,
                counts: nothing(&within),
            };
            (kinds.into_iter().take(MAX_KINDS))
                .map(|(_, key, values)| (key, nothing(values)))
                .collect()
        });
        Some(KindCounter {
            counted: counted.collect(),
            ways,
            within,
        })
    }

    /// The same kinds with the counts that `counts` makes of each.
    fn with<'c>(&'c self, counts: impl Fn(usize, u64, &'c Counting) -> Vec<FeatureCounts>) -> Self {
        let counted = self.counted.iter().enumerate().map(|(way, kinds)| {
            let with = kinds.iter().map(|(key, kind)| {
                let counting = Counting {
                    values: kind.values.clone(),
                    counts: counts(way, *key, kind),
                };
                (*key, counting)
            });
            with.collect()
        });
        KindCounter {
            counted: counted.collect(),
            ways: self.ways.clone(),
            within: self.within.clone(),
        }
    }

    /// The same kinds with nothing counted.
    pub fn emptied(&self) -> KindCounter {
        self.with(|_, _, _| nothing(&self.within))
    }

    /// Counts rows.
    pub fn add<'r, R>(&mut self, rows: impl Fn() -> R + Sync)
    where
        R: Iterator<Item = &'r [u64]>,
    {
        let ways = self.ways.par_iter().zip(self.counted.par_iter_mut());
        ways.for_each(|(way, of_way)| {
            for bits in rows() {
                let Some(kind) = key_of(way, bits).and_then(|key| of_way.get_mut(&key)) else {
                    continue;
                };
                for (c, (f, kind)) in kind.counts.iter_mut().zip(&self.within) {
                    c.add_key(column_key(*kind, bits[usize::from(*f)]));
                }
            }
        });
    }

    /// What is left without `part`, which was counted in this.
    pub fn without(&self, part: &KindCounter) -> KindCounter {
        self.with(|way, key, kind| {
            let part = part.counted.get(way).and_then(|way| way.get(&key));
            match part {
                Some(part) => (kind.counts.iter().zip(&part.counts))
                    .map(|(c, p)| c.without(p))
                    .collect(),
                None => kind.counts.clone(),
            }
        })
    }

    /// The counts in the form that a model file holds. `all` are the counts of all rows, which know
    /// the texts of categories.
    pub fn finish(&self, all: &[FeatureCounts]) -> Vec<Way> {
        let text = |f: u16, key: u64| all.get(usize::from(f)).and_then(|c| c.text(key));
        let ways = self.ways.iter().zip(&self.counted);
        ways.map(|(way, of_way)| {
            (of_way.iter())
                .map(|(key, kind)| KindCounts {
                    key: *key,
                    name: name(
                        (way.iter().zip(&kind.values))
                            .filter(|(_, v)| **v != MISSING_CATEGORY)
                            .map(|(f, v)| text(*f, *v)),
                    ),
                    rows: kind.counts.first().map_or(0, FeatureCounts::rows),
                    counts: (kind.counts.iter().zip(&self.within))
                        .map(|(c, (f, _))| c.finish_up_to(MAX_CATEGORIES, |key| text(*f, key)))
                        .collect(),
                })
                .filter(|k| k.rows > 0)
                .collect()
        })
        .collect()
    }
}

fn nothing(within: &[(u16, Kind)]) -> Vec<FeatureCounts> {
    within.iter().map(|(_, k)| FeatureCounts::new(*k)).collect()
}

/// A kind's name, of the texts of its categories.
fn name<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> String {
    let texts: Vec<&str> = texts.map(|t| t.unwrap_or("?")).collect();
    let mut name = texts.join("/");
    let mut end = NAME_BYTES.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// The kind of a row, told in one way; `None` where the first category that tells it is missing.
fn key_of(way: &[u16], bits: &[u64]) -> Option<u64> {
    let category = |f: &u16| bits.get(usize::from(*f)).copied();
    way.first()
        .and_then(category)
        .filter(|c| *c != MISSING_CATEGORY)?;
    // Another order is another key.
    way.iter()
        .try_fold(0u64, |key, f| Some(key.rotate_left(23) ^ category(f)?))
}

/// What is usual within kinds, ready for scoring.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    ways: Vec<Vec<u16>>,
    /// For each feature its place among those that are compared within kinds.
    place: Vec<Option<u16>>,
    /// For each feature the ways that it is not compared in, one bit each.
    not_in: Vec<u8>,
    /// Whether the last way explains, and for each feature whether it explains that.
    explains: bool,
    explained: Vec<bool>,
    kinds: Vec<HashOf<OneKind>>,
}

/// One kind.
#[derive(Clone, Debug)]
struct OneKind {
    name: String,
    rows: u64,
    /// What its rows weigh, and the same with one of them left out.
    weight: (f64, f64),
    encoders: Vec<Encoder>,
}

/// The kinds of one row; to be looked up once for all its features.
#[derive(Clone, Copy, Debug)]
pub struct Of<'k> {
    /// In each way but the one that explains.
    kinds: [Option<KindRef<'k>>; MAX_WAYS],
    /// The kind that explains what the row lacks, if any does.
    explanation: Option<KindRef<'k>>,
}

/// A kind of a row.
#[derive(Clone, Copy, Debug)]
pub struct KindRef<'k>(&'k OneKind);

impl Kinds {
    /// Builds the tables. The counts must be sound ([`Kinds::are_sound`]).
    pub fn new(spec: &Spec, counts: Vec<Way>) -> Kinds {
        Kinds::grown(spec, counts, 1.0)
    }

    /// Builds the tables as if there were `times` as many rows ([`Encoder::grown`]).
    pub fn grown(spec: &Spec, counts: Vec<Way>, times: f64) -> Kinds {
        if counts.iter().all(Vec::is_empty) {
            return Kinds::default();
        }
        let mut place = vec![None; spec.len()];
        for (i, f) in (0u16..).zip(spec.within_kinds()) {
            place[usize::from(f)] = Some(i);
        }
        let ways = spec.kinds();
        let mut not_in = vec![0u8; spec.len()];
        for (w, way) in ways.iter().enumerate().take(MAX_WAYS) {
            let compared = spec.compared_within(way);
            (not_in.iter_mut().zip(compared)).for_each(|(n, c)| *n |= u8::from(!c) << w);
        }
        let mut explained = vec![false; spec.len()];
        for f in spec.explained() {
            explained[usize::from(f)] = true;
        }
        let kinds = counts.into_iter().map(|way| {
            let built = |k: KindCounts| OneKind {
                name: k.name,
                rows: k.rows,
                weight: (weight(k.rows), weight(k.rows.saturating_sub(1))),
                encoders: (k.counts.into_iter())
                    .map(|c| Encoder::grown(c, times))
                    .collect(),
            };
            way.into_iter().map(|k| (k.key, built(k))).collect()
        });
        Kinds {
            kinds: kinds.collect(),
            ways,
            place,
            not_in,
            explains: explained.contains(&true),
            explained,
        }
    }

    /// The counts, as a model file holds them.
    pub fn counts(&self) -> Vec<Way> {
        let of_way = |kinds: &HashOf<OneKind>| {
            let mut way: Way = (kinds.iter())
                .map(|(key, k)| KindCounts {
                    key: *key,
                    name: k.name.clone(),
                    rows: k.rows,
                    counts: k.encoders.iter().map(|e| e.counted().clone()).collect(),
                })
                .collect();
            way.sort_unstable_by_key(|k| k.key);
            way
        };
        self.kinds.iter().map(of_way).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The kinds' names and rows in each way, the most frequent first.
    pub fn names(&self) -> Vec<Vec<(&str, u64)>> {
        let mut ways = Vec::new();
        for kinds in &self.kinds {
            let mut names: Vec<(&str, u64)> =
                kinds.values().map(|k| (k.name.as_str(), k.rows)).collect();
            names.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            ways.push(names);
        }
        ways
    }

    /// The kinds of a row in its compact form.
    pub fn of(&self, bits: &[u64]) -> Of<'_> {
        let mut of = Of {
            kinds: [None; MAX_WAYS],
            explanation: None,
        };
        let ways = self.ways.iter().zip(&self.kinds).enumerate();
        for (kind, (i, (way, kinds))) in of.kinds.iter_mut().zip(ways) {
            let Some(key) = key_of(way, bits) else {
                continue;
            };
            let known = kinds.get(&key).map(KindRef);
            if self.explains && i + 1 == self.ways.len() {
                of.explanation = known;
            } else {
                *kind = known;
            }
        }
        of
    }

    /// The row's kinds that feature `f` is compared in, those that weigh most first.
    fn told_of<'o, 'k>(
        &self,
        of: &'o Of<'k>,
        f: usize,
    ) -> impl DoubleEndedIterator<Item = &'o KindRef<'k>> {
        let not_in = self.not_in[f];
        let ways = of.kinds.iter().enumerate();
        ways.filter_map(move |(w, kind)| kind.as_ref().filter(|_| not_in >> w & 1 == 0))
    }

    /// The probability, within the row's kinds, of a value of feature `f` at least as rare, by what it
    /// is counted under ([`Encoder::key`]); `p` is the same among all rows. `None` where the feature
    /// is not compared within kinds, or the row has none.
    pub fn p(&self, of: &Of<'_>, f: usize, key: u64, p: f64, leave_out: bool) -> Option<f64> {
        let place = usize::from((*self.place.get(f)?)?);
        let mixed = |kind: &KindRef<'_>, rest: f64| {
            let (with, without) = kind.0.weight;
            let w = if leave_out { without } else { with };
            w * kind.0.encoders[place].p_at(key, leave_out) + (1.0 - w) * rest
        };
        let within = match &of.explanation {
            Some(kind) if self.explained[f] => Some(mixed(kind, 1.0)),
            _ => (self.told_of(of, f).rev())
                .fold(None, |rest, kind| Some(mixed(kind, rest.unwrap_or(p)))),
        };
        within.map(|p| p.min(1.0))
    }

    /// The kind that weighs most in the judgement of feature `f` of a row: its name, and what is
    /// usual for it. `None` where that is all rows.
    pub fn closest<'k>(&'k self, of: &Of<'k>, f: usize) -> Option<(&'k str, &'k Encoder)> {
        let place = usize::from((*self.place.get(f)?)?);
        if let (Some(kind), true) = (of.explanation, self.explained[f]) {
            return Some((&kind.0.name, &kind.0.encoders[place]));
        }
        let (mut left, mut most) = (1.0, (0.0, None));
        for kind in self.told_of(of, f) {
            let w = left * weight(kind.0.rows);
            left -= w;
            if w > most.0 {
                most = (w, Some(kind.0));
            }
        }
        let kind = most.1.filter(|_| most.0 >= left)?;
        Some((&kind.name, &kind.encoders[place]))
    }

    /// Whether a file's counts make sense.
    pub fn are_sound(spec: &Spec, counts: &[Way]) -> bool {
        let within = spec.within_kinds();
        let of_kind = |k: &KindCounts| {
            k.rows > 0
                && k.name.len() <= NAME_BYTES
                && k.counts.len() == within.len()
                && k.counts.iter().zip(&within).all(|(c, f)| {
                    c.kind == spec.kind(usize::from(*f))
                        && c.rows == k.rows
                        && c.categories.len() <= MAX_CATEGORIES
                        && c.is_sound()
                })
        };
        (counts.is_empty() || counts.len() == spec.kinds().len())
            && counts.len() <= MAX_WAYS
            && counts.iter().all(|way| {
                way.len() <= MAX_KINDS
                    && way.windows(2).all(|w| w[0].key < w[1].key)
                    && way.iter().all(of_kind)
            })
    }
}

fn weight(rows: u64) -> f64 {
    let n = rows as f64;
    n / (n + WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::surprise_of;
    use zeek_anomaly_features::Cell;
    use zeek_anomaly_features::logs::by_name;

    fn spec() -> Spec {
        Spec::Known(by_name("conn").unwrap())
    }

    fn at(name: &str) -> usize {
        let spec = spec();
        (0..spec.len()).find(|f| spec.name(*f) == name).unwrap()
    }

    /// A connection of which only a few features are known.
    fn row(service: &str, port: u64, sent: f64) -> Vec<u64> {
        let spec = spec();
        let mut bits: Vec<u64> = (0..spec.len())
            .map(|f| match spec.kind(f) {
                Kind::Category | Kind::Identity => MISSING_CATEGORY,
                _ => f64::NAN.to_bits(),
            })
            .collect();
        if !service.is_empty() {
            bits[at("service")] = Cell::Text(service.as_bytes()).category_bits();
        }
        bits[at("id.resp_p")] = Cell::Code(port).category_bits();
        bits[at("proto")] = Cell::Text(b"tcp").category_bits();
        bits[at("orig_bytes")] = sent.to_bits();
        bits
    }

    /// Mail sends much, queries send little, a few rows of something else.
    fn rows() -> Vec<Vec<u64>> {
        let of = |service: &'static str, port, n: usize, sent: f64| {
            (0..n).map(move |i| row(service, port, sent + i as f64 % 7.0))
        };
        of("smtp", 25, 1000, 50_000.0)
            .chain(of("dns", 53, 1000, 50.0))
            .chain(of("ntp", 123, 10, 48.0))
            .chain(of("", 4444, 500, 50_000.0))
            .collect()
    }

    fn counter(rows: &[Vec<u64>]) -> KindCounter {
        let rows = || rows.iter().map(Vec::as_slice);
        let mut counter = KindCounter::new(&spec(), rows).unwrap();
        counter.add(rows);
        counter
    }

    fn all(rows: &[Vec<u64>]) -> Encoder {
        let mut c = FeatureCounts::new(spec().kind(at("orig_bytes")));
        rows.iter()
            .for_each(|r| c.add_key(column_key(c.kind(), r[at("orig_bytes")])));
        Encoder::new(c.finish())
    }

    /// The surprise of what a row sent, among all rows and in its kinds.
    fn surprises(kinds: &Kinds, all: &Encoder, row: &[u64]) -> (f64, Option<f64>) {
        let (f, bits) = (at("orig_bytes"), row[at("orig_bytes")]);
        let p = all.p(bits, false);
        let within = kinds.p(&kinds.of(row), f, all.key(bits), p, false);
        (all.surprise(bits, false), within.map(surprise_of))
    }

    #[test]
    fn a_row_is_compared_with_its_kind_where_there_are_enough_and_else_with_all() {
        let rows = rows();
        let kinds = Kinds::new(&spec(), counter(&rows).finish(&[]));
        let all = all(&rows);
        // What is usual for mail is strange for a query.
        let (among_all, within) = surprises(&kinds, &all, &row("dns", 53, 50_000.0));
        assert!(
            among_all < 1.0 && within.unwrap() > 4.0,
            "{among_all} {within:?}"
        );
        let (_, within) = surprises(&kinds, &all, &row("smtp", 25, 50_000.0));
        assert!(within.unwrap() < 1.0, "{within:?}");
        // The port tells it too, where no service was seen.
        let (_, within) = surprises(&kinds, &all, &row("", 53, 50_000.0));
        assert!(within.unwrap() > 3.0, "{within:?}");
        // Nobody knows this kind.
        assert_eq!(surprises(&kinds, &all, &row("irc", 6667, 50.0)).1, None);
        assert_eq!(surprises(&kinds, &all, &row("", 6667, 50.0)).1, None);
    }

    #[test]
    fn few_rows_of_a_kind_move_little() {
        let rows = rows();
        let kinds = Kinds::new(&spec(), counter(&rows).finish(&[]));
        let (among_all, within) = surprises(&kinds, &all(&rows), &row("ntp", 123, 50_000.0));
        // Ten rows, told in two ways, beside fifty.
        let most = 2.0 * (60.0f64 / 50.0).ln();
        let within = within.unwrap();
        assert!(
            within > among_all && within <= among_all + most,
            "{within} {among_all}"
        );
    }

    #[test]
    fn what_the_telling_features_are_about_is_not_compared_within_kinds() {
        let rows = rows();
        let kinds = Kinds::new(&spec(), counter(&rows).finish(&[]));
        let of = kinds.of(&rows[0]);
        for name in ["service", "id.resp_p", "proto", "resp_kind"] {
            assert_eq!(kinds.p(&of, at(name), rows[0][at(name)], 0.5, false), None);
        }
    }

    #[test]
    fn a_service_is_compared_with_itself_in_the_same_direction() {
        let to = |direction: &'static [u8], sent: f64| {
            let mut row = row("ssh", 22, sent);
            row[at("direction")] = Cell::Text(direction).category_bits();
            row
        };
        let mut seen = rows();
        // Logins from outside are short, copies to a server outside are large.
        seen.extend((0..500).map(|i| to(b"inbound", 2000.0 + f64::from(i % 7))));
        seen.extend((0..500).map(|i| to(b"outbound", 9e7 + f64::from(i % 7))));
        let kinds = Kinds::new(&spec(), counter(&seen).finish(&[]));
        let all = all(&seen);
        let odd = surprises(&kinds, &all, &to(b"inbound", 9e7)).1;
        let usual = surprises(&kinds, &all, &to(b"outbound", 9e7)).1;
        assert!(odd > Some(2.0) && usual < Some(1.0), "{odd:?} {usual:?}");
        // The direction itself is compared with what the port has, not within the direction.
        let f = at("direction");
        let inbound = to(b"inbound", 2000.0);
        let of = kinds.of(&inbound);
        assert_eq!(kinds.told_of(&of, f).count(), 1);
        assert_eq!(kinds.told_of(&of, at("orig_bytes")).count(), 2);
    }

    /// A connection whose beginning the sensor missed.
    fn half(service: &str, port: u64, sent: f64) -> Vec<u64> {
        let mut row = row(service, port, sent);
        row[at("half_seen")] = Cell::Text(b"half seen").category_bits();
        row
    }

    #[test]
    fn what_a_half_seen_connection_lacks_is_compared_with_halves_alone() {
        let mut seen = rows();
        let whole = Kinds::new(&spec(), counter(&seen).finish(&[]));
        let all = all(&seen);
        // No half was ever seen: nothing is explained.
        let odd = half("", 53, 50_000.0);
        let as_a_whole = surprises(&whole, &all, &row("", 53, 50_000.0)).1;
        assert!(as_a_whole > Some(3.0));
        assert_eq!(surprises(&whole, &all, &odd).1, as_a_whole);
        // What nothing explains is compared as ever: where it goes to.
        let f = at("resp_network");
        let at_port = |row: &[u64]| whole.p(&whole.of(row), f, 7, 0.5, false);
        assert_eq!(at_port(&odd), at_port(&row("", 53, 50_000.0)));
        // Many halves were: they say it, whatever else has that port.
        seen.extend((0..1000).map(|i| half("", 53, 40.0 + (i % 7) as f64)));
        let halves = Kinds::new(&spec(), counter(&seen).finish(&[]));
        assert!(surprises(&halves, &all, &odd).1 > Some(2.5));
        assert!(surprises(&halves, &all, &half("smtp", 25, 42.0)).1 < Some(1.0));
        let usual = halves.closest(&halves.of(&odd), at("orig_bytes"));
        assert_eq!(usual.unwrap().1.counted().rows, 1000);
    }

    #[test]
    fn kinds_have_names_and_say_what_is_usual() {
        let rows = rows();
        let spec = spec();
        let mut all: Vec<FeatureCounts> = (0..spec.len())
            .map(|f| FeatureCounts::new(spec.kind(f)))
            .collect();
        all[at("service")].add(&Cell::Text(b"dns"));
        all[at("proto")].add(&Cell::Text(b"tcp"));
        all[at("id.resp_p")].add(&Cell::Code(53));
        let kinds = Kinds::new(&spec, counter(&rows).finish(&all));
        let names = kinds.names();
        assert!(names[0].contains(&("dns", 1000)) && names[1].contains(&("53/tcp", 1000)));
        let dns = row("dns", 53, 0.0);
        let of = kinds.of(&dns);
        let (name, encoder) = kinds.closest(&of, at("orig_bytes")).unwrap();
        assert_eq!((name, encoder.counted().rows), ("dns", 1000));
        assert!(
            kinds
                .closest(&kinds.of(&row("", 1, 0.0)), at("orig_bytes"))
                .is_none()
        );
    }

    #[test]
    fn what_is_left_without_a_part_is_as_if_it_had_never_been_counted() {
        let rows = rows();
        let (first, second) = rows.split_at(1500);
        let whole = counter(&rows);
        let (mut part, mut rest) = (whole.emptied(), whole.emptied());
        part.add(|| first.iter().map(Vec::as_slice));
        rest.add(|| second.iter().map(Vec::as_slice));
        assert_eq!(whole.without(&part).finish(&[]), rest.finish(&[]));
        assert_ne!(whole.finish(&[]), rest.finish(&[]));
    }

    #[test]
    fn counts_that_make_no_sense_are_refused() {
        let spec = spec();
        let good = counter(&rows()).finish(&[]);
        assert!(Kinds::are_sound(&spec, &good) && Kinds::are_sound(&spec, &[]));
        let changed = |change: &dyn Fn(&mut Vec<Way>)| {
            let mut bad = good.clone();
            change(&mut bad);
            Kinds::are_sound(&spec, &bad)
        };
        assert!(!changed(&|c| c[0].reverse()));
        assert!(!changed(&|c| c[0][0].rows += 1));
        assert!(!changed(&|c| c[0][0].counts.truncate(3)));
        assert!(!changed(&|c| c[1][0].counts.swap(0, 8)));
        assert!(!changed(&|c| c.truncate(1)));
        assert!(!changed(&|c| c[0][0].name = "x".repeat(1000)));
        assert!(changed(&|c| c[0].truncate(1)));
        // What was written is read as the same.
        let kinds = Kinds::new(&spec, good.clone());
        assert_eq!(kinds.counts(), good);
    }

    #[test]
    fn no_more_kinds_than_there_may_be() {
        let many: Vec<Vec<u64>> = (0..200u64)
            .flat_map(|port| vec![row("", port, 1.0); 10 + port as usize])
            .collect();
        let ways = counter(&many).finish(&[]);
        assert_eq!(ways[1].len(), MAX_KINDS);
        // The most frequent ones.
        assert!(ways[1].iter().all(|k| k.rows > 150));
    }
}
