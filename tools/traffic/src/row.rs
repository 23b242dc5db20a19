//! Rows of logs, as records and as TSV.

use std::fmt::Write;
use std::net::Ipv4Addr;
use zeek_log::{Field, FieldType, RecordBuf, Schema};

/// A row of one of the logs that are generated.
#[derive(Clone, Debug)]
pub struct Row {
    /// `ts`, seconds since the epoch.
    pub ts: f64,
    /// When Zeek writes it.
    pub written: f64,
    /// Makes the uid.
    pub uid: u64,
    /// Originator.
    pub orig: Ipv4Addr,
    /// Responder.
    pub resp: Ipv4Addr,
    /// Responder's port.
    pub port: u16,
    /// What it is.
    pub kind: RowKind,
}

/// What a row says.
#[derive(Clone, Debug)]
pub enum RowKind {
    /// conn.log.
    Conn {
        /// Whether it is UDP.
        udp: bool,
        /// `service`, empty where unset.
        service: &'static str,
        /// Seconds.
        duration: f64,
        /// Bytes each way.
        bytes: (u64, u64),
        /// `conn_state`.
        state: &'static str,
    },
    /// ssl.log, with the server name.
    Ssl(String),
    /// dns.log: the query and its type.
    Dns(String, &'static str),
    /// ssh.log: whether the login worked.
    Ssh(bool),
    /// http.log: the host that was asked.
    Http(String),
}

/// The logs, in the order of [`Row::log`].
pub const LOGS: [&str; 5] = ["conn", "ssl", "dns", "ssh", "http"];

const ID: [(&str, FieldType, &str); 6] = [
    ("ts", FieldType::Time, "time"),
    ("uid", FieldType::String, "string"),
    ("id.orig_h", FieldType::Addr, "addr"),
    ("id.orig_p", FieldType::Port, "port"),
    ("id.resp_h", FieldType::Addr, "addr"),
    ("id.resp_p", FieldType::Port, "port"),
];

const OWN: [&[(&str, FieldType, &str)]; 5] = [
    &[
        ("proto", FieldType::Enum, "enum"),
        ("service", FieldType::String, "string"),
        ("duration", FieldType::Interval, "interval"),
        ("orig_bytes", FieldType::Count, "count"),
        ("resp_bytes", FieldType::Count, "count"),
        ("conn_state", FieldType::String, "string"),
    ],
    &[("server_name", FieldType::String, "string")],
    &[
        ("proto", FieldType::Enum, "enum"),
        ("query", FieldType::String, "string"),
        ("qtype_name", FieldType::String, "string"),
    ],
    &[
        ("auth_success", FieldType::Bool, "bool"),
        ("auth_attempts", FieldType::Count, "count"),
    ],
    &[
        ("method", FieldType::String, "string"),
        ("host", FieldType::String, "string"),
        ("uri", FieldType::String, "string"),
    ],
];

/// The schema of a log by its number in [`LOGS`].
pub fn schema(log: usize) -> Schema {
    let fields = ID.iter().chain(OWN[log]);
    Schema {
        log: LOGS[log].into(),
        fields: fields.map(|(n, t, _)| Field::new(*n, *t)).collect(),
    }
}

/// The header of a log's file.
pub fn header(log: usize) -> String {
    let list = |f: fn(&(&'static str, FieldType, &'static str)) -> &'static str| {
        let all: Vec<&str> = ID.iter().chain(OWN[log]).map(f).collect();
        all.join("\t")
    };
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{}\n\
         #fields\t{}\n#types\t{}\n",
        LOGS[log],
        list(|f| f.0),
        list(|f| f.2)
    )
}

impl Row {
    /// The number of its log in [`LOGS`].
    pub fn log(&self) -> usize {
        match self.kind {
            RowKind::Conn { .. } => 0,
            RowKind::Ssl(_) => 1,
            RowKind::Dns(..) => 2,
            RowKind::Ssh(_) => 3,
            RowKind::Http(_) => 4,
        }
    }

    /// Its uid.
    pub fn uid(&self) -> String {
        format!("C{:017x}", self.uid)
    }

    /// Fills a buffer with it.
    pub fn fill(&self, b: &mut RecordBuf) {
        b.clear();
        b.push_time(self.ts);
        b.push_text(self.uid().as_bytes());
        b.push_addr(self.orig.into());
        b.push_port(40_000 + (self.uid % 20_000) as u16);
        b.push_addr(self.resp.into());
        b.push_port(self.port);
        match &self.kind {
            RowKind::Conn {
                udp,
                service,
                duration,
                bytes,
                state,
            } => {
                b.push_text(if *udp { b"udp" } else { b"tcp" });
                match service.is_empty() {
                    true => b.push_unset(),
                    false => b.push_text(service.as_bytes()),
                }
                b.push_interval(*duration);
                b.push_count(bytes.0);
                b.push_count(bytes.1);
                b.push_text(state.as_bytes());
            }
            RowKind::Ssl(name) => b.push_text(name.as_bytes()),
            RowKind::Dns(query, qtype) => {
                b.push_text(b"udp");
                b.push_text(query.as_bytes());
                b.push_text(qtype.as_bytes());
            }
            RowKind::Ssh(worked) => {
                b.push_bool(*worked);
                b.push_count(1);
            }
            RowKind::Http(host) => {
                b.push_text(b"GET");
                b.push_text(host.as_bytes());
                b.push_text(b"/");
            }
        }
    }

    /// Its line in a TSV log.
    pub fn line(&self) -> String {
        let mut out = format!(
            "{:.6}\t{}\t{}\t{}\t{}\t{}",
            self.ts,
            self.uid(),
            self.orig,
            40_000 + self.uid % 20_000,
            self.resp,
            self.port
        );
        // Writing to a String cannot fail.
        let _ = match &self.kind {
            RowKind::Conn {
                udp,
                service,
                duration,
                bytes,
                state,
            } => write!(
                out,
                "\t{}\t{}\t{duration:.6}\t{}\t{}\t{state}",
                if *udp { "udp" } else { "tcp" },
                if service.is_empty() { "-" } else { service },
                bytes.0,
                bytes.1
            ),
            RowKind::Ssl(name) => write!(out, "\t{name}"),
            RowKind::Dns(query, qtype) => write!(out, "\tudp\t{query}\t{qtype}"),
            RowKind::Ssh(worked) => write!(out, "\t{}\t1", if *worked { "T" } else { "F" }),
            RowKind::Http(host) => write!(out, "\tGET\t{host}\t/"),
        };
        out.push('\n');
        out
    }
}

/// Gives out rows with uids of their own, and collects them.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows so far.
    pub rows: Vec<Row>,
    next: u64,
}

impl Rows {
    /// Rows whose uids begin at a number.
    pub fn from(next: u64) -> Rows {
        Rows {
            rows: Vec::new(),
            next,
        }
    }

    /// Adds a connection and gives its uid.
    #[expect(clippy::too_many_arguments, reason = "a row has so many columns")]
    pub fn conn(
        &mut self,
        ts: f64,
        orig: Ipv4Addr,
        resp: Ipv4Addr,
        port: u16,
        udp: bool,
        service: &'static str,
        duration: f64,
        bytes: (u64, u64),
        state: &'static str,
    ) -> u64 {
        self.next += 1;
        let kind = RowKind::Conn {
            udp,
            service,
            duration,
            bytes,
            state,
        };
        self.rows.push(Row {
            ts,
            written: ts + duration,
            uid: self.next,
            orig,
            resp,
            port,
            kind,
        });
        self.next
    }

    /// Adds a row of another log that is not about a connection here.
    pub fn of(&mut self, ts: f64, (orig, resp, port): (Ipv4Addr, Ipv4Addr, u16), kind: RowKind) {
        self.next += 1;
        self.rows.push(Row {
            ts,
            written: ts,
            uid: self.next,
            orig,
            resp,
            port,
            kind,
        });
    }

    /// Adds what another log says of the connection added last.
    pub fn with(&mut self, kind: RowKind) {
        if let Some(last) = self.rows.last() {
            let written = last.ts + 0.01;
            let row = Row {
                ts: written,
                written,
                kind,
                ..last.clone()
            };
            self.rows.push(row);
        }
    }

    /// All rows, in the order of writing.
    pub fn sorted(mut self) -> Vec<Row> {
        self.rows
            .sort_by(|a, b| a.written.total_cmp(&b.written).then(a.uid.cmp(&b.uid)));
        self.rows
    }
}
