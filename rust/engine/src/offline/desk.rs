//! Rows that were read, on their way to who uses them: many at a time, in memory that comes back
//! to be filled again.

use super::observe::Told;
use super::read::Origin;
use crate::beside::Give;
use crate::model::{Scratch, Verdict};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_log::RecordBuf;

/// Rows of a parcel.
const TOGETHER: usize = 512;

/// What the observer is to be told with one parcel; of empty files there may be any number.
const MUCH_TOLD: usize = 64;

/// A row that was read.
pub(super) struct Row {
    pub(super) of: Arc<Origin>,
    pub(super) record: RecordBuf,
    /// Its line in its input.
    pub(super) line: u64,
    /// Whether the row is to be used, and not only to be known of.
    pub(super) used: bool,
    /// Where rows are scored: its features, and what is made of them.
    pub(super) bits: Vec<u64>,
    pub(super) verdict: Option<Verdict>,
}

/// Rows that were read, with what the observer is to be told between them.
#[derive(Default)]
pub(super) struct Parcel {
    rows: Vec<Row>,
    filled: usize,
    /// With the number of rows before it.
    pub(super) told: Vec<(usize, Told)>,
    /// Memory for judging them.
    pub(super) scratch: Scratch,
}

impl Parcel {
    pub(super) fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut().take(self.filled)
    }

    /// The rows, and memory for judging them.
    pub(super) fn judged(&mut self) -> (impl Iterator<Item = &mut Row>, &mut Scratch) {
        (self.rows.iter_mut().take(self.filled), &mut self.scratch)
    }
}

/// Where rows that were read are handed over.
pub(super) struct Desk<'d> {
    parcel: Parcel,
    give: &'d mut Give<'d, Parcel>,
}

impl<'d> Desk<'d> {
    pub(super) fn new(give: &'d mut Give<'d, Parcel>) -> Desk<'d> {
        let parcel = Parcel::default();
        Desk { parcel, give }
    }

    /// Hands a row over, and leaves memory for another in the place of its record.
    pub(super) fn put(
        &mut self,
        of: &Arc<Origin>,
        record: &mut RecordBuf,
        used: bool,
        line: u64,
    ) -> ControlFlow<()> {
        let at = self.parcel.filled;
        match self.parcel.rows.get_mut(at) {
            // As a rule the same as the row before it in this place.
            Some(row) if Arc::ptr_eq(&row.of, of) => {}
            Some(row) => row.of = of.clone(),
            None => self.parcel.rows.push(Row {
                of: of.clone(),
                record: RecordBuf::new(),
                line: 0,
                used: false,
                bits: Vec::new(),
                verdict: None,
            }),
        }
        if let Some(row) = self.parcel.rows.get_mut(at) {
            std::mem::swap(&mut row.record, record);
            row.line = line;
            row.used = used;
            row.verdict = None;
            self.parcel.filled += 1;
        }
        match self.parcel.filled >= TOGETHER {
            true => self.send(),
            false => ControlFlow::Continue(()),
        }
    }

    /// Has the observer told something in its place among the rows.
    pub(super) fn tell(&mut self, told: Told) -> ControlFlow<()> {
        self.parcel.told.push((self.parcel.filled, told));
        match self.parcel.told.len() >= MUCH_TOLD {
            true => self.send(),
            false => ControlFlow::Continue(()),
        }
    }

    /// Hands over what is left.
    pub(super) fn send(&mut self) -> ControlFlow<()> {
        self.parcel = (self.give)(std::mem::take(&mut self.parcel))?;
        self.parcel.filled = 0;
        self.parcel.told.clear();
        ControlFlow::Continue(())
    }
}
