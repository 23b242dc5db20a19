//! Each measured row with its label and scores, as CSV.

use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_evaluate::{NameTable, Ranker, RowNames};

/// Writes the rows of all models and rules. Within a log, metrics rank by `rank`: by score,
/// then raw, which with one model is the order of raw.
pub fn write(rankers: &[Ranker<'_>], names: &RowNames, to: &mut dyn Write) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(to);
    out.write_record([
        "model", "log", "ts", "uid", "label", "attack", "score", "raw", "rank",
    ])?;
    let name = |of: &NameTable, i: u32| printable(of.name(i));
    for ranker in rankers {
        for (i, row) in ranker.rows.iter().enumerate() {
            let score = ranker.score(i);
            let (raw, rank) = match ranker.is_rule() {
                true => (score, score),
                false => (row.raw, ranker.ranks[i]),
            };
            out.write_record([
                printable(&ranker.name),
                name(&names.logs, row.log),
                row.ts.map_or_else(String::new, |t| t.to_string()),
                row.uid.as_deref().map_or_else(String::new, printable),
                u8::from(row.attack.is_some()).to_string(),
                row.attack
                    .map_or_else(String::new, |a| name(&names.attacks, a)),
                score.to_string(),
                raw.to_string(),
                rank.to_string(),
            ])?;
        }
    }
    out.flush()
}
