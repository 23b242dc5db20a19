//! Where the bytes come from: a file or a stream, counted as they are taken,
//! and decompressed when their first bytes say that they are compressed.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a source is compressed, told by its first bytes and never by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Compression::None => "stream",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
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

/// A source made plain.
pub(crate) struct Source {
    pub(crate) plain: Box<dyn Read + Send>,
    pub(crate) compression: Compression,
    pub(crate) taken: Arc<AtomicU64>,
}

/// Looks at the first bytes and puts a decompressor in front where one is needed.
pub(crate) fn open(inner: Box<dyn Read + Send>) -> io::Result<Source> {
    let taken = Arc::new(AtomicU64::new(0));
    let mut raw = Counting {
        inner,
        taken: taken.clone(),
    };
    let mut magic = [0; 4];
    let mut have = 0;
    while have < magic.len() {
        match raw.read(&mut magic[have..]) {
            Ok(0) => break,
            Ok(n) => have = (have + n).min(magic.len()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        // A pipe may give one byte and then wait: stop as soon as it is text.
        if magic[0] != 0x1f && magic[0] != 0x28 {
            break;
        }
    }
    let head = magic[..have].to_vec();
    let compression = match head.as_slice() {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
        _ => Compression::None,
    };
    let whole = Cursor::new(head).chain(raw);
    let plain: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(
            io::BufReader::with_capacity(64 * 1024, whole),
        )),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(whole)?),
    };
    Ok(Source {
        plain,
        compression,
        taken,
    })
}
