//! `anomaly.log` as Zeek's ASCII writer has it: the columns of the package's
//! `Anomaly::Info`, without those that only Zeek knows filled in.

use crate::rows::Finding;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The columns and their types.
const COLUMNS: &[(&str, &str)] = &[
    ("ts", "time"),
    ("uid", "string"),
    ("fuid", "string"),
    ("id.orig_h", "addr"),
    ("id.orig_p", "port"),
    ("id.resp_h", "addr"),
    ("id.resp_p", "port"),
    ("log", "string"),
    ("score", "double"),
    ("claim", "string"),
    ("raw", "double"),
    ("detector", "string"),
    ("reasons", "vector[string]"),
    ("local_orig", "bool"),
    ("local_resp", "bool"),
    ("peer", "string"),
];

/// The form.
pub struct ZeekLog;

impl ZeekLog {
    /// The lines that a file begins with.
    pub fn header() -> String {
        let column = |f: fn(&(&'static str, &'static str)) -> &'static str| {
            let all: Vec<&str> = COLUMNS.iter().map(f).collect();
            all.join("\t")
        };
        format!(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
             #path\tanomaly\n#fields\t{}\n#types\t{}\n",
            column(|c| c.0),
            column(|c| c.1)
        )
    }

    /// One line.
    pub fn write(to: &mut impl Write, f: &Finding) -> io::Result<()> {
        let mut line = String::new();
        let unset = || "-".to_owned();
        let text = |v: &Option<String>| v.as_deref().map_or_else(unset, |t| field(t, false));
        let port = |v: Option<u16>| v.map_or_else(unset, |p| p.to_string());
        let reasons: Vec<String> = f
            .reasons
            .iter()
            .map(|r| {
                // As the package words them.
                let share = r.share * 100.0;
                let reason = match r.usual.replace(", ", "; ").as_str() {
                    "" => format!("{}={}", r.feature, r.value),
                    usual => format!("{}={} (usual {usual}) {share:.0}%", r.feature, r.value),
                };
                field(&reason, true)
            })
            .collect();
        let columns = [
            f.ts.map_or_else(unset, |t| format!("{t:.6}")),
            text(&f.uid),
            text(&f.fuid),
            text(&f.orig_h),
            port(f.orig_p),
            text(&f.resp_h),
            port(f.resp_p),
            field(&f.log, false),
            format!("{:.6}", f.score),
            field(f.claim.name(), false),
            format!("{:.6}", f.raw),
            field(f.detector, false),
            if reasons.is_empty() {
                "(empty)".into()
            } else {
                reasons.join(",")
            },
            unset(),
            unset(),
            unset(),
        ];
        let _ = writeln!(line, "{}", columns.join("\t"));
        to.write_all(line.as_bytes())
    }
}

/// A text, with what would be read otherwise as `\xNN`.
fn field(text: &str, in_list: bool) -> String {
    match text {
        "" => return "(empty)".into(),
        "-" => return "\\x2d".into(),
        "(empty)" => return "\\x28empty)".into(),
        _ => {}
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            ',' if in_list => out.push_str("\\x2c"),
            c if c.is_control() => {
                for b in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{b:02x}");
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_log_or_reads_otherwise_is_escaped() {
        for (text, want) in [
            ("a b", "a b"),
            ("", "(empty)"),
            ("-", "\\x2d"),
            ("(empty)", "\\x28empty)"),
            ("a\tb\nc\\", "a\\x09b\\x0ac\\\\"),
            ("\u{1b}[2J\u{85}", "\\x1b[2J\\xc2\\x85"),
            ("a,b", "a,b"),
        ] {
            assert_eq!(field(text, false), want);
        }
        assert_eq!(field("a,b", true), "a\\x2cb");
        let (names, types): (Vec<_>, Vec<_>) = COLUMNS.iter().copied().unzip();
        assert_eq!(names.len(), types.len());
    }
}
