//! The marks of a model, for people.

use crate::output::table;
use crate::say;
use std::io::{self, Write};
use zeek_anomaly_base::text::printable;
use zeek_anomaly_engine::Model;
use zeek_anomaly_engine::feedback::Mark;

/// Features of a mark that are shown.
const SHOWN: usize = 3;

/// Writes a table of all marks.
pub fn print(model: &Model, out: &mut dyn Write) -> io::Result<()> {
    let mut t = table::bare();
    t.set_header([
        "feedback",
        &format!("made ({})", say::zone()),
        "said",
        "log",
        "record",
        "because of",
        "note",
    ]);
    for m in model.marks() {
        t.add_row([
            m.id.to_string(),
            say::second(m.time),
            m.opinion.name().to_owned(),
            printable(&m.log),
            m.record.clone(),
            because(model, m),
            m.note.clone(),
        ]);
    }
    table::print(&mut t, out)
}

/// What made a marked record strange, the most telling feature first.
pub fn because(model: &Model, mark: &Mark) -> String {
    let Some(at) = model.position(&mark.log) else {
        return String::new();
    };
    let mut order: Vec<_> = mark.matches.iter().collect();
    order.sort_by(|a, b| b.share().total_cmp(&a.share()));
    let parts: Vec<String> = order
        .iter()
        .take(SHOWN)
        .map(|m| {
            format!(
                "{} {} ({:.0} %)",
                printable(model.logs[at].spec.name(m.feature())),
                m.value,
                100.0 * m.share()
            )
        })
        .collect();
    parts.join(", ")
}
