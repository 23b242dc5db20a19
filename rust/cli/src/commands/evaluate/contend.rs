//! The models that are compared: read or trained, then each scores the same rows.

use super::alerted::Gathering;
use super::args::{EvaluateArgs, Split};
use super::collect::{Collected, Collector, Shared, host};
use super::hunted::{self, Hunted};
use super::truth::Truth;
use crate::args::SpoolArgs;
use crate::commands::inputs;
use crate::coverage::{self, is_left_out};
use crate::exit::{Failure, Status};
use crate::progress::Progress;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use zeek_anomaly_alerts::AlertParams;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::offline::{ReadParams, Select};
use zeek_anomaly_engine::train::Trainer;
use zeek_anomaly_engine::{Choice, Model};
use zeek_anomaly_runner::{Coverage, Run, Source, on_scored};
use zeek_log::Input;

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
enum Origin {
    File(PathBuf),
    Trained(Choice),
}

/// One training and what is scored with it.
struct Round {
    learn: Source,
    test: Source,
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
    let spool = SpoolArgs::default();
    let tested = inputs::paths(&args.paths, &spool, true)?;
    let learned = inputs::paths(&args.train_on, &spool, true)?;
    let mut status = Status::Fine;
    for source in [&tested, &learned] {
        let found = Coverage::of(source);
        coverage::say_skipped(&found);
        status = worse(status, coverage::status(&found));
    }

    let rounds = rounds(args, truth, &tested, &learned)?;
    let sources = sources(args);
    let work: u64 = rounds
        .iter()
        .map(|r| r.learn.bytes_to_score() + r.test.bytes_to_score())
        .sum();
    // Behaviours read what they look at once.
    let passes = 2 * sources.len() as u64 + u64::from(args.hunt);
    let mut progress = Progress::new(work / 2 * passes, !args.work.quiet);
    let mut hunts: Vec<Hunted> = Vec::new();
    for round in rounds.iter().filter(|_| args.hunt) {
        let (learn, test) = (&round.learn, &round.test);
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
                Origin::File(path) => {
                    let model = Model::load(path)?;
                    let fields = model.logs.iter().flat_map(|l| &l.fields);
                    let blanked = fields.filter(|f| args.blank.contains(&f.0));
                    (contender.trained_with).extend(blanked.map(|f| f.0.clone()));
                    model
                }
                Origin::Trained(detector) => {
                    let mut params = args.fit.params();
                    params.detectors = detector.clone();
                    let trainer = Trainer::new(params);
                    let run = Run::of(&round.learn).and_again();
                    let (model, trained) = run.train(trainer, &mut |b, r| progress.add(b, r));
                    // Of a split's files the scoring reports what is wrong with them.
                    if i == 0 && args.split.is_none() {
                        coverage::say_skipped(&trained);
                        status = worse(status, coverage::status(&trained));
                    }
                    if model.info.rows == 0 {
                        let label = args.train_label.as_ref();
                        return Err(coverage::nothing(&trained, label, "train on"));
                    }
                    model
                }
            };
            let mut standing = Gathering::new(args.threshold);
            let mut collector = Collector {
                truth,
                standing: &mut standing,
                baselines: &args.baselines,
                uids: args.scores_out.is_some(),
                shared,
                into: &mut contender.collected,
            };
            let mut collect = on_scored(|s| {
                collector.take(s);
                ControlFlow::Continue(())
            });
            let coverage = Run::of(&round.test)
                .score(&model, false)
                .sink(&mut collect)
                .and_again()
                .go(&mut |b, r| progress.add(b, r));
            drop(collect);
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
                coverage::say_skipped(&coverage);
                status = worse(status, coverage::status(&coverage));
            }
            contender.read += coverage.rows();
            for (log, report) in &coverage.logs {
                if report.tally.unscored > 0 && !is_left_out(log) {
                    *contender.unscored.entry(printable(log)).or_default() += report.tally.unscored;
                }
            }
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
fn sources(args: &EvaluateArgs) -> Vec<(String, Origin)> {
    let base = |p: &PathBuf| p.file_name().map(|n| n.to_string_lossy().into_owned());
    let mut out = Vec::new();
    for path in &args.models {
        let alone = args.models.iter().filter(|m| base(m) == base(path)).count() == 1;
        let name = base(path).filter(|_| alone);
        let name = name.unwrap_or_else(|| path.display().to_string());
        out.push((printable(&name), Origin::File(path.clone())));
    }
    if args.split.is_some() || !args.train_on.is_empty() {
        let detectors = match args.detectors.as_slice() {
            [] => std::slice::from_ref(&args.fit.detector),
            some => some,
        };
        for d in detectors {
            out.push((format!("trained ({d})"), Origin::Trained(d.clone())));
        }
    }
    out
}

/// What is trained on and what is scored, as the arguments have it.
fn rounds(
    args: &EvaluateArgs,
    truth: &Truth,
    tested: &Source,
    learned: &Source,
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
    let all = |source: &Source| source.inputs().to_vec();
    let round = |learn: Source, test: Source| Round { learn, test };
    Ok(match args.split {
        None => vec![round(
            learned.part(all(learned), learn_read),
            tested.part(all(tested), test_read),
        )],
        Some(Split::Time(part)) => {
            let cut = Some(cut(tested, part)?);
            let learn = ReadParams {
                until: cut,
                ..learn_read
            };
            let test = ReadParams {
                from: cut,
                ..test_read
            };
            vec![round(
                tested.part(all(tested), learn),
                tested.part(all(tested), test),
            )]
        }
        Some(Split::Host) => (0..HOST_PARTS)
            .map(|k| {
                let seed = args.fit.seed;
                // Rows without an originator teach always, and are never scored.
                let others = Select(Arc::new(move |schema, record| {
                    part_of(&host(schema, record), seed) != Some(k)
                }));
                let its = Select(Arc::new(move |schema, record| {
                    part_of(&host(schema, record), seed) == Some(k)
                }));
                let learn = ReadParams {
                    select: Some(others),
                    ..learn_read.clone()
                };
                let test = ReadParams {
                    select: Some(its),
                    ..test_read.clone()
                };
                round(
                    tested.part(all(tested), learn),
                    tested.part(all(tested), test),
                )
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
                let under = |i: &Input| i.path.starts_with(path);
                let (test, learn): (Vec<Input>, Vec<Input>) =
                    all(tested).into_iter().partition(under);
                if test.is_empty() || learn.is_empty() {
                    return Err(Failure::Said(format!(
                        "--split file: {} has no file that is not also in another path",
                        path.display()
                    )));
                }
                out.push(round(
                    tested.part(learn, learn_read.clone()),
                    tested.part(test, test_read.clone()),
                ));
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
fn cut(source: &Source, part: f64) -> Result<f64, Failure> {
    let mut times = Vec::new();
    for input in source.inputs() {
        // Scoring reports what is wrong with a file.
        let Ok(mut reader) = source.read().open(input) else {
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
