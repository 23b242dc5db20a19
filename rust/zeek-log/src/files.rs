//! Files that are read more than once stay open between the passes.
//!
//! So every pass reads the same file, also where Zeek rotates the log in between, and a file is
//! opened once. Each reader has a position of its own.

use crate::error::Error;
use crate::input::Input;
use crate::reader::{LogReader, Options};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files that are kept open at most. A process may have 1024 descriptors as a rule.
const MOST: usize = 400;

/// Open files by the path of their input.
type Open = HashMap<PathBuf, Arc<File>>;

/// Opens inputs; the files of those that are read again stay open.
#[derive(Clone, Debug, Default)]
pub struct OpenFiles {
    /// `None` where nothing is kept.
    files: Option<Arc<Mutex<Open>>>,
    /// Copies of inputs that can be read only once.
    copies: Open,
}

/// One reader's place in a file.
struct At {
    file: Arc<File>,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buf, self.offset)?;
        self.offset += n as u64;
        Ok(n)
    }
}

fn lock(files: &Mutex<Open>) -> MutexGuard<'_, Open> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenFiles {
    /// Keeps files open until [`OpenFiles::close`]; the default keeps none.
    pub fn kept() -> OpenFiles {
        OpenFiles {
            files: Some(Arc::default()),
            copies: Open::new(),
        }
    }

    /// From now on this input is read from `copy`.
    pub fn replace(&mut self, input: &Input, copy: File) {
        self.copies.insert(input.path.clone(), Arc::new(copy));
    }

    /// Opens an input, or begins anew with its file where that is open.
    ///
    /// # Errors
    /// As for [`LogReader::open`].
    pub fn open(&self, input: &Input, options: &Options) -> Result<LogReader, Error> {
        let file = match (self.copies.get(&input.path), &self.files) {
            (Some(copy), _) => copy.clone(),
            (None, Some(files)) if !input.once => {
                let mut files = lock(files);
                match files.get(&input.path) {
                    Some(file) => file.clone(),
                    None => {
                        let file = Arc::new(LogReader::open_file(input)?);
                        if files.len() < MOST {
                            files.insert(input.path.clone(), file.clone());
                        }
                        file
                    }
                }
            }
            _ => return LogReader::open(input, options),
        };
        LogReader::from_input(Box::new(At { file, offset: 0 }), input, options)
    }

    /// Closes the files of these inputs: they are not read again.
    pub fn close(&self, inputs: &[Input]) {
        if let Some(files) = &self.files {
            let mut files = lock(files);
            for input in inputs {
                files.remove(&input.path);
            }
        }
    }
}
