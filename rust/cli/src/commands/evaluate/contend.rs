//! The models that are compared: read or trained, then each scores the same rows.

use super::alerted::Gathering;
use super::args::{EvaluateArgs, Split};
use super::collect::{Collected, Collector, Shared, host};
use super::hunted::{self, Hunted, Part};
use super::truth::Truth;
use crate::commands::inputs::{Inputs, nothing_used};
use crate::exit::{Failure, Status};
use crate::progress::Progress;
use crate::summary::{Watch, is_left_out};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use zeek_anomaly_alerts::AlertParams;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::offline::{self, ReadParams, Select};
use zeek_anomaly_engine::{Choice, Model};
use zeek_log::{Input, LogReader};

/// The parts that originators are divided into.
const HOST_PARTS: u64 = 5;

/// A model and what it made of the rows.
pub struct Contender {
    /// Its name.
    pub name: String,
    /// The rows.
    pub collected: Collected,
    /// Rows of logs that it has nothing for.
    pub unscored: BTreeMap<String, u64>,
    /// Columns that are blanked and that it was trained with: it is a model that was read.
    pub trained_with: BTreeSet<String>,
    /// Rows that were read.
    pub read: u64,
}

/// Where a contender's models come from.
enum Source {
    File(PathBuf),
    Trained(Choice),
}

/// One training and what is scored with it.
struct Round {
    learn: Vec<Input>,
    learn_read: ReadParams,
    test: Vec<Input>,
    test_read: ReadParams,
}

/// What came of it.
pub struct Contest {
    /// The models, with what each made of the rows.
    pub contenders: Vec<Contender>,
    /// What behaviours found on the same rows, where that was asked for.
    pub hunted: Option<Hunted>,
    /// How the reading went.
    pub status: Status,
}

/// Lets every contender score.
pub fn contend(
    args: &EvaluateArgs,
    truth: &Truth,
    shared: &mut Shared,
) -> Result<Contest, Failure> {
    let mut tested = Inputs::gather(&args.paths, true)?;
    let mut learned = Inputs::gather(&args.train_on, true)?;
    let mut said = Watch::new(Progress::new(0, false), None, tested.alias());
    tested.tell_problems(&mut said);
    learned.tell_problems(&mut said);
    said.say_skipped();
    let mut status = said.status();

    let rounds = rounds(args, truth, &tested, &learned)?;
    let sources = sources(args);
    let work: u64 = rounds
        .iter()
        .map(|r| offline::work(&r.learn) + offline::work(&r.test))
        .sum();
    // Behaviours read what they look at once.
    let passes = 2 * sources.len() as u64 + u64::from(args.hunt);
    let mut progress = Progress::new(work / 2 * passes, !args.work.quiet);
    let mut hunts: Vec<Hunted> = Vec::new();
    for round in rounds.iter().filter(|_| args.hunt) {
        let part = |inputs, read| Part { inputs, read };
        let (learn, test) = (
            part(&round.learn[..], &round.learn_read),
            part(&round.test[..], &round.test_read),
        );
        hunts.push(hunted::hunt(
            args,
            truth,
            learn,
            test,
            shared,
            &mut progress,
        )?);
    }
    let mut out = Vec::new();
    for (i, (name, source)) in sources.into_iter().enumerate() {
        let mut contender = Contender {
            name,
            collected: Collected::default(),
            unscored: BTreeMap::new(),
            trained_with: BTreeSet::new(),
            read: 0,
        };
        for (k, round) in rounds.iter().enumerate() {
            let model = match &source {
                Source::File(path) => {
                    let model = Model::load(path)?;
                    let fields = model.logs.iter().flat_map(|l| &l.fields);
                    let blanked = fields.filter(|f| args.blank.contains(&f.0));
                    (contender.trained_with).extend(blanked.map(|f| f.0.clone()));
                    model
                }
                Source::Trained(detector) => {
                    let mut params = args.fit.params();
                    params.detectors = detector.clone();
                    let label = args.train_label.as_ref();
                    let column = label.map(|l| l.0.as_str());
                    let mut watch = Watch::new(progress, column, learned.alias());
                    let model =
                        offline::train(&round.learn, &params, &round.learn_read, &mut watch);
                    // Of a split's files the scoring says what is wrong with them.
                    if i == 0 && args.split.is_none() {
                        watch.say_skipped();
                        status = worse(status, watch.status());
                    }
                    if model.info.rows == 0 {
                        return Err(nothing_used(&watch, label, "train on"));
                    }
                    progress = watch.progress;
                    model
                }
            };
            let mut watch = Watch::new(progress, None, tested.alias());
            let mut standing = Gathering::new(args.threshold);
            let mut collector = Collector {
                truth,
                standing: &mut standing,
                baselines: &args.baselines,
                uids: args.scores_out.is_some(),
                shared,
                into: &mut contender.collected,
            };
            offline::score(
                &round.test,
                &model,
                false,
                &round.test_read,
                &mut watch,
                &mut |s| {
                    collector.take(s);
                    ControlFlow::Continue(())
                },
            );
            if let Some(hunted) = hunts.get(k) {
                standing.take_behaviors(hunted);
            }
            let params = AlertParams {
                per_day: args.alerts_per_day,
                threshold: args.threshold,
                behaviors: args.hunt,
                ..AlertParams::default()
            };
            contender
                .collected
                .told
                .extend(standing.finish(&model, params));
            if i == 0 && (k == 0 || args.split == Some(Split::File)) {
                watch.say_skipped();
                status = worse(status, watch.status());
            }
            contender.read += watch.rows();
            for (log, report) in &watch.logs {
                if report.tally.unscored > 0 && !is_left_out(log) {
                    *contender.unscored.entry(printable(log)).or_default() += report.tally.unscored;
                }
            }
            progress = watch.progress;
        }
        out.push(contender);
    }
    progress.finish();
    let mut all = Hunted::default();
    hunts.into_iter().for_each(|h| all.add(h));
    Ok(Contest {
        contenders: out,
        hunted: args.hunt.then_some(all),
        status,
    })
}

fn worse(a: Status, b: Status) -> Status {
    if a == Status::Skipped { a } else { b }
}

/// The contenders, with names that tell them apart.
fn sources(args: &EvaluateArgs) -> Vec<(String, Source)> {
    let base = |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let mut out = Vec::new();
    for path in &args.models {
        let alone = args.models.iter().filter(|m| base(m) == base(path)).count() == 1;
        let name = base(path).filter(|_| alone);
        let name = name.unwrap_or_else(|| path.display().to_string());
        out.push((printable(&name), Source::File(path.clone())));
    }
    if args.split.is_some() || !args.train_on.is_empty() {
        let detectors = match args.detectors.as_slice() {
            [] => std::slice::from_ref(&args.fit.detector),
            some => some,
        };
        for d in detectors {
            out.push((format!("trained ({d})"), Source::Trained(d.clone())));
        }
    }
    out
}

/// What is trained on and what is scored, as the arguments have it.
fn rounds(
    args: &EvaluateArgs,
    truth: &Truth,
    tested: &Inputs,
    learned: &Inputs,
) -> Result<Vec<Round>, Failure> {
    let mut blank = args.blank.clone();
    blank.extend(truth.columns());
    blank.extend(args.train_label.iter().map(|l| l.0.clone()));
    let test_read = ReadParams {
        blank,
        ..ReadParams::default()
    };
    let learn_read = ReadParams {
        only: args.train_label.clone(),
        ..test_read.clone()
    };
    let round = |learn: &[Input], test: &[Input]| Round {
        learn: learn.to_vec(),
        learn_read: learn_read.clone(),
        test: test.to_vec(),
        test_read: test_read.clone(),
    };
    Ok(match args.split {
        None => vec![round(&learned.list, &tested.list)],
        Some(Split::Time(part)) => {
            let cut = cut(&tested.list, part)?;
            let mut r = round(&tested.list, &tested.list);
            r.learn_read.until = Some(cut);
            r.test_read.from = Some(cut);
            vec![r]
        }
        Some(Split::Host) => (0..HOST_PARTS)
            .map(|k| {
                let seed = args.fit.seed;
                let mut r = round(&tested.list, &tested.list);
                // Rows without an originator teach always, and are never scored.
                r.learn_read.select = Some(Select(Arc::new(move |schema, record| {
                    part_of(&host(schema, record), seed) != Some(k)
                })));
                r.test_read.select = Some(Select(Arc::new(move |schema, record| {
                    part_of(&host(schema, record), seed) == Some(k)
                })));
                r
            })
            .collect(),
        Some(Split::File) => {
            if args.paths.len() < 2 {
                return Err(Failure::Said(
                    "--split file needs at least two paths: each is scored with what the others \
                     teach"
                        .into(),
                ));
            }
            let mut out = Vec::new();
            for path in &args.paths {
                let under = |i: &&Input| i.path.starts_with(path);
                let test: Vec<Input> = tested.list.iter().filter(under).cloned().collect();
                let learn: Vec<Input> = tested.list.iter().filter(|i| !under(i)).cloned().collect();
                if test.is_empty() || learn.is_empty() {
                    return Err(Failure::Said(format!(
                        "--split file: {} has no file that is not also in another path",
                        path.display()
                    )));
                }
                out.push(round(&learn, &test));
            }
            out
        }
    })
}

/// The part that an originator belongs to: FNV-1a of its address.
fn part_of(host: &str, seed: u64) -> Option<u64> {
    if host.is_empty() {
        return None;
    }
    let hash = seed
        .to_le_bytes()
        .iter()
        .chain(host.as_bytes())
        .fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        });
    Some((hash >> 32) % HOST_PARTS)
}

/// The time before which this part of all rows lies.
fn cut(inputs: &[Input], part: f64) -> Result<f64, Failure> {
    let mut times = Vec::new();
    for input in inputs {
        // What is wrong with a file is said when it is scored.
        let Ok(mut reader) = LogReader::open(input, &zeek_log::Options::default()) else {
            continue;
        };
        let (mut bound, mut at) = (None, None);
        while let Ok(Some(row)) = reader.next() {
            if bound != Some(row.schema_id) {
                bound = Some(row.schema_id);
                at = row.schema.position("ts");
            }
            times.extend(at.and_then(|i| row.record.get(i).number()));
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    times
        .get((times.len() as f64 * part) as usize)
        .copied()
        .ok_or_else(|| Failure::Said("no row has a time (ts) to split by".into()))
}
