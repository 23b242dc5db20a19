//! One record a line, of JSON that is not written so.
//!
//! Exporters write arrays (`[{…},{…}]`), one object with the records in it (`{"hits":{"hits":[…]}}`, `{"records":[…]}`),
//! and objects that go over many lines. [`Records`] reads such a stream and gives each record as one line. It follows the
//! nesting of brackets and the limits of strings, and nothing else of JSON; what is no JSON then shows in the line.
//!
//! Memory is bounded: an object is held only until it is known to contain no array of records, and no more of it than the
//! longest line that is read.

use std::io::{self, Read};

/// Keys under which exporters write arrays of records.
const CONTAINERS: &[&[u8]] = &[
    b"hits",
    b"records",
    b"Records",
    b"results",
    b"result",
    b"rows",
    b"events",
    b"logEvents",
    b"logs",
    b"data",
    b"items",
    b"value",
    b"values",
    b"docs",
    b"documents",
    b"entries",
    b"messages",
    b"Messages",
];

/// How deep an array of records may lie in an object.
const DEEPEST: usize = 4;

/// The deepest nesting that is followed; what is deeper is no record of Zeek.
const MAX_NESTING: usize = 64;

/// Bytes taken at once.
const BLOCK: usize = 64 * 1024;

/// The longest key that is compared.
const MAX_KEY: usize = 16;

/// Follows the text byte by byte.
struct Scanner {
    /// The brackets that are open, and how many more there are within the innermost.
    open: Vec<u8>,
    deeper: usize,
    /// How many brackets are around the records: 0, or those of an array of records.
    base: usize,
    /// The records of an object were read; the rest of it is skipped.
    dropping: bool,
    in_string: bool,
    escaped: bool,
    /// The string that was read last, where it may be a key.
    key: Vec<u8>,
    /// An array has begun under a key of [`CONTAINERS`]; its first element decides.
    maybe: bool,
    line_begins: bool,
    /// The record, or the object that may hold records.
    held: Vec<u8>,
    longest: usize,
    /// Whole records.
    out: Vec<u8>,
}

impl Scanner {
    fn new(longest: usize) -> Scanner {
        Scanner {
            open: Vec::new(),
            deeper: 0,
            base: 0,
            dropping: false,
            in_string: false,
            escaped: false,
            key: Vec::new(),
            maybe: false,
            line_begins: true,
            held: Vec::new(),
            longest: longest.saturating_add(1),
            out: Vec::new(),
        }
    }

    fn hold(&mut self, c: u8) {
        // One byte more than the longest line is enough to be refused.
        if !self.dropping && self.held.len() < self.longest {
            self.held.push(c);
        }
    }

    /// The record is over, or broken.
    fn flush(&mut self) {
        if !self.held.trim_ascii().is_empty() {
            self.out.append(&mut self.held);
            self.out.push(b'\n');
        }
        self.held.clear();
    }

    /// Begins anew: what was open is broken.
    fn restart(&mut self) {
        self.flush();
        let base = self.base;
        self.open.truncate(base);
        self.deeper = 0;
        (self.in_string, self.escaped, self.maybe, self.dropping) = (false, false, false, false);
    }

    fn take(&mut self, c: u8) {
        let begins = std::mem::replace(&mut self.line_begins, c == b'\n');
        if self.in_string {
            match c {
                b'\n' => return self.restart(),
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ if self.key.len() <= MAX_KEY => self.key.push(c),
                _ => {}
            }
            return self.hold(c);
        }
        // An object cannot begin at the beginning of a line within an object: the record before it is cut off.
        if begins && c == b'{' && self.open.len() > self.base && self.open.last() == Some(&b'{') {
            self.restart();
        }
        if std::mem::take(&mut self.maybe) {
            match c {
                b'{' => {
                    self.base = self.open.len();
                    self.dropping = false;
                    self.held.clear();
                }
                b' ' | b'\t' | b'\r' | b'\n' => self.maybe = true,
                _ => {}
            }
        }
        match c {
            b'"' => {
                self.in_string = true;
                self.key.clear();
                self.hold(c);
            }
            b'{' | b'[' => {
                let top = self.open.is_empty() && c == b'[';
                match self.open.len() < MAX_NESTING {
                    true => self.open.push(c),
                    false => self.deeper += 1,
                }
                match top {
                    true => self.base = 1,
                    false => self.hold(c),
                }
                let known = CONTAINERS.contains(&self.key.as_slice());
                self.maybe = c == b'[' && self.base == 0 && self.open.len() <= DEEPEST + 1 && known;
            }
            b'}' | b']' if self.deeper > 0 => {
                self.deeper -= 1;
                self.hold(c);
            }
            b'}' | b']' => {
                let outside = self.open.len() <= self.base;
                self.open.pop();
                if outside {
                    // The array of records ends.
                    self.flush();
                    self.base = 0;
                    self.dropping = !self.open.is_empty();
                    return;
                }
                self.hold(c);
                if self.open.len() == self.base {
                    self.flush();
                    self.dropping = false;
                }
            }
            b',' if self.open.len() == self.base => self.flush(),
            b'\n' | b'\r' | b'\t' => self.hold(b' '),
            _ => self.hold(c),
        }
    }
}

/// Gives each record of a stream as a line.
pub(crate) struct Records {
    src: Box<dyn Read + Send>,
    scanner: Scanner,
    given: usize,
    block: Vec<u8>,
}

impl Records {
    pub(crate) fn new(src: Box<dyn Read + Send>, longest: usize) -> Records {
        Records {
            src,
            scanner: Scanner::new(longest),
            given: 0,
            block: vec![0; BLOCK],
        }
    }
}

impl Read for Records {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.scanner.out.len() {
            self.scanner.out.clear();
            self.given = 0;
            let n = self.src.read(&mut self.block)?;
            if n == 0 {
                // What is left was cut off; as a line of its own it is refused.
                self.scanner.flush();
                if self.scanner.out.is_empty() {
                    return Ok(0);
                }
                continue;
            }
            for c in self.block.iter().take(n) {
                self.scanner.take(*c);
            }
        }
        let ready = self.scanner.out.get(self.given..).unwrap_or_default();
        let n = ready.len().min(buf.len());
        buf[..n].copy_from_slice(&ready[..n]);
        self.given += n;
        Ok(n)
    }
}

/// Whether JSON that begins so is not one record a line. `line` is its first line, where that ends within the limit.
pub(crate) fn are_in(head: &[u8], line: Option<&[u8]>) -> bool {
    match head.trim_ascii_start().first() {
        Some(b'[') => true,
        Some(b'{') => match line {
            None => true,
            Some(line) => {
                serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err_and(|e| e.is_eof())
            }
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut out = String::new();
        let src = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        Records::new(src, 100).read_to_string(&mut out).unwrap();
        out.lines()
            .map(|l| l.split_whitespace().collect())
            .collect()
    }

    #[test]
    fn arrays_and_objects_with_arrays_give_their_records() {
        for text in [
            r#"[{"a":1},{"b":"]}"}]"#,
            "[\n  {\n \"a\": 1\n },\n {\"b\":\"]}\"}\n]\n",
            r#"{"took":3,"hits":{"total":{"value":2},"hits":[{"a":1},{"b":"]}"}]}}"#,
            "{\"records\": [\n{\"a\":1},\n{\"b\":\"]}\"}\n]}",
            "[{\"a\":1}]\n[{\"b\":\"]}\"}]\n",
            "{\n\"a\":\n1}\n{\"b\"\n:\"]}\"}",
        ] {
            assert_eq!(lines(text), [r#"{"a":1}"#, r#"{"b":"]}"}"#], "{text}");
        }
    }

    #[test]
    fn a_list_of_values_is_no_array_of_records() {
        let text = "{\n\"data\": [1, 2],\n\"a\": {\"values\": [\"x\"]}}";
        assert_eq!(lines(text), [r#"{"data":[1,2],"a":{"values":["x"]}}"#]);
    }

    #[test]
    fn a_record_that_is_cut_off_does_not_take_the_next_with_it() {
        let text = "{\"a\":\n{\"b\":1}\n{\"c\":\"x\n{\"d\":1}\n";
        let got = lines(text);
        assert!(got.contains(&r#"{"b":1}"#.to_owned()), "{got:?}");
        assert!(got.contains(&r#"{"d":1}"#.to_owned()), "{got:?}");
        assert_eq!(lines("[{\"a\":1},{\"b\":"), [r#"{"a":1}"#, r#"{"b":"#]);
    }

    #[test]
    fn a_record_without_an_end_is_held_up_to_the_limit() {
        let text = format!("{{\"a\":\"{}", "x".repeat(1_000_000));
        let mut records = Records::new(Box::new(io::Cursor::new(text.into_bytes())), 100);
        let mut out = Vec::new();
        records.read_to_end(&mut out).unwrap();
        assert!(out.len() <= 110);
        let deep = "[".repeat(1_000_000);
        let mut records = Records::new(Box::new(io::Cursor::new(deep.into_bytes())), 100);
        records.read_to_end(&mut out).unwrap();
        assert!(records.scanner.open.len() <= MAX_NESTING);
    }
}
