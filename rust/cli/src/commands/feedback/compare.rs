//! What marks change: scores and places, before and after.

use super::find::Found;
use crate::output::table;
use crate::say::count;
use comfy_table::CellAlignment;
use std::collections::BTreeMap;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::feedback::Mark;
use zeek_anomaly_engine::model::Scratch;
use zeek_anomaly_engine::offline::Scored;
use zeek_anomaly_engine::{Model, Verdict};

/// Scores that differ by less are shown as the same.
const SAME: f64 = 0.005;

/// Compares two models that differ in their marks.
pub struct Comparison<'a> {
    before: &'a Model,
    threshold: f64,
    scratch: Scratch,
    marked: Vec<Marked>,
    logs: BTreeMap<String, LogChange>,
}

/// A record that was marked now.
struct Marked {
    mark: Mark,
    before: Verdict,
    after: Verdict,
}

#[derive(Default)]
struct LogChange {
    rows: u64,
    lower: u64,
    higher: u64,
    /// From the threshold on before, and no more; and the other way.
    left: u64,
    came: u64,
    /// The raw values of marked records, ascending, before and after, and how many rows lie
    /// above each and its predecessors only.
    ranks: [Ranks; 2],
}

#[derive(Default)]
struct Ranks {
    marked: Vec<f64>,
    above: Vec<u64>,
}

impl Ranks {
    fn add(&mut self, raw: f64) {
        let below = self.marked.partition_point(|m| *m < raw);
        if below > 0 {
            self.above[below - 1] += 1;
        }
    }

    /// The place of a marked record, from 1.
    fn place(&self, raw: f64) -> u64 {
        let i = self.marked.partition_point(|m| *m < raw);
        1 + self.above[i.min(self.above.len())..].iter().sum::<u64>()
    }
}

impl<'a> Comparison<'a> {
    /// Of two models, and the records that were marked between them.
    pub fn new(
        before: &'a Model,
        after: &Model,
        marked: Vec<(Mark, Found)>,
        threshold: f64,
    ) -> Comparison<'a> {
        let mut scratch = Scratch::default();
        let mut logs: BTreeMap<String, LogChange> = BTreeMap::new();
        let marked: Vec<Marked> = marked
            .into_iter()
            .map(|(mark, found)| {
                let mut judge =
                    |m: &Model| m.logs[found.at].judge(&found.bits, false, &mut scratch);
                let (before, after) = (judge(before), judge(after));
                let log = logs.entry(mark.log.clone()).or_default();
                log.ranks[0].marked.push(before.raw);
                log.ranks[1].marked.push(after.raw);
                Marked {
                    mark,
                    before,
                    after,
                }
            })
            .collect();
        for ranks in logs.values_mut().flat_map(|l| &mut l.ranks) {
            ranks.marked.sort_unstable_by(f64::total_cmp);
            ranks.above = vec![0; ranks.marked.len()];
        }
        Comparison {
            before,
            threshold,
            scratch,
            marked,
            logs,
        }
    }

    /// Looks at a record that the model with the new marks judged.
    pub fn look(&mut self, scored: &Scored<'_>) {
        let Some(at) = scored.model_position() else {
            return;
        };
        let before = self.before.logs[at].judge(scored.features(), false, &mut self.scratch);
        let after = scored.verdict;
        if !self.logs.contains_key(&scored.schema.log) {
            self.logs
                .insert(scored.schema.log.clone(), LogChange::default());
        }
        let Some(log) = self.logs.get_mut(&scored.schema.log) else {
            return;
        };
        log.rows += 1;
        log.lower += u64::from(after.score < before.score - SAME);
        log.higher += u64::from(after.score > before.score + SAME);
        let (was, is) = (
            before.score >= self.threshold,
            after.score >= self.threshold,
        );
        log.left += u64::from(was && !is);
        log.came += u64::from(is && !was);
        log.ranks[0].add(before.raw);
        log.ranks[1].add(after.raw);
    }

    /// Writes both tables.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.marked.is_empty() {
            let mut t = table::bare();
            t.set_header([
                "feedback",
                "said",
                "log",
                "record",
                "score",
                "place in the log",
            ]);
            for m in &self.marked {
                let log = &self.logs[&m.mark.log];
                t.add_row([
                    m.mark.id.to_string(),
                    m.mark.opinion.name().to_owned(),
                    printable(&m.mark.log),
                    m.mark.record.clone(),
                    format!("{:.2} → {:.2}", m.before.score, m.after.score),
                    format!(
                        "{} → {}",
                        count(log.ranks[0].place(m.before.raw)),
                        count(log.ranks[1].place(m.after.raw))
                    ),
                ]);
            }
            table::print(&mut t, out)?;
            writeln!(out)?;
        }
        let mut t = table::bare();
        let (left, came) = (
            format!("now below {}", self.threshold),
            format!("now {} or more", self.threshold),
        );
        t.set_header([
            "log",
            "records",
            "lower score",
            "higher score",
            &left,
            &came,
        ]);
        for (name, log) in self.logs.iter().filter(|(_, l)| l.lower + l.higher > 0) {
            t.add_row([
                printable(name),
                count(log.rows),
                count(log.lower),
                count(log.higher),
                count(log.left),
                count(log.came),
            ]);
        }
        if t.row_count() == 0 {
            return writeln!(out, "no score of these logs changes");
        }
        for column in t.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table::print(&mut t, out)
    }
}
