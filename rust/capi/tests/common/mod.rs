//! A small model, trained here, and conn records as a C caller would pass them.

#![allow(dead_code)] // Each test uses its part.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use zeek_anomaly::*;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::train::{TrainParams, Trainer};
use zeek_anomaly_features::Context;
use zeek_log::schema::Field;
use zeek_log::{FieldType, RecordBuf, Schema};

/// The columns of the conn records here.
pub const CONN: &[(&str, FieldType)] = &[
    ("ts", FieldType::Time),
    ("uid", FieldType::String),
    ("id.orig_h", FieldType::Addr),
    ("id.orig_p", FieldType::Port),
    ("id.resp_h", FieldType::Addr),
    ("id.resp_p", FieldType::Port),
    ("proto", FieldType::Enum),
    ("service", FieldType::String),
    ("duration", FieldType::Interval),
    ("orig_bytes", FieldType::Count),
    ("resp_bytes", FieldType::Count),
    ("conn_state", FieldType::String),
    ("local_orig", FieldType::Bool),
    ("local_resp", FieldType::Bool),
    ("missed_bytes", FieldType::Count),
    ("history", FieldType::String),
    ("orig_pkts", FieldType::Count),
    ("resp_pkts", FieldType::Count),
    ("tunnel_parents", FieldType::List),
];

/// The columns of the http records here.
pub const HTTP: &[(&str, FieldType)] = &[
    ("ts", FieldType::Time),
    ("uid", FieldType::String),
    ("method", FieldType::String),
    ("request_body_len", FieldType::Count),
    ("response_body_len", FieldType::Count),
    ("status_code", FieldType::Count),
];

/// The values of one connection.
pub struct Conn {
    pub ts: f64,
    pub uid: String,
    pub port: u16,
    pub service: &'static str,
    pub duration: f64,
    pub orig_bytes: u64,
    pub resp_bytes: u64,
}

impl Conn {
    /// An everyday connection; `n` varies it.
    pub fn usual(n: u64) -> Conn {
        // A linear congruential generator (D. Knuth, MMIX).
        let noise = n
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407)
            >> 33;
        let (port, service) =
            [(443, "ssl"), (80, "http"), (443, "ssl"), (53, "dns")][n as usize % 4];
        Conn {
            ts: 1_700_000_000.0 + n as f64,
            uid: format!("C{n:08}"),
            port,
            service,
            duration: (noise % 5_000) as f64 / 1e3,
            orig_bytes: 200 + noise % 1_500,
            resp_bytes: 1_000 + noise % 30_000,
        }
    }

    /// A connection that stands out.
    pub fn strange(n: u64) -> Conn {
        Conn {
            port: 31337,
            service: "irc",
            duration: 86_000.0,
            orig_bytes: 40_000_000_000,
            resp_bytes: 3,
            ..Conn::usual(n)
        }
    }

    /// Fills the engine's own record.
    pub fn fill(&self, record: &mut RecordBuf) {
        record.clear();
        record.push_time(self.ts);
        record.push_text(self.uid.as_bytes());
        record.push_addr(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5)));
        record.push_port(50_000);
        record.push_addr(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));
        record.push_port(self.port);
        record.push_text(b"tcp");
        record.push_text(self.service.as_bytes());
        record.push_interval(self.duration);
        record.push_count(self.orig_bytes);
        record.push_count(self.resp_bytes);
        record.push_text(b"SF");
        record.push_bool(true);
        record.push_bool(false);
        record.push_count(0);
        record.push_text(b"ShADadFf");
        record.push_count(12);
        record.push_count(14);
        record.begin_list();
        record.end_list();
    }

    /// The same values for the C ABI, borrowed from `self`.
    pub fn values(&self) -> Vec<za_value> {
        vec![
            real(za_kind::Time, self.ts),
            text(&self.uid),
            addr([10, 0, 0, 5]),
            number(za_kind::Port, 50_000),
            addr([192, 0, 2, 7]),
            number(za_kind::Port, self.port.into()),
            text("tcp"),
            text(self.service),
            real(za_kind::Interval, self.duration),
            number(za_kind::Count, self.orig_bytes),
            number(za_kind::Count, self.resp_bytes),
            text("SF"),
            number(za_kind::Bool, 1),
            number(za_kind::Bool, 0),
            number(za_kind::Count, 0),
            text("ShADadFf"),
            number(za_kind::Count, 12),
            number(za_kind::Count, 14),
            value(za_kind::List, 0, za_data { items: ptr::null() }),
        ]
    }

    /// An http record of this connection.
    pub fn http(&self) -> Vec<za_value> {
        vec![
            real(za_kind::Time, self.ts),
            text(&self.uid),
            text("GET"),
            number(za_kind::Count, 0),
            number(za_kind::Count, 5_000),
            number(za_kind::Count, 404),
        ]
    }
}

fn value(kind: za_kind, len: usize, data: za_data) -> za_value {
    za_value {
        kind: kind as u32,
        len: len as u32,
        r#as: data,
    }
}

pub fn number(kind: za_kind, count: u64) -> za_value {
    value(kind, 0, za_data { count })
}

pub fn real(kind: za_kind, real: f64) -> za_value {
    value(kind, 0, za_data { real })
}

pub fn text(text: &str) -> za_value {
    let bytes = text.as_ptr();
    value(za_kind::Text, text.len(), za_data { bytes })
}

pub fn addr(octets: [u8; 4]) -> za_value {
    let mut addr = [0; 16];
    addr[..4].copy_from_slice(&octets);
    value(za_kind::Addr, 4, za_data { addr })
}

/// The schema of the conn records here.
pub fn conn_schema() -> Schema {
    Schema {
        log: "conn".to_owned(),
        fields: CONN
            .iter()
            .map(|(name, ty)| match ty {
                FieldType::List => Field::list(*name, FieldType::String),
                ty => Field::new(*name, *ty),
            })
            .collect(),
    }
}

/// A model of everyday connections.
pub fn model() -> Model {
    let schema = Arc::new(conn_schema());
    let context = Context::default();
    let mut trainer = Trainer::new(TrainParams {
        zeek_version: Some("8.0.1".to_owned()),
        ..TrainParams::default()
    });
    let mut record = RecordBuf::new();
    for n in 0..4_000 {
        Conn::usual(n).fill(&mut record);
        trainer.add(&schema, &record.record(), &context);
    }
    trainer.finish(&context)
}

/// An engine without a model; its state under a prefix, where that is not empty.
pub fn open_at(state_prefix: &str) -> *mut za_engine {
    let options = za_options {
        size: size_of::<za_options>(),
        max_connections: 0,
        state_prefix: text_of(state_prefix),
        model_check_interval: 1.0,
        save_interval: 1.0,
    };
    let mut engine = ptr::null_mut();
    // SAFETY: everything is there.
    let status = unsafe { za_engine_open(&options, &mut engine, ptr::null_mut()) };
    assert_eq!(status, za_status::Ok);
    engine
}

/// An engine with a model, opened through the C ABI.
pub fn open(path: &Path) -> *mut za_engine {
    let engine = open_at("");
    let path = text_of(path.to_str().unwrap());
    // SAFETY: everything is there.
    let status = unsafe { za_engine_load_model(engine, path, 1, ptr::null_mut()) };
    assert_eq!(status, za_status::Ok);
    engine
}

/// A text for the C ABI, borrowed.
pub fn text_of(text: &str) -> za_text {
    za_text {
        data: text.as_ptr().cast(),
        len: text.len(),
    }
}

/// A text from the C ABI.
pub fn string(t: za_text) -> String {
    if t.data.is_null() {
        return String::new();
    }
    // SAFETY: the library says that they are there.
    let bytes = unsafe { std::slice::from_raw_parts(t.data.cast::<u8>(), t.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The next event; `None` where none waits. What it borrows stays until the next call.
pub fn next(engine: *mut za_engine) -> Option<za_event> {
    // SAFETY: numbers and pointers, for which zero is valid; everything is there.
    let (status, event) = unsafe {
        let mut event: za_event = std::mem::zeroed();
        event.size = size_of::<za_event>();
        let status = za_engine_next_event(engine, &mut event, ptr::null_mut());
        (status, event)
    };
    assert_eq!(status, za_status::Ok);
    (event.kind != za_event_kind::None as u32).then_some(event)
}

/// Sets a budget of so many alerts a day, which behaviors share.
pub fn configure(engine: *mut za_engine, per_day: f64) {
    // SAFETY: numbers and pointers, for which zero is valid.
    let mut settings: za_settings = unsafe { std::mem::zeroed() };
    settings.size = size_of::<za_settings>();
    (settings.per_day, settings.threshold, settings.behaviors) = (per_day, 1.0, 1);
    // SAFETY: everything is there.
    let status = unsafe { za_engine_configure(engine, &settings, ptr::null_mut()) };
    assert_eq!(status, za_status::Ok);
}

/// The decision about an event.
pub fn decide(engine: *mut za_engine, id: u64) -> Result<za_decision, za_status> {
    // SAFETY: numbers, for which zero is valid; everything is there.
    let (status, decision) = unsafe {
        let mut decision: za_decision = std::mem::zeroed();
        decision.size = size_of::<za_decision>();
        let status = za_engine_decide(engine, id, &mut decision, ptr::null_mut());
        (status, decision)
    };
    match status {
        za_status::Ok => Ok(decision),
        status => Err(status),
    }
}

/// Binds columns through the C ABI: the binding, and whether behaviors need the log.
pub fn bind_for(
    engine: *mut za_engine,
    log: &str,
    columns: &[(&str, FieldType)],
    uses: u32,
) -> (u32, bool) {
    let fields: Vec<za_field> = columns
        .iter()
        .map(|(name, ty)| za_field {
            name: text_of(name),
            r#type: number_of(*ty) as u32,
            element: za_type::String as u32,
        })
        .collect();
    let (mut binding, mut watched) = (u32::MAX, u32::MAX);
    // SAFETY: everything is there; the engine is open.
    let status = unsafe {
        za_engine_bind(
            engine,
            text_of(log),
            fields.as_ptr(),
            fields.len(),
            uses,
            &mut binding,
            &mut watched,
            ptr::null_mut(),
        )
    };
    assert_eq!(status, za_status::Ok);
    (binding, watched == 1)
}

/// Binds columns of a log that is scored.
pub fn bind(engine: *mut za_engine, log: &str, columns: &[(&str, FieldType)]) -> u32 {
    bind_for(engine, log, columns, ZA_USE_SCORE).0
}

fn number_of(ty: FieldType) -> za_type {
    match ty {
        FieldType::Bool => za_type::Bool,
        FieldType::Count => za_type::Count,
        FieldType::Int => za_type::Int,
        FieldType::Double => za_type::Double,
        FieldType::Time => za_type::Time,
        FieldType::Interval => za_type::Interval,
        FieldType::Port => za_type::Port,
        FieldType::Addr => za_type::Addr,
        FieldType::Subnet => za_type::Subnet,
        FieldType::String => za_type::String,
        FieldType::Enum => za_type::Enum,
        FieldType::List => za_type::List,
        FieldType::Unknown => za_type::Unknown,
    }
}

/// Observes a record through the C ABI.
pub fn observe(
    engine: *mut za_engine,
    binding: u32,
    values: &[za_value],
    report_from: f64,
) -> za_result {
    let mut result = za_result {
        size: size_of::<za_result>(),
        scored: 0,
        waiting: 0,
        score: 0.0,
    };
    // SAFETY: everything is there; the engine is open.
    let status = unsafe {
        za_engine_observe(
            engine,
            binding,
            values.as_ptr(),
            values.len(),
            report_from,
            &mut result,
            ptr::null_mut(),
        )
    };
    assert_eq!(status, za_status::Ok);
    result
}

/// Closes an engine.
pub fn close(engine: *mut za_engine) {
    // SAFETY: it is open, and used no more.
    unsafe { za_engine_close(engine) }
}
