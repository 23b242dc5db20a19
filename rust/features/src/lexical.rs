//! What a name looks like: entropy, alphabet, digits.

/// Shannon entropy of the bytes, in bits a byte (0 to 8).
pub fn entropy(text: &[u8]) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    let mut counts = [0u32; 256];
    for &b in text {
        counts[b as usize] += 1;
    }
    let n = text.len() as f64;
    counts
        .iter()
        .filter(|&&c| c > 0)
        .map(|&c| {
            let p = f64::from(c) / n;
            -p * p.log2()
        })
        .sum()
}

/// The share of bytes for which `f` holds; 0 for empty text.
pub fn share(text: &[u8], f: impl Fn(u8) -> bool) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    text.iter().filter(|&&b| f(b)).count() as f64 / text.len() as f64
}

/// The share of distinct bytes among all; 0 for empty text.
pub fn distinct_share(text: &[u8]) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    let mut seen = [false; 256];
    let mut n = 0u32;
    for &b in text {
        if !std::mem::replace(&mut seen[b as usize], true) {
            n += 1;
        }
    }
    f64::from(n) / text.len() as f64
}

/// Whether a name of a host is an address instead, with or without a port: of digits, dots and
/// colons only, or in brackets.
pub fn is_address(name: &[u8]) -> bool {
    let of_v4 = |b: &u8| b.is_ascii_digit() || b".:".contains(b);
    name.starts_with(b"[") || (!name.is_empty() && name.iter().all(of_v4))
}

/// Whether the byte is an ASCII vowel.
pub fn is_vowel(b: u8) -> bool {
    matches!(
        b.to_ascii_lowercase(),
        b'a' | b'e' | b'i' | b'o' | b'u' | b'y'
    )
}

/// The longest run of consonants.
pub fn longest_consonant_run(text: &[u8]) -> usize {
    let (mut best, mut run) = (0, 0);
    for &b in text {
        run = if b.is_ascii_alphabetic() && !is_vowel(b) {
            run + 1
        } else {
            0
        };
        best = best.max(run);
    }
    best
}

/// The last label of a name, without a dot at its end; `None` where there is only one.
pub fn last_label(name: &[u8]) -> Option<&[u8]> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    memrchr_dot(name).map(|i| &name[i + 1..])
}

/// The last `n` labels of a name.
pub fn last_labels(name: &[u8], n: usize) -> &[u8] {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let mut end = name.len();
    for _ in 0..n {
        match memrchr_dot(&name[..end]) {
            Some(i) => end = i,
            None => return name,
        }
    }
    &name[end + 1..]
}

/// The label that somebody chose freely: the longest one before the last.
pub fn longest_label(name: &[u8]) -> &[u8] {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let head = memrchr_dot(name).map_or(name, |i| &name[..i]);
    head.split(|&b| b == b'.')
        .max_by_key(|l| l.len())
        .unwrap_or(name)
}

fn memrchr_dot(s: &[u8]) -> Option<usize> {
    s.iter().rposition(|&b| b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_a_name() {
        assert_eq!(last_label(b"www.example.com."), Some(&b"com"[..]));
        assert_eq!(last_label(b"localhost"), None);
        assert_eq!(last_labels(b"a.b.example.com", 2), b"example.com");
        assert_eq!(last_labels(b"com", 2), b"com");
        assert_eq!(longest_label(b"aa.bbbb.c.com"), b"bbbb");
        assert_eq!(longest_label(b""), b"");
    }

    #[test]
    fn entropy_of_one_and_of_four_letters() {
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b"abcd"), 2.0);
        assert_eq!(distinct_share(b"aabb"), 0.5);
        assert_eq!(longest_consonant_run(b"aqwrte"), 4);
    }
}
