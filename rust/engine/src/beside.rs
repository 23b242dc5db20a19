//! Work on several threads, one behind the other, in the same order.
//!
//! What one of them has done it hands to the next in parcels of many rows, and the memory of those
//! comes back to be filled again; so no more than a few thousand rows are under way.

use crate::offline::Filter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use zeek_anomaly_features::context::ContextColumns;
use zeek_log::{Input, RecordBuf, Schema};

/// Rows of a parcel.
const TOGETHER: usize = 512;

/// Parcels that wait to be opened.
const WAITING: usize = 4;

/// The way of parcels to who works on them.
pub(crate) enum Belt<'a, T> {
    /// To another thread, and back from it.
    Beside(SyncSender<T>, Receiver<T>),
    /// Where there is to be one thread only.
    Here(&'a mut (dyn FnMut(&mut T) + Send)),
}

impl<T: Default> Belt<'_, T> {
    /// Hands a parcel over, and gives one to be filled: an old one, whose content means nothing any
    /// more, or a new one.
    pub(crate) fn give(&mut self, mut full: T) -> T {
        match self {
            Belt::Beside(to, back) => {
                let empty = back.try_recv().unwrap_or_default();
                // Fails only where the other thread has ended, whose panic is passed on.
                let _ = to.send(full);
                empty
            }
            Belt::Here(work) => {
                work(&mut full);
                full
            }
        }
    }
}

/// Does `work` with each parcel that `feed` hands over, on a thread beside it where more than one is to
/// be used. Both have ended when this returns.
pub(crate) fn beside<T: Default + Send>(
    mut work: impl FnMut(&mut T) + Send,
    feed: impl FnOnce(&mut Belt<'_, T>),
) {
    if rayon::current_num_threads() < 2 {
        feed(&mut Belt::Here(&mut work));
        return;
    }
    let (to, parcels) = sync_channel::<T>(WAITING);
    let (give, back) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for mut parcel in parcels {
                work(&mut parcel);
                // Nobody waits for the last ones.
                let _ = give.send(parcel);
            }
        });
        feed(&mut Belt::Beside(to, back));
    });
}

/// A row that was read.
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

/// Rows that were read.
#[derive(Default)]
pub(crate) struct Parcel {
    rows: Vec<Row>,
    filled: usize,
}

impl Parcel {
    pub(crate) fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut().take(self.filled)
    }
}

/// Where rows that were read are handed over.
pub(crate) struct Desk<'b, 'a> {
    parcel: Parcel,
    belt: &'b mut Belt<'a, Parcel>,
}

impl<'b, 'a> Desk<'b, 'a> {
    pub(crate) fn new(belt: &'b mut Belt<'a, Parcel>) -> Desk<'b, 'a> {
        let parcel = Parcel::default();
        Desk { parcel, belt }
    }

    /// Hands a row over, and leaves memory for another in the place of its record.
    pub(crate) fn put(
        &mut self,
        (input, schema, filter): (&Input, &Arc<Schema>, &Filter),
        record: &mut RecordBuf,
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
        std::mem::swap(&mut row.record, record);
        row.used = used;
        row.live = input.is_stdin();
        row.sensor = input.sensor;
        self.parcel.filled += 1;
        if self.parcel.filled >= TOGETHER {
            self.send();
        }
    }

    /// Hands over what is left.
    pub(crate) fn send(&mut self) {
        self.parcel = self.belt.give(std::mem::take(&mut self.parcel));
        self.parcel.filled = 0;
    }
}
