//! One record as behaviours see it.
//!
//! [`BehaviorColumns`] is bound once for a schema; an [`Event`] is a record through it, the same
//! whichever door the record came by. A behaviour that needs another column adds it to the
//! list below.

use std::net::IpAddr;
use zeek_log::history::is_half_seen;
use zeek_log::payload::SideCounts;
use zeek_log::{Record, Schema, Value};

/// The logs that behaviours tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the log of its name")]
pub enum Log {
    Conn,
    /// A connection that is still open: what conn.log would say of it now.
    ConnOpen,
    Dns,
    Http,
    Ssl,
    Quic,
    Ssh,
    Rdp,
    Ftp,
    Kerberos,
    Ntlm,
    Ldap,
    Mysql,
    Rfb,
    SmbMapping,
    SmbFiles,
    DceRpc,
    Files,
    Smtp,
    Software,
    Notice,
    Weird,
    Arp,
    Other,
}

impl Log {
    fn of(name: &str) -> Log {
        match name {
            "conn" => Log::Conn,
            "conn_open" => Log::ConnOpen,
            "dns" => Log::Dns,
            "http" => Log::Http,
            "ssl" | "tls" => Log::Ssl,
            "quic" => Log::Quic,
            "ssh" => Log::Ssh,
            "rdp" => Log::Rdp,
            "ftp" => Log::Ftp,
            "kerberos" => Log::Kerberos,
            "ntlm" => Log::Ntlm,
            "ldap" => Log::Ldap,
            "mysql" => Log::Mysql,
            "rfb" => Log::Rfb,
            "smb_mapping" => Log::SmbMapping,
            "smb_files" => Log::SmbFiles,
            "dce_rpc" => Log::DceRpc,
            "files" => Log::Files,
            "smtp" => Log::Smtp,
            "software" => Log::Software,
            "notice" => Log::Notice,
            "weird" => Log::Weird,
            "arp" => Log::Arp,
            _ => Log::Other,
        }
    }
}

macro_rules! columns {
    ($($variant:ident = $name:literal,)*) => {
        /// A column that behaviours may ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the column of its name")]
        pub enum Column {
            $($variant,)*
        }

        pub(crate) const NAMES: &[&str] = &[$($name,)*];
    };
}

columns! {
    Ts = "ts",
    Uid = "uid",
    OrigH = "id.orig_h",
    OrigP = "id.orig_p",
    RespH = "id.resp_h",
    RespP = "id.resp_p",
    Proto = "proto",
    Service = "service",
    Duration = "duration",
    OrigBytes = "orig_bytes",
    RespBytes = "resp_bytes",
    OrigPkts = "orig_pkts",
    RespPkts = "resp_pkts",
    OrigIpBytes = "orig_ip_bytes",
    RespIpBytes = "resp_ip_bytes",
    MissedBytes = "missed_bytes",
    ConnState = "conn_state",
    History = "history",
    LocalOrig = "local_orig",
    LocalResp = "local_resp",
    Query = "query",
    QtypeName = "qtype_name",
    RcodeName = "rcode_name",
    Answers = "answers",
    TransId = "trans_id",
    Host = "host",
    Uri = "uri",
    Method = "method",
    UserAgent = "user_agent",
    StatusCode = "status_code",
    TransDepth = "trans_depth",
    MimeType = "mime_type",
    ServerName = "server_name",
    Ja3 = "ja3",
    Ja4 = "ja4",
    User = "user",
    Username = "username",
    Hostname = "hostname",
    Client = "client",
    Cookie = "cookie",
    AuthSuccess = "auth_success",
    AuthAttempts = "auth_attempts",
    Success = "success",
    Result = "result",
    RequestType = "request_type",
    ErrorMsg = "error_msg",
    Command = "command",
    ReplyCode = "reply_code",
    Path = "path",
    ShareType = "share_type",
    Name = "name",
    Note = "note",
    Endpoint = "endpoint",
    Operation = "operation",
    Opcode = "opcode",
    Object = "object",
    Cmd = "cmd",
    Arg = "arg",
    Auth = "auth",
    UnparsedVersion = "unparsed_version",
    SeenBytes = "seen_bytes",
    SrcMac = "src_mac",
    DstMac = "dst_mac",
    OrigHw = "orig_hw",
    RespHw = "resp_hw",
    Action = "action",
    Cipher = "cipher",
    RespMimeTypes = "resp_mime_types",
}

/// What scripts call the columns of arp.log, which is none of Zeek's own.
const OF_ARP: &[(Column, &[&str])] = &[
    (
        Column::OrigH,
        &["orig_h", "spa", "SPA", "src_ip", "sender_ip"],
    ),
    (
        Column::RespH,
        &["resp_h", "tpa", "TPA", "dst_ip", "target_ip"],
    ),
    (Column::OrigHw, &["sha", "SHA", "sender_mac"]),
    (Column::RespHw, &["tha", "THA", "target_mac"]),
    (Column::SrcMac, &["mac_src"]),
    (Column::DstMac, &["mac_dst"]),
    (Column::Operation, &["op", "opcode", "msg_type"]),
];

/// Where in a schema the columns stand.
#[derive(Clone, Debug)]
pub struct BehaviorColumns {
    log: Log,
    name: String,
    at: Vec<Option<usize>>,
}

impl BehaviorColumns {
    /// Binds a schema.
    pub fn bind(schema: &Schema) -> BehaviorColumns {
        let log = Log::of(&schema.log);
        let mut at: Vec<_> = NAMES.iter().map(|n| schema.position(n)).collect();
        for (column, names) in OF_ARP.iter().filter(|_| log == Log::Arp) {
            if let Some(at) = at.get_mut(*column as usize).filter(|at| at.is_none()) {
                *at = names.iter().find_map(|n| schema.position(n));
            }
        }
        BehaviorColumns {
            log,
            name: schema.log.clone(),
            at,
        }
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn log(&self) -> Log {
        self.log
    }

    /// Whether any behaviour looks at records of this log.
    pub fn is_wanted(&self) -> bool {
        self.log != Log::Other
    }

    /// The positions that are looked at.
    pub fn positions(&self) -> impl Iterator<Item = usize> {
        self.at.iter().flatten().copied()
    }

    /// The columns that are there, by their number, with their places.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let there = |(column, at): (usize, &Option<usize>)| at.map(|at| (column, at));
        self.at.iter().enumerate().filter_map(there)
    }

    /// When Zeek wrote the record, in seconds since the epoch, as far as the record tells: a
    /// connection at its end, everything else at its `ts`.
    pub fn written(&self, record: &Record<'_>) -> Option<f64> {
        let number = |c: Column| {
            self.at
                .get(c as usize)
                .copied()
                .flatten()
                .and_then(|i| record.get(i).number())
        };
        let ts = number(Column::Ts)?;
        Some(match self.log {
            Log::Conn | Log::ConnOpen => ts + number(Column::Duration).unwrap_or(0.0).max(0.0),
            _ => ts,
        })
    }
}

/// What of a record a process is to look at. In a cluster whose hosts are shared out, one process sees all that a
/// host does, another all that is done to one, and all see who talks to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Everything: there is but one process.
    #[default]
    Whole,
    /// What the originator does.
    Originator,
    /// What is done to the responder.
    Target,
    /// That the two know each other.
    Network,
}

/// How a connection came out, for what asks whether somebody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A connection was made, or a request got its answer.
    Answered,
    /// The other side said no.
    Refused,
    /// Nobody said anything: no such host, or a firewall.
    Unanswered,
    /// The record does not tell (the middle of a connection, one side only).
    Unclear,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "each is the protocol of its name")]
pub enum Proto {
    Tcp,
    Udp,
    Icmp,
    Other,
}

impl Proto {
    /// As Zeek writes it.
    pub fn name(self) -> &'static str {
        match self {
            Proto::Tcp => "tcp",
            Proto::Udp => "udp",
            Proto::Icmp => "icmp",
            Proto::Other => "other",
        }
    }

    /// From Zeek's word.
    pub fn of(text: &[u8]) -> Proto {
        match text {
            b"tcp" => Proto::Tcp,
            b"udp" => Proto::Udp,
            b"icmp" => Proto::Icmp,
            _ => Proto::Other,
        }
    }
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    columns: &'a BehaviorColumns,
    record: Record<'a>,
    /// The log.
    pub log: Log,
    /// What of it is looked at.
    pub view: View,
    /// The record's `ts`, seconds since the epoch; finite, between 1970 and 2106.
    pub ts: f64,
    /// When Zeek wrote it ([`BehaviorColumns::written`]).
    pub written: f64,
    /// The originator.
    pub orig: Option<IpAddr>,
    /// The responder.
    pub resp: Option<IpAddr>,
    /// The responder's port.
    pub port: Option<u16>,
    /// The transport protocol.
    pub proto: Proto,
    /// Whether the originator is one of ours. Set by the hunter before behaviours see the event.
    pub orig_local: bool,
    /// Whether the responder is one of ours.
    pub resp_local: bool,
}

/// The last moment that counts as a time: 2106-02-07.
const LAST: f64 = 4_294_967_295.0;

impl<'a> Event<'a> {
    /// A record as an event; `None` where it has no usable time.
    pub fn new(columns: &'a BehaviorColumns, record: Record<'a>) -> Option<Event<'a>> {
        let mut e = Event {
            columns,
            record,
            log: columns.log,
            view: View::Whole,
            ts: 0.0,
            written: 0.0,
            orig: None,
            resp: None,
            port: None,
            proto: Proto::Other,
            orig_local: false,
            resp_local: false,
        };
        e.ts = e.number(Column::Ts).filter(|t| (0.0..=LAST).contains(t))?;
        e.written = columns.written(&record)?.min(LAST);
        e.orig = e.value(Column::OrigH).addr();
        e.resp = e.value(Column::RespH).addr();
        e.port = e.value(Column::RespP).port();
        e.proto = match e.log {
            Log::Conn | Log::Dns => Proto::of(e.text(Column::Proto).unwrap_or_default()),
            Log::Http | Log::Ssl | Log::Ssh | Log::Ftp => Proto::Tcp,
            Log::Rdp | Log::Ntlm | Log::SmbMapping | Log::SmbFiles | Log::Smtp => Proto::Tcp,
            Log::Quic => Proto::Udp,
            _ => Proto::of(e.text(Column::Proto).unwrap_or_default()),
        };
        Some(e)
    }

    /// The log's name.
    pub fn log_name(&self) -> &'a str {
        &self.columns.name
    }

    /// A column's value; unset where the log has no such column.
    pub fn value(&self, column: Column) -> Value<'a> {
        match self.columns.at.get(column as usize) {
            Some(Some(i)) => self.record.get(*i),
            _ => Value::Unset,
        }
    }

    /// A column's text, where it is one that is not empty.
    pub fn text(&self, column: Column) -> Option<&'a [u8]> {
        self.value(column).text().filter(|t| !t.is_empty())
    }

    /// A column's number.
    pub fn number(&self, column: Column) -> Option<f64> {
        self.value(column).number()
    }

    /// A column's truth value.
    pub fn truth(&self, column: Column) -> Option<bool> {
        self.value(column).truth()
    }

    /// The connection's uid; empty where there is none.
    pub fn uid(&self) -> &'a [u8] {
        self.text(Column::Uid).unwrap_or_default()
    }

    /// The service that Zeek found, as it is written.
    pub fn service(&self) -> &'a [u8] {
        self.text(Column::Service).unwrap_or_default()
    }

    /// The host and port that a proxy was asked for: `CONNECT host:port`, or a whole address in the request.
    fn asked_of_proxy(&self) -> Option<&'a [u8]> {
        let uri = self.text(Column::Uri)?;
        if self.text(Column::Method) == Some(b"CONNECT") {
            return Some(uri);
        }
        let rest = (uri.strip_prefix(b"http://")).or_else(|| uri.strip_prefix(b"https://"))?;
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
        let authority = rest.get(..end.unwrap_or(rest.len()))?;
        let host = authority.rsplit(|b| *b == b'@').next();
        host.filter(|h| !h.is_empty())
    }

    /// True if the request went to a proxy, which serves all names at one address.
    pub fn is_proxied(&self) -> bool {
        self.log == Log::Http && self.asked_of_proxy().is_some()
    }

    /// The name by which the responder was asked for: TLS server name, HTTP host (without its
    /// port; what a proxy was asked for goes before the header), DNS query.
    pub fn name(&self) -> Option<&'a [u8]> {
        match self.log {
            Log::Ssl | Log::Quic => self.text(Column::ServerName),
            Log::Http => self
                .asked_of_proxy()
                .or(self.text(Column::Host))
                .map(without_port),
            Log::Dns => self.text(Column::Query),
            _ => None,
        }
        .filter(|n| !n.is_empty())
    }

    /// Payload bytes of both sides that the sensor saw; `None` where the log does not tell.
    pub fn bytes(&self) -> Option<(f64, f64)> {
        let [orig, resp] = self.sides();
        match (orig.seen(), resp.seen()) {
            (None, None) => None,
            (o, r) => Some((o.unwrap_or(0.0), r.unwrap_or(0.0))),
        }
    }

    /// Payload bytes of the originator that the record claims and the sensor did not see.
    pub fn unseen(&self) -> f64 {
        let [orig, _] = self.sides();
        orig.bytes.unwrap_or(0.0) - orig.seen().unwrap_or(0.0)
    }

    /// What the record says of each side.
    fn sides(&self) -> [SideCounts; 2] {
        let of = |bytes, packets, ip_bytes, other_packets| SideCounts {
            bytes: self.number(bytes).filter(|v| *v >= 0.0),
            packets: self.number(packets),
            ip_bytes: self.number(ip_bytes),
            other_packets: self.number(other_packets),
            missed: self.number(Column::MissedBytes),
        };
        let (orig, resp) = (Column::OrigPkts, Column::RespPkts);
        [
            of(Column::OrigBytes, orig, Column::OrigIpBytes, resp),
            of(Column::RespBytes, resp, Column::RespIpBytes, orig),
        ]
    }

    /// How the connection came out (conn.log).
    pub fn outcome(&self) -> Outcome {
        let state = self.text(Column::ConnState).unwrap_or_default();
        let payload = || self.bytes().is_some_and(|(_, received)| received > 0.0);
        match (self.proto, state) {
            (_, b"SF" | b"S1" | b"S2" | b"S3") => Outcome::Answered,
            (_, b"RSTO") => Outcome::Answered,
            (_, b"RSTR") if payload() => Outcome::Answered,
            (_, b"REJ" | b"RSTR" | b"RSTRH" | b"RSTOS0") => Outcome::Refused,
            (Proto::Tcp, b"S0" | b"SH") if self.is_half_seen() => Outcome::Unclear,
            (_, b"S0" | b"SH") => Outcome::Unanswered,
            _ => Outcome::Unclear,
        }
    }

    /// Whether there was an answer, which went another way than past the sensor: the originator acknowledged it.
    /// Who scans could pretend that, at the price of packets that stand out in weird.log; scanners send SYNs.
    fn is_half_seen(&self) -> bool {
        is_half_seen(self.text(Column::History).unwrap_or_default())
    }

    /// A hash of what the record says, to know an exact duplicate by.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut h = xxhash_rust::xxh3::Xxh3Default::new();
        h.update(&[self.view as u8]);
        h.update(self.columns.name.as_bytes());
        for v in self.record.values() {
            match v {
                Value::Unset => h.update(b"-"),
                Value::Bool(b) => h.update(&[1, u8::from(b)]),
                Value::Count(n) => h.update(&n.to_le_bytes()),
                Value::Int(n) => h.update(&n.to_le_bytes()),
                Value::Double(d) | Value::Time(d) | Value::Interval(d) => {
                    h.update(&d.to_bits().to_le_bytes());
                }
                Value::Port(p) => h.update(&p.to_le_bytes()),
                Value::Addr(IpAddr::V4(a)) => h.update(&a.octets()),
                Value::Addr(IpAddr::V6(a)) => h.update(&a.octets()),
                Value::Text(t) => h.update(t),
                Value::List(l) => h.update(&(l.len() as u64).to_le_bytes()),
            }
            h.update(&[0]);
        }
        h.digest()
    }
}

/// A host without its port: `example.com:8080`, `[2001:db8::1]:80`.
fn without_port(host: &[u8]) -> &[u8] {
    if let Some(rest) = host.strip_prefix(b"[") {
        return rest.split(|b| *b == b']').next().unwrap_or(rest);
    }
    match host.iter().rposition(|b| *b == b':') {
        // More than one colon without brackets is an address of version 6.
        Some(at) if !host[..at].contains(&b':') => &host[..at],
        _ => host,
    }
}
