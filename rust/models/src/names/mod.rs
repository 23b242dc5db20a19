//! A language model of names.
//!
//! Names that people choose resemble one another; names that a program draws by chance
//! (domain generation algorithms, random host names, encoded data) do not. What ordinary names
//! look like is learned in training: how often each letter follows two others, smoothed
//! after Witten and Bell ("The zero-frequency problem", IEEE Transactions on Information Theory
//! 37, 1991). Before the first name is learned there is a small list, `ordinary.txt`,
//! written for this project; it counts as much as that many names of training.
//!
//! A label's *evidence* is the logarithm of a likelihood ratio, in bits: how much likelier it
//! is that chance made the label than that it is a name like the others. Bits for each
//! letter alone do not tell: what is odd in three letters is a brand, in ten it is none. By
//! Markov's inequality at most a part 2⁻ᵇ of ordinary names has b bits of evidence or more.
//!
//! - [`NameCounts`] counts while training, [`Names`] is what a model file holds;
//! - [`Language`] answers.

mod counts;
mod language;
mod letters;

pub use counts::{NameCounts, Names};
pub use language::Language;
pub use letters::MAX_LABEL;
