//! Bytes of a file that can be trusted as far as they can be checked: a magic word, the version
//! of the format, a checksum, a length.
//!
//! ```text
//! 0   8  magic
//! 8   4  format version, little endian
//! 12  4  CRC-32 of the payload
//! 16  8  length of the payload
//! 24     payload
//! ```

/// Bytes before the payload.
pub const HEAD: usize = 24;

/// What is wrong with sealed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// They are something else.
    Other,
    /// They are of this format.
    Format(u32),
    /// They are damaged, in this way.
    Damaged(&'static str),
}

/// Puts a payload behind its head.
pub fn seal(magic: &[u8; 8], format: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + payload.len());
    out.extend_from_slice(magic);
    out.extend_from_slice(&format.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    out.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// The payload of sealed bytes, of at most `most` bytes.
///
/// # Errors
/// What is wrong with them.
pub fn payload<'a>(
    magic: &[u8; 8],
    format: u32,
    most: u64,
    bytes: &'a [u8],
) -> Result<&'a [u8], Broken> {
    let Some(head) = bytes.first_chunk::<HEAD>().filter(|h| h.starts_with(magic)) else {
        return Err(match bytes.starts_with(magic) {
            true => Broken::Damaged("truncated"),
            false => Broken::Other,
        });
    };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    if word(8) != format {
        return Err(Broken::Format(word(8)));
    }
    let length = u64::from(word(16)) | u64::from(word(20)) << 32;
    let payload = &bytes[HEAD..];
    if length > most {
        return Err(Broken::Damaged("impossible length"));
    }
    if (payload.len() as u64) < length {
        return Err(Broken::Damaged("truncated"));
    }
    if payload.len() as u64 > length {
        return Err(Broken::Damaged("more data than there should be"));
    }
    if crc32fast::hash(payload) != word(12) {
        return Err(Broken::Damaged("wrong checksum"));
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: &[u8; 8] = b"ZEEKTEST";

    #[test]
    fn what_was_sealed_comes_out_and_every_changed_byte_is_noticed() {
        let sealed = seal(MAGIC, 7, b"payload");
        assert_eq!(payload(MAGIC, 7, 7, &sealed), Ok(&b"payload"[..]));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(payload(MAGIC, 7, 7, &changed).is_err(), "byte {at}");
            assert!(payload(MAGIC, 7, 7, &sealed[..at]).is_err(), "{at} bytes");
        }
        assert_eq!(payload(MAGIC, 8, 7, &sealed), Err(Broken::Format(7)));
        assert_eq!(payload(b"ZEEKELSE", 7, 7, &sealed), Err(Broken::Other));
        let long = payload(MAGIC, 7, 6, &sealed);
        assert_eq!(long, Err(Broken::Damaged("impossible length")));
    }
}
