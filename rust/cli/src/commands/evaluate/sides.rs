//! What is shown side by side: models, and rules on the same rows.

use super::alerted::Told;
use super::args::EvaluateArgs;
use super::collect::Row;
use super::contend::Contender;
use std::collections::HashMap;

/// A model or a rule, with rows.
pub struct Side<'a> {
    /// Its name.
    pub name: String,
    /// The rows.
    pub rows: &'a [Row],
    /// The place of each row among all by score and then raw value, equal where both
    /// are. Compared within a log only.
    pub ranks: Vec<f64>,
    /// What somebody would have been told; nothing of a rule.
    pub told: &'a [Told],
    /// The highest score that each log can have; nothing of a rule.
    pub ceilings: Option<&'a HashMap<u32, f64>>,
    rule: Option<usize>,
}

/// All sides: the models, then the rules on the rows of the first model.
pub fn sides<'a>(args: &EvaluateArgs, contenders: &'a [Contender]) -> Vec<Side<'a>> {
    let models = contenders.iter().map(|c| Side {
        name: c.name.clone(),
        rows: &c.collected.rows,
        ranks: ranks(&c.collected.rows),
        told: &c.collected.told,
        ceilings: Some(&c.collected.ceilings),
        rule: None,
    });
    let rules = (args.baselines.iter().enumerate()).map(|(i, rule)| Side {
        name: format!("rule {rule}"),
        rows: contenders.first().map_or(&[], |c| &c.collected.rows),
        ranks: Vec::new(),
        told: &[],
        ceilings: None,
        rule: Some(i),
    });
    models.chain(rules).collect()
}

impl Side<'_> {
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

    /// The score from which there is an alert.
    pub fn threshold(&self, of_models: f64) -> f64 {
        if self.is_rule() { 1.0 } else { of_models }
    }
}

/// Models of different rounds have detectors of their own, whose raw values mean the same
/// only within one score.
fn ranks(rows: &[Row]) -> Vec<f64> {
    let by = |a: &Row, b: &Row| (a.score.total_cmp(&b.score)).then(a.raw.total_cmp(&b.raw));
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
