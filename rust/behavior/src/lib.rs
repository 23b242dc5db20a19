//! Behavioral detection: beacons, scans, guessing, and the risk that they add up to for a host.
//!
//! A single record rarely shows an attack; its rhythm does. [`BehaviorEngine`] sees records one by
//! one, the same whichever door they come by, keeps state of hosts, pairs and names in bounded
//! memory, and gives [`Finding`]s: whom it is about, how strong, why, and the connections
//! behind it.
//!
//! ```
//! use zeek_anomaly_behavior::{BehaviorEngine, Settings};
//! use zeek_log::{LogReader, Options};
//!
//! let text = "#separator \\x09\n#path\tconn\n\
//!     #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\n\
//!     #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\n";
//! let lines: String = (0..12)
//!     .map(|i| format!("{}\tC{i}\t10.0.0.5\t5000\t10.0.0.{}\t22\ttcp\tREJ\n", 1e9 + f64::from(i), 20 + i))
//!     .collect();
//! let log = std::io::Cursor::new([text, &lines].concat().into_bytes());
//! let mut reader = LogReader::from_reader(Box::new(log), "conn.log", None, &Options::default())?;
//!
//! let mut hunter = BehaviorEngine::new(Settings::default(), None);
//! let (mut bound, mut columns, mut found) = (0, None, Vec::new());
//! while let Some(row) = reader.next()? {
//!     if row.schema_id != bound {
//!         bound = row.schema_id;
//!         columns = Some(zeek_anomaly_behavior::BehaviorColumns::bind(row.schema));
//!     }
//!     if let Some(columns) = &columns {
//!         hunter.observe(columns, &row.record, &mut found);
//!     }
//! }
//! assert_eq!(found[0].kind.0.name, "scan_horizontal");
//! assert_eq!(found[0].entity.to_string(), "10.0.0.5");
//! # Ok::<(), zeek_log::Error>(())
//! ```
//!
//! # A new behaviour
//!
//! is a file with a type that implements [`Behavior`] and a static
//! [`behavior::Description`] of it, and its name in the list of [`registry`]. What it declares
//! there, its kinds of findings and its [`settings::Param`]s, is known everywhere by that: options,
//! allowlists, notices, snapshots, the budget of memory. State goes into [`state::Table`]s, which
//! hold what the behaviour says deserves to be held. BehaviorColumns that no behaviour needed so
//! far are added to the list in [`event`].
//!
//! # Rules
//!
//! - Time is that of events. [`BehaviorEngine`] keeps a clock for what happens between them, which a
//!   single outlandish record does not move.
//! - The same records in the same order give the same findings.
//! - A score is a −log10 p under what is stated as ordinary, or the strength of a stated rule
//!   ([`finding::Basis`]).
//! - Nothing that is seen while hunting becomes ordinary by being seen ([`baseline`]).

#![forbid(unsafe_code)]

pub mod allow;
mod arp;
pub mod baseline;
mod beacons;
pub mod behavior;
mod clock;
mod codec;
mod dns;
pub mod engine;
pub mod entity;
pub mod event;
mod fanout;
pub mod finding;
mod firsts;
mod guessing;
mod hours;
mod infrastructure;
pub mod kinds;
mod lateral;
pub mod network;
mod queries;
pub mod registry;
mod reputation;
mod resolvers;
pub mod risk;
mod scans;
pub mod settings;
pub mod snapshot;
pub mod state;
mod steps;
mod text;
mod volume;
pub mod wire;

pub use allow::Allow;
pub use baseline::BehaviorBaseline;
pub use behavior::Behavior;
pub use engine::{BehaviorEngine, Snapshot};
pub use entity::Entity;
pub use event::{BehaviorColumns, Event, View};
pub use finding::{Basis, Evidence, Finding};
pub use kinds::{BehaviorKind, Stage, Tactic, Technique};
pub use settings::Settings;
pub use snapshot::SnapshotError;
