//! What a sensor saw of the payload that a connection's byte counts claim.
//!
//! Zeek takes `orig_bytes` and `resp_bytes` from sequence numbers (documentation of `Conn::Info`). After a gap or a wrong
//! number, a connection of 45 packets "has" gigabytes. Its packets, their IP bytes and `missed_bytes` tell.

/// The most bytes that one packet accounts for: the longest IP datagram, and the widest TCP window without scaling.
const PACKET_MAX: f64 = 65_535.0;

/// The counts of one side of a connection, as its record states them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SideCounts {
    /// `orig_bytes` or `resp_bytes`.
    pub bytes: Option<f64>,
    /// Packets of this side.
    pub packets: Option<f64>,
    /// IP bytes of this side.
    pub ip_bytes: Option<f64>,
    /// Packets of the other side.
    pub other_packets: Option<f64>,
    /// `missed_bytes`: of both sides together.
    pub missed: Option<f64>,
}

impl SideCounts {
    /// The bytes that the packets can have carried past the sensor: never more than the claim.
    pub fn seen(&self) -> Option<f64> {
        let claim = self.claim()?;
        let carried = claim.min(
            self.packets
                .map_or(f64::INFINITY, |n| n.max(0.0) * PACKET_MAX),
        );
        Some(match self.ip_bytes {
            Some(ip) => carried.min(ip.max(0.0)),
            None => carried.min((claim - self.missed.unwrap_or(0.0).max(0.0)).max(0.0)),
        })
    }

    /// The claim where the other counts do not contradict it (lost packets are no contradiction, as long as the packets
    /// that were seen are enough to acknowledge them); what was seen where they do.
    pub fn believed(&self) -> Option<f64> {
        let claim = self.claim()?;
        let missed = self.missed.unwrap_or(0.0).max(0.0);
        let too_many = self.ip_bytes.is_some_and(|ip| claim - missed > ip);
        let packets = self.packets.map(|n| n + self.other_packets.unwrap_or(0.0));
        let too_few = packets.is_some_and(|n| claim > n * PACKET_MAX);
        match too_many || too_few {
            true => self.seen(),
            false => Some(claim),
        }
    }

    fn claim(&self) -> Option<f64> {
        self.bytes.filter(|b| *b >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(bytes: f64, packets: f64, ip_bytes: f64, missed: f64) -> SideCounts {
        SideCounts {
            bytes: Some(bytes),
            packets: Some(packets),
            ip_bytes: Some(ip_bytes),
            other_packets: Some(packets),
            missed: Some(missed),
        }
    }

    #[test]
    fn what_packets_carried_is_believed() {
        for s in [side(900.0, 9.0, 1260.0, 0.0), side(0.0, 1.0, 60.0, 0.0)] {
            assert_eq!((s.seen(), s.believed()), (s.bytes, s.bytes));
        }
        let bare = SideCounts {
            bytes: Some(5e9),
            ..SideCounts::default()
        };
        assert_eq!((bare.seen(), bare.believed()), (Some(5e9), Some(5e9)));
        assert_eq!(SideCounts::default().seen(), None);
    }

    #[test]
    fn lost_packets_contradict_nothing_but_were_not_seen() {
        let lossy = side(1e6, 400.0, 520_000.0, 500_000.0);
        assert_eq!(
            (lossy.seen(), lossy.believed()),
            (Some(520_000.0), Some(1e6))
        );
    }

    #[test]
    fn counts_that_contradict_each_other_leave_what_was_seen() {
        // A jump of sequence numbers, in missed_bytes for the greater part, entirely, or not at all.
        for missed in [1_607_310_063.0, 1_607_364_734.0, 0.0] {
            let jump = side(1_607_364_734.0, 45.0, 3666.0, missed);
            assert_eq!((jump.seen(), jump.believed()), (Some(3666.0), Some(3666.0)));
        }
        let without_ip = SideCounts {
            ip_bytes: None,
            ..side(1.6e9, 45.0, 0.0, 0.0)
        };
        assert_eq!(without_ip.believed(), Some(45.0 * PACKET_MAX));
        let missed = SideCounts {
            packets: None,
            ..without_ip
        };
        let missed = SideCounts {
            missed: Some(1.59e9),
            ..missed
        };
        assert_eq!(missed.seen(), Some(1e7));
        assert_eq!(side(5000.0, 0.0, 0.0, 0.0).believed(), Some(0.0));
    }
}
