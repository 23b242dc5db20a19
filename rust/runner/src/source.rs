//! What is read: files, directories, archives and streams, and which of their rows count.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use zeek_anomaly_engine::offline::{self, ReadParams, Select};
use zeek_log::{Error, Input, OpenFiles, Unread, discover};

/// How a source is read.
#[derive(Clone, Debug)]
pub struct SourceParams {
    /// Which rows count.
    pub read: ReadParams,
    /// Whether each path is a sensor of its own: equal uids below different paths are different
    /// connections.
    pub sensors: bool,
    /// Whether the rows are read more than once. An input that can be read only once is then
    /// copied to a temporary file first.
    pub again: bool,
    /// The most bytes of such a copy.
    pub spool_limit: u64,
}

impl SourceParams {
    /// The most bytes of a temporary copy where nobody says otherwise.
    pub const SPOOL_LIMIT: u64 = 16 << 30;
}

impl Default for SourceParams {
    fn default() -> SourceParams {
        SourceParams {
            read: ReadParams::default(),
            sensors: false,
            again: true,
            spool_limit: SourceParams::SPOOL_LIMIT,
        }
    }
}

/// An input that can be read only once could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// More came than may be copied.
    #[error(
        "{input}: more than {limit} bytes; this command reads its input twice, and a pipe has to \
         be copied to a temporary file for that: write it to a file, or raise --spool-limit"
    )]
    TooLarge {
        /// What was copied.
        input: String,
        /// The limit.
        limit: u64,
    },
    /// Reading or writing failed.
    #[error("{input}: cannot be copied to a temporary file: {cause}")]
    Io {
        /// What was copied.
        input: String,
        /// What the system said.
        cause: io::Error,
    },
}

/// What is read.
#[derive(Debug, Default)]
pub struct Source {
    pub(crate) inputs: Vec<Input>,
    pub(crate) read: ReadParams,
    pub(crate) problems: Vec<Error>,
    pub(crate) unread: Vec<Unread>,
    outside: u64,
    asked: bool,
}

impl Source {
    /// Lists what is under these paths; `-` is standard input. Files whose names tell that they
    /// hold no row between the time bounds are left out.
    ///
    /// # Errors
    /// Where an input that can be read only once cannot be copied.
    pub fn open(paths: &[PathBuf], params: &SourceParams) -> Result<Source, SpoolError> {
        let found = discover(paths);
        let mut source = Source::of(found.inputs, params.read.clone());
        source.problems = found.problems;
        source.unread = found.unread;
        source.asked = !paths.is_empty();
        if params.sensors {
            source.by_sensor(paths);
        }
        let (from, until) = (source.read.from, source.read.until);
        let before = source.inputs.len();
        source.inputs.retain(|input| input.may_hold(from, until));
        source.outside = (before - source.inputs.len()) as u64;
        if params.again {
            for input in source.inputs.iter_mut().filter(|i| i.once) {
                let copy = spool(input, params.spool_limit)?;
                input.size = copy.metadata().map_or(0, |m| m.len());
                source.read.files.replace(input, copy);
                input.once = false;
            }
        }
        Ok(source)
    }

    /// A source of inputs that are known already.
    pub fn of(inputs: Vec<Input>, read: ReadParams) -> Source {
        let files = OpenFiles::kept();
        Source {
            inputs,
            read: ReadParams { files, ..read },
            problems: Vec::new(),
            unread: Vec::new(),
            outside: 0,
            asked: true,
        }
    }

    /// Some of the inputs, of which the rows count that `read` chooses.
    pub fn part(&self, inputs: Vec<Input>, read: ReadParams) -> Source {
        let files = self.read.files.clone();
        Source {
            inputs,
            read: ReadParams { files, ..read },
            problems: Vec::new(),
            unread: Vec::new(),
            outside: 0,
            asked: self.asked,
        }
    }

    /// The same inputs, of which only the rows count that pass a test.
    pub fn selecting(&self, select: Select) -> Source {
        let select = Some(select);
        let read = ReadParams {
            select,
            ..self.read.clone()
        };
        self.part(self.inputs.clone(), read)
    }

    /// Takes each path for a sensor; the longest path has a file, where one lies in another.
    fn by_sensor(&mut self, paths: &[PathBuf]) {
        for input in &mut self.inputs {
            let of = (paths.iter().enumerate())
                .filter(|(_, p)| input.path.starts_with(p))
                .max_by_key(|(_, p)| p.as_os_str().len());
            input.sensor = of.map_or(0, |(i, _)| i as u64 + 1);
        }
    }

    /// The inputs.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Which rows count, and how files are opened.
    pub fn read(&self) -> &ReadParams {
        &self.read
    }

    /// Whether any path was given, also where nothing was found there.
    pub fn is_asked(&self) -> bool {
        self.asked
    }

    /// Files that were left out because their names tell another time.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// The bytes that scoring or training reads, for a progress bar.
    pub fn bytes_to_score(&self) -> u64 {
        offline::work(&self.inputs)
    }

    /// The bytes that behaviors read.
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().map(|i| i.size).sum()
    }
}

/// Copies an input to a temporary file that has no name: it is gone when the process ends, however
/// that ends.
fn spool(input: &Input, limit: u64) -> Result<File, SpoolError> {
    let failed = |cause| SpoolError::Io {
        input: input.name(),
        cause,
    };
    let from: Box<dyn Read> = match input.is_stdin() {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(&input.path).map_err(failed)?),
    };
    let mut copy = tempfile::tempfile().map_err(failed)?;
    let copied = io::copy(&mut from.take(limit.saturating_add(1)), &mut copy).map_err(failed)?;
    match copied > limit {
        true => Err(SpoolError::TooLarge {
            input: input.name(),
            limit,
        }),
        false => Ok(copy),
    }
}
