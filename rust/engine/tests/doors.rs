//! Both doors, without Zeek: the same records give the same scores, live and from
//! files, whatever order the files have them in.

mod common;

use common::{conn_rows, live_scores, quick, train_on};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeek_anomaly_engine::offline::{Observer, ReadParams, Scored, Select, score, train};
use zeek_anomaly_engine::train::TrainParams;
use zeek_anomaly_engine::{DetectorKind, Engine, Limits, Model};
use zeek_log::{Input, LogReader, Options, RecordBuf, Schema};

struct Quiet;
impl Observer for Quiet {
    fn problem(&mut self, error: zeek_log::Error) {
        panic!("{error}");
    }
}

#[test]
fn the_odd_row_scores_highest_and_says_why() {
    for detector in DetectorKind::ALL {
        let rows = conn_rows(2000);
        let model = train_on(&rows[..2000], Some(detector));
        let mut engine = Engine::new(Arc::new(model.clone()), Limits::default());
        let binding = engine.bind(&common::conn_schema());
        let mut why = Vec::new();
        let odd = engine
            .observe(&binding, &rows[2000].record(), 0.0, &mut why)
            .unwrap();
        assert!(
            why.iter()
                .any(|r| r.feature == "id.resp_p" || r.feature == "orig_bytes"),
            "{why:?}"
        );
        assert!((why.iter().map(|r| r.share).sum::<f64>()) <= 1.0 + 1e-9);
        let best = live_scores(model, &rows[..2000])
            .iter()
            .map(|v| v.raw)
            .fold(0.0, f64::max);
        if detector == DetectorKind::Rarity {
            assert!(odd.raw > best && odd.score > 3.2, "{odd:?}");
        } else {
            // A forest puts all that is beyond its training rows with the outermost of them.
            assert!(odd.score > 1.5, "{odd:?}");
        }
    }
}

/// Logs of `n` connections: http, dns, files, weird and conn, in the order in which
/// Zeek would write them (each line with its log), and in files.
fn write_logs(dir: &Path, n: u32) -> Vec<(String, String)> {
    let mut lines: Vec<(f64, String, String)> = Vec::new();
    for i in 0..n {
        let t = 1.7e9 + f64::from(i) * 0.37;
        let ids = format!("C{i}\t10.0.0.{}\t{}\t192.0.2.9\t80", i % 9, 20000 + i);
        let requests = i % 4;
        let mut at = t;
        for r in 0..requests {
            at += 0.05;
            if i % 3 == 0 {
                let line = format!(
                    "{at:.6}\tF{i}x{r}\t{ids}\tHTTP\ttext/html\t{}\t0\t{}",
                    100 * r + 7,
                    if i % 6 == 0 { "F" } else { "T" }
                );
                lines.push((at + 0.01, "files".into(), line));
            }
            if i % 5 == 0 {
                lines.push((at, "weird".into(), format!("{at:.6}\t{ids}\todd_{}", i % 2)));
            }
            let line = format!(
                "{at:.6}\t{ids}\t{}\tGET\t/p{}\t{}\t200\tF{i}x{r}",
                r + 1,
                i % 11,
                40 * r
            );
            // The request is logged when its response is complete.
            lines.push((at + 0.02, "http".into(), line));
        }
        // One weird in the instant of the last packet, one after it.
        let end = at + 0.1;
        if i % 7 == 0 {
            lines.push((end, "weird".into(), format!("{end:.6}\t{ids}\tat_the_end")));
            lines.push((
                end + 1.0,
                "weird".into(),
                format!("{:.6}\t{ids}\tlate", end + 1.0),
            ));
        }
        let line = format!(
            "{t:.6}\t{ids}\ttcp\thttp\t{:.6}\t{}\t{}\tSF\tShADadFf",
            end - t,
            99 + i % 40,
            500 + i
        );
        lines.push((end + 5.0, "conn".into(), line));
    }
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ids = "uid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p";
    let idt = "string\taddr\tport\taddr\tport";
    let heads = [
        (
            "files",
            format!("ts\tfuid\t{ids}\tsource\tmime_type\tseen_bytes\tmissing_bytes\ttimedout"),
            format!("time\tstring\t{idt}\tstring\tstring\tcount\tcount\tbool"),
        ),
        (
            "weird",
            format!("ts\t{ids}\tname"),
            format!("time\t{idt}\tstring"),
        ),
        (
            "http",
            format!(
                "ts\t{ids}\ttrans_depth\tmethod\turi\tresponse_body_len\tstatus_code\tresp_fuids"
            ),
            format!("time\t{idt}\tcount\tstring\tstring\tcount\tcount\tvector[string]"),
        ),
        (
            "conn",
            format!(
                "ts\t{ids}\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\thistory"
            ),
            format!("time\t{idt}\tenum\tstring\tinterval\tcount\tcount\tstring\tstring"),
        ),
    ];
    for (log, fields, types) in heads {
        let mut text = format!(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{log}\n#fields\t{fields}\n#types\t{types}\n"
        );
        for l in lines.iter().filter(|l| l.1 == log) {
            let _ = writeln!(text, "{}", l.2);
        }
        std::fs::write(dir.join(format!("{log}.log")), text).unwrap();
    }
    lines.into_iter().map(|l| (l.1, l.2)).collect()
}

fn inputs(dir: &Path) -> Vec<Input> {
    zeek_log::discover(&[PathBuf::from(dir)]).inputs
}

/// Each record by its log and line text, as offline scoring sees it.
fn offline(dir: &Path, model: &Model) -> HashMap<(String, u64), f64> {
    let mut out = HashMap::new();
    score(
        &inputs(dir),
        model,
        false,
        &ReadParams::default(),
        &mut Quiet,
        &mut |s: &Scored<'_>| {
            out.insert((s.schema.log.clone(), s.line), s.verdict.raw);
            ControlFlow::Continue(())
        },
    );
    out
}

/// The same records in the order of writing, through the live door.
fn live(dir: &Path, model: &Model, order: &[(String, String)]) -> HashMap<(String, u64), f64> {
    let mut records: HashMap<String, Vec<(Arc<Schema>, u64, RecordBuf)>> = HashMap::new();
    for input in inputs(dir) {
        let mut reader = LogReader::open(&input, &Options::default()).unwrap();
        while let Some(row) = reader.next().unwrap() {
            let mut kept = RecordBuf::new();
            kept.copy_from(&row.record);
            let entry = (row.schema.clone(), row.line, kept);
            records
                .entry(row.schema.log.clone())
                .or_default()
                .push(entry);
        }
    }
    let mut engine = Engine::new(Arc::new(model.clone()), Limits::default());
    let mut next: HashMap<&str, usize> = HashMap::new();
    let mut why = Vec::new();
    let mut out = HashMap::new();
    for (log, _) in order {
        let i = next.entry(log).or_default();
        let (schema, line, record) = &records[log][*i];
        *i += 1;
        let binding = engine.bind(schema);
        let v = engine
            .observe(&binding, &record.record(), f64::NAN, &mut why)
            .unwrap();
        out.insert((log.clone(), *line), v.raw);
    }
    out
}

#[test]
fn records_have_the_same_score_live_and_from_files() {
    let dir = tempfile::tempdir().unwrap();
    let order = write_logs(dir.path(), 400);
    for detector in DetectorKind::ALL {
        let params = quick(detector.name());
        let model = train(
            &inputs(dir.path()),
            &params,
            &ReadParams::default(),
            &mut Quiet,
        );
        let (a, b) = (
            offline(dir.path(), &model),
            live(dir.path(), &model, &order),
        );
        assert_eq!(a.len(), order.len());
        assert_eq!(b.len(), order.len());
        for (k, v) in &a {
            assert_eq!(v.to_bits(), b[k].to_bits(), "{} {k:?}", detector.name());
        }
    }
}

#[test]
fn an_archive_in_pieces_scores_like_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let order = write_logs(dir.path(), 300);
    let first = |log: &str| {
        order[..order.len() / 2]
            .iter()
            .filter(|l| l.0 == log)
            .count()
    };
    let whole = inputs(dir.path());
    let model = train(
        &whole,
        &TrainParams::default(),
        &ReadParams::default(),
        &mut Quiet,
    );
    let want = offline(dir.path(), &model);
    // Every log cut at the same moment, as rotation does it.
    let archive = tempfile::tempdir().unwrap();
    let day = archive.path().join("2023-11-14");
    std::fs::create_dir(&day).unwrap();
    for input in &whole {
        let log = input.log.clone().unwrap();
        let text = std::fs::read_to_string(&input.path).unwrap();
        let (head, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| l.starts_with('#'));
        let at = first(&log);
        for (name, part) in [
            ("22:00:00-23:00:00", &rows[..at]),
            ("23:00:00-00:00:00", &rows[at..]),
        ] {
            let text = format!("{}\n{}\n", head.join("\n"), part.join("\n"));
            std::fs::write(day.join(format!("{log}.{name}.log")), text).unwrap();
        }
    }
    let mut rows = 0;
    score(
        &inputs(archive.path()),
        &model,
        false,
        &ReadParams::default(),
        &mut Quiet,
        &mut |s| {
            let log = s.schema.log.clone();
            let second = s.input.path.to_string_lossy().contains("23:00:00-00");
            let line = if second {
                s.line + first(&log) as u64
            } else {
                s.line
            };
            assert_eq!(want[&(log, line)].to_bits(), s.verdict.raw.to_bits());
            rows += 1;
            ControlFlow::Continue(())
        },
    );
    assert_eq!(rows, order.len());
}

/// The score means what it says, on the rows that trained the model (each left out) as
/// on other rows of the same kind.
#[test]
fn one_in_ten_normal_rows_scores_one_or_more() {
    let dir = tempfile::tempdir().unwrap();
    write_logs(dir.path(), 2000);
    let params = TrainParams::default();
    let model = train(
        &inputs(dir.path()),
        &params,
        &ReadParams::default(),
        &mut Quiet,
    );
    for leave_out in [false, true] {
        let (mut n, mut high) = (0u32, 0u32);
        let read = ReadParams::default();
        score(
            &inputs(dir.path()),
            &model,
            leave_out,
            &read,
            &mut Quiet,
            &mut |s| {
                if s.schema.log == "conn" {
                    n += 1;
                    high += u32::from(s.verdict.score >= 1.0);
                }
                ControlFlow::Continue(())
            },
        );
        let share = f64::from(high) / f64::from(n);
        assert!((0.05..=0.15).contains(&share), "{leave_out} {share}");
    }
}

/// Rows with these columns as unset, written anew.
fn without(dir: &Path, columns: &[&str]) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for input in inputs(dir) {
        let text = std::fs::read_to_string(&input.path).unwrap();
        let fields = text.lines().find_map(|l| l.strip_prefix("#fields\t"));
        let names: Vec<&str> = fields.unwrap().split('\t').collect();
        let mut out = String::new();
        for line in text.lines() {
            if line.starts_with('#') {
                let _ = writeln!(out, "{line}");
                continue;
            }
            let values = line.split('\t').zip(&names);
            let kept = values.map(|(v, n)| if columns.contains(n) { "-" } else { v });
            let _ = writeln!(out, "{}", kept.collect::<Vec<_>>().join("\t"));
        }
        std::fs::write(to.path().join(input.path.file_name().unwrap()), out).unwrap();
    }
    to
}

#[test]
fn a_blanked_column_is_as_one_that_is_unset_also_in_what_connections_did() {
    let dir = tempfile::tempdir().unwrap();
    write_logs(dir.path(), 300);
    let columns = ["response_body_len", "duration", "id.orig_h", "seen_bytes"];
    let unset = without(dir.path(), &columns);
    let raws = |dir: &Path, read: &ReadParams| {
        let model = train(&inputs(dir), &TrainParams::default(), read, &mut Quiet);
        let mut out = Vec::new();
        score(&inputs(dir), &model, false, read, &mut Quiet, &mut |s| {
            out.push((s.schema.log.clone(), s.line, s.verdict.raw.to_bits()));
            ControlFlow::Continue(())
        });
        out
    };
    let open = ReadParams::default();
    let blank = ReadParams {
        // What ties records together stays, whatever is asked for.
        blank: columns
            .iter()
            .chain(&["uid", "ts"])
            .map(|c| c.to_string())
            .collect(),
        ..ReadParams::default()
    };
    assert!(raws(dir.path(), &blank) == raws(unset.path(), &open));
    assert!(raws(dir.path(), &blank) != raws(dir.path(), &open));
}

#[test]
fn only_selected_rows_are_trained_on_and_they_still_have_their_values() {
    let dir = tempfile::tempdir().unwrap();
    write_logs(dir.path(), 300);
    let read = ReadParams {
        blank: vec!["id.orig_h".into()],
        select: Some(Select(Arc::new(|schema, record| {
            let at = schema.position("id.orig_h").unwrap();
            record.get(at).addr() == "10.0.0.3".parse().ok()
        }))),
        ..ReadParams::default()
    };
    let of = inputs(dir.path());
    let model = train(&of, &TrainParams::default(), &read, &mut Quiet);
    let conn = &model.logs[model.position("conn").unwrap()];
    assert_eq!(conn.rows, 33);
    let mut scored = 0;
    score(&of, &model, false, &read, &mut Quiet, &mut |s| {
        let at = s.schema.position("id.orig_h").unwrap();
        assert_eq!(s.record.get(at).addr(), "10.0.0.3".parse().ok());
        scored += u32::from(s.schema.log == "conn");
        ControlFlow::Continue(())
    });
    assert_eq!(scored, 33);
}
