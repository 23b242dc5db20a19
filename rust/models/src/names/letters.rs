//! The letters of names, and three of them in a row.

/// Letters that are told apart: `a` to `z` in either case, digits, `-`, `_`, all other bytes
/// as one, and the edge of a label.
pub(super) const LETTERS: usize = 40;

const HYPHEN: u8 = 36;
const UNDERSCORE: u8 = 37;

/// Any other byte.
pub(super) const OTHER: u8 = 38;

/// Before the first letter of a label and after its last.
pub(super) const EDGE: u8 = 39;

/// Three letters in a row: as many as there are.
pub(super) const TRIGRAMS: usize = LETTERS * LETTERS * LETTERS;

/// The longest part of a label that is read: DNS knows no longer ones.
pub const MAX_LABEL: usize = 63;

/// The letter that a byte is.
pub(super) fn letter(b: u8) -> u8 {
    match b {
        b'a'..=b'z' => b - b'a',
        b'A'..=b'Z' => b - b'A',
        b'0'..=b'9' => b - b'0' + 26,
        b'-' => HYPHEN,
        b'_' => UNDERSCORE,
        _ => OTHER,
    }
}

/// What is read of a label.
pub(super) fn read(label: &[u8]) -> &[u8] {
    &label[..label.len().min(MAX_LABEL)]
}

/// Where a letter after two others stands in a table of all.
pub(super) fn position(a: u8, b: u8, c: u8) -> usize {
    (usize::from(a) * LETTERS + usize::from(b)) * LETTERS + usize::from(c)
}

/// A label's letters with its end, each with the two before it, as positions.
pub(super) fn trigrams(label: &[u8]) -> impl Iterator<Item = usize> {
    let (mut a, mut b) = (EDGE, EDGE);
    let letters = read(label).iter().map(|x| letter(*x));
    letters.chain([EDGE]).map(move |c| {
        let at = position(a, b, c);
        (a, b) = (b, c);
        at
    })
}

/// A hash of a label that is the same in either case and on every machine (FNV-1a, with the
/// high half mixed into the low one).
pub(super) fn hash(label: &[u8]) -> u64 {
    let h = read(label).iter().fold(0xcbf2_9ce4_8422_2325u64, |h, x| {
        (h ^ u64::from(letter(*x))).wrapping_mul(0x0100_0000_01b3)
    });
    (h ^ h >> 32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_a_letter_and_every_position_is_in_the_table() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(all.iter().all(|b| usize::from(letter(*b)) < LETTERS));
        assert!(all.chunks(7).flat_map(trigrams).all(|at| at < TRIGRAMS));
        assert_eq!(trigrams(&[b'x'; 5000]).count(), MAX_LABEL + 1);
        assert_eq!(trigrams(b"").count(), 1);
        assert_eq!(hash(b"Example"), hash(b"eXAMPLE"));
        assert_ne!(hash(b"ab"), hash(b"ba"));
    }
}
