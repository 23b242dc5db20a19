//! What a reader must know before believing a figure.

use super::args::EvaluateArgs;
use super::table;
use crate::say::{count, counted};
use std::collections::BTreeSet;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{
    ColumnRule, Contest, Evaluation, GroundTruth, Ranker, ResampleBy, RowSet, ScoredModel,
    SetResult, SetResults, Split, UnusedLabel,
};
use zeek_anomaly_runner::ENDPOINTS;

/// Rows from which a perfect ranking is suspicious.
const SUSPICIOUS: u64 = 100;

/// All notes.
pub fn notes(
    args: &EvaluateArgs,
    truth: &GroundTruth,
    contest: &Contest,
    rankers: &[Ranker<'_>],
    evaluation: &Evaluation,
) -> Vec<String> {
    let mut notes = Vec::new();
    for set in &evaluation.sets {
        for (ranker, result) in rankers.iter().zip(&set.results) {
            notes.extend(of_ranking(ranker, &set.set, result));
        }
    }
    notes.extend(contest.models.iter().filter_map(unscored));
    notes.extend(of_models(args, contest));
    notes.extend(of_columns(args));
    if args.split == Some(Split::Host) {
        notes.push(
            "split by host: rows without an originator train models and are not scored".into(),
        );
    }
    notes.extend(of_bootstrap(args, evaluation));
    notes.push(format!(
        "found and false alerts: score {} or more, over {:.1} days (hours with rows / 24)",
        args.threshold, evaluation.days
    ));
    notes.extend(table::unlabelled(&evaluation.unlabelled));
    notes.extend(truth.unused().iter().map(unused));
    notes.extend(of_behaviors(args, &evaluation.sets));
    notes
}

/// Logs that a model does not score.
pub fn unscored(m: &ScoredModel) -> Option<String> {
    let logs: Vec<String> = (m.unscored.iter())
        .map(|(log, n)| format!("{log} ({})", counted(*n, "row")))
        .collect();
    (!logs.is_empty()).then(|| format!("{} does not score: {}", m.name, logs.join(", ")))
}

fn of_ranking(ranker: &Ranker<'_>, set: &RowSet, result: &SetResult) -> Option<String> {
    let name = &ranker.name;
    let auc = result.ranking.as_ref()?.roc_auc;
    let of = table::set_name(set);
    let known = result.positives + result.negatives;
    if auc.value < 0.5 && auc.high.is_none_or(|h| h < 0.5) {
        Some(format!(
            "{name}, {of}: upside down: attacks rank below normal rows (ROC-AUC {:.3}). Check that it was \
             not trained on attacks, and that attacks are not most of these rows",
            auc.value
        ))
    } else if auc.value < 1.0 || known < SUSPICIOUS {
        None
    } else if ranker.is_rule() {
        Some(format!(
            "{name}, {of}: this rule alone separates attacks: blank its columns (--blank) before \
             believing a model's figures"
        ))
    } else {
        Some(format!(
            "{name}, {of}: perfect: check whether a column gives the answer away (--blank)"
        ))
    }
}

fn of_models(args: &EvaluateArgs, contest: &Contest) -> Vec<String> {
    let mut notes = Vec::new();
    for m in contest.models.iter().filter(|m| !m.trained_with.is_empty()) {
        notes.push(format!(
            "{}: trained with {}, so a blanked value is anomalous to it in every row: use --train-on or --split \
             to blank it in training, too",
            m.name,
            Vec::from_iter(m.trained_with.iter().map(String::as_str)).join(", ")
        ));
    }
    for m in &contest.models {
        let mut low: Vec<&str> = (m.scored.ceilings.iter())
            .filter(|(_, ceiling)| **ceiling < args.threshold)
            .map(|(log, _)| contest.names.logs.name(*log))
            .collect();
        low.sort_unstable();
        if !low.is_empty() {
            notes.push(format!(
                "{}: too few training rows for a score of {}, so nothing can be found in: {}",
                m.name,
                args.threshold,
                low.join(", ")
            ));
        }
    }
    let sizes: BTreeSet<usize> = contest.models.iter().map(|m| m.scored.rows.len()).collect();
    if sizes.len() > 1 {
        notes.push("the models scored different rows: their figures are not comparable".into());
    }
    notes
}

fn of_columns(args: &EvaluateArgs) -> Option<String> {
    let seen: BTreeSet<&str> = (args.rules.iter().flat_map(ColumnRule::columns))
        .filter(|c| !args.blank.iter().any(|b| b == c))
        .collect();
    (!seen.is_empty()).then(|| {
        format!(
            "models see the columns that decide the label: {}; --blank them to measure the rest",
            Vec::from_iter(seen).join(", ")
        )
    })
}

fn of_bootstrap(args: &EvaluateArgs, evaluation: &Evaluation) -> Option<String> {
    if args.bootstrap == 0 {
        return None;
    }
    let by = ResampleBy::from(args.by).name();
    let all = (evaluation.sets.first()).map_or(&[][..], |s| s.results.as_slice());
    let made = all.iter().filter_map(|r| r.ranking.as_ref());
    let least = made.map(|m| m.roc_auc.replicates.unwrap_or(0)).min();
    let mut text = format!(
        "[95 % intervals]: {} bootstrap replicates over {by}s",
        args.bootstrap
    );
    match least {
        Some(0) => text.push_str(&format!(
            "; none where fewer than half of them have attacks and normal rows: too few {by}s"
        )),
        Some(n) if n < args.bootstrap as usize => text.push_str(&format!(
            "; over all logs only {n} of them have attacks and normal rows: with so few independent {by}s \
             the intervals are too narrow"
        )),
        _ => {}
    }
    Some(text)
}

fn unused(of: &UnusedLabel) -> String {
    match of {
        UnusedLabel::Value { column, value } => format!("no row has {value} in {column}"),
        UnusedLabel::Uids {
            unused,
            all,
            example,
        } => format!(
            "in no row: {} of {} of attacks, such as {}",
            count(*unused),
            counted(*all, "uid"),
            printable(example)
        ),
        UnusedLabel::Rule {
            rule,
            unknown_column,
        } => {
            let why = (unknown_column.as_ref())
                .map_or_else(String::new, |c| format!(": no log has a column {c}"));
            format!("no row matches the rule {rule}{why}")
        }
    }
}

fn of_behaviors(args: &EvaluateArgs, sets: &[SetResults]) -> Option<String> {
    if !args.hunt {
        let missed = |m: &SetResults| {
            let findings = m.results.iter().filter_map(|r| r.findings.as_ref());
            let mut first = findings.map(|f| f.seconds_to_first_alert);
            matches!(m.set, RowSet::Attack(_)) && first.any(|t| t.is_none())
        };
        return (sets.iter().any(missed)).then(|| {
            "never: no record of it raises an alert; --hunt also looks for behaviors over time"
                .into()
        });
    }
    let mut text = match (
        args.usual.is_some(),
        args.train_on.is_empty() && args.split.is_none(),
    ) {
        (true, _) => "behaviors: with the behavioral baseline of --usual",
        (false, false) => "behaviors: with a behavioral baseline of the training rows",
        (false, true) => "behaviors: without a behavioral baseline (--usual)",
    }
    .to_owned();
    let seen: Vec<&str> = (args.blank.iter().map(String::as_str))
        .filter(|c| ENDPOINTS.contains(c))
        .collect();
    if !seen.is_empty() {
        text.push_str(&format!(
            "; behaviors see {} although blanked, since findings are about hosts",
            seen.join(" and ")
        ));
    }
    Some(text)
}
