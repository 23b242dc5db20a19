//! Traffic that every network has: names, time, addresses, discovery. Regular calls are how it works, and servers of
//! time are often silent. It is known by protocol, port and the form of its packets, not by who serves it.

use crate::event::{Column, Event, Outcome, Proto};

/// Services as Zeek writes them, with their ports.
const SERVICES: &[(&[u8], u16)] = &[
    (b"ntp", NTP),
    (b"dhcp", 67),
    (b"dns", DNS),
    (b"dns", 5353),
    (b"dns", 5355),
    (b"dns", 137),
];

const NTP: u16 = 123;
const DNS: u16 = 53;

/// Ports of local discovery, whatever runs there.
const DISCOVERY: &[u16] = &[67, 68, 137, 138, 547, 1900, 3702, 5353, 5355];

/// The payload of one NTP packet, in bytes: the header, and with keys and an extension or two.
const NTP_PACKET: std::ops::RangeInclusive<f64> = 48.0..=128.0;

/// True if regular calls are how this works.
pub(crate) fn is_infrastructure(e: &Event<'_>) -> bool {
    let (Some(port), service) = (e.port, e.service()) else {
        return false;
    };
    SERVICES.iter().any(|(s, p)| *s == service && *p == port)
        || e.proto == Proto::Udp && (DISCOVERY.contains(&port) || is_time(e) || is_silent_name(e))
}

/// True if it is a client's NTP, by port and size: older versions of Zeek do not name the service, and no version
/// can name what it saw nothing of.
pub(crate) fn is_time(e: &Event<'_>) -> bool {
    if e.proto != Proto::Udp || e.port != Some(NTP) || !matches!(e.service(), b"" | b"ntp") {
        return false;
    }
    let fits = |bytes: Column, packets: Column| match (e.number(bytes), e.number(packets)) {
        (Some(b), Some(p)) if b > 0.0 && p > 0.0 => NTP_PACKET.contains(&(b / p)),
        (Some(b), None) if b > 0.0 => NTP_PACKET.contains(&b),
        _ => true,
    };
    fits(Column::OrigBytes, Column::OrigPkts) && fits(Column::RespBytes, Column::RespPkts)
}

/// True if it is a query to a resolver that is silent.
fn is_silent_name(e: &Event<'_>) -> bool {
    e.port == Some(DNS) && e.service().is_empty() && e.outcome() == Outcome::Unanswered
}
