//! What is compared: models, and rules on the same rows.

use crate::alerts::LabelledAlert;
use crate::contest::Contest;
use crate::rows::LabelledRow;
use crate::rule::ColumnRule;
use std::collections::HashMap;

/// A model or a rule, with the rows that it ranks.
#[derive(Debug)]
pub struct Ranker<'a> {
    /// Its name.
    pub name: String,
    /// The rows.
    pub rows: &'a [LabelledRow],
    /// The rank of each row by score and then raw value, ascending; equal rows share one. Ranks are
    /// comparable within one log.
    pub ranks: Vec<f64>,
    /// Alerts within the budget; a rule has none.
    pub alerts: &'a [LabelledAlert],
    /// The highest score that each log can have; a rule has none.
    pub ceilings: Option<&'a HashMap<u32, f64>>,
    rule: Option<usize>,
}

impl Contest {
    /// The models, then the rules on the rows of the first model.
    pub fn rankers(&self, rules: &[ColumnRule]) -> Vec<Ranker<'_>> {
        let models = self.models.iter().map(|m| Ranker {
            name: m.name.clone(),
            rows: &m.scored.rows,
            ranks: ranks(&m.scored.rows),
            alerts: &m.scored.alerts,
            ceilings: Some(&m.scored.ceilings),
            rule: None,
        });
        let rules = (rules.iter().enumerate()).map(|(i, rule)| Ranker {
            name: format!("rule {rule}"),
            rows: self.models.first().map_or(&[], |m| &m.scored.rows),
            ranks: Vec::new(),
            alerts: &[],
            ceilings: None,
            rule: Some(i),
        });
        models.chain(rules).collect()
    }
}

impl Ranker<'_> {
    /// Whether it is a rule.
    pub fn is_rule(&self) -> bool {
        self.rule.is_some()
    }

    /// The score of a row: a rule's is 1 or 0.
    pub fn score(&self, row: usize) -> f64 {
        let row = &self.rows[row];
        match self.rule {
            None => row.score,
            Some(i) => f64::from(u8::from(row.baselines.get(i) == Some(&true))),
        }
    }

    /// The score from which a row raises an alert: 1 for a rule.
    pub fn threshold(&self, of_models: f64) -> f64 {
        if self.is_rule() { 1.0 } else { of_models }
    }
}

/// Score first: models of different rounds have their own detectors, so raw values are comparable only
/// within one score.
fn ranks(rows: &[LabelledRow]) -> Vec<f64> {
    let by = |a: &LabelledRow, b: &LabelledRow| {
        (a.score.total_cmp(&b.score)).then(a.raw.total_cmp(&b.raw))
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by(|a, b| by(&rows[*a], &rows[*b]));
    let mut out = vec![0.0; rows.len()];
    let mut rank = 0.0;
    for (i, row) in order.iter().enumerate() {
        if i > 0 && by(&rows[order[i - 1]], &rows[*row]).is_ne() {
            rank += 1.0;
        }
        out[*row] = rank;
    }
    out
}
