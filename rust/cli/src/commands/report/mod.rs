//! `report`: logs in, one page for people out.

pub mod args;

use super::hunt::{self, by_host};
use super::inputs::{Inputs, nothing_used};
use super::verdict;
use crate::exit::{Failure, Status};
use crate::output::place::Place;
use crate::output::table;
use crate::progress::Progress;
use crate::rows::Findings;
use crate::say::{self, counted};
use crate::summary::{Watch, is_left_out};
use args::ReportArgs;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Allow, Hunter, Settings, Usual};
use zeek_anomaly_engine::offline::{self, ReadParams, Scored};
use zeek_anomaly_engine::train::TrainParams;
use zeek_anomaly_engine::{Model, Reason, VERSION};
use zeek_anomaly_report::words::second;
use zeek_anomaly_report::{self as report, About, Asked, Gatherer, HostRisk, View};
use zeek_anomaly_verdict::{Assessment, Baseline, By, Comparison, assess, assess_hunted};

/// Hosts whose behaviours are kept, and the behaviours of each.
const HOSTS: usize = 1000;
const BEHAVIORS: usize = 50;

/// Scores and writes the page.
pub fn run(args: &ReportArgs) -> Result<Status, Failure> {
    args.work.set_threads();
    let loaded = args.model.as_deref().map(Model::load).transpose()?;
    if loaded.is_some() && args.fit.asks() {
        say::warning(
            "--seed, --detector, --sample-rows and --zeek-version mean nothing beside a model: \
             they were settled when it was trained",
        );
    }
    let kept = args
        .baseline
        .as_deref()
        .map(verdict::read_baseline)
        .transpose()?;
    let open = |path: &Option<PathBuf>| path.as_deref().map(|p| Place::open(Some(p))).transpose();
    let (page_place, pdf_place) = (open(&args.output)?, open(&args.pdf)?);
    let fit_here = loaded.is_none() && args.train_on.is_empty();
    let mut training = Inputs::gather(&args.train_on, true)?;
    // Behaviours need the logs in the order of time, so all is read twice.
    let mut inputs = Inputs::of(&args.rows, &args.sensors, true)?;
    let read = args.rows.read();
    let label = args.rows.label_column.as_ref();
    let size = |inputs: &Inputs| inputs.list.iter().map(|i| i.size).sum::<u64>();
    let total = offline::work(&inputs.list) * if fit_here { 2 } else { 1 }
        + offline::work(&training.list)
        + size(&inputs)
        + size(&training);
    let column = label.map(|l| l.0.as_str());
    let mut watch = Watch::new(
        Progress::new(total, !args.work.quiet),
        column,
        inputs.alias(),
    );
    let model = match loaded {
        Some(model) => model,
        None => {
            let learned = if fit_here {
                &inputs.list
            } else {
                &training.list
            };
            let mut first = Watch::new(watch.progress, None, training.alias());
            let params = TrainParams {
                own_rows: fit_here,
                ..args.fit.params()
            };
            let all = ReadParams::default();
            let read = if fit_here { &read } else { &all };
            let model = offline::train(learned, &params, read, &mut first);
            // What is wrong with rows that are scored too is said then.
            if !fit_here {
                training.tell_problems(&mut first);
                first.say_skipped();
                if model.info.rows == 0 {
                    return Err(nothing_used(&first, None, "train on"));
                }
            }
            watch.progress = first.progress;
            model
        }
    };
    inputs.tell_problems(&mut watch);
    let usual = usual(args, &training, &mut watch)?;
    let (hunter, risks) = hunt(args, usual.as_ref(), &inputs, &read, &mut watch)?;
    let by = match fit_here {
        true => By::Fitted(&model),
        false => By::Model(&model),
    };
    let mut findings = Findings::default();
    let mut gatherer = Gatherer::new(&model, args.threshold);
    let hunted = (&hunter, usual.is_some());
    let (list, threshold) = (&inputs.list, args.threshold);
    let assessment = assess_hunted(list, by, &read, threshold, hunted, &mut watch, &mut |s| {
        gatherer.take(s, |reasons| record(&mut findings, s, threshold, reasons));
    });
    let model_for_normal = (!fit_here).then_some(&model);
    let comparison = compare(args, model_for_normal, kept, usual.as_ref(), &assessment)?;
    watch.progress.finish();
    watch.say_skipped();
    if watch.used() == 0 {
        return Err(nothing_used(&watch, label, "report on"));
    }
    let mut gathered = gatherer.finish();
    for page in &mut gathered.logs {
        page.refused = watch.logs.get(&page.log).map_or(0, |l| l.refused);
    }
    let about = About {
        sensors: args.sensor.clone().into_iter().collect(),
        made: args.made.clone(),
        threshold: args.threshold,
        model: model_in_words(args, &model, fit_here),
        notes: notes(&watch),
        ..About::default()
    };
    let asked = asked(args, &watch, fit_here);
    let report = report::assemble(
        about,
        gathered,
        risks,
        Some((assessment, comparison)),
        &asked,
    );
    let written = write(&report, page_place, pdf_place)?;
    if !args.work.quiet {
        watch.say_lines();
        watch.say_unscored();
        inputs.say_outside();
        say::line(&format!(
            "{}: {}, {} flagged, {}",
            printable(&written.join(", ")),
            counted(report.about.records, "record"),
            say::count(report.about.flagged),
            counted(report.listed as u64 + report.more_findings, "finding"),
        ));
    }
    Ok(watch.status())
}

/// Writes the page and the PDF; both are made before either is put into its place.
fn write(
    report: &report::Report,
    page: Option<Place>,
    pdf: Option<Place>,
) -> Result<Vec<String>, Failure> {
    let said = |e: &dyn std::fmt::Display| Failure::Said(e.to_string());
    let view = View::new(report).map_err(|e| said(&e))?;
    let mut made = Vec::new();
    if let Some(place) = page {
        let page = report::html::page(&view).map_err(|e| said(&e))?;
        made.push((place, page.into_bytes()));
    }
    if let Some(place) = pdf {
        made.push((place, report::pdf::document(&view).map_err(|e| said(&e))?));
    }
    let mut written = Vec::new();
    for (mut place, bytes) in made {
        let to = place.name();
        let done = place.write_all(&bytes).and_then(|()| place.finish());
        done.map_err(|cause| Failure::Output {
            to: to.clone(),
            cause,
        })?;
        written.push(to);
    }
    Ok(written)
}

/// A record as the report shows it.
fn record(
    findings: &mut Findings,
    scored: &Scored<'_>,
    threshold: f64,
    reasons: &[Reason],
) -> report::Record {
    let mut f = findings.make(scored, threshold, false);
    findings.describe(scored, &mut f);
    report::Record {
        ts: f.ts,
        line: scored.line,
        what: table::what(&f).lines().map(str::to_owned).collect(),
        uid: f.uid.or(f.fuid),
        score: f.score,
        claim: f.claim,
        reasons: reasons.to_vec(),
    }
}

/// How the logs stand to paths that are known to be ordinary.
fn compare(
    args: &ReportArgs,
    model: Option<&Model>,
    kept: Option<Baseline>,
    usual: Option<&Usual>,
    assessment: &Assessment,
) -> Result<Option<Comparison>, Failure> {
    let mut baseline = kept.unwrap_or_else(|| Baseline::new(String::new(), args.threshold));
    for path in &args.normal {
        let mut inputs = Inputs::gather(std::slice::from_ref(path), true)?;
        let mut watch = Watch::new(Progress::new(0, false), None, inputs.alias());
        inputs.tell_problems(&mut watch);
        let params = args.fit.params();
        let by = model.map_or(By::Itself(&params), By::Model);
        let (list, read, threshold) = (&inputs.list, ReadParams::default(), args.threshold);
        let a = assess(list, by, &read, threshold, usual, &mut watch, &mut |_| {});
        watch.say_skipped();
        if watch.used() + watch.unscored() == 0 {
            return Err(nothing_used(&watch, None, "compare with"));
        }
        baseline.add(&path.display().to_string(), &a);
    }
    Ok((!baseline.is_empty()).then(|| baseline.compare(assessment)))
}

/// What behaviours are usual: from a file, or learned where the model is.
fn usual(
    args: &ReportArgs,
    training: &Inputs,
    watch: &mut Watch,
) -> Result<Option<Usual>, Failure> {
    if let Some(path) = &args.usual {
        return verdict::read_usual(path).map(Some);
    }
    if args.train_on.is_empty() {
        return Ok(None);
    }
    let mut learner = Hunter::learner(Settings::default());
    let all = ReadParams::default();
    quietly(watch, |watch| {
        hunt::read(&training.list, &all, &mut learner, watch, &mut |_| {});
    });
    Ok(Some(learner.learned()))
}

/// Lets something be read of which only the progress is shown: what is wrong with it is said
/// when it is read for scores.
fn quietly(watch: &mut Watch, work: impl FnOnce(&mut Watch)) {
    let progress = std::mem::replace(&mut watch.progress, Progress::new(0, false));
    let mut other = Watch::new(progress, None, None);
    work(&mut other);
    watch.progress = other.progress;
}

/// What hosts did over time.
fn hunt(
    args: &ReportArgs,
    usual: Option<&Usual>,
    inputs: &Inputs,
    read: &ReadParams,
    watch: &mut Watch,
) -> Result<(Hunter, Vec<HostRisk>), Failure> {
    let mut hunter = Hunter::new(Settings::default(), usual.cloned());
    if let Some(path) = &args.allow {
        *hunter.allow() = Allow::load(path).map_err(|e| Failure::Said(e.to_string()))?;
    }
    let mut found = BTreeMap::new();
    quietly(watch, |watch| {
        hunt::read(&inputs.list, read, &mut hunter, watch, &mut |f| {
            found.insert(f.id, f);
        });
    });
    let hosts = by_host(found.into_values().collect(), &hunter).into_iter();
    let risks = hosts.take(HOSTS).map(|mut h| {
        h.findings.truncate(BEHAVIORS);
        HostRisk {
            host: h.host,
            risk: h.risk,
            behaviors: h.findings,
        }
    });
    let risks = risks.collect();
    Ok((hunter, risks))
}

/// What the model was made of.
fn model_in_words(args: &ReportArgs, model: &Model, fit_here: bool) -> String {
    let rows = counted(model.info.rows, "row");
    let span = match (model.info.first_ts, model.info.last_ts) {
        (Some(a), Some(b)) => format!(" of {} to {}", second(a), second(b)),
        _ => String::new(),
    };
    let name = match &args.model {
        Some(path) => path
            .file_name()
            .map_or_else(String::new, |n| printable(&n.to_string_lossy()) + ": "),
        None if fit_here => "none; learned from the same ".into(),
        None => "learned from ".into(),
    };
    format!("{name}{rows}{span}, zeek-anomaly {VERSION}")
}

/// What was skipped, for those who read only the page.
fn notes(watch: &Watch) -> Vec<String> {
    let mut out = watch.skipped();
    let unknown: u64 = (watch.logs.iter())
        .filter(|(log, _)| !is_left_out(log))
        .map(|(_, l)| l.tally.unscored)
        .sum();
    if unknown > 0 {
        out.push(format!(
            "{} of logs that the model has nothing for were not scored.",
            counted(unknown, "record")
        ));
    }
    if watch.filtered() > 0 {
        out.push(format!(
            "{} outside of the time bounds, or with another label, were left out.",
            counted(watch.filtered(), "record")
        ));
    }
    out
}

fn asked(args: &ReportArgs, watch: &Watch, fitted_here: bool) -> Asked {
    let word = |p: &PathBuf| format!(" {}", report::quoted(&p.to_string_lossy()));
    let of = |paths: &[PathBuf]| -> String { paths.iter().map(word).collect() };
    Asked {
        model: match (&args.model, args.train_on.as_slice()) {
            (Some(m), _) => format!(" -m{}", word(m)),
            (None, []) => String::new(),
            (None, from) => (from.iter())
                .map(|p| format!(" --train-on{}", word(p)))
                .collect(),
        },
        paths: of(&args.rows.paths),
        fitted_here,
        unscored: (watch.logs.iter())
            .filter(|(log, l)| l.tally.unscored > 0 && !is_left_out(log))
            .map(|(log, _)| log.clone())
            .collect(),
    }
}
