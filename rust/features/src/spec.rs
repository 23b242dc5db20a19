//! What a log type is made of.

use crate::cell::Cell;
use crate::context::Role;
use crate::generic::GenericSpec;
use crate::row::Row;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// What kind of value a feature has, and how people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A number that spans orders of magnitude (bytes, seconds, counts): compared on
    /// a logarithmic scale.
    Magnitude(Unit),
    /// A number on a plain scale from 0 to about 1, or a few units.
    Ratio,
    /// 0 or 1.
    Flag,
    /// One of many values without an order.
    Category,
    /// Who it is: counted as categories are, to tell whom training knew, and never strange in itself.
    Identity,
}

impl Kind {
    /// Whether values are told apart and have no order.
    pub fn is_category(self) -> bool {
        matches!(self, Kind::Category | Kind::Identity)
    }
}

/// The unit of a number, for its scale and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// A count of things.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds; the scale begins at a tenth of a millisecond.
    Seconds,
    /// Bytes a second.
    Rate,
    /// A quotient of two numbers; below one is as telling as above.
    Quotient,
    /// Bits of evidence; a logarithm already, and so on a plain scale.
    Bits,
    /// Bytes of which only many are strange.
    Excess,
}

impl Unit {
    /// The smallest step that matters, in the unit itself: the logarithmic
    /// scale is linear below it.
    pub fn step(self) -> f64 {
        match self {
            Unit::Seconds => 1e-4,
            Unit::Quotient => 1e-3,
            Unit::Count | Unit::Bytes | Unit::Rate | Unit::Bits | Unit::Excess => 1.0,
        }
    }
}

/// One feature of a log type.
#[derive(Clone, Copy)]
pub struct Feature {
    /// Its name, as reasons and reports show it.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What it is a facet of. Features of one aspect tell the same fact in several
    /// ways (a failed connection has no bytes, no packets and a short history), which must
    /// not count several times.
    pub aspect: &'static str,
    /// Where it comes from.
    pub get: for<'r> fn(&Row<'r>) -> Cell<'r>,
    /// Whether `get` gives a label of a name, and the value is what a language model of
    /// names says of it: known only when training has ended. Where a log has several, they
    /// stand under the domain that the first one names.
    pub learned: bool,
    /// Of who did it: whom it called ([`Feature::calling`]).
    pub callee: Option<for<'r> fn(&Row<'r>) -> Cell<'r>>,
}

impl Feature {
    /// The same identity, of hosts that may be from outside: whom they call tells. Whoever is not known and calls a host
    /// that is known comes from outside, since those inside call others than their own kind.
    pub const fn calling(self, callee: for<'r> fn(&Row<'r>) -> Cell<'r>) -> Feature {
        Feature {
            callee: Some(callee),
            ..self
        }
    }
}

/// A feature of a label: the evidence, in bits, that chance made it
/// ([`Names::evidence`]).
pub const fn learned(
    aspect: &'static str,
    name: &'static str,
    get: for<'r> fn(&Row<'r>) -> Cell<'r>,
) -> Feature {
    Feature {
        name,
        kind: Kind::Magnitude(Unit::Bits),
        aspect,
        get,
        learned: true,
        callee: None,
    }
}

/// What knows ordinary names.
pub trait Names {
    /// How much speaks for it that chance made this label and nobody chose it, in bits;
    /// `None` where that cannot be told.
    fn evidence(&self, label: &[u8]) -> Option<f64>;
}

/// A feature on a logarithmic scale.
pub const fn magnitude(
    aspect: &'static str,
    name: &'static str,
    unit: Unit,
    get: for<'r> fn(&Row<'r>) -> Cell<'r>,
) -> Feature {
    Feature {
        name,
        kind: Kind::Magnitude(unit),
        aspect,
        get,
        learned: false,
        callee: None,
    }
}

/// A feature on a plain scale.
pub const fn ratio(
    aspect: &'static str,
    name: &'static str,
    get: for<'r> fn(&Row<'r>) -> Cell<'r>,
) -> Feature {
    Feature {
        name,
        kind: Kind::Ratio,
        aspect,
        get,
        learned: false,
        callee: None,
    }
}

/// A feature that is 0 or 1.
pub const fn flag(
    aspect: &'static str,
    name: &'static str,
    get: for<'r> fn(&Row<'r>) -> Cell<'r>,
) -> Feature {
    Feature {
        name,
        kind: Kind::Flag,
        aspect,
        get,
        learned: false,
        callee: None,
    }
}

/// A feature without an order.
pub const fn category(
    aspect: &'static str,
    name: &'static str,
    get: for<'r> fn(&Row<'r>) -> Cell<'r>,
) -> Feature {
    Feature {
        name,
        kind: Kind::Category,
        aspect,
        get,
        learned: false,
        callee: None,
    }
}

/// Who did it. A log type has several where hosts of several sorts are kept apart; of each record one is there
/// at most.
pub const fn identity(name: &'static str, get: for<'r> fn(&Row<'r>) -> Cell<'r>) -> Feature {
    Feature {
        name,
        kind: Kind::Identity,
        aspect: "identity",
        get,
        learned: false,
        callee: None,
    }
}

/// The detector that a log type gets when nothing else is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultDetector {
    /// Isolation forest.
    IsolationForest,
    /// Rarity, with the damping of an aspect's surprise: at which surprise, in nats, it
    /// counts for about two thirds; infinite for none.
    Rarity {
        /// See above.
        damping: f64,
    },
    /// Deviation of a time series.
    TimeSeries,
    /// Rarity with a damping, to which the evidence of some features is added.
    Hybrid {
        /// As for rarity.
        damping: f64,
        /// The features, learned ones.
        evidence: &'static [&'static str],
    },
    /// Rarity, with more to say of how.
    RarityBy(&'static RarityBy),
}

/// Evidence in bits from which on it counts beside other aspects: brands of few letters with digits in
/// them reach half of it.
const STRONG: f64 = 8.0;

/// How rarity judges the rows of a log type.
#[derive(Debug, PartialEq)]
pub struct RarityBy {
    /// The damping of an aspect's surprise, as in [`DefaultDetector::Rarity`].
    pub damping: f64,
    /// Aspects with another damping.
    pub aspects: &'static [(&'static str, f64)],
    /// What tells of what kind a row is: each a list of categories by name, together one way
    /// to tell. The first way weighs most; of its categories the first has to be there, others may be missing.
    pub kinds: &'static [&'static [&'static str]],
    /// What explains other oddities of its rows, if anything does.
    pub explanation: Option<&'static Explanation>,
    /// Learned features whose evidence is added, as far as it speaks strongly for chance.
    pub evidence: &'static [&'static str],
}

/// A category that, where a row has it, explains what is odd in other aspects.
///
/// Of half a connection it is no news that it has no answer, no service and a short history. So
/// its rows are compared, in the aspects that it explains, with other rows of that category only, as far as there are
/// some; what is left is not surprising. That the row has the category is a surprise of its own.
#[derive(Debug, PartialEq)]
pub struct Explanation {
    /// The category, missing in rows that have nothing to be explained.
    pub category: &'static str,
    /// The aspects that it explains.
    pub aspects: &'static [&'static str],
}

impl DefaultDetector {
    /// The damping of an aspect's surprise, none where the default is another detector.
    pub fn damping(self, aspect: &str) -> f64 {
        match self {
            DefaultDetector::Rarity { damping } | DefaultDetector::Hybrid { damping, .. } => {
                damping
            }
            DefaultDetector::RarityBy(by) => (by.aspects.iter())
                .find(|a| a.0 == aspect)
                .map_or(by.damping, |a| a.1),
            DefaultDetector::IsolationForest | DefaultDetector::TimeSeries => f64::INFINITY,
        }
    }
}

/// A log type that has its own feature definitions.
pub struct LogType {
    /// The log's name.
    pub log: &'static str,
    /// The columns that the features read, by dotted name; a [`Row`] addresses
    /// them by their position here.
    pub columns: &'static [&'static str],
    /// The features.
    pub features: &'static [Feature],
    /// What the log contributes to its connection's context.
    pub role: Role,
    /// The detector by default.
    pub detector: DefaultDetector,
}

/// The features of one log: its own definitions, or made from its schema.
#[derive(Clone)]
pub enum Spec {
    /// A log type with a file of its own.
    Known(&'static LogType),
    /// Any other log.
    Generic(GenericSpec),
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec")
            .field("log", &self.log())
            .field("features", &self.len())
            .finish()
    }
}

impl Spec {
    /// The log's name.
    pub fn log(&self) -> &str {
        match self {
            Spec::Known(t) => t.log,
            Spec::Generic(g) => &g.log,
        }
    }

    /// The columns to bind.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Spec::Known(t) => t.columns.to_vec(),
            Spec::Generic(g) => g.columns.iter().map(|c| c.name.as_str()).collect(),
        }
    }

    /// How many features there are.
    pub fn len(&self) -> usize {
        match self {
            Spec::Known(t) => t.features.len(),
            Spec::Generic(g) => g.features.len(),
        }
    }

    /// Whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of feature `f`.
    pub fn name(&self, f: usize) -> &str {
        match self {
            Spec::Known(t) => t.features[f].name,
            Spec::Generic(g) => &g.features[f].name,
        }
    }

    /// The kind of feature `f`.
    pub fn kind(&self, f: usize) -> Kind {
        match self {
            Spec::Known(t) => t.features[f].kind,
            Spec::Generic(g) => g.features[f].kind,
        }
    }

    /// The aspect of each feature, as the position of the aspect's first feature.
    pub fn aspects(&self) -> Vec<u16> {
        let first = |f: usize| match self {
            Spec::Known(t) => t
                .features
                .iter()
                .position(|o| o.aspect == t.features[f].aspect)
                .unwrap_or(f),
            Spec::Generic(g) => g
                .features
                .iter()
                .position(|o| o.column() == g.features[f].column())
                .unwrap_or(f),
        };
        (0..self.len()).map(|f| first(f) as u16).collect()
    }

    /// The damping of each feature's aspect in rarity, in nats; infinite for none.
    pub fn dampings(&self) -> Vec<f64> {
        match self {
            Spec::Known(t) => (t.features.iter())
                .map(|f| t.detector.damping(f.aspect))
                .collect(),
            Spec::Generic(g) => vec![f64::INFINITY; g.features.len()],
        }
    }

    /// The features that tell of what kind a row is, in as many ways as there are
    /// ([`RarityBy::kinds`]), and last, where there is one, the category that explains ([`RarityBy::explanation`]).
    pub fn kinds(&self) -> Vec<Vec<u16>> {
        let Spec::Known(t) = self else {
            return Vec::new();
        };
        let DefaultDetector::RarityBy(by) = t.detector else {
            return Vec::new();
        };
        let position = |name: &&str| {
            let at = t.features.iter().position(|f| f.name == *name)?;
            u16::try_from(at).ok()
        };
        let explanation = by.explanation.map(|e| std::slice::from_ref(&e.category));
        (by.kinds.iter().copied().chain(explanation))
            .map(|names| names.iter().filter_map(position).collect())
            .collect()
    }

    /// The features that the last of [`Spec::kinds`] explains; none where a log has no [`Explanation`].
    pub fn explained(&self) -> Vec<u16> {
        let Spec::Known(t) = self else {
            return Vec::new();
        };
        let explains = match t.detector {
            DefaultDetector::RarityBy(by) => by.explanation.map_or(&[][..], |e| e.aspects),
            _ => &[],
        };
        (0u16..)
            .zip(t.features)
            .filter(|(_, f)| explains.contains(&f.aspect))
            .map(|(f, _)| f)
            .collect()
    }

    /// Which features are compared within kinds that are told in this way, one of [`Spec::kinds`]: those of
    /// other aspects than the features that tell the kind.
    pub fn compared_within(&self, way: &[u16]) -> Vec<bool> {
        let aspects = self.aspects();
        let tells = |a: &u16| way.iter().any(|f| aspects.get(usize::from(*f)) == Some(a));
        let judged = |f: usize| self.kind(f) != Kind::Identity;
        (aspects.iter().enumerate())
            .map(|(f, a)| judged(f) && !tells(a))
            .collect()
    }

    /// The features that are compared within kinds, told in one way or another. What explains is a fact of its own, of
    /// whatever kind the row is.
    pub fn within_kinds(&self) -> Vec<u16> {
        let mut ways = self.kinds();
        let explains = match self.explained().is_empty() {
            true => None,
            false => ways.pop(),
        };
        let mut within = vec![false; self.len()];
        for way in ways {
            (within.iter_mut().zip(self.compared_within(&way))).for_each(|(w, c)| *w |= c);
        }
        if let Some(way) = explains {
            (within.iter_mut().zip(self.compared_within(&way))).for_each(|(w, c)| *w &= c);
        }
        (0u16..)
            .zip(within)
            .filter(|w| w.1)
            .map(|(f, _)| f)
            .collect()
    }

    /// The features that tell who did it, hosts of one sort each.
    pub fn identities(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|f| self.kind(*f) == Kind::Identity)
    }

    /// Whom the host of an identity called, where that tells whether it is from outside.
    pub fn callee<'r>(&self, f: usize, row: &Row<'r>) -> Option<Cell<'r>> {
        match self {
            Spec::Known(t) => t.features[f].callee.map(|get| get(row)),
            Spec::Generic(_) => None,
        }
    }

    /// Whether feature `f` is what a language model of names says of a label.
    pub fn is_learned(&self, f: usize) -> bool {
        match self {
            Spec::Known(t) => t.features[f].learned,
            Spec::Generic(_) => false,
        }
    }

    /// The value of feature `f` for a row that was bound with this spec's columns; the label
    /// where the feature is learned.
    pub fn cell<'r>(&self, f: usize, row: &Row<'r>) -> Cell<'r> {
        match self {
            Spec::Known(t) => (t.features[f].get)(row),
            Spec::Generic(g) => g.features[f].cell(row),
        }
    }

    /// The learned features whose evidence counts in full, and from how many bits on. Where a log is about
    /// names, what is less likely made by chance than chosen still tells its names apart; in others only what
    /// speaks strongly for chance does.
    pub fn evidence(&self) -> (Vec<usize>, f64) {
        let Spec::Known(t) = self else {
            return (Vec::new(), 0.0);
        };
        let (named, least) = match t.detector {
            DefaultDetector::Hybrid { evidence, .. } => (evidence, f64::NEG_INFINITY),
            DefaultDetector::RarityBy(by) => (by.evidence, STRONG),
            _ => (&[][..], 0.0),
        };
        let features = (0..self.len())
            .filter(|f| self.is_learned(*f) && named.contains(&self.name(*f)))
            .collect();
        (features, least)
    }

    /// All features of a row in their compact form, appended to `out`: the bits of a
    /// float (NaN where missing) for numbers, a hash for categories.
    pub fn extract(&self, row: &Row<'_>, names: &dyn Names, out: &mut Vec<u64>) {
        let bits = |kind, cell: Cell<'_>| match kind {
            Kind::Category | Kind::Identity => cell.category_bits(),
            _ => cell.number_bits(),
        };
        match self {
            Spec::Known(t) => out.extend(t.features.iter().map(|f| {
                let mut cell = (f.get)(row);
                if f.learned {
                    cell = Cell::of_label(&cell, names);
                }
                bits(f.kind, cell)
            })),
            Spec::Generic(g) => out.extend(g.features.iter().map(|f| bits(f.kind, f.cell(row)))),
        }
    }

    /// A number that changes when a name, a kind or the order of the features
    /// does: a model made for other features must not be used.
    pub fn fingerprint(&self) -> u64 {
        let mut h = Xxh3::new();
        h.update(self.log().as_bytes());
        h.update(&[0, FEATURES_VERSION]);
        for f in 0..self.len() {
            h.update(self.name(f).as_bytes());
            let kind = match self.kind(f) {
                Kind::Magnitude(Unit::Count) => 1,
                Kind::Magnitude(Unit::Bytes) => 2,
                Kind::Magnitude(Unit::Seconds) => 3,
                Kind::Magnitude(Unit::Rate) => 4,
                Kind::Magnitude(Unit::Quotient) => 5,
                Kind::Ratio => 6,
                Kind::Flag => 7,
                Kind::Category => 8,
                Kind::Magnitude(Unit::Bits) => 9,
                Kind::Magnitude(Unit::Excess) => 10,
                Kind::Identity => 11,
            };
            h.update(&[0, kind]);
        }
        h.digest()
    }
}

/// To be raised when a feature keeps its name and changes its meaning.
pub const FEATURES_VERSION: u8 = 3;
