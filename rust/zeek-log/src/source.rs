//! Where the bytes come from: a file or a stream, counted as they are taken, and decompressed when their first bytes
//! say that they are compressed.
//!
//! Everything is streamed: what a decompressor holds is bounded ([`XZ_MEMORY`], and the formats' own limits), whatever
//! the data claims to become.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most memory that an xz stream may ask for, in KiB: what `xz -9` needs, and half as much again.
const XZ_MEMORY: u32 = 96 * 1024;

/// How a source is compressed, told by its first bytes and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
    /// xz, of one or more streams.
    Xz,
    /// bzip2, of one or more streams.
    Bzip2,
    /// LZ4, of one or more frames.
    Lz4,
}

impl Compression {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Compression::None => "stream",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Xz => "xz",
            Compression::Bzip2 => "bzip2",
            Compression::Lz4 => "lz4",
        }
    }

    /// What these first bytes are the beginning of.
    pub(crate) fn of(head: &[u8]) -> Compression {
        match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            // The level, then the number that begins a block, or that ends an empty stream.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, ..] => Compression::Bzip2,
            [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Compression::Lz4,
            _ => Compression::None,
        }
    }
}

/// How many first bytes tell the compression.
const MAGIC: usize = 6;

/// The bytes that may begin something compressed. A pipe may give one byte and then wait, so that more are asked for
/// only where the first may be one of these.
fn may_be_compressed(head: &[u8]) -> bool {
    match head {
        [] => true,
        [first] => matches!(first, 0x1f | 0x28 | 0xfd | b'B' | 0x04 | 0x02 | 0x50..=0x5f),
        [b'B', second, ..] => *second == b'Z',
        [0x50..=0x5f, second, ..] => *second == 0x2a,
        _ => true,
    }
}

/// The length of the skippable frame that begins here (RFC 8878, 3.1.2), without its eight bytes of header.
fn skippable(head: &[u8]) -> Option<u64> {
    match head {
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] => {
            Some(u64::from(u32::from_le_bytes([*a, *b, *c, *d])))
        }
        _ => None,
    }
}

/// Counts what was taken from the source, before decompression.
struct Counting {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.taken.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A reader whose next bytes can be looked at.
struct Ahead<R> {
    inner: R,
    seen: Vec<u8>,
    /// Whether the end was met.
    ended: bool,
}

impl<R: Read> Ahead<R> {
    fn new(inner: R) -> Ahead<R> {
        Ahead {
            inner,
            seen: Vec::new(),
            ended: false,
        }
    }

    /// The next bytes: `most`, or as many as are needed while `go_on` says so of those that are there, or all there are.
    fn peek(&mut self, most: usize, go_on: fn(&[u8]) -> bool) -> io::Result<&[u8]> {
        while self.seen.len() < most && go_on(&self.seen) {
            let mut more = [0; 16];
            let room = (most - self.seen.len()).min(more.len());
            match self.inner.read(&mut more[..room]) {
                Ok(0) => break,
                Ok(n) => self.seen.extend_from_slice(&more[..n.min(room)]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(&self.seen)
    }

    /// Passes over skippable frames.
    fn skip_frames(&mut self, go_on: fn(&[u8]) -> bool) -> io::Result<()> {
        while let Some(len) = skippable(self.peek(8, go_on)?) {
            self.seen.clear();
            let skipped = io::copy(&mut self.inner.by_ref().take(len), &mut io::sink())?;
            if skipped < len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.seen.is_empty() {
            let n = self.seen.len().min(buf.len());
            buf[..n].copy_from_slice(&self.seen[..n]);
            self.seen.drain(..n);
            return Ok(n);
        }
        let n = self.inner.read(buf)?;
        self.ended |= n == 0 && !buf.is_empty();
        Ok(n)
    }
}

/// LZ4 frames, one after the other. The decoder of one frame takes the end of the data for the end of the frame; here it
/// is the end of truncated data.
struct Lz4<R: Read> {
    frame: lz4_flex::frame::FrameDecoder<Ahead<R>>,
    inside: bool,
    /// The old format has no mark at the end.
    legacy: bool,
}

impl<R: Read> Read for Lz4<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside {
                let source = self.frame.get_mut();
                source.skip_frames(|_| true)?;
                let head = source.peek(4, |_| true)?;
                match Compression::of(head) {
                    _ if head.is_empty() => return Ok(0),
                    Compression::Lz4 => self.legacy = head.first() == Some(&0x02),
                    _ => {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "no LZ4 frame follows",
                        ));
                    }
                }
                self.inside = true;
            }
            match self.frame.read(buf)? {
                0 if buf.is_empty() => return Ok(0),
                0 if self.frame.get_ref().ended => {
                    return match self.legacy {
                        true => Ok(0),
                        false => Err(io::ErrorKind::UnexpectedEof.into()),
                    };
                }
                0 => self.inside = false,
                n => return Ok(n),
            }
        }
    }
}

/// A source made plain.
pub(crate) struct Source {
    pub(crate) plain: Box<dyn Read + Send>,
    pub(crate) compression: Compression,
    pub(crate) taken: Arc<AtomicU64>,
}

/// Looks at the first bytes and puts a decompressor in front where one is needed.
pub(crate) fn open(inner: Box<dyn Read + Send>) -> io::Result<Source> {
    let taken = Arc::new(AtomicU64::new(0));
    let mut raw = Ahead::new(Counting {
        inner,
        taken: taken.clone(),
    });
    raw.skip_frames(may_be_compressed)?;
    let compression = Compression::of(raw.peek(MAGIC, may_be_compressed)?);
    let plain: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(raw))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
        Compression::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
            buffered(raw),
            true,
            XZ_MEMORY,
        )),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(raw))),
        Compression::Lz4 => Box::new(Lz4 {
            frame: lz4_flex::frame::FrameDecoder::new(Ahead::new(buffered(raw))),
            inside: false,
            legacy: false,
        }),
    };
    Ok(Source {
        plain,
        compression,
        taken,
    })
}

fn buffered<R: Read>(raw: R) -> impl BufRead {
    BufReader::with_capacity(64 * 1024, raw)
}
