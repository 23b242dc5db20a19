//! Values to bytes and back, with `bincode` 2. No other module of the workspace uses it.
//!
//! Decoding trusts nothing: it stops at the caller's limit of memory, takes all of the bytes
//! or refuses, and leaves it to the caller to check that the values make sense.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;

/// The most memory that [`unpack`] lets a value take, in bytes.
const MAX_UNPACKED: usize = 1 << 30;

/// The zstd level of [`pack`]: higher levels are slower and save little.
const PACK_LEVEL: i32 = 6;

/// Why a value was not encoded or not decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The value cannot be encoded.
    #[error("contents that cannot be encoded: {0}")]
    Encode(String),
    /// The bytes are no such value, or there are more of them than the value needs.
    #[error("contents that cannot be decoded")]
    Decode,
}

fn varint<const MOST: usize>() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<MOST>()
}

/// Integers of one width: zstd compresses them better than variable ones.
fn fixed() -> impl bincode::config::Config {
    bincode::config::standard()
        .with_fixed_int_encoding()
        .with_limit::<MAX_UNPACKED>()
}

/// Encodes a value. Equal values give equal bytes.
///
/// # Errors
/// [`CodecError::Encode`] for a value that serde cannot represent.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, CodecError> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|e| CodecError::Encode(e.to_string()))
}

/// Decodes what [`encode`] made, all of it, into about `MOST` bytes of memory at the most.
///
/// # Errors
/// [`CodecError::Decode`] for anything else.
pub fn decode<T: DeserializeOwned, const MOST: usize>(bytes: &[u8]) -> Result<T, CodecError> {
    match bincode::serde::decode_from_slice(bytes, varint::<MOST>()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        _ => Err(CodecError::Decode),
    }
}

/// Encodes and compresses what is rarely read.
///
/// # Errors
/// [`CodecError::Encode`] for a value that serde cannot represent.
pub fn pack(value: &impl Serialize) -> Result<Vec<u8>, CodecError> {
    let failed = |e: &dyn std::fmt::Display| CodecError::Encode(e.to_string());
    let plain = bincode::serde::encode_to_vec(value, fixed()).map_err(|e| failed(&e))?;
    zstd::encode_all(&plain[..], PACK_LEVEL).map_err(|e| failed(&e))
}

/// Decodes what [`pack`] made, if it has at most `most` bytes once decompressed.
///
/// # Errors
/// [`CodecError::Decode`] for anything else.
pub fn unpack<T: DeserializeOwned>(packed: &[u8], most: usize) -> Result<T, CodecError> {
    let mut plain = Vec::new();
    let decoder = zstd::Decoder::new(packed).map_err(|_| CodecError::Decode)?;
    // One byte above the limit is enough to notice.
    let read = decoder.take(most as u64 + 1).read_to_end(&mut plain);
    if read.is_err() || plain.len() > most {
        return Err(CodecError::Decode);
    }
    match bincode::serde::decode_from_slice(&plain, fixed()) {
        Ok((value, used)) if used == plain.len() => Ok(value),
        _ => Err(CodecError::Decode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Value = Vec<(u32, String)>;

    fn read(bytes: &[u8]) -> Result<Value, CodecError> {
        decode::<Value, 1000>(bytes)
    }

    #[test]
    fn damaged_truncated_and_extended_bytes_are_refused() {
        let value: Value = vec![(7, "seven".into()), (300, String::new())];
        let bytes = encode(&value).unwrap();
        assert_eq!(read(&bytes), Ok(value));
        for n in 0..bytes.len() {
            assert_eq!(read(&bytes[..n]), Err(CodecError::Decode), "{n}");
        }
        let extended = [&bytes[..], &[0]].concat();
        assert_eq!(read(&extended), Err(CodecError::Decode));
        // A length that no memory holds.
        let huge = [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(read(&huge), Err(CodecError::Decode));
        let large = encode(&vec![(1u32, String::new()); 500]).unwrap();
        assert_eq!(read(&large), Err(CodecError::Decode));
    }

    #[test]
    fn packed_bytes_are_limited_after_decompression() {
        let value = vec![0u64; 1000];
        let packed = pack(&value).unwrap();
        assert!(packed.len() < 100);
        assert_eq!(unpack(&packed, 9000), Ok(value));
        assert_eq!(unpack::<Vec<u64>>(&packed, 8000), Err(CodecError::Decode));
        assert_eq!(
            unpack::<Vec<u64>>(b"no zstd", 9000),
            Err(CodecError::Decode)
        );
    }
}
