//! State to bytes and back: the only module that knows bincode here.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest state that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 30;

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<MAX_BYTES>()
}

/// Encodes a part of the state.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, String> {
    bincode::serde::encode_to_vec(value, config()).map_err(|e| e.to_string())
}

/// Decodes a part of the state, all of it.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bincode::serde::decode_from_slice(bytes, config()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        _ => Err("contents that cannot be decoded".into()),
    }
}
