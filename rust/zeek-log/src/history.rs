//! What the `history` of a connection tells: one letter for each kind of packet, capital for the
//! originator's (Zeek's documentation of `Conn::Info`).

/// Whether the sensor saw only a part of a TCP connection with this history: packets that cannot come without a
/// handshake, and not the whole handshake. Zeek gives up connections that are idle for five minutes and begins
/// again in their middle; routes that differ by direction, a tap on one of them, lost packets and a sensor's own
/// start leave such halves, too, in any network.
///
/// A SYN that nobody answered (`S`), was refused (`Sr`) or was taken back (`ShR`) is whole. Whoever makes packets can
/// pretend to have been seen by half.
pub fn is_half_seen(history: &[u8]) -> bool {
    let has = |letters: &[u8]| history.iter().any(|c| letters.contains(c));
    // Where Zeek turned a connection round, the originator's SYN is a small letter.
    let (asked, answered) = (has(b"Ss"), has(b"Hh"));
    !history.is_empty() && (!asked || (!answered && has(b"AaDd")))
}

#[cfg(test)]
mod tests {
    use super::is_half_seen;

    #[test]
    fn a_whole_handshake_and_an_attempt_without_an_answer_are_whole() {
        for whole in [
            "ShADadFf", "ShR", "ShADadR", "S", "Sr", "SR", "^sH", "SCT", "SF", "",
        ] {
            assert!(!is_half_seen(whole.as_bytes()), "{whole}");
        }
    }

    #[test]
    fn the_middle_the_end_and_one_direction_are_halves() {
        for half in [
            "D", "A", "F", "R", "h", "hADadFf", "^dADa", "DadA", "SAD", "Sad", "SDadFAf",
        ] {
            assert!(is_half_seen(half.as_bytes()), "{half}");
        }
    }
}
