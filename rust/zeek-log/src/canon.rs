//! The one form of a value, whichever writer it came through.
//!
//! The same Zeek record is rendered differently by the TSV writer (six
//! decimals, `\xNN` for bytes that do not print), by the JSON writer (all
//! digits, a literal `\xNN` for bytes that are not UTF-8), and not at all
//! when it is handed over in process. A score must not depend on that, so every
//! value is brought to what all three can hold: numbers with six decimals,
//! text with each `\xNN` turned into the byte it stands for.

/// Rounds to the six decimals that Zeek's TSV writer prints, half to even on
/// the exact binary value as `printf("%.6f")` does. `None` for NaN and infinities.
///
/// Source: `Formatter::Render(double)` and `double_to_str` in Zeek 8.2.
pub fn decimals(v: f64) -> Option<f64> {
    if !v.is_finite() {
        return None;
    }
    let scaled = v * 1e6;
    // From 2^51 / 1e6 on there are not six exact decimals to keep; the text
    // form has them all the same, and reads back as the same number.
    if scaled.abs() < (1u64 << 51) as f64 {
        let whole = nearest(scaled) as f64;
        // The product is off by at most half of its last bit, which is at most 1/8 here: only so near a half
        // can the rounded product differ from the rounded value.
        let off = scaled.abs() * (f64::EPSILON / 2.0);
        if (scaled - whole).abs() < (0.5 - off).max(0.36) {
            return Some(whole / 1e6 + 0.0);
        }
    }
    // Rust formats floats exactly and rounds half to even, as C does.
    format!("{v:.6}").parse().ok().map(|r: f64| r + 0.0)
}

/// Beyond the end of the year 9999, in seconds: the last that a certificate may name. A time from here on is in parts
/// of seconds.
pub(crate) const PARTS: f64 = 2.6e11;

/// Seconds since the epoch from seconds, milliseconds, microseconds or nanoseconds: whichever of them gives a date
/// between 1978 and the year 10,000. No moment that a log holds is outside of that in its own unit.
pub fn epoch(v: f64) -> f64 {
    match v {
        v if v < PARTS => v,
        v if v < PARTS * 1e3 => v / 1e3,
        v if v < PARTS * 1e6 => v / 1e6,
        v => v / 1e9,
    }
}

/// The nearest whole number, halves away from zero, as [`f64::round`] has it: that is a call where this is
/// a few instructions. Saturates, and makes 0 of NaN, as `as` does.
pub fn nearest(v: f64) -> i64 {
    let whole = v as i64;
    let left = v - whole as f64;
    whole.saturating_add(i64::from(left >= 0.5) - i64::from(left <= -0.5))
}

/// Appends `text` to `out` with each `\xNN` turned into its byte, once, and
/// stops when `max` bytes were appended. Other backslashes stay.
///
/// It does not matter whether a writer escaped a byte: escaped or raw, the
/// result is the raw byte.
pub fn unescape(text: &[u8], max: usize, out: &mut Vec<u8>) {
    if memchr::memchr(b'\\', text).is_none() {
        out.extend_from_slice(&text[..text.len().min(max)]);
        return;
    }
    let mut left = max;
    let mut i = 0;
    while i < text.len() && left > 0 {
        let hex = |k: usize| text.get(k).and_then(|c| (*c as char).to_digit(16));
        if text[i] == b'\\'
            && text.get(i + 1) == Some(&b'x')
            && let (Some(h), Some(l)) = (hex(i + 2), hex(i + 3))
        {
            out.push((h * 16 + l) as u8);
            i += 4;
            left -= 1;
            continue;
        }
        out.push(text[i]);
        i += 1;
        left -= 1;
    }
}

/// Parses a finite decimal number; `None` for anything else (also for `nan`,
/// `inf` and an empty text).
pub fn parse_number(text: &[u8]) -> Option<f64> {
    let first = *text.first()?;
    if !(first.is_ascii_digit() || first == b'-' || first == b'+' || first == b'.') {
        return None;
    }
    std::str::from_utf8(text)
        .ok()?
        .parse::<f64>()
        .ok()
        .filter(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_what_round_gives() {
        let halves = (-9..9).map(|i| f64::from(i) / 2.0);
        let odd = [
            0.499_999_999_999_999_94,
            1e300,
            -1e300,
            f64::INFINITY,
            f64::NAN,
            4.5e15 + 0.5,
            -0.3,
        ];
        for v in halves.chain(odd) {
            assert_eq!(nearest(v), v.round() as i64, "{v}");
        }
    }

    #[test]
    fn decimals_equal_the_printed_text() {
        let mut x = 0x9e37_79b9_7f4a_7c15_u64;
        for i in 0..200_000 {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            let v = match i % 4 {
                0 => 1.6e9 + (x % 1_000_000_000) as f64 / 1e9,
                1 => (x % 1_000_000) as f64 * 5e-7,
                2 => (x as f64) / 1e12,
                _ => -((x % 4096) as f64) / 2048.0 * 1e-3,
            };
            let printed: f64 = format!("{v:.6}").parse().unwrap();
            assert_eq!(decimals(v), Some(printed), "{v:?}");
        }
        assert_eq!(decimals(f64::NAN), None);
        assert_eq!(decimals(1e300), Some(1e300));
        assert_eq!(
            decimals(-1e-9).map(f64::to_bits),
            Some(0),
            "no negative zero"
        );
    }

    #[test]
    fn escaped_and_raw_text_are_the_same() {
        let text = |t: &[u8]| {
            let mut out = Vec::new();
            unescape(t, 1024, &mut out);
            out
        };
        assert_eq!(text(b"a\\xffb"), b"a\xffb");
        assert_eq!(text(b"a\xffb"), b"a\xffb");
        assert_eq!(text(b"C:\\dir\\x"), b"C:\\dir\\x");
        assert_eq!(text(b"\\xZZ\\x4"), b"\\xZZ\\x4");
        let mut out = Vec::new();
        unescape(b"\\x41\\x42\\x43", 2, &mut out);
        assert_eq!(out, b"AB");
    }
}
