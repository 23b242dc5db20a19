//! One log that grows while it is read.
//!
//! [`Following`] holds one file open and hands out its rows as they become whole
//! lines. It notices what may happen to a file that another process writes:
//!
//! - it grows: only whole lines are taken, so a line that is being written is read once,
//!   when it is finished;
//! - it is renamed, moved or deleted (rotation): it stays open, so it is read to its
//!   end, and what has its name by then is another file ([`Identity`]);
//! - it is truncated, or replaced in place: it is read from its start.
//!
//! How far a file was read is a number of lines. That holds for a copy too, compressed
//! or not, wherever an archiver put it: [`Identity::head`] recognises it.

use crate::error::Error;
use crate::input::Input;
use crate::reader::{LogReader, Options, Row};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many of a file's first bytes tell it from others. Zeek's header names the second in
/// which it was opened; a JSON line has a time and a uid.
pub const HEAD: usize = 512;

/// Bytes taken at once.
const BLOCK: usize = 64 * 1024;

/// What tells one file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The device and the inode: the same file under another name.
    pub inode: (u64, u64),
    /// The first bytes, up to [`HEAD`]: the same content elsewhere.
    pub head: Vec<u8>,
}

impl Identity {
    /// Of a file that is open.
    fn of(file: &File) -> io::Result<Identity> {
        let m = file.metadata()?;
        let mut head = vec![0; HEAD];
        let mut have = 0;
        while have < HEAD {
            match file.read_at(&mut head[have..], have as u64) {
                Ok(0) => break,
                Ok(n) => have += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        head.truncate(have);
        Ok(Identity {
            inode: (m.dev(), m.ino()),
            head,
        })
    }

    /// Of what has this path now; an error where nothing has.
    pub fn at(path: &Path) -> io::Result<Identity> {
        Identity::of(&File::open(path)?)
    }

    /// Whether the content of `later` begins as this did when it was looked at.
    pub fn begins(&self, later: &[u8]) -> bool {
        !self.head.is_empty() && later.starts_with(&self.head)
    }
}

/// The first bytes of a log, decompressed where it is compressed; up to [`HEAD`].
pub fn head_of(path: &Path) -> io::Result<Vec<u8>> {
    let source = crate::source::open(Box::new(File::open(path)?))?;
    let mut head = Vec::with_capacity(HEAD);
    source.plain.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What became of a file since it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing, or it grew.
    None,
    /// It is shorter than what was read, or begins otherwise: it is read from its start.
    Rewritten,
    /// Its path leads to another file, or nowhere.
    Renamed,
}

/// Takes whole lines out of a file, as far as they go.
struct WholeLines {
    file: Arc<File>,
    /// Where in the file to read on.
    at: u64,
    /// The beginning of a line that is not whole yet, up to `longest` bytes of it.
    part: Vec<u8>,
    longest: usize,
    /// Whole lines that were not handed out yet.
    ready: VecDeque<u8>,
    /// Bytes of whole lines taken so far, for everybody to see.
    whole: Arc<AtomicU64>,
    /// Set when the file gets no more lines: what is left is one.
    last: Arc<AtomicBool>,
}

impl Read for WholeLines {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut block = [0; BLOCK];
        while self.ready.is_empty() {
            let n = match self.file.read_at(&mut block, self.at) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            self.at += n as u64;
            self.take(&block[..n]);
            if n == 0 {
                if self.last.load(Ordering::Relaxed) && !self.part.is_empty() {
                    self.take(b"\n");
                    continue;
                }
                return Ok(0);
            }
        }
        self.ready.read(buf)
    }
}

impl WholeLines {
    fn take(&mut self, bytes: &[u8]) {
        let Some(end) = memchr::memrchr(b'\n', bytes) else {
            self.keep(bytes);
            return;
        };
        let (whole, rest) = bytes.split_at(end + 1);
        // Of the line that began earlier, what was kept; a longer one is refused by
        // its length, and that needs no more of it.
        let first = memchr::memchr(b'\n', whole).unwrap_or(end);
        self.keep(&whole[..first]);
        self.ready.extend(self.part.drain(..));
        self.ready.extend(&whole[first..]);
        self.keep(rest);
        let at = self.at.saturating_sub(rest.len() as u64);
        self.whole.store(at, Ordering::Relaxed);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.longest.saturating_sub(self.part.len());
        self.part.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// One growing log.
#[derive(Debug)]
pub struct Following {
    input: Arc<Input>,
    identity: Identity,
    file: Arc<File>,
    reader: Option<LogReader>,
    whole: Arc<AtomicU64>,
    last: Arc<AtomicBool>,
    options: Options,
}

impl Following {
    /// Opens what has the input's path now.
    pub fn open(input: Arc<Input>, options: &Options) -> Result<Following, Error> {
        let failed = |cause| Error::Open {
            file: input.path.display().to_string(),
            cause,
        };
        let file = File::open(&input.path).map_err(failed)?;
        let identity = Identity::of(&file).map_err(failed)?;
        Ok(Following {
            identity,
            file: Arc::new(file),
            reader: None,
            whole: Arc::default(),
            last: Arc::default(),
            options: options.clone(),
            input,
        })
    }

    /// The input that was opened.
    pub fn input(&self) -> &Arc<Input> {
        &self.input
    }

    /// Which file this is. Its head grows while the file is shorter than [`HEAD`].
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Lines seen so far, and what became of them; `None` before the first.
    pub fn stats(&self) -> Option<&crate::Stats> {
        self.reader.as_ref().map(LogReader::stats)
    }

    /// The next row that is whole, or `None` until there are more.
    #[expect(
        clippy::should_implement_trait,
        reason = "a row borrows from its reader, which an Iterator's item cannot"
    )]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        if self.reader.is_none() {
            self.start()?;
        }
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        reader.resume();
        reader.next()
    }

    /// Makes a reader, once there is a line that tells the format.
    fn start(&mut self) -> Result<(), Error> {
        let lines = WholeLines {
            file: self.file.clone(),
            at: 0,
            part: Vec::new(),
            // One more than is read: enough to be refused.
            longest: self.options.max_line.saturating_add(1),
            ready: VecDeque::new(),
            whole: self.whole.clone(),
            last: self.last.clone(),
        };
        let name = self.input.path.display().to_string();
        match LogReader::from_reader(
            Box::new(lines),
            &name,
            self.input.log.as_deref(),
            &self.options,
        ) {
            Ok(reader) => self.reader = Some(reader),
            // Nothing but blank lines yet.
            Err(Error::Empty { .. }) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Takes the first bytes of a file that had none when it was opened: without them the next run does not know it.
    pub(super) fn take_head(&mut self) {
        if self.identity.head.is_empty()
            && let Ok(now) = Identity::of(&self.file)
        {
            self.identity = now;
        }
    }

    /// Looks at what became of the file. After [`Change::Rewritten`] it is read from its
    /// start again.
    pub fn look(&mut self) -> io::Result<Change> {
        let now = Identity::of(&self.file)?;
        let shorter = self.file.metadata()?.len() < self.whole.load(Ordering::Relaxed);
        if shorter || !now.head.starts_with(&self.identity.head) {
            self.identity = now;
            self.reader = None;
            self.whole.store(0, Ordering::Relaxed);
            return Ok(Change::Rewritten);
        }
        self.identity = now;
        match std::fs::metadata(&self.input.path) {
            Ok(m) if (m.dev(), m.ino()) == self.identity.inode => Ok(Change::None),
            Ok(_) => Ok(Change::Renamed),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Change::Renamed),
            Err(e) => Err(e),
        }
    }

    /// Nobody writes to the file any more: what stands after its last line break is a
    /// line too.
    pub fn close(&mut self) {
        self.last.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const HEADER: &str = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n";

    fn queries(f: &mut Following) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(row) = f.next().unwrap() {
            let text = row.record.get(1).text().unwrap_or_default();
            out.push(String::from_utf8_lossy(text).into_owned());
        }
        out
    }

    fn open(path: &Path) -> Following {
        Following::open(Arc::new(Input::new(path)), &Options::default()).unwrap()
    }

    #[test]
    fn lines_are_taken_once_they_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dns.log");
        let mut out = File::create(&path).unwrap();
        let mut f = open(&path);
        assert!(queries(&mut f).is_empty());
        write!(out, "{HEADER}1.0\ta.te").unwrap();
        assert!(queries(&mut f).is_empty());
        write!(out, "st\n2.0\tb.test\n3.0").unwrap();
        assert_eq!(queries(&mut f), ["a.test", "b.test"]);
        assert_eq!(f.look().unwrap(), Change::None);
        write!(out, "\tc.test").unwrap();
        assert!(queries(&mut f).is_empty());
        f.close();
        assert_eq!(queries(&mut f), ["c.test"]);
        assert_eq!(f.stats().unwrap().lines, 7);
    }

    #[test]
    fn a_renamed_file_is_read_to_its_end_and_known_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dns.log");
        let mut out = File::create(&path).unwrap();
        writeln!(out, "{HEADER}1.0\ta.test").unwrap();
        let mut f = open(&path);
        assert_eq!(queries(&mut f), ["a.test"]);
        let moved = dir.path().join("dns-26-11-20_10.00.00.log");
        std::fs::rename(&path, &moved).unwrap();
        writeln!(out, "2.0\tb.test").unwrap();
        assert_eq!(f.look().unwrap(), Change::Renamed);
        std::fs::write(&path, HEADER).unwrap();
        assert_eq!(f.look().unwrap(), Change::Renamed);
        assert_eq!(queries(&mut f), ["b.test"]);
        let archived = dir.path().join("dns.10:00:00-11:00:00.log.gz");
        let mut gz = flate2::write::GzEncoder::new(
            File::create(&archived).unwrap(),
            flate2::Compression::default(),
        );
        gz.write_all(&std::fs::read(&moved).unwrap()).unwrap();
        gz.finish().unwrap();
        assert!(f.identity().begins(&head_of(&archived).unwrap()));
        assert!(!f.identity().begins(b"something else"));
    }

    #[test]
    fn what_is_truncated_or_replaced_in_place_is_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dns.log");
        std::fs::write(&path, format!("{HEADER}1.0\ta.test\n2.0\tb.test\n")).unwrap();
        let mut f = open(&path);
        assert_eq!(queries(&mut f), ["a.test", "b.test"]);
        std::fs::write(&path, format!("{HEADER}3.0\tc.test\n")).unwrap();
        assert_eq!(f.look().unwrap(), Change::Rewritten);
        assert_eq!(queries(&mut f), ["c.test"]);
        // Longer than before, and begins otherwise.
        let more = format!("# another\n{HEADER}4.0\td.test\n5.0\te.test\n6.0\tf.test\n");
        std::fs::write(&path, more).unwrap();
        assert_eq!(f.look().unwrap(), Change::Rewritten);
        assert_eq!(queries(&mut f), ["d.test", "e.test", "f.test"]);
    }

    #[test]
    fn a_line_without_an_end_costs_no_memory_and_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dns.log");
        let mut out = File::create(&path).unwrap();
        let options = Options {
            max_line: 1000,
            ..Options::default()
        };
        let mut f = Following::open(Arc::new(Input::new(&path)), &options).unwrap();
        writeln!(out, "{HEADER}1.0\ta.test").unwrap();
        assert_eq!(queries(&mut f), ["a.test"]);
        for _ in 0..100 {
            out.write_all(&[b'x'; BLOCK]).unwrap();
            assert!(queries(&mut f).is_empty());
        }
        write!(out, "\n2.0\tb.test\n").unwrap();
        assert_eq!(queries(&mut f), ["b.test"]);
        let stats = f.stats().unwrap();
        assert_eq!((stats.lines, stats.rows, stats.refused), (7, 2, 1));
    }
}
