//! The language model: costs of letters, and the evidence of a label.

use super::counts::{FOLDS, Names, fold};
use super::letters::{LETTERS, OTHER, TRIGRAMS, letter, read, trigrams};
use std::sync::{Arc, LazyLock};
use zeek_anomaly_features as features;

/// What ordinary names look like where nothing was learned yet.
const ORDINARY: &str = include_str!("ordinary.txt");

/// Costs are kept in whole numbers of this part of a bit.
const STEPS: f64 = 256.0;

/// The most evidence that a label is said to have, in bits.
const MOST: f64 = 128.0;

/// The least: what it costs not to know the way and the length, below. A label with less looks chosen even
/// if both were known.
const LEAST: f64 = -8.0;

/// The ways in which chance makes names, [`Chance`], are thought to be equally likely.
const WAYS: f64 = 8.0;

/// How long such a name is may be anything up to this.
const LENGTHS: f64 = 32.0;

/// Programs that draw names avoid short ones: those of up to five letters are mostly taken under every usual
/// ending. Each letter short of this many makes it less likely, by so many bits, that chance made
/// a label.
const SHORT: f64 = 6.0;
const SHORT_BITS: f64 = 2.0;

/// A label that begins so stands for one in another script.
const PUNYCODE: &[u8] = b"xn--";

static PRIOR: LazyLock<Arc<Language>> = LazyLock::new(|| Arc::new(Language::new(Names::default())));

static PRIOR_COUNTS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut counts = vec![0; TRIGRAMS];
    let lines = ORDINARY.lines().filter(|l| !l.starts_with('#'));
    for name in lines.flat_map(str::split_ascii_whitespace) {
        for at in trigrams(name.as_bytes()) {
            counts[at] += 1;
        }
    }
    counts
});

/// Knows what ordinary names look like.
#[derive(Clone, Debug)]
pub struct Language {
    learned: Names,
    /// For each fold, what each letter costs after two others where that fold is left out, in
    /// 1/256 bits.
    costs: Vec<u16>,
}

impl Default for Language {
    fn default() -> Self {
        Language::new(Names::default())
    }
}

impl Language {
    /// The language of these names, which must be sound, and of the ordinary ones.
    pub fn new(learned: Names) -> Language {
        let mut costs = Vec::with_capacity(FOLDS * TRIGRAMS);
        for left_out in 0..FOLDS {
            let mut counts: Vec<f64> = PRIOR_COUNTS.iter().map(|n| f64::from(*n)).collect();
            let others = learned.folds.iter().enumerate();
            for (at, n) in others.filter(|f| f.0 != left_out).flat_map(|f| f.1) {
                if let Some(c) = counts.get_mut(usize::from(*at)) {
                    *c += f64::from(*n);
                }
            }
            costs.extend(costs_of(&counts));
        }
        Language { learned, costs }
    }

    /// The language of a model that has learned no name.
    pub fn prior() -> Arc<Language> {
        PRIOR.clone()
    }

    /// The same as [`Language::new`], but made only where there is something to make.
    pub fn of(learned: Names) -> Arc<Language> {
        match learned == Names::default() {
            true => Language::prior(),
            false => Arc::new(Language::new(learned)),
        }
    }

    /// What was learned.
    pub fn learned(&self) -> &Names {
        &self.learned
    }

    /// The bits that a letter of the label costs, on average and with its end. `None` as for
    /// `evidence`.
    pub fn bits_per_letter(&self, label: &[u8]) -> Option<f64> {
        let letters = read(label).len() + 1;
        Some(self.cost(label, |_| {})? / letters as f64)
    }

    /// What the label costs, in bits; `each` is told each of its letters.
    fn cost(&self, label: &[u8], mut each: impl FnMut(u8)) -> Option<f64> {
        let label = read(label);
        let punycode = label
            .get(..PUNYCODE.len())
            .is_some_and(|l| l.eq_ignore_ascii_case(PUNYCODE));
        if label.is_empty() || punycode {
            return None;
        }
        let costs = self.costs.get(fold(label) * TRIGRAMS..)?;
        label.iter().for_each(|b| each(letter(*b)));
        let sum: u32 = trigrams(label)
            .filter_map(|at| costs.get(at))
            .map(|c| u32::from(*c))
            .sum();
        Some(f64::from(sum) / STEPS)
    }
}

impl features::Names for Language {
    /// From −8 to 128: 7 bits are a likelihood ratio of 128 to 1; below 0 the label is likelier chosen than
    /// made by chance, and most that were chosen have the least. `None` for an empty label and for punycode.
    fn evidence(&self, label: &[u8]) -> Option<f64> {
        let mut chance = Chance::default();
        let cost = self.cost(label, |l| chance.add(l))?;
        let short = (SHORT - f64::from(chance.letters)).max(0.0) * SHORT_BITS;
        let by_chance = chance.cost() + WAYS.log2() + LENGTHS.log2() + short;
        Some((cost - by_chance).clamp(LEAST, MOST))
    }
}

/// What each letter costs after two others, in 1/256 bits. Each order is smoothed with
/// the next lower one (Witten and Bell): new letters get as much of what follows a
/// context as there were different ones.
fn costs_of(trigrams: &[f64]) -> impl Iterator<Item = u16> {
    let mut two = vec![0.0; LETTERS * LETTERS];
    let mut one = vec![0.0; LETTERS];
    for (at, n) in trigrams.iter().enumerate() {
        two[at % (LETTERS * LETTERS)] += n;
        one[at % LETTERS] += n;
    }
    let even = vec![1.0 / LETTERS as f64; LETTERS];
    let one = smoothed(&one, &even);
    let two = smoothed(&two, &one);
    smoothed(trigrams, &two)
        .into_iter()
        .map(|p| (-p.log2() * STEPS).round() as u16)
}

/// Probabilities from counts of letters after contexts. `lower` are those after the contexts
/// without their first letter.
fn smoothed(counts: &[f64], lower: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(counts.len());
    for (context, after) in counts.chunks(LETTERS).enumerate() {
        let lower = lower
            .chunks(LETTERS)
            .cycle()
            .nth(context % (lower.len() / LETTERS));
        let total: f64 = after.iter().sum();
        let different = after.iter().filter(|n| **n > 0.0).count().max(1) as f64;
        for (n, p) in after.iter().zip(lower.unwrap_or_default()) {
            out.push((n + different * p) / (total + different));
        }
    }
    out
}

/// Names made by chance, in the ways that are known of programs: letters; letters and
/// digits; hexadecimal; base 32; consonants and vowels in turn, beginning with either; syllables
/// that may have two of them together; and anything that a label can hold.
#[derive(Debug, Default)]
struct Chance {
    letters: u32,
    /// Letters that are not of a way's alphabet.
    not_alphabetic: u32,
    not_alphanumeric: u32,
    not_hexadecimal: u32,
    not_base32: u32,
    /// Vowels and consonants at even places, and at odd ones. `y` is both.
    vowels: [u32; 2],
    consonants: [u32; 2],
    /// Whether the last letter was a vowel, and how often which of the two followed which.
    was_vowel: bool,
    turns: [[u32; 2]; 2],
    /// All vowels.
    vowels_in_all: u32,
}

/// In syllables, what the turn from a consonant, and from a vowel, to each of the two costs in bits:
/// three in four consonants are followed by a vowel, four in five vowels by a consonant.
const TURNS: [[f64; 2]; 2] = [[2.0, 0.415_037], [0.321_928, 2.321_928]];

const VOWELS: u64 = of(b"aeiouy");
const CONSONANTS: u64 = of(b"bcdfghjklmnpqrstvwxyz");
const HEXADECIMAL: u64 = of(b"0123456789abcdef");
const BASE32: u64 = of(b"abcdefghijklmnopqrstuvwxyz234567");

/// The set of some letters, one bit each.
const fn of(letters: &[u8]) -> u64 {
    let (mut set, mut i) = (0, 0);
    while i < letters.len() {
        let b = letters[i];
        set |= 1 << (if b >= b'a' { b - b'a' } else { b - b'0' + 26 });
        i += 1;
    }
    set
}

impl Chance {
    fn add(&mut self, letter: u8) {
        let is = |set: u64| u32::from(set >> letter & 1 == 1);
        let place = (self.letters % 2) as usize;
        self.vowels[place] += is(VOWELS);
        self.consonants[place] += is(CONSONANTS);
        let vowel = is(VOWELS) == 1;
        if self.letters > 0 {
            self.turns[usize::from(self.was_vowel)][usize::from(vowel)] += 1;
        }
        self.was_vowel = vowel;
        self.vowels_in_all += u32::from(vowel);
        self.not_alphabetic += u32::from(letter >= 26);
        self.not_alphanumeric += u32::from(letter >= 36);
        self.not_hexadecimal += 1 - is(HEXADECIMAL);
        self.not_base32 += 1 - is(BASE32);
        self.letters += 1;
    }

    /// The bits that the label costs in the likeliest way.
    fn cost(&self) -> f64 {
        let n = f64::from(self.letters);
        let mut best = n * f64::from(OTHER).log2();
        for (outside, letters) in [
            (self.not_alphabetic, 26.0),
            (self.not_alphanumeric, 36.0),
            (self.not_hexadecimal, 16.0),
            (self.not_base32, 32.0f64),
        ] {
            if outside == 0 {
                best = best.min(n * letters.log2());
            }
        }
        if self.not_alphabetic == 0 {
            let turns = self.turns.as_flattened().iter().zip(TURNS.as_flattened());
            let turns: f64 = turns.map(|(n, bits)| f64::from(*n) * bits).sum();
            let v = f64::from(self.vowels_in_all);
            // The first letter may be either, which is a bit.
            best = best.min(1.0 + turns + v * 6f64.log2() + (n - v) * 20f64.log2());
        }
        for first in [0, 1] {
            let (v, c) = (self.vowels[first], self.consonants[1 - first]);
            if v + c == self.letters {
                let turns = f64::from(v) * 6f64.log2() + f64::from(c) * 21f64.log2();
                best = best.min(turns);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::NameCounts;
    use zeek_anomaly_features::Names as _;

    fn evidence(language: &Language, label: &str) -> f64 {
        language.evidence(label.as_bytes()).expect("a label")
    }

    #[test]
    fn what_follows_two_letters_has_probability_one() {
        let language = Language::prior();
        for context in language.costs.chunks(LETTERS) {
            let sum: f64 = context
                .iter()
                .map(|c| (-f64::from(*c) / STEPS).exp2())
                .sum();
            assert!((0.98..1.02).contains(&sum), "{sum}");
        }
    }

    #[test]
    fn chance_is_told_from_choice_without_any_training() {
        let prior = Language::prior();
        for name in [
            "wikipedia",
            "weatherchannel",
            "cdn",
            "msn",
            "bank-of-somewhere",
            "t",
        ] {
            assert!(evidence(&prior, name) < 2.0, "{name}");
        }
        for name in [
            "xkqjzhwvbt",
            "qzx7k2v9wj4h",
            "3f8a9c0d7be14526",
            "gezdgnbvgy3tqojq",
        ] {
            assert!(
                evidence(&prior, name) > 7.0,
                "{name}: {}",
                evidence(&prior, name)
            );
        }
    }

    #[test]
    fn names_of_another_tongue_are_ordinary_once_learned() {
        // Syllables that the list at the start does not have.
        let names = |salt: usize| {
            (0..400usize).map(move |i| {
                let s = ["xhua", "zhqi", "qyun", "xjiu", "zxen", "qhwa", "jxue"];
                let at = |k: usize| s[(i * 31 + salt + i / (k * 3 + 1)) % s.len()];
                format!("{}{}{}", at(0), at(1), at(2))
            })
        };
        let mut counts = NameCounts::default();
        names(1).for_each(|n| counts.add(n.as_bytes(), None));
        let learned = Language::new(counts.finish());
        let mean = |l: &Language| names(5).map(|n| evidence(l, &n)).sum::<f64>() / 400.0;
        assert!(mean(&Language::prior()) > 8.0 && mean(&learned) < 1.0);
    }

    #[test]
    fn a_name_does_not_speak_for_itself() {
        let odd = "xkqjzhwvbtpd";
        let mut counts = NameCounts::default();
        counts.add(odd.as_bytes(), None);
        let learned = Language::new(counts.finish());
        assert_eq!(evidence(&learned, odd), evidence(&Language::prior(), odd));
    }

    #[test]
    fn any_bytes_have_an_answer_or_none() {
        let prior = Language::prior();
        assert_eq!(prior.evidence(b""), None);
        assert_eq!(prior.evidence(b"XN--80ak6aa92e"), None);
        let all: Vec<u8> = (0..=255).collect();
        for label in [&all[..], &[0; 9], &[0xff; 100_000], b"\x1b[31m"] {
            let e = prior.evidence(label).expect("a label");
            assert!((LEAST..=MOST).contains(&e));
            assert!(prior.bits_per_letter(label).expect("a label").is_finite());
        }
        let full: Vec<(u16, u32)> = (0..TRIGRAMS as u16).map(|i| (i, u32::MAX)).collect();
        let mut names = NameCounts::default().finish();
        names.folds = vec![full; FOLDS];
        assert!(names.is_sound());
        assert!(
            Language::new(names)
                .evidence(b"name")
                .is_some_and(f64::is_finite)
        );
    }
}
