//! One input, from its first byte to its last row.
//!
//! [`LogReader`] finds out what it was given (compressed or not, TSV or JSON,
//! by content and never by name), then hands out one row at a time. It holds
//! one block of the file and one record, whatever the file's length.

use crate::error::{Error, Reason, shown};
use crate::input::Input;
use crate::json::Json;
use crate::line::{Lines, Step};
use crate::names;
use crate::record::{Record, RecordBuf};
use crate::records::{self, Records};
use crate::schema::Schema;
use crate::source::{self, Compression};
use crate::stats::{Odd, Stats};
use crate::tsv::{self, Tsv};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest line, in bytes, that is read; a longer one is refused without
    /// being held in memory. At most 64 MiB.
    pub max_line: usize,
    /// How many refusals [`Stats::refusals`] keeps in full.
    pub keep_refusals: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_line: 1 << 20,
            keep_refusals: 5,
        }
    }
}

/// One row, borrowed from its reader until the next is read.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The columns. [`Schema::log`] says which log the row belongs to; in a
    /// combined stream that changes from row to row.
    pub schema: &'a Arc<Schema>,
    /// Names this very schema and no other, in this process: compare it with the
    /// last row's to learn whether the columns are still the same. When a JSON
    /// log brings a new key its schema grows, at its end, under a new id.
    pub schema_id: u64,
    /// The values, in the order of the schema's fields.
    pub record: Record<'a>,
    /// The line's number, from 1.
    pub line: u64,
}

/// What belongs to a row but its record.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// As in [`Row::schema`].
    pub schema: &'a Arc<Schema>,
    /// As in [`Row::schema_id`].
    pub schema_id: u64,
    /// As in [`Row::line`].
    pub line: u64,
}

/// A schema under the id that names it.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) schema: Arc<Schema>,
    pub(crate) id: u64,
}

impl Shape {
    pub(crate) fn new(schema: Schema) -> Shape {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Shape {
            schema: Arc::new(schema),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// What is known of the log's name before its content is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guess {
    /// The name that the file's name gives away.
    pub(crate) log: Option<String>,
    /// What to call the log if nothing gives its name away.
    pub(crate) stem: String,
}

impl Guess {
    pub(crate) fn name(&self) -> String {
        self.log.clone().unwrap_or_else(|| self.stem.clone())
    }

    /// The log that the content names. Where the file's name says that its records are of open connections, they are,
    /// though the content may call them by the name of the log that they will be in when they have ended.
    pub(crate) fn resolve(&self, named: &str) -> String {
        let named = names::canonical(named);
        match &self.log {
            Some(log) if names::is_interim(log) && log.strip_suffix("_open") == Some(named) => {
                log.clone()
            }
            _ => named.to_owned(),
        }
    }
}

enum Format {
    Tsv(Tsv),
    Json(Json),
}

/// Reads the rows of one input.
pub struct LogReader {
    file: String,
    lines: Lines,
    format: Format,
    compression: Compression,
    taken: Arc<AtomicU64>,
    record: RecordBuf,
    stats: Stats,
    keep: usize,
    done: bool,
    /// The schema of the last row, and where it has the time.
    time: (u64, Option<usize>),
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader")
            .field("file", &self.file)
            .field("compression", &self.compression)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl LogReader {
    /// Opens a file, or standard input where the path is `-`.
    pub fn open(input: &Input, options: &Options) -> Result<LogReader, Error> {
        if input.is_stdin() {
            return LogReader::from_input(Box::new(io::stdin()), input, options);
        }
        let file = LogReader::open_file(input)?;
        LogReader::from_input(Box::new(file), input, options)
    }

    /// Opens the file of an input, which has to be one that can be read.
    pub(crate) fn open_file(input: &Input) -> Result<File, Error> {
        let name = || input.name();
        let failed = |cause| Error::Open {
            file: name(),
            cause,
        };
        let file = File::open(&input.path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(Error::Directory { file: name() });
        }
        Ok(file)
    }

    /// Reads an input from its open file.
    pub(crate) fn from_input(
        reader: Box<dyn Read + Send>,
        input: &Input,
        options: &Options,
    ) -> Result<LogReader, Error> {
        LogReader::from_reader(reader, &input.name(), input.log.as_deref(), options)
    }

    /// Reads from any stream. `name` is what messages call it; `log` names the log
    /// if the content does not, and if neither does, `name`'s stem is used.
    pub fn from_reader(
        reader: Box<dyn Read + Send>,
        name: &str,
        log: Option<&str>,
        options: &Options,
    ) -> Result<LogReader, Error> {
        let source = source::open(reader).map_err(|cause| Error::Read {
            file: name.to_owned(),
            line: 0,
            cause,
        })?;
        let base = Path::new(name)
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let stem = match base.split('.').next() {
            Some(stem) if !stem.is_empty() && !stem.contains(' ') => stem.to_owned(),
            _ => "unknown".to_owned(),
        };
        let log = log.or_else(|| names::log_of_file(&base)).map(str::to_owned);
        let guess = Guess { log, stem };
        let mut this = LogReader {
            file: name.to_owned(),
            lines: Lines::new(source.plain, options.max_line),
            format: Format::Tsv(Tsv::new(guess.clone())),
            compression: source.compression,
            taken: source.taken,
            record: RecordBuf::new(),
            stats: Stats::default(),
            keep: options.keep_refusals,
            done: false,
            time: (0, None),
        };
        this.find_format(guess)?;
        Ok(this)
    }

    /// Decides by the first line that is not blank, and leaves it unread.
    fn find_format(&mut self, guess: Guess) -> Result<(), Error> {
        if let Some(what) = binary(self.lines.head()) {
            let file = self.file.clone();
            return Err(Error::Binary { file, what });
        }
        let mut head = self.lines.head();
        head = head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(head)
            .trim_ascii_start();
        if matches!(head.first(), Some(b'[' | b'{')) {
            let head = [head[0]];
            if records::are_in(&head, self.lines.first_line()) {
                self.lines
                    .wrap(|rest, longest| Box::new(Records::new(rest, longest)));
                self.stats.by_record = true;
            }
        }
        loop {
            let range = match self.lines.step() {
                Ok(Step::Line(range)) => range,
                Ok(Step::TooLong) => {
                    self.too_long();
                    continue;
                }
                Ok(Step::CutOff) => {
                    self.cut_off();
                    continue;
                }
                Ok(Step::End) => {
                    let file = self.file.clone();
                    return Err(match self.stats.refusals.first() {
                        Some(r) => Error::NotALog {
                            file,
                            line: r.line,
                            found: r.reason.to_string(),
                        },
                        None => Error::Empty { file },
                    });
                }
                Err(e) => return Err(self.broken(e)),
            };
            let line = self.lines.get(range.clone());
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            let text = line.trim_ascii();
            match text.first() {
                None => {
                    self.stats.lines += 1;
                    self.stats.blank += 1;
                    continue;
                }
                Some(b'{') => self.format = Format::Json(Json::new(guess)),
                Some(b'#') if !tsv::is_directive(text) => {
                    self.stats.lines += 1;
                    self.stats.comments += 1;
                    continue;
                }
                Some(b'#') => {}
                Some(_) => {
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    let conn = match &mut self.format {
                        Format::Tsv(tsv) => tsv.assume_conn(line),
                        Format::Json(_) => false,
                    };
                    if !conn && crate::json::after_prefix(line).is_some() {
                        self.format = Format::Json(Json::new(guess));
                    } else if !conn {
                        return Err(Error::NotALog {
                            file: self.file.clone(),
                            line: self.stats.lines + 1,
                            found: shown(text),
                        });
                    }
                }
            }
            self.lines.unread(&range);
            return Ok(());
        }
    }

    /// The next row, or `None` at the end. Bad lines are skipped and counted in
    /// [`LogReader::stats`]; an error means that the input ended before its time,
    /// is given once, and leaves the rows before it good.
    #[expect(
        clippy::should_implement_trait,
        reason = "a row borrows from its reader, which an Iterator's item cannot"
    )]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        let shape = match &self.format {
            Format::Tsv(tsv) => tsv.shape(),
            Format::Json(json) => json.shape(),
        };
        Ok(shape.map(|shape| Row {
            schema: &shape.schema,
            schema_id: shape.id,
            record: self.record.record(),
            line: self.stats.lines,
        }))
    }

    /// The same with the record in memory of the caller's, in exchange for what was there.
    ///
    /// # Errors
    /// As for [`LogReader::next`].
    pub fn next_into(&mut self, record: &mut RecordBuf) -> Result<Option<Head<'_>>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        std::mem::swap(&mut self.record, record);
        let shape = match &self.format {
            Format::Tsv(tsv) => tsv.shape(),
            Format::Json(json) => json.shape(),
        };
        Ok(shape.map(|shape| Head {
            schema: &shape.schema,
            schema_id: shape.id,
            line: self.stats.lines,
        }))
    }

    /// Reads on after the end, where the stream has grown: the next call of
    /// [`LogReader::next`] asks it again. Meant for streams that end only after whole
    /// lines; of any other, the part of a line that was the last is a line of its own.
    pub fn resume(&mut self) {
        self.lines.resume();
        self.done = false;
    }

    /// Reads lines until one is a row.
    fn advance(&mut self) -> Result<bool, Error> {
        while !self.done {
            let outcome = match self.more_of_line() {
                Some(outcome) => outcome,
                None => match self.next_line()? {
                    Some(outcome) => outcome,
                    None => continue,
                },
            };
            match outcome {
                tsv::Line::Row => {
                    self.stats.rows += 1;
                    self.look_at_time();
                    return Ok(true);
                }
                tsv::Line::Header => self.stats.headers += 1,
                tsv::Line::Comment => self.stats.comments += 1,
                tsv::Line::Refused(Reason::BlanksForTabs) if self.stats.rows == 0 => {
                    self.done = true;
                    let (file, line) = (self.file.clone(), self.stats.lines);
                    self.stats.refuse(line, Reason::BlanksForTabs, self.keep);
                    return Err(Error::BlanksForTabs { file, line });
                }
                tsv::Line::Refused(reason) => {
                    self.stats.refuse(self.stats.lines, reason, self.keep);
                }
            }
        }
        Ok(false)
    }

    /// The next record of the line that was read last, where it holds several.
    #[inline]
    fn more_of_line(&mut self) -> Option<tsv::Line> {
        let Format::Json(json) = &mut self.format else {
            return None;
        };
        let outcome = json.more(&mut self.record, &mut self.stats, self.keep)?;
        self.stats.several += 1;
        Some(outcome)
    }

    /// What the next line is; `None` where it is blank or there is none.
    fn next_line(&mut self) -> Result<Option<tsv::Line>, Error> {
        let range = match self.lines.step() {
            Ok(Step::Line(range)) => range,
            Ok(Step::TooLong) => {
                self.too_long();
                return Ok(None);
            }
            Ok(Step::CutOff) => {
                self.cut_off();
                return Ok(None);
            }
            Ok(Step::End) => {
                self.done = true;
                return Ok(None);
            }
            Err(e) => {
                self.done = true;
                return Err(self.broken(e));
            }
        };
        self.stats.lines += 1;
        let line = self.lines.get(range);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii_start().is_empty() {
            self.stats.blank += 1;
            return Ok(None);
        }
        Ok(Some(match &mut self.format {
            Format::Tsv(tsv) => {
                let mut odd = Odd {
                    line: self.stats.lines,
                    stats: &mut self.stats,
                    keep: self.keep,
                };
                tsv.line(line, &mut self.record, &mut odd)
            }
            Format::Json(json) => json.line(line, &mut self.record, &mut self.stats, self.keep),
        }))
    }

    /// Counts the row if it has no time.
    #[inline]
    fn look_at_time(&mut self) {
        let shape = match &self.format {
            Format::Tsv(tsv) => tsv.shape(),
            Format::Json(json) => json.shape(),
        };
        let Some(shape) = shape else { return };
        if shape.id != self.time.0 {
            self.time = (shape.id, shape.schema.position("ts"));
        }
        let record = self.record.record();
        let has = self
            .time
            .1
            .is_some_and(|at| record.get(at).number().is_some());
        self.stats.without_time += u64::from(!has);
    }

    fn too_long(&mut self) {
        self.stats.lines += 1;
        let limit = self.lines.max();
        self.stats
            .refuse(self.stats.lines, Reason::TooLong { limit }, self.keep);
    }

    fn cut_off(&mut self) {
        self.stats.lines += 1;
        self.stats
            .refuse(self.stats.lines, Reason::CutOff, self.keep);
    }

    fn broken(&self, cause: io::Error) -> Error {
        let (file, line) = (self.file.clone(), self.stats.lines);
        let format = self.compression.name();
        // zstd has no kind of its own for it.
        if cause.kind() == io::ErrorKind::OutOfMemory
            || cause.to_string().contains("too much memory")
        {
            let tool = match self.compression {
                Compression::Xz => "xz -d",
                _ => "zstd -d --long=31",
            };
            return Error::TooMuchMemory { file, format, tool };
        }
        match (self.compression, cause.kind()) {
            (Compression::None, _) => Error::Read { file, line, cause },
            (_, io::ErrorKind::UnexpectedEof) => Error::Truncated { file, line, format },
            // Decompressors say `InvalidData`, `InvalidInput` or `Other`.
            (
                _,
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other,
            ) => Error::Corrupt {
                file,
                line,
                format,
                cause,
            },
            _ => Error::Read { file, line, cause },
        }
    }

    /// What became of the lines so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many bytes of the file were taken so far, before decompression: with
    /// [`Input::size`] the progress.
    pub fn bytes_read(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// What messages call the input.
    pub fn file(&self) -> &str {
        &self.file
    }
}

/// What a file that is not text seems to be, or `None` for text.
fn binary(head: &[u8]) -> Option<&'static str> {
    const PCAP: &str = "a packet capture; let Zeek read it first (`zeek -r FILE`)";
    match head {
        [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..]
        | [0x0a, 0x0d, 0x0d, 0x0a, ..] => return Some(PCAP),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Some("UTF-16 text; convert it to UTF-8 first");
        }
        [b'Z', b'E', b'E', b'K', b'A', b'N', b'O', b'M', ..] => {
            return Some(
                "a model of zeek-anomaly, which `score` takes as --model; name a Zeek log",
            );
        }
        [b'P', b'K', 3, 4, ..] => return Some("a zip archive; unpack it first"),
        _ if Compression::of(head) != Compression::None => {
            return Some("compressed twice; decompress it once first");
        }
        _ if head.get(257..262) == Some(b"ustar") => {
            return Some("a tar archive; unpack it first with `tar -xf`");
        }
        _ => {}
    }
    // A log may have any separator; how it begins is proof enough.
    if matches!(head.trim_ascii_start().first(), Some(b'#' | b'{')) {
        return None;
    }
    let control = |c: &&u8| **c < 9 || (14..32).contains(*c) && **c != 27;
    let controls = head.iter().filter(control).count();
    (head.contains(&0) || controls * 10 > head.len())
        .then_some("binary data; name a Zeek log (TSV or JSON, plain or compressed with gzip, zstd, xz, bzip2 or lz4)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_can_be_handed_to_another_thread() {
        fn sendable<T: Send>() {}
        sendable::<LogReader>();
        sendable::<Error>();
    }
}
