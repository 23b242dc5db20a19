//! `verdict`: what each directory says as a whole.

pub mod args;
mod document;
mod table;

use super::inputs::{Inputs, nothing_used};
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::output::table::Look;
use crate::progress::Progress;
use crate::say::{self, counted};
use crate::summary::Watch;
use args::{VerdictArgs, VerdictFormat};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{SnapshotError, Usual};
use zeek_anomaly_engine::offline::{self, ReadParams};
use zeek_anomaly_engine::{Model, ModelInfo};
use zeek_anomaly_verdict::{Assessment, Baseline, By, Comparison, Level, Standing, assess};

/// The largest baseline file that is read, in bytes.
const BASELINE_BYTES: u64 = 64 << 20;

/// Judges and writes.
pub fn run(args: &VerdictArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let loaded = args.model.as_deref().map(Model::load).transpose()?;
    let kept = args.baseline.as_deref().map(read_baseline).transpose()?;
    let place = Place::open(args.output.as_deref())?;
    let baseline_place = match &args.save_baseline {
        Some(path) => Some(Place::open(Some(path))?),
        None => None,
    };
    let mut work = Work::gather(args, loaded)?;
    let judged_by = work
        .model
        .as_ref()
        .map_or_else(by_itself, |m| named(&m.info));

    // The ordinary directories first.
    let mut baseline = kept.unwrap_or_else(|| Baseline::new(judged_by.clone(), args.threshold));
    if baseline.judged_by != judged_by || baseline.threshold != args.threshold {
        say::warning(&format!(
            "the baseline is of directories that were judged by {} with threshold {}, these are \
             by {judged_by} with threshold {}: scores of different models do not compare",
            baseline.judged_by, baseline.threshold, args.threshold
        ));
    }
    for (path, inputs) in std::mem::take(&mut work.normal) {
        if let Some(a) = work.assess(args, &path, inputs) {
            baseline.add(&path, &a);
        }
    }
    let mut judged: Vec<(String, Assessment)> = Vec::new();
    for (path, inputs) in std::mem::take(&mut work.directories) {
        if let Some(a) = work.assess(args, &path, inputs) {
            judged.push((path, a));
        }
    }
    work.progress().finish();
    if judged.is_empty() {
        return Err(work
            .failure
            .take()
            .unwrap_or(Failure::Said("there is no directory to judge".into())));
    }
    if let Some(place) = baseline_place {
        if baseline.is_empty() {
            for (path, a) in &judged {
                baseline.add(path, a);
            }
        }
        save(&baseline, place)?;
    }
    let compare = !args.normal.is_empty() || args.baseline.is_some();
    let compared: Vec<Option<Comparison>> = judged
        .iter()
        .map(|(_, a)| (compare && !baseline.is_empty()).then(|| baseline.compare(a)))
        .collect();
    write(args, place, &judged_by, &judged, &compared)?;
    if !args.work.quiet {
        summarize(args, &judged, &work);
    }
    Ok(status(args, &judged, &compared, work.skipped))
}

/// What is to be read, and by what it is judged.
struct Work {
    model: Option<Model>,
    normal: Vec<(String, Inputs)>,
    directories: Vec<(String, Inputs)>,
    usual: Option<Usual>,
    progress: Option<Progress>,
    skipped: bool,
    failure: Option<Failure>,
    rows: u64,
}

impl Work {
    fn gather(args: &VerdictArgs, loaded: Option<Model>) -> Result<Work, Failure> {
        let usual = args.usual.as_deref().map(read_usual).transpose()?;
        let itself = loaded.is_none() && args.train_on.is_empty();
        let each = |paths: &[PathBuf]| -> Result<Vec<(String, Inputs)>, Failure> {
            let one = |p: &PathBuf| {
                let inputs = Inputs::gather(std::slice::from_ref(p), true)?;
                Ok((p.display().to_string(), inputs))
            };
            paths.iter().map(one).collect()
        };
        let (normal, mut directories) = (each(&args.normal)?, each(&args.rows.paths)?);
        (directories.iter_mut()).for_each(|(_, inputs)| inputs.within(&args.rows));
        let mut training = Inputs::gather(&args.train_on, true)?;
        let bytes: u64 = normal
            .iter()
            .chain(&directories)
            .map(|(_, i)| {
                let once: u64 = i.list.iter().map(|i| i.size).sum();
                once + offline::work(&i.list) * if itself { 2 } else { 1 }
            })
            .sum();
        let total = bytes + offline::work(&training.list);
        let mut progress = Progress::new(total, !args.work.quiet);
        let mut skipped = false;
        let model = match loaded {
            Some(model) => Some(model),
            None if itself => None,
            None => {
                let mut watch = Watch::new(progress, None, training.alias());
                training.tell_problems(&mut watch);
                let all = ReadParams::default();
                let model = offline::train(&training.list, &args.fit.params(), &all, &mut watch);
                watch.say_skipped();
                if model.info.rows == 0 {
                    return Err(nothing_used(&watch, None, "train on"));
                }
                skipped = watch.status() == Status::Skipped;
                progress = watch.progress;
                Some(model)
            }
        };
        if args.model.is_some() && args.fit.asks() {
            say::warning(
                "--seed, --detector, --sample-rows and --zeek-version mean nothing beside a \
                 model: they were settled when it was trained",
            );
        }
        Ok(Work {
            model,
            normal,
            directories,
            usual,
            progress: Some(progress),
            skipped,
            failure: None,
            rows: 0,
        })
    }

    fn progress(&mut self) -> Progress {
        let none = || Progress::new(0, false);
        self.progress.take().unwrap_or_else(none)
    }

    /// Judges a directory; `None`, and it is said, where there is nothing to judge.
    fn assess(&mut self, args: &VerdictArgs, path: &str, mut inputs: Inputs) -> Option<Assessment> {
        let label = args.rows.label_column.as_ref();
        let column = label.map(|l| l.0.as_str());
        let mut watch = Watch::new(self.progress(), column, inputs.alias());
        inputs.tell_problems(&mut watch);
        let params = args.fit.params();
        let by = self.model.as_ref().map_or(By::Itself(&params), By::Model);
        let a = assess(
            &inputs.list,
            by,
            &args.rows.read(),
            args.threshold,
            self.usual.as_ref(),
            &mut watch,
            &mut |_| {},
        );
        watch.say_skipped();
        self.skipped |= watch.status() == Status::Skipped;
        self.rows += watch.used();
        // Signs are of every log, also of those that the model has nothing for.
        let nothing = watch.used() + watch.unscored() == 0;
        if nothing {
            let failure = nothing_used(&watch, label, "judge");
            say::warning(&format!("{path}: {failure}"));
            self.skipped = true;
            self.failure = Some(failure);
        }
        self.progress = Some(watch.progress);
        if a.forgotten > 0 {
            say::warning(&format!(
                "{path}: to keep memory bounded, {} of few records were forgotten; the signs of \
                 small things may be missing",
                counted(a.forgotten, "counter")
            ));
        }
        (!nothing).then_some(a)
    }
}

/// By what directories are judged without a model.
fn by_itself() -> String {
    "its own rows".into()
}

/// A model in words that tell it from others.
fn named(info: &ModelInfo) -> String {
    let time = |t: Option<f64>| t.map_or_else(|| "?".into(), say::second);
    format!(
        "a model of {} rows from {} to {} (seed {})",
        say::count(info.rows),
        time(info.first_ts),
        time(info.last_ts),
        info.seed
    )
}

/// Reads what is usual.
pub fn read_usual(path: &Path) -> Result<Usual, Failure> {
    Usual::load(path).map_err(|e| {
        Failure::Said(match e {
            SnapshotError::Io { .. } => e.to_string(),
            _ => format!("{}: {e}", path.display()),
        })
    })
}

/// Reads a baseline.
pub fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::Said(format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| failed(&e))?;
    file.take(BASELINE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| failed(&e))?;
    if bytes.len() as u64 > BASELINE_BYTES {
        return Err(failed(&"is no baseline: it is too large"));
    }
    Baseline::from_json(&bytes).map_err(|e| failed(&e))
}

fn save(baseline: &Baseline, mut place: Place) -> Result<(), Failure> {
    let to = place.name();
    let failed = |cause| Failure::Output {
        to: to.clone(),
        cause,
    };
    let bytes = baseline
        .to_json()
        .map_err(|e| failed(io::Error::other(e)))?;
    place.write_all(&bytes).map_err(failed)?;
    place.finish().map_err(failed)
}

fn write(
    args: &VerdictArgs,
    mut place: Place,
    judged_by: &str,
    judged: &[(String, Assessment)],
    compared: &[Option<Comparison>],
) -> Result<(), Failure> {
    let to = place.name();
    let failed = |cause| Failure::Output {
        to: to.clone(),
        cause,
    };
    let all = judged.iter().zip(compared);
    let each = |place: &mut Place| -> io::Result<()> {
        if args.summary_line {
            for ((path, a), c) in all {
                writeln!(place, "{}", summary_line(path, a, c.as_ref()))?;
            }
        } else if args.format == VerdictFormat::Json {
            for ((path, a), c) in all {
                document::write(place, path, judged_by, a, c.as_ref())?;
            }
        } else {
            let shown: Vec<table::Shown<'_>> = all
                .map(|((path, a), c)| table::Shown {
                    path,
                    assessment: a,
                    comparison: c.as_ref(),
                })
                .collect();
            table::write(place, &shown, Look::new(args.output.is_none()))?;
        }
        Ok(())
    };
    each(&mut place).map_err(failed)?;
    place.finish().map_err(failed)
}

/// One line for scripts, as users of the existing tool know it.
fn summary_line(path: &str, a: &Assessment, c: Option<&Comparison>) -> String {
    let mut line = format!(
        "{}\tscore={:.1}/100\tseverity={}",
        printable(path),
        a.components.score,
        a.components.severity.name()
    );
    if let Some(c) = c {
        line.push_str(&format!(
            "\tbaseline={}\tnormals={}",
            c.verdict.name(),
            c.normal_directories
        ));
    }
    line
}

fn summarize(args: &VerdictArgs, judged: &[(String, Assessment)], work: &Work) {
    if work.model.is_none() {
        say::line(
            "no model given: each directory was fitted on its own rows, so that what most of \
             them do is not strange; a model trained on ordinary days tells more \
             (zeek-anomaly train)",
        );
    }
    for (path, a) in judged {
        if !a.unfamiliar.is_empty() {
            say::warning(&format!(
                "{path}: to the model nearly everything is strange in {}; it does not know this \
                 network, and what it says of that does not count",
                a.unfamiliar.join(", ")
            ));
        }
        let few: Vec<&str> = a
            .logs
            .iter()
            .filter(|l| !l.judged)
            .map(|l| l.log_name.as_str())
            .collect();
        if !few.is_empty() && judged.len() == 1 {
            say::line(&format!(
                "trained on too few rows to judge: {}",
                printable(&few.join(", "))
            ));
        }
    }
    let n = judged.len() as u64 + args.normal.len() as u64;
    let directories = counted(n, "path");
    say::line(&format!(
        "judged {directories}, {}",
        counted(work.rows, "row")
    ));
}

fn status(
    args: &VerdictArgs,
    judged: &[(String, Assessment)],
    compared: &[Option<Comparison>],
    skipped: bool,
) -> Status {
    let worst = judged.iter().zip(compared).map(|((_, a), c)| {
        // A baseline is the user's own measure, and has the last word.
        match (c.as_ref().map(|c| c.verdict), a.components.severity) {
            (Some(Standing::Above), _) | (None, Level::High) => Level::High,
            (Some(Standing::Suspicious), _) | (None, Level::Medium) => Level::Medium,
            _ => Level::Low,
        }
    });
    match worst.max() {
        Some(Level::High) if args.exit_status => Status::High,
        Some(Level::Medium) if args.exit_status => Status::Medium,
        _ if skipped => Status::Skipped,
        _ => Status::Fine,
    }
}
