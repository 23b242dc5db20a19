//! `verdict`: what each directory says as a whole.

pub mod args;
mod document;
mod table;

use super::inputs;
use crate::allowed;
use crate::coverage;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::output::table::Look;
use crate::progress::Progress;
use crate::say::{self, counted};
use args::{VerdictArgs, VerdictFormat};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Allow, BehaviorBaseline};
use zeek_anomaly_engine::{Model, ModelInfo};
use zeek_anomaly_report::words::second;
use zeek_anomaly_runner::{Coverage, Ignore, JudgeParams, Judged, NewLog, Source, judge};
use zeek_anomaly_verdict::{
    Assessment, BaselineComparison, DirectoryBaseline, Standing, VerdictLevel,
};

/// The largest baseline file that is read, in bytes.
const BASELINE_BYTES: u64 = 64 << 20;

/// Judges and writes.
pub fn run(args: &VerdictArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let path = inputs::model_path(args.model.as_deref(), &args.train_on);
    let loaded = inputs::load(path.as_deref(), &args.fit)?;
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
    let mut baseline =
        kept.unwrap_or_else(|| DirectoryBaseline::new(judged_by.clone(), args.threshold));
    if baseline.judged_by != judged_by || baseline.threshold != args.threshold {
        say::warning(&format!(
            "the baseline is of directories that were judged by {} with threshold {}, these are \
             by {judged_by} with threshold {}: scores of different models do not compare",
            baseline.judged_by, baseline.threshold, args.threshold
        ));
    }
    for (path, source) in std::mem::take(&mut work.normal) {
        if let Some(judged) = work.assess(args, &path, &source) {
            baseline.add(&path, &judged.assessment);
        }
    }
    let mut judged: Vec<Shown> = Vec::new();
    for (path, source) in std::mem::take(&mut work.directories) {
        if let Some(of) = work.assess(args, &path, &source) {
            judged.push(Shown {
                path,
                assessment: of.assessment,
                comparison: None,
                new_logs: of.new_logs,
                coverage: of.coverage,
            });
        }
    }
    work.progress.finish();
    if judged.is_empty() {
        return Err(work
            .failure
            .take()
            .unwrap_or(Failure::Said("there is no directory to judge".into())));
    }
    if let Some(place) = baseline_place {
        if baseline.is_empty() {
            for s in &judged {
                baseline.add(&s.path, &s.assessment);
            }
        }
        save(&baseline, place)?;
    }
    let compare = !args.normal.is_empty() || args.baseline.is_some();
    if compare && !baseline.is_empty() {
        for s in &mut judged {
            s.comparison = Some(baseline.compare(&s.assessment));
        }
    }
    write(args, place, &judged_by, &judged)?;
    if !args.work.quiet {
        summarize(args, &judged, &work);
    }
    Ok(status(args, &judged, work.skipped))
}

/// A directory with its verdict.
pub struct Shown {
    /// The path.
    pub path: String,
    /// What its logs say.
    pub assessment: Assessment,
    /// How it compares with the baseline.
    pub comparison: Option<BaselineComparison>,
    /// Logs that training never saw.
    pub new_logs: Vec<NewLog>,
    /// What of it was looked at.
    pub coverage: Coverage,
}

/// What is to be read, and by what it is judged.
struct Work {
    model: Option<Model>,
    normal: Vec<(String, Source)>,
    directories: Vec<(String, Source)>,
    usual: Option<BehaviorBaseline>,
    allow: Allow,
    progress: Progress,
    skipped: bool,
    failure: Option<Failure>,
    rows: u64,
}

impl Work {
    fn gather(args: &VerdictArgs, loaded: Option<Model>) -> Result<Work, Failure> {
        let usual = inputs::baseline(args.usual.as_deref())?;
        let training = inputs::paths(&args.train_on, &args.rows.spool, true)?;
        let itself = loaded.is_none() && !training.is_asked();
        let one = |p: &PathBuf| std::slice::from_ref(p).to_vec();
        let mut normal = Vec::new();
        for p in &args.normal {
            let source = inputs::paths(&one(p), &args.rows.spool, true)?;
            normal.push((p.display().to_string(), source));
        }
        let mut directories = Vec::new();
        for p in &args.rows.paths {
            let source = inputs::rows(&args.rows, &one(p), None, true)?;
            directories.push((p.display().to_string(), source));
        }
        let bytes: u64 = (normal.iter().chain(&directories))
            .map(|(_, s)| s.bytes() + s.bytes_to_score() * if itself { 2 } else { 1 })
            .sum();
        let total = bytes + training.bytes_to_score();
        let mut progress = Progress::new(total, !args.work.quiet);
        let mut skipped = false;
        let model = match itself {
            true => None,
            false => {
                let (none, fit) = (Source::default(), &args.fit);
                let p = inputs::model(loaded, &training, &none, fit, None, &mut progress)?;
                skipped = p.trained.is_some_and(|t| t.is_partial());
                Some(p.model)
            }
        };
        Ok(Work {
            model,
            normal,
            directories,
            usual,
            allow: allowed::load(args.allow.as_deref())?,
            progress,
            skipped,
            failure: None,
            rows: 0,
        })
    }

    /// Judges a directory; `None`, and it is reported, where there is nothing to judge.
    fn assess(&mut self, args: &VerdictArgs, path: &str, source: &Source) -> Option<Judged> {
        let (none, own) = (Source::default(), self.model.is_none());
        let fitted = match &self.model {
            Some(_) => None,
            None => inputs::model(None, &none, source, &args.fit, None, &mut self.progress).ok(),
        };
        let model = self.model.as_ref().or(fitted.as_ref().map(|p| &p.model))?;
        let params = JudgeParams {
            model,
            own_rows: own,
            threshold: args.threshold,
            baseline: self.usual.as_ref(),
            allow: self.allow.clone(),
        };
        let progress = &mut self.progress;
        let judged = judge(source, params, &mut Ignore, &mut |b, r| progress.add(b, r));
        let (assessment, coverage) = (&judged.assessment, &judged.coverage);
        coverage::say_skipped(coverage);
        self.skipped |= coverage.is_partial();
        self.rows += coverage.used();
        if assessment.forgotten > 0 {
            say::warning(&format!(
                "{path}: to keep memory bounded, {} of few records were forgotten; the signs of \
                 small things may be missing",
                counted(assessment.forgotten, "counter")
            ));
        }
        let nothing = coverage.used() == 0;
        if nothing || assessment.components.severity == VerdictLevel::Unknown {
            let label = args.rows.label_column.as_ref();
            let failure = coverage::nothing(coverage, label, "judge");
            say::warning(&format!("{path}: {failure}"));
            self.skipped = true;
            self.failure = Some(failure);
        }
        (!nothing).then_some(judged)
    }
}

/// By what directories are judged without a model.
fn by_itself() -> String {
    "its own rows".into()
}

/// A model in words that tell it from others.
fn named(info: &ModelInfo) -> String {
    // In UTC, whatever tables show: it tells models apart.
    let time = |t: Option<f64>| t.map_or_else(|| "?".into(), second);
    format!(
        "a model of {} rows from {} to {} (seed {})",
        say::count(info.rows),
        time(info.first_ts),
        time(info.last_ts),
        info.seed
    )
}

/// Reads a baseline.
pub fn read_baseline(path: &Path) -> Result<DirectoryBaseline, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::Said(format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| failed(&e))?;
    file.take(BASELINE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| failed(&e))?;
    if bytes.len() as u64 > BASELINE_BYTES {
        return Err(failed(&"is no baseline: it is too large"));
    }
    DirectoryBaseline::from_json(&bytes).map_err(|e| failed(&e))
}

fn save(baseline: &DirectoryBaseline, mut place: Place) -> Result<(), Failure> {
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
    judged: &[Shown],
) -> Result<(), Failure> {
    let to = place.name();
    let failed = |cause| Failure::Output {
        to: to.clone(),
        cause,
    };
    let each = |place: &mut Place| -> io::Result<()> {
        if args.summary_line {
            for s in judged {
                writeln!(place, "{}", summary_line(s))?;
            }
        } else if args.format == VerdictFormat::Json {
            for s in judged {
                document::write(place, s, judged_by)?;
            }
        } else {
            table::write(place, judged, Look::new(args.output.is_none()))?;
        }
        Ok(())
    };
    each(&mut place).map_err(failed)?;
    place.finish().map_err(failed)
}

/// One line for scripts, as users of the existing tool know it.
fn summary_line(s: &Shown) -> String {
    let mut line = format!(
        "{}\tscore={:.1}/100\tseverity={}",
        printable(&s.path),
        s.assessment.components.score,
        s.assessment.components.severity.name()
    );
    if let Some(c) = &s.comparison {
        line.push_str(&format!(
            "\tbaseline={}\tnormals={}",
            c.verdict.name(),
            c.normal_directories
        ));
    }
    line
}

fn summarize(args: &VerdictArgs, judged: &[Shown], work: &Work) {
    if work.model.is_none() {
        say::line(
            "no model given: each directory was fitted on its own rows, so that what most of \
             them do is not strange; a model trained on ordinary days tells more \
             (zeek-anomaly train)",
        );
    }
    for s in judged {
        let (path, a) = (&s.path, &s.assessment);
        if judged.len() == 1 || args.work.verbose {
            coverage::say(&s.coverage, args.work.verbose);
        }
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

fn status(args: &VerdictArgs, judged: &[Shown], skipped: bool) -> Status {
    let worst = judged.iter().map(|s| {
        // A baseline is the user's own measure, and has the last word.
        let standing = s.comparison.as_ref().map(|c| c.verdict);
        match (standing, s.assessment.components.severity) {
            (Some(Standing::Above), _) | (None, VerdictLevel::High) => VerdictLevel::High,
            (Some(Standing::Suspicious), _) | (None, VerdictLevel::Medium) => VerdictLevel::Medium,
            (_, VerdictLevel::Unknown) => VerdictLevel::Unknown,
            _ => VerdictLevel::Low,
        }
    });
    match worst.max() {
        Some(VerdictLevel::High) if args.exit_status => Status::High,
        Some(VerdictLevel::Medium) if args.exit_status => Status::Medium,
        Some(VerdictLevel::Unknown) => Status::NotUnderstood,
        _ if skipped => Status::Skipped,
        _ => Status::Fine,
    }
}
