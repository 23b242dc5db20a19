//! The days and the budgets, as a table and as JSON.

use super::Tried;
use super::args::BacktestArgs;
use crate::commands::alerts::{Gatherer, Per, date};
use crate::output::jsonl;
use crate::output::table::{self, Look};
use crate::rows::Finding;
use crate::say::count;
use comfy_table::CellAlignment;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use zeek_anomaly_alerts::Day;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_runner::Coverage;

/// The longest bar, in cells: of twice the budget and more.
const BAR: usize = 20;

/// The columns that a day takes, and each budget with its threshold: where all do not fit into the line, the thresholds are
/// left out.
const OF_DAY: usize = 30;
const OF_BUDGET: usize = 21;

/// What a budget did over all days.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Totals {
    /// Days, parts of days as such.
    days: f64,
    alerts: u64,
    /// Alerts a day.
    mean: Option<f64>,
    /// Alerts of the day that had most.
    worst: u64,
    days_exceeded: u64,
    held_back: u64,
}

impl Totals {
    fn of<'a>(days: impl Iterator<Item = &'a Day>) -> Totals {
        let mut t = Totals::default();
        for d in days {
            t.days += d.part;
            t.alerts += d.alerts;
            t.worst = t.worst.max(d.alerts);
            t.days_exceeded += u64::from(d.exceeded);
            t.held_back += d.held;
        }
        t.mean = (t.days > 0.0).then(|| t.alerts as f64 / t.days);
        t
    }
}

/// The budgets of a trial, by name.
fn budgets(tried: &Tried) -> BTreeMap<&str, Vec<&Day>> {
    let mut out: BTreeMap<&str, Vec<&Day>> = BTreeMap::new();
    for d in &tried.replay.days {
        out.entry(d.budget.as_str()).or_default().push(d);
    }
    out
}

pub fn table(tried: &[Tried], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = tried.first() else {
        return Ok(());
    };
    let shared = budgets(first).len() == 1;
    if shared {
        days(tried, out)?;
        writeln!(out)?;
    }
    let mut t = table::bare();
    let mut header = vec![
        "alerts a day wanted",
        "alerts",
        "a day",
        "worst day",
        "exceeded",
        "held back",
    ];
    if !shared {
        header.insert(1, "budget of");
    }
    t.set_header(&header);
    for trial in tried {
        for (name, of) in budgets(trial) {
            let all = Totals::of(of.into_iter());
            let mut row = vec![
                trial.per_day.to_string(),
                count(all.alerts),
                all.mean.map_or("-".into(), |m| format!("{m:.1}")),
                count(all.worst),
                count(all.days_exceeded),
                count(all.held_back),
            ];
            if !shared {
                row.insert(
                    1,
                    if name.is_empty() {
                        "all others".into()
                    } else {
                        printable(name)
                    },
                );
            }
            t.add_row(row);
        }
    }
    for (i, column) in t.column_iter_mut().enumerate() {
        if i != 1 || shared {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table::print(&mut t, out)
}

/// Each day, with the alerts of each budget and the threshold of the busiest log.
fn days(tried: &[Tried], out: &mut dyn Write) -> io::Result<()> {
    let Some(first) = tried.first() else {
        return Ok(());
    };
    let busiest = busiest(&first.replay.days);
    let width = Look::new(true).width;
    let with_threshold = OF_DAY + OF_BUDGET * tried.len() <= width;
    let mut t = table::bare();
    let mut header = vec!["day".to_owned(), String::new(), "rows".to_owned()];
    for trial in tried {
        header.push(format!("{} a day", trial.per_day));
        if with_threshold {
            header.push(busiest.map_or("from".into(), |l| format!("{} from", printable(l))));
        }
    }
    let with_bar = tried.len() == 1 && OF_DAY + OF_BUDGET + BAR <= width;
    if with_bar {
        header.push(String::new());
    }
    t.set_header(header);
    for (i, d) in first.replay.days.iter().enumerate() {
        let mut row = vec![date(d), weekday(d).to_owned(), count(d.rows)];
        for trial in tried {
            let Some(d) = trial.replay.days.get(i) else {
                continue;
            };
            row.push(format!(
                "{}{}",
                if d.exceeded { "! " } else { "" },
                count(d.alerts)
            ));
            let threshold = d
                .thresholds
                .iter()
                .find(|t| Some(t.log.as_str()) == busiest);
            if with_threshold {
                row.push(threshold.map_or("-".into(), |t| format!("{:.2}", t.score)));
            }
            if with_bar {
                row.push(bar(d));
            }
        }
        t.add_row(row);
    }
    for (i, column) in t.column_iter_mut().enumerate() {
        if i >= 2 && !(with_bar && i == 5) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table::print(&mut t, out)
}

/// The log that had most rows.
fn busiest(days: &[Day]) -> Option<&str> {
    let mut logs: BTreeMap<&str, u64> = BTreeMap::new();
    for t in days.iter().flat_map(|d| &d.thresholds) {
        *logs.entry(&t.log).or_default() += t.rows;
    }
    logs.into_iter().max_by_key(|l| l.1).map(|l| l.0)
}

/// A bar of a day's alerts, with a mark where the budget ends.
fn bar(d: &Day) -> String {
    let cells = (d.alerts as f64 / d.per_day / 2.0 * BAR as f64).round() as usize;
    let mut bar: String = (0..BAR.min(cells.max(BAR / 2 + 1)))
        .map(|i| match (i < cells, i == BAR / 2) {
            (true, _) => '█',
            (false, true) => '|',
            (false, false) => ' ',
        })
        .collect();
    if cells > BAR {
        bar.push('…');
    }
    bar
}

fn weekday(d: &Day) -> &'static str {
    // The epoch was a Thursday.
    let n = (d.begin / 86_400.0).floor() as i64 + 3;
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .get(n.rem_euclid(7) as usize)
        .copied()
        .unwrap_or("")
}

#[derive(Serialize)]
struct Document<'a> {
    threshold: f64,
    logs: &'a [String],
    /// Whether behaviors share the budgets.
    behaviors: bool,
    budget_per: &'static str,
    budgets: Vec<BudgetOut<'a>>,
    coverage: &'a Coverage,
}

#[derive(Serialize)]
struct BudgetOut<'a> {
    alerts_per_day: f64,
    /// Empty where all share one.
    budget: &'a str,
    #[serde(flatten)]
    totals: Totals,
    by_day: Vec<DayOut<'a>>,
    alerts_raised: Vec<Finding>,
}

#[derive(Serialize)]
struct DayOut<'a> {
    day: String,
    part: f64,
    rows: u64,
    alerts: u64,
    held_back: u64,
    exceeded: bool,
    thresholds: BTreeMap<&'a str, f64>,
}

pub fn json(
    args: &BacktestArgs,
    logs: &[String],
    tried: &[Tried],
    gatherer: &Gatherer,
    coverage: &Coverage,
    out: &mut dyn Write,
) -> io::Result<()> {
    let budgets = tried.iter().flat_map(|trial| {
        budgets(trial)
            .into_iter()
            .map(move |(name, days)| BudgetOut {
                alerts_per_day: trial.per_day,
                budget: name,
                totals: Totals::of(days.iter().copied()),
                by_day: days.into_iter().map(day).collect(),
                alerts_raised: trial
                    .replay
                    .alerts
                    .iter()
                    .filter(|a| a.budget == name)
                    .filter_map(|a| gatherer.finding(a))
                    .collect(),
            })
    });
    let document = Document {
        threshold: args.threshold,
        logs,
        behaviors: !args.no_hunt,
        coverage,
        budget_per: match args.budget.budget_per {
            Per::All => "all",
            Per::Log => "log",
        },
        budgets: budgets.collect(),
    };
    jsonl::line(out, &document)
}

fn day(d: &Day) -> DayOut<'_> {
    DayOut {
        day: date(d),
        part: d.part,
        rows: d.rows,
        alerts: d.alerts,
        held_back: d.held,
        exceeded: d.exceeded,
        thresholds: d
            .thresholds
            .iter()
            .map(|t| (t.log.as_str(), t.score))
            .collect(),
    }
}
