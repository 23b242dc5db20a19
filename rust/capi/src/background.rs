//! Work that nobody has to wait for: files are written on a thread of their own.

use crate::status::{Failure, za_status};
use std::thread::{Builder, JoinHandle};

/// What a thread gives back.
type Outcome<T> = Result<T, Failure>;

/// A thread that does one thing. Dropping it waits for its end.
pub(crate) struct Task<T>(Option<JoinHandle<Outcome<T>>>);

impl<T: Send + 'static> Task<T> {
    pub(crate) fn begin(
        name: &str,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Outcome<Task<T>> {
        let thread = Builder::new().name(name.to_owned()).spawn(work);
        let thread = thread.map_err(|e| Failure::new(za_status::Io, e.to_string()))?;
        Ok(Task(Some(thread)))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// What came of it; waits for it.
    pub(crate) fn end(mut self) -> Outcome<T> {
        let defect = || Failure::new(za_status::Panic, "a defect in the library");
        match self.0.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            _ => Err(defect()),
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

/// Writes one file at a time.
#[derive(Default)]
pub(crate) struct Writer(Option<Task<()>>);

impl Writer {
    /// Whether a file is being written.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.as_ref().is_some_and(|t| !t.is_done())
    }

    /// Whether there was something to write of which the end was not heard yet.
    pub(crate) fn is_begun(&self) -> bool {
        self.0.is_some()
    }

    /// Begins to write; waits for what is being written still, and says if that failed.
    pub(crate) fn begin(
        &mut self,
        work: impl FnOnce() -> Outcome<()> + Send + 'static,
    ) -> Outcome<()> {
        let before = self.end();
        self.0 = Some(Task::begin("anomaly/save", work)?);
        before
    }

    /// Waits until all is written.
    pub(crate) fn end(&mut self) -> Outcome<()> {
        self.0.take().map_or(Ok(()), Task::end)
    }
}
