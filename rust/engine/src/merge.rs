//! Records of several logs in the order in which Zeek wrote them, as far as the logs tell: a
//! connection at its end, everything else at its `ts`.
//!
//! What goes by time (behaviours) needs the logs together, as inside Zeek. The files of a batch
//! (a rotation interval; everything that has none is one batch) are read side by side and
//! merged; within a file the order of its lines stays. Memory is one record for each file.

use crate::offline::{Fate, Filter, Observer, ReadParams, Tally, batches, is_never_seen};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::ControlFlow;
use std::sync::Arc;
use zeek_log::{Input, LogReader, Record, RecordBuf, Schema};

/// Files that are read side by side; a batch of more is read in groups, by their first
/// records.
const SIDE_BY_SIDE: usize = 400;

/// A record, in its place.
#[derive(Clone, Copy, Debug)]
pub struct InOrder<'a> {
    /// The input it came from.
    pub input: &'a Input,
    /// Its line in that.
    pub line: u64,
    /// Its columns.
    pub schema: &'a Arc<Schema>,
    /// Its values.
    pub record: Record<'a>,
}

/// One file, with the record that is next.
struct Source<'a> {
    input: &'a Input,
    shared: Arc<Input>,
    reader: LogReader,
    filters: BTreeMap<u64, (Filter, Written)>,
    head: RecordBuf,
    schema: Option<(u64, Arc<Schema>)>,
    line: u64,
    key: f64,
    told: (u64, u64),
}

/// Where in a schema stands when a record was written.
pub(crate) struct Written {
    ts: Option<usize>,
    duration: Option<usize>,
}

impl Written {
    pub(crate) fn bind(schema: &Schema) -> Written {
        let conn = schema.log == "conn";
        Written {
            ts: schema.position("ts"),
            duration: schema.position("duration").filter(|_| conn),
        }
    }

    /// When a record was written, in seconds since the epoch: a connection at its end.
    pub(crate) fn of(&self, record: &Record<'_>) -> Option<f64> {
        let number = |at: Option<usize>| at.and_then(|i| record.get(i).number());
        let ts = number(self.ts)?;
        Some(ts + number(self.duration).unwrap_or(0.0).max(0.0))
    }
}

/// A source's place: the earliest first, then in the order of the files.
#[derive(PartialEq)]
struct Place(f64, usize);

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        // The heap gives the greatest.
        (other.0.total_cmp(&self.0)).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Hands each record that is to be used to the sink, in order; the sink may stop the work.
pub fn in_order(
    inputs: &[Input],
    read: &ReadParams,
    observer: &mut dyn Observer,
    sink: &mut dyn FnMut(&InOrder<'_>) -> ControlFlow<()>,
) {
    for batch in batches(inputs) {
        if batch_in_order(&batch, read, observer, sink).is_break() {
            return;
        }
    }
}

/// The same for one batch.
pub fn batch_in_order(
    batch: &[Input],
    read: &ReadParams,
    observer: &mut dyn Observer,
    sink: &mut dyn FnMut(&InOrder<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut files: Vec<&Input> = batch.iter().collect();
    if files.len() > SIDE_BY_SIDE {
        // Groups that follow one another: by when each file begins.
        let mut starts: Vec<(f64, &Input)> = files
            .iter()
            .map(|input| (begin(input, read), *input))
            .collect();
        starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        files = starts.into_iter().map(|(_, input)| input).collect();
    }
    for group in files.chunks(SIDE_BY_SIDE) {
        let opened = group.iter().filter_map(|i| open(i, read, observer));
        let mut sources: Vec<Source<'_>> = opened.collect();
        merge(&mut sources, read, observer, sink)?;
    }
    ControlFlow::Continue(())
}

/// When a file's first record was written; the end of time where it has none.
fn begin(input: &Input, read: &ReadParams) -> f64 {
    struct Quiet;
    impl Observer for Quiet {}
    if input.once {
        return f64::INFINITY;
    }
    match open(input, read, &mut Quiet) {
        Some(mut s) => match s.advance(read, &mut Quiet) {
            true => s.key,
            false => f64::INFINITY,
        },
        None => f64::INFINITY,
    }
}

fn open<'a>(
    input: &'a Input,
    read: &ReadParams,
    observer: &mut dyn Observer,
) -> Option<Source<'a>> {
    match read.open(input) {
        Ok(reader) => Some(Source {
            input,
            shared: Arc::new(input.clone()),
            reader,
            filters: BTreeMap::new(),
            head: RecordBuf::new(),
            schema: None,
            line: 0,
            key: f64::NEG_INFINITY,
            told: (0, 0),
        }),
        Err(e) => {
            observer.problem(e);
            None
        }
    }
}

fn merge(
    sources: &mut [Source<'_>],
    read: &ReadParams,
    observer: &mut dyn Observer,
    sink: &mut dyn FnMut(&InOrder<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut heap = BinaryHeap::new();
    for (i, s) in sources.iter_mut().enumerate() {
        if s.advance(read, observer) {
            heap.push(Place(s.key, i));
        }
    }
    let mut stopped = ControlFlow::Continue(());
    while let Some(mut first) = heap.peek_mut() {
        let i = first.1;
        let Some(s) = sources.get_mut(i) else { break };
        if let Some((_, schema)) = &s.schema {
            stopped = sink(&InOrder {
                input: s.input,
                line: s.line,
                schema,
                record: s.head.record(),
            });
            if stopped.is_break() {
                break;
            }
        }
        match s.advance(read, observer) {
            true => *first = Place(s.key, i),
            false => {
                std::collections::binary_heap::PeekMut::pop(first);
            }
        }
    }
    for s in sources {
        s.finish(observer);
    }
    stopped
}

impl Source<'_> {
    /// Reads on to the next record that is to be used; whether there is one.
    fn advance(&mut self, read: &ReadParams, observer: &mut dyn Observer) -> bool {
        loop {
            let row = match self.reader.next() {
                Ok(Some(row)) => row,
                Ok(None) => return false,
                Err(e) => {
                    observer.problem(e);
                    return false;
                }
            };
            let (filter, written) = self.filters.entry(row.schema_id).or_insert_with(|| {
                let filter = Filter::new(read, &self.shared, row.schema, None);
                (filter, Written::bind(row.schema))
            });
            let fate = match filter.passes(read, &row.record) {
                false => Fate::Filtered,
                true if is_never_seen(row.schema, &row.record) => Fate::Unscored,
                true => Fate::Used,
            };
            filter.tally.count(&fate);
            let used = matches!(fate, Fate::Used);
            let at = written.of(&row.record);
            let untimed = !matches!(fate, Fate::Filtered) && at.is_none();
            filter.tally.untimed += u64::from(untimed);
            if used {
                if let Some(at) = at {
                    self.key = at;
                }
                self.head.copy_from(&row.record);
                self.line = row.line;
                if self.schema.as_ref().is_none_or(|s| s.0 != row.schema_id) {
                    self.schema = Some((row.schema_id, row.schema.clone()));
                }
            }
            self.told.1 += 1;
            if self.told.1.is_multiple_of(8192) {
                let now = self.reader.bytes_read();
                observer.progress(now - self.told.0, 8192);
                self.told.0 = now;
            }
            if used {
                return true;
            }
        }
    }

    fn finish(&mut self, observer: &mut dyn Observer) {
        let bytes = self.reader.bytes_read();
        observer.progress(bytes - self.told.0, self.told.1 % 8192);
        let mut tally = Tally::default();
        for (filter, _) in self.filters.values() {
            tally.add(&filter.tally);
            observer.log_finished(self.input, filter.schema(), &filter.tally);
        }
        observer.finished(self.input, self.reader.stats(), &tally);
    }
}
