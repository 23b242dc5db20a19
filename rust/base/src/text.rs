//! Text from logs, made safe to show.

use std::fmt::Write;

/// Escapes what could change a terminal, a table or a reader's eye: control
/// characters, and the invisible ones that reorder text. A backslash stays.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
            // No characters at all: documents that hold them are not read.
            || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
            || ('\u{fdd0}'..='\u{fdef}').contains(&c);
        if c.is_ascii_control() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{:02x}", c as u32);
        } else if c.is_control() || invisible {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

/// Bytes as text: what is UTF-8 as it is, other bytes as `\xNN`.
pub fn from_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for b in chunk.invalid() {
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_reordering_do_not_get_through() {
        assert_eq!(printable("a\x1b[31mb\r\n\t"), "a\\x1b[31mb\\x0d\\x0a\\x09");
        assert_eq!(printable("x\u{202e}y\u{9b}z"), "x\\u{202e}y\\u{9b}z");
        assert_eq!(
            printable("a\u{61c}\u{fffe}\u{e0041}"),
            "a\\u{61c}\\u{fffe}\\u{e0041}"
        );
        assert_eq!(printable("naïve 日本"), "naïve 日本");
        assert_eq!(from_bytes(b"a\xff\xc3\xa9"), "a\\xffé");
    }
}
