//! Every row that was used, with its label and scores, as CSV.

use super::collect::Shared;
use super::sides::Side;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;

/// Writes the rows of all sides. Within a log, metrics rank by `rank`: by score,
/// then raw, which with one model is the order of raw.
pub fn write(sides: &[Side<'_>], shared: &Shared, to: &mut dyn Write) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(to);
    out.write_record([
        "model", "log", "ts", "uid", "label", "attack", "score", "raw", "rank",
    ])?;
    let name = |of: &[String], i: u32| {
        of.get(i as usize)
            .map_or_else(String::new, |n| printable(n))
    };
    for side in sides {
        for (i, row) in side.rows.iter().enumerate() {
            let score = side.score(i);
            let (raw, rank) = match side.is_rule() {
                true => (score, score),
                false => (row.raw, side.ranks[i]),
            };
            out.write_record([
                printable(&side.name),
                name(shared.logs.all(), row.log),
                row.ts.map_or_else(String::new, |t| t.to_string()),
                row.uid.as_deref().map_or_else(String::new, printable),
                u8::from(row.attack.is_some()).to_string(),
                row.attack
                    .map_or_else(String::new, |a| name(shared.attacks.all(), a)),
                score.to_string(),
                raw.to_string(),
                rank.to_string(),
            ])?;
        }
    }
    out.flush()
}
