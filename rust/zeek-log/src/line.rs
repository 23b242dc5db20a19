//! Lines of a stream, without copying and without trusting their length.
//!
//! The buffer holds one block of the stream, and a line is a range of it. It
//! grows only as far as the longest line that is allowed; a longer one is let
//! go piece by piece, so a file without a line break costs no memory.

use std::io::{self, Read};
use std::ops::Range;

const BLOCK: usize = 256 * 1024;

/// What the next line is.
#[derive(Debug)]
pub(crate) enum Step {
    /// A line, without its line break, as a range for [`Lines::get`].
    Line(Range<usize>),
    /// A line beyond the limit, which was skipped whole.
    TooLong,
    /// What was left when reading failed; the next step is the error.
    CutOff,
    /// The end.
    End,
}

pub(crate) struct Lines {
    src: Box<dyn Read + Send>,
    buf: Vec<u8>,
    /// The unread part of `buf`, and how much of it holds no line break.
    start: usize,
    end: usize,
    scanned: usize,
    max: usize,
    eof: bool,
    failed: Option<io::Error>,
}

impl Lines {
    pub(crate) fn new(src: Box<dyn Read + Send>, max: usize) -> Lines {
        Lines {
            src,
            buf: vec![0; BLOCK],
            start: 0,
            end: 0,
            scanned: 0,
            // Ranges of a record's texts are 32 bits wide.
            max: max.clamp(1, 64 << 20),
            eof: false,
            failed: None,
        }
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn get(&self, range: Range<usize>) -> &[u8] {
        self.buf.get(range).unwrap_or_default()
    }

    /// How the unread part begins: up to its first line break, or some
    /// hundred bytes, or what there is.
    pub(crate) fn head(&mut self) -> &[u8] {
        const HEAD: usize = 512;
        while !self.eof
            && self.end - self.start < HEAD
            && !self.buf[self.start..self.end].contains(&b'\n')
        {
            self.fill();
        }
        &self.buf[self.start..self.end.min(self.start + HEAD)]
    }

    /// The first line of the unread part, or what there is where no line break follows; `None` where that is longer than
    /// the limit.
    pub(crate) fn first_line(&mut self) -> Option<&[u8]> {
        loop {
            let unread = &self.buf[self.start..self.end];
            let end = memchr::memchr(b'\n', unread);
            if end.unwrap_or(unread.len()) > self.max {
                return None;
            }
            if end.is_some() || self.eof {
                let end = end.map_or(self.end, |at| self.start + at);
                return Some(&self.buf[self.start..end]);
            }
            self.fill();
        }
    }

    /// Puts an adapter between the unread part, with all that follows, and the lines.
    pub(crate) fn wrap(
        &mut self,
        adapter: impl FnOnce(Box<dyn Read + Send>, usize) -> Box<dyn Read + Send>,
    ) {
        let unread = self.buf[self.start..self.end].to_vec();
        let rest = std::mem::replace(&mut self.src, Box::new(io::empty()));
        // What failed already fails again at its place.
        let failed = Failing(self.failed.take());
        let whole = io::Cursor::new(unread).chain(failed).chain(rest);
        (self.start, self.end, self.scanned, self.eof) = (0, 0, 0, false);
        self.src = adapter(Box::new(whole), self.max);
    }

    /// Gives the line of the last step back: the next step is the same line.
    pub(crate) fn unread(&mut self, range: &Range<usize>) {
        self.start = range.start;
        self.scanned = 0;
    }

    /// Forgets that the end was reached: the source may have more by now.
    pub(crate) fn resume(&mut self) {
        if self.failed.is_none() {
            self.eof = false;
        }
    }

    /// The next line. An error is given once; after it comes the end.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        let mut skipping = false;
        loop {
            let from = self.start + self.scanned;
            if let Some(at) = memchr::memchr(b'\n', &self.buf[from..self.end]) {
                let line = self.start..from + at;
                self.start = from + at + 1;
                self.scanned = 0;
                if skipping || line.len() > self.max {
                    return Ok(Step::TooLong);
                }
                return Ok(Step::Line(line));
            }
            self.scanned = self.end - self.start;
            if self.scanned > self.max {
                skipping = true;
            }
            if skipping {
                self.start = self.end;
                self.scanned = 0;
            }
            if self.eof {
                let line = self.start..self.end;
                self.start = self.end;
                self.scanned = 0;
                let rest = skipping || !line.is_empty();
                return match self.failed.take() {
                    Some(e) if rest => {
                        self.failed = Some(e);
                        Ok(Step::CutOff)
                    }
                    Some(e) => Err(e),
                    None if skipping => Ok(Step::TooLong),
                    None if rest => Ok(Step::Line(line)),
                    None => Ok(Step::End),
                };
            }
            self.fill();
        }
    }

    /// Reads once, or notes the end.
    fn fill(&mut self) {
        if self.start > 0 && (self.start == self.end || self.end == self.buf.len()) {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buf.len() {
            self.buf.resize(self.buf.len() * 2, 0);
        }
        while !self.eof {
            match self.src.read(&mut self.buf[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => {
                    // A reader that claims more than there was room for lies.
                    self.end = (self.end + n).min(self.buf.len());
                    return;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.failed = Some(e);
                    self.eof = true;
                }
            }
        }
    }
}

/// Fails once, where there is an error, and is at its end then.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its text a few bytes at a time, then an error if there is one.
    struct Drip(Vec<u8>, usize, Option<io::ErrorKind>);

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(out.len());
            if n == 0 {
                return self.2.take().map_or(Ok(0), |k| Err(k.into()));
            }
            out[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    fn all(text: &[u8], step: usize, max: usize, err: Option<io::ErrorKind>) -> Vec<String> {
        let mut lines = Lines::new(Box::new(Drip(text.to_vec(), step, err)), max);
        let mut out = Vec::new();
        loop {
            match lines.step() {
                Ok(Step::Line(r)) => out.push(String::from_utf8_lossy(lines.get(r)).into_owned()),
                Ok(Step::TooLong) => out.push("<too long>".into()),
                Ok(Step::CutOff) => out.push("<cut off>".into()),
                Ok(Step::End) => return out,
                Err(e) => out.push(format!("<{:?}>", e.kind())),
            }
        }
    }

    #[test]
    fn lines_come_whole_however_the_bytes_arrive() {
        for step in [1, 2, 3, 7, 100] {
            assert_eq!(
                all(b"a\n\nbcd\nlast", step, 10, None),
                ["a", "", "bcd", "last"]
            );
            assert_eq!(all(b"a\n", step, 10, None), ["a"]);
            assert_eq!(all(b"", step, 10, None), [""; 0]);
        }
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_one_is_whole() {
        for step in [1, 2, 3, 7, 100] {
            assert_eq!(
                all(b"12345\n123456\n1\n1234567890", step, 5, None),
                ["12345", "<too long>", "1", "<too long>"]
            );
        }
    }

    #[test]
    fn a_huge_line_does_not_grow_the_buffer() {
        let text = vec![b'x'; 8 * BLOCK];
        let mut lines = Lines::new(Box::new(io::Cursor::new(text)), 1000);
        assert!(matches!(lines.step(), Ok(Step::TooLong)));
        assert!(matches!(lines.step(), Ok(Step::End)));
        assert_eq!(lines.buf.len(), BLOCK);
    }

    #[test]
    fn what_is_left_when_reading_fails_is_one_cut_off_line() {
        let err = Some(io::ErrorKind::UnexpectedEof);
        assert_eq!(
            all(b"a\nb", 2, 9, err),
            ["a", "<cut off>", "<UnexpectedEof>"]
        );
        assert_eq!(all(b"a\n", 2, 9, err), ["a", "<UnexpectedEof>"]);
        assert_eq!(
            all(b"a\n1234567", 2, 3, err),
            ["a", "<cut off>", "<UnexpectedEof>"]
        );
    }
}
