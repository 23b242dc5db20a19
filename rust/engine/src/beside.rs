//! Reading on one thread, and what is done with the rows on another, in the same order.
//!
//! Rows are handed over in parcels, whose memory comes back to be filled again; so no more
//! than a few thousand rows are under way.

use crate::offline::Filter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use zeek_anomaly_features::context::ContextColumns;
use zeek_log::{Input, Record, RecordBuf, Schema};

/// Rows of a parcel.
const TOGETHER: usize = 512;

/// Parcels that wait to be opened.
const WAITING: usize = 4;

/// A row that was handed over.
pub(crate) struct Row {
    pub(crate) schema: Arc<Schema>,
    /// What features and contexts see of the schema.
    pub(crate) blind: Arc<Schema>,
    pub(crate) columns: ContextColumns,
    pub(crate) record: RecordBuf,
    /// Whether the row is to be used, and not only to be known of.
    pub(crate) used: bool,
    /// Whether it comes from a stream that is read once.
    pub(crate) live: bool,
    pub(crate) sensor: u64,
}

#[derive(Default)]
struct Parcel {
    rows: Vec<Row>,
    filled: usize,
}

/// Where rows are handed over.
pub(crate) struct Desk<'a> {
    parcel: Parcel,
    way: Way<'a>,
}

enum Way<'a> {
    /// To another thread, and back from it.
    Beside(SyncSender<Parcel>, Receiver<Parcel>),
    /// Where there is to be one thread only.
    Here(&'a mut dyn FnMut(&Row)),
}

impl Desk<'_> {
    /// Hands a row over.
    pub(crate) fn put(
        &mut self,
        (input, schema, filter): (&Input, &Arc<Schema>, &Filter),
        record: &Record<'_>,
        used: bool,
    ) {
        let at = self.parcel.filled;
        match self.parcel.rows.get_mut(at) {
            // As a rule the same as the row before it in this place.
            Some(row) if Arc::ptr_eq(&row.blind, &filter.blind) => {}
            Some(row) => {
                row.schema = schema.clone();
                row.blind = filter.blind.clone();
                row.columns = filter.context.clone();
            }
            None => self.parcel.rows.push(Row {
                schema: schema.clone(),
                blind: filter.blind.clone(),
                columns: filter.context.clone(),
                record: RecordBuf::new(),
                used: false,
                live: false,
                sensor: 0,
            }),
        }
        let Some(row) = self.parcel.rows.get_mut(at) else {
            return;
        };
        row.record.copy_from(record);
        row.used = used;
        row.live = input.is_stdin();
        row.sensor = input.sensor;
        self.parcel.filled += 1;
        if self.parcel.filled >= TOGETHER {
            self.send();
        }
    }

    fn send(&mut self) {
        match &mut self.way {
            Way::Beside(to, back) => {
                let empty = back.try_recv().unwrap_or_default();
                let full = std::mem::replace(&mut self.parcel, empty);
                // Fails only where the other thread has ended, whose panic is passed on.
                let _ = to.send(full);
            }
            Way::Here(work) => {
                for row in self.parcel.rows.iter().take(self.parcel.filled) {
                    work(row);
                }
                self.parcel.filled = 0;
            }
        }
    }
}

/// Reads with `read`, and does `work` with each row that it hands over, on a thread beside it
/// where more than one is to be used. Both have ended when this returns.
pub(crate) fn beside(mut work: impl FnMut(&Row) + Send, read: impl FnOnce(&mut Desk<'_>)) {
    let desk = |way| {
        let parcel = Parcel::default();
        let mut desk = Desk { parcel, way };
        read(&mut desk);
        desk.send();
    };
    if rayon::current_num_threads() < 2 {
        desk(Way::Here(&mut work));
        return;
    }
    let (to, parcels) = sync_channel::<Parcel>(WAITING);
    let (give, back) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for mut parcel in parcels {
                parcel.rows.iter().take(parcel.filled).for_each(&mut work);
                parcel.filled = 0;
                // Nobody waits for the last ones.
                let _ = give.send(parcel);
            }
        });
        desk(Way::Beside(to, back));
    });
}
