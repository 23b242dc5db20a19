//! Labels of names that wait for the end of training, when it is known what the language
//! model says of them.

use zeek_anomaly_features::{Cell, Names, Spec};
use zeek_anomaly_models::names::MAX_LABEL;

/// Words of a row for one label: its length in a byte, and then its bytes.
const WORDS: usize = (MAX_LABEL + 1) / 8;

/// The features of a log that are learned, and their labels in the rows of a sample: at
/// the end of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels(Vec<usize>);

impl Labels {
    pub(crate) fn of(spec: &Spec) -> Labels {
        Labels((0..spec.len()).filter(|f| spec.is_learned(*f)).collect())
    }

    /// The features.
    pub(crate) fn features(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// Words that they take in a row.
    pub(crate) fn words(&self) -> usize {
        self.0.len() * WORDS
    }

    /// What is known of a row's labels, put in the row for each learned feature; `each` is told
    /// the feature and its value.
    pub(crate) fn read(
        &self,
        row: &mut [u64],
        names: &dyn Names,
        mut each: impl FnMut(usize, &Cell<'_>),
    ) {
        let (row, words) = row.split_at_mut(row.len().saturating_sub(self.words()));
        for (f, words) in self.0.iter().zip(words.chunks_exact(WORDS)) {
            let mut bytes = [0u8; MAX_LABEL + 1];
            for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
                to.copy_from_slice(&word.to_le_bytes());
            }
            let label = match usize::from(bytes[0]).min(MAX_LABEL) {
                0 => Cell::Missing,
                n => Cell::Text(&bytes[1..=n]),
            };
            let cell = Cell::of_label(&label, names);
            if let Some(at) = row.get_mut(*f) {
                *at = cell.number_bits();
            }
            each(*f, &cell);
        }
    }
}

/// Appends a label to a row.
pub(crate) fn put(label: &Cell<'_>, row: &mut Vec<u64>) {
    let mut bytes = [0u8; MAX_LABEL + 1];
    if let Cell::Text(t) = label {
        let t = &t[..t.len().min(MAX_LABEL)];
        bytes[0] = t.len() as u8;
        bytes[1..=t.len()].copy_from_slice(t);
    }
    let words = bytes.chunks_exact(8).map(|c| {
        let mut word = [0; 8];
        word.copy_from_slice(c);
        u64::from_le_bytes(word)
    });
    row.extend(words);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use zeek_anomaly_features::logs;

    /// Remembers what it was asked, and answers with the length.
    struct Asked(RefCell<Vec<Vec<u8>>>);

    impl Names for Asked {
        fn evidence(&self, label: &[u8]) -> Option<f64> {
            self.0.borrow_mut().push(label.to_vec());
            Some(label.len() as f64)
        }
    }

    #[test]
    fn labels_come_out_as_they_went_in() {
        let spec = Spec::Known(logs::by_name("dns").expect("dns has features"));
        let labels = Labels::of(&spec);
        assert_eq!(labels.words() % WORDS, 0);
        for label in [&b"a"[..], b"example", &[0xff; MAX_LABEL], &[7; 500]] {
            let mut row = vec![f64::NAN.to_bits(); spec.len() + 1];
            for i in 0..labels.0.len() {
                let cell = if i == 0 {
                    Cell::Text(label)
                } else {
                    Cell::Missing
                };
                put(&cell, &mut row);
            }
            let asked = Asked(RefCell::default());
            let mut told = Vec::new();
            labels.read(&mut row, &asked, |f, c| told.push((f, c.number_bits())));
            let read = &label[..label.len().min(MAX_LABEL)];
            assert_eq!(asked.0.take(), [read]);
            assert_eq!(row[labels.0[0]], (read.len() as f64).to_bits());
            assert!(told.iter().all(|(f, bits)| row[*f] == *bits));
        }
    }
}
