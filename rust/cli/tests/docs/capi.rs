//! The page about the C API, from the header.

use std::fmt::Write;
use std::path::Path;

/// A comment of the header and what stands behind it.
struct Declared {
    doc: String,
    code: String,
}

fn declared(header: &str) -> Vec<Declared> {
    let mut out = Vec::new();
    let mut lines = header.lines().peekable();
    while let Some(line) = lines.next() {
        if line != "/**" {
            continue;
        }
        let doc: Vec<&str> = lines
            .by_ref()
            .take_while(|l| l.trim() != "*/")
            .map(text)
            .collect();
        let mut code = String::new();
        for line in lines.by_ref() {
            let _ = writeln!(code, "{line}");
            let body = code.contains('{') && !line.starts_with('}');
            if line.starts_with("#define") || (line.ends_with(';') && !body) || line == "}" {
                break;
            }
        }
        out.push(Declared {
            doc: doc.join("\n").trim().to_owned(),
            code,
        });
    }
    out
}

fn text(line: &str) -> &str {
    let line = line.trim_start().strip_prefix('*').unwrap_or(line);
    line.strip_prefix(' ').unwrap_or(line)
}

/// The first sentence.
fn sentence(doc: &str) -> String {
    let paragraph = doc
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    match paragraph.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => paragraph,
    }
}

pub fn page(root: &Path) -> String {
    let header =
        std::fs::read_to_string(root.join("rust/capi/include/zeek_anomaly.h")).expect("the header");
    let prose: Vec<&str> = header
        .lines()
        .skip(1)
        .take_while(|l| l.trim() != "*/")
        .map(text)
        .collect();
    let mut out = String::from(
        "# C API\n\nThe header is `rust/capi/include/zeek_anomaly.h`. cbindgen makes it from `rust/capi/src`.\n\n## Conventions\n\n",
    );
    for line in prose.iter().skip_while(|l| l.is_empty()) {
        if !line.starts_with("Made by") {
            let _ = writeln!(out, "{line}");
        }
    }
    let all = declared(&header);
    let is_function = |d: &&Declared| {
        d.code.contains('(') && !d.code.contains('{') && !d.code.starts_with("#define")
    };
    let functions: Vec<&Declared> = all.iter().filter(is_function).collect();
    let others: Vec<&Declared> = all.iter().filter(|d| !is_function(d)).collect();

    out.push_str("\n## Types and constants\n\n| name | what it is |\n|---|---|\n");
    for d in &others {
        let name = d
            .code
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if let Some(name) = name
            .into_iter()
            .find(|w| w.starts_with("za_") || w.starts_with("ZA_"))
        {
            let _ = writeln!(
                out,
                "| `{name}` | {} |",
                sentence(&d.doc).replace('|', "\\|")
            );
        }
    }
    out.push_str("\n## Functions\n");
    for d in functions {
        let before = d.code.split('(').next().unwrap_or_default();
        let name = before
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next_back()
            .unwrap_or_default();
        let _ = write!(out, "\n### {name}\n\n```c\n{}```\n\n{}\n", d.code, d.doc);
    }
    out.trim_end().replace("\n\n\n", "\n\n") + "\n"
}
