//! dhcp.log: one exchange of a client with its servers.

use crate::cell::Cell;
use crate::context::Role;
use crate::parts;
use crate::row::Row;
use crate::spec::{DefaultDetector, LogType, Unit, category, flag, magnitude};

columns! {
    CLIENT = "client_addr", SERVER = "server_addr", MAC = "mac", HOST_NAME = "host_name",
    DOMAIN = "domain", REQUESTED = "requested_addr", ASSIGNED = "assigned_addr", LEASE = "lease_time",
    CLIENT_MESSAGE = "client_message", SERVER_MESSAGE = "server_message", TYPES = "msg_types",
    DURATION = "duration", CLIENT_SOFTWARE = "client_software", SERVER_SOFTWARE = "server_software",
    CIRCUIT = "circuit_id", ASSIGNED_OLD = "assigned_ip", RESP_H = "id.resp_h",
}

/// The feature definitions. The last two columns are those of Bro 2.5 and before.
pub static TYPE: LogType = LogType {
    log: "dhcp",
    columns: COLUMNS,
    role: Role::None,
    detector: DefaultDetector::Rarity { damping: f64::INFINITY },
    features: &[
        category("server", "server_addr", |r| match r.host(SERVER) {
            Cell::Missing => r.host(RESP_H),
            server => server,
        }),
        category("server", "server_software", |r| Cell::text(r.text(SERVER_SOFTWARE))),
        category("server", "domain", |r| Cell::text(r.text(DOMAIN))),
        category("server", "circuit_id", |r| Cell::text(r.text(CIRCUIT))),
        category("client", "mac", |r| Cell::text(r.text(MAC))),
        category("client", "maker", |r| r.part(MAC, |m| Some(parts::maker(m)))),
        category("client", "host_name", |r| Cell::text(r.text(HOST_NAME))),
        category("client", "client_software", |r| Cell::text(r.text(CLIENT_SOFTWARE))),
        flag("client", "has_host_name", |r| Cell::flag(r.is_set(HOST_NAME))),
        category("address", "network", |r| {
            let given = if r.is_set(ASSIGNED) { ASSIGNED } else { ASSIGNED_OLD };
            r.of_addr(if r.is_set(given) { given } else { CLIENT }, parts::network)
        }),
        flag("address", "other_than_requested", |r| {
            Cell::flag(r.addr(REQUESTED).zip(r.addr(ASSIGNED)).is_some_and(|(a, b)| a != b))
        }),
        magnitude("lease", "lease_time", Unit::Seconds, |r| Cell::num(r.num(LEASE))),
        category("exchange", "messages", messages),
        magnitude("exchange", "message_count", Unit::Count, |r| Cell::num(r.list_len(TYPES))),
        magnitude("time", "duration", Unit::Seconds, |r| Cell::num(r.num(DURATION))),
        flag("texts", "client_message", |r| Cell::flag(r.is_set(CLIENT_MESSAGE))),
        category("texts", "server_message", |r| Cell::text(r.text(SERVER_MESSAGE))),
    ],
};

/// The types of the messages as a set of letters: `ADOR` is the usual exchange.
fn messages<'r>(r: &Row<'r>) -> Cell<'r> {
    let Some(types) = r.list(TYPES) else {
        return Cell::Missing;
    };
    let letter = |t: &[u8]| match t {
        b"DISCOVER" => b'D',
        b"OFFER" => b'O',
        b"REQUEST" => b'R',
        b"ACK" => b'A',
        b"NAK" => b'N',
        b"DECLINE" => b'X',
        b"RELEASE" => b'E',
        b"INFORM" => b'I',
        _ => b'Z',
    };
    let set = types.iter().filter_map(|v| v.text()).fold(0, |set, t| set | 1 << (letter(t) - 64));
    Cell::Letters(set)
}
