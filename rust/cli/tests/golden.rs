//! The findings and numbers of `hunt`, `verdict` and `report` on the sample logs do not change unnoticed.
//!
//! Expected values are in `tests/golden`. They hold numbers, not layout: `report` is read from its tables. Write
//! them anew with `ZEEK_ANOMALY_GOLDEN=write cargo test -p zeek-anomaly --test golden`, and say in the commit
//! why they changed.

#[path = "common/mod.rs"]
mod common;

use common::{Dir, run};
use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Numbers may differ by this part: mathematical functions differ between platforms.
const TOLERANCE: f64 = 1e-6;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn sample(part: &str) -> String {
    tests().join("sample/logs").join(part).display().to_string()
}

/// Compares with the file of expected values, or writes it.
fn check(name: &str, found: &Value) {
    let path = tests().join("golden").join(format!("{name}.json"));
    if std::env::var_os("ZEEK_ANOMALY_GOLDEN").is_some_and(|v| v == "write") {
        let text = serde_json::to_string_pretty(found).unwrap() + "\n";
        return std::fs::write(path, text).unwrap();
    }
    let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut differences = Vec::new();
    compare(name, &expected, found, &mut differences);
    assert!(
        differences.is_empty(),
        "{} differ from {} (see rust/cli/tests/golden.rs):\n{}",
        differences.len(),
        path.display(),
        differences
            .iter()
            .take(20)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}

fn compare(at: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    let near = |a: f64, b: f64| (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1.0);
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for (key, value) in a {
                compare(&format!("{at}.{key}"), value, &b[key], differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (x, y)) in a.iter().zip(b).enumerate() {
                compare(&format!("{at}[{i}]"), x, y, differences);
            }
        }
        (a, b) if a == b => {}
        (Value::Number(a), Value::Number(b))
            if a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| near(a, b)) => {}
        (a, b) => differences.push(format!("{at}: expected {a}, found {b}")),
    }
}

/// What a command writes to standard output.
fn output(args: &[&str]) -> String {
    let ran = run(args);
    assert_eq!(ran.status, Some(0), "{args:?}: {}", ran.err);
    ran.out
}

/// An object with only these keys of another.
fn only(of: &Value, keys: &[&str]) -> Value {
    let key = |k: &&str| of.get(k).map(|v| ((*k).to_owned(), v.clone()));
    keys.iter().filter_map(key).collect()
}

#[test]
fn hunt_finds_the_same_behaviors_with_the_same_scores() {
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let args = ["hunt", "-q", "--format", "jsonl", "--train-on"];
    let found: Value = output(&[&args[..], &[&ordinary, &attack]].concat())
        .lines()
        .map(|line| {
            let keys = [
                "kind", "host", "risk", "peer", "port", "name", "score", "count", "first", "last",
            ];
            only(&serde_json::from_str(line).unwrap(), &keys)
        })
        .collect();
    check("hunt", &found);
}

#[test]
fn verdict_gives_the_same_components_and_signs() {
    let (ordinary, attack) = (sample("ordinary"), sample("attack"));
    let args = ["verdict", "-q", "--format", "json", "--train-on"];
    let out = output(&[&args[..], &[&ordinary, &attack]].concat());
    let document: Value = serde_json::from_str(&out).unwrap();
    let each = |of: &Value, keys: &[&str]| -> Value {
        let all = of.as_array().unwrap().iter();
        all.map(|v| only(v, keys)).collect()
    };
    let summary = &document["directory_summary"];
    let scalars = summary.as_object().unwrap().iter();
    let scalars = scalars.filter(|(_, v)| !v.is_array() && !v.is_object());
    let logs = [
        "log_name",
        "rows",
        "anomaly_rows",
        "expected_rows",
        "threshold",
        "familiar",
        "strength",
        "spread",
        "score_mean",
        "top_score_max",
    ];
    let found = json!({
        "summary": scalars.map(|(k, v)| (k.clone(), v.clone())).collect::<Value>(),
        "hosts": each(&summary["hosts"], &["host", "strength", "scan"]),
        "signs": each(&summary["signs"], &["host", "side", "kind", "grade", "strength"]),
        "logs": each(&document["files"], &logs),
    });
    check("verdict", &found);
}

#[test]
fn report_shows_the_same_totals_findings_and_hosts() {
    let dir = Dir::new();
    let (ordinary, attack, out) = (sample("ordinary"), sample("attack"), dir.arg("report.html"));
    output(&["report", "-q", "-o", &out, "--train-on", &ordinary, &attack]);
    let page = Html::parse_document(&std::fs::read_to_string(out).unwrap());
    // The text of each cell in these columns.
    let table = |section: &str, columns: &[usize]| -> Value {
        let selector = format!("section[aria-labelledby={section}] tbody tr");
        let row = |row: ElementRef<'_>| -> Value {
            let cells: Vec<String> = row.child_elements().map(text).collect();
            let texts = columns.iter().map(|c| Value::from(cells[*c].as_str()));
            texts.collect()
        };
        select(&page, &selector).into_iter().map(row).collect()
    };
    let cards = select(&page, ".cards li");
    check(
        "report",
        &json!({
            "totals": cards.into_iter().map(text).collect::<Vec<_>>(),
            "findings": table("findings", &[0, 1, 2, 3, 4]),
            "behaviors": table("behaviors", &[0, 1, 2, 4]),
            "hosts": table("hosts", &[0, 1, 2, 3, 4]),
            "logs": table("logs", &[0, 1, 2, 4, 5, 6, 7]),
        }),
    );
}

fn select<'p>(page: &'p Html, selector: &str) -> Vec<ElementRef<'p>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(of: ElementRef<'_>) -> String {
    of.text().collect::<Vec<_>>().join(" ")
}
