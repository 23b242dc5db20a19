//! What the Zeek scripts export, by their zeekygen comments.

use std::fs;
use std::path::Path;

/// Something exported.
pub struct Item {
    pub kind: Kind,
    pub name: String,
    /// Its type, or its parameters.
    pub of: String,
    pub default: String,
    pub doc: String,
    /// Fields of a record, values of an enum.
    pub parts: Vec<Item>,
    /// Attributes: `&log &optional`.
    pub attributes: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Option,
    Const,
    Notice,
    Record,
    Enum,
    Event,
    Hook,
    Function,
    Field,
    Other,
}

/// A script.
pub struct Script {
    pub name: String,
    pub text: String,
    pub items: Vec<Item>,
}

/// All scripts, by name.
pub fn scripts(root: &Path) -> Vec<Script> {
    let dir = root.join("scripts");
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .expect("the scripts")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "zeek"))
        .collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).expect("a script");
        Script {
            name: path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            items: items(&text),
            text,
        }
    };
    paths.into_iter().map(read).collect()
}

/// The path of the log whose columns a record type describes.
pub fn log_of(scripts: &[Script], record: &str) -> Option<String> {
    let columns = format!("$columns={record},");
    let at = |s: &Script| {
        let text: String = s.text.split_whitespace().collect();
        let stream = &text[text.find(&columns)?..];
        let path = &stream[stream.find("$path=\"")? + 7..];
        path.split('"').next().map(str::to_owned)
    };
    scripts.iter().find_map(at)
}

/// All exported names, values of enums and fields among them.
pub fn exported(root: &Path) -> Vec<String> {
    let mut out = vec!["Engine".to_owned()];
    for item in scripts(root).into_iter().flat_map(|s| s.items) {
        out.extend(item.parts.iter().map(|p| p.name.clone()));
        out.push(item.name);
    }
    out
}

/// Markdown of a comment's lines.
fn comment<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<&str> = lines
        .map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end())
        .collect();
    let text = lines.join("\n").replace("``", "`");
    let mut parts = text.split(":zeek:see:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part);
    }
    out.trim().to_owned()
}

/// Lines of the statement that begins here, until its end, without comments.
fn statement<'a>(first: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> String {
    let mut text = first.trim().to_owned();
    while !text.ends_with(';') {
        let Some(line) = rest.next() else { break };
        text.push(' ');
        text.push_str(line.trim());
    }
    text
}

fn item(kind: Kind, name: &str, doc: &[&str]) -> Item {
    Item {
        kind,
        name: name.trim().to_owned(),
        of: String::new(),
        default: String::new(),
        doc: comment(doc.iter().copied()),
        parts: Vec::new(),
        attributes: String::new(),
    }
}

fn items(text: &str) -> Vec<Item> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    let mut exporting = false;
    let mut doc: Vec<&str> = Vec::new();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        match line {
            "export {" => exporting = true,
            "}" => exporting = false,
            _ => {}
        }
        let redefined = trimmed.starts_with("redef ");
        if let Some(d) = trimmed
            .strip_prefix("##")
            .filter(|d| !d.starts_with(['!', '#']))
        {
            doc.push(d);
            continue;
        }
        if exporting || redefined {
            out.extend(read(trimmed, &mut lines, &doc));
        }
        doc.clear();
    }
    out
}

/// What a statement exports.
fn read<'a>(
    first: &'a str,
    lines: &mut impl Iterator<Item = &'a str>,
    doc: &[&str],
) -> Option<Item> {
    let head = first.strip_prefix("redef ").unwrap_or(first);
    if let Some(name) = head
        .strip_prefix("enum Notice::Type += {")
        .map(|_| "Notice::Type")
    {
        let mut e = item(Kind::Enum, name, doc);
        e.parts = parts(lines, Kind::Notice);
        return Some(e);
    }
    if let Some(rest) = head
        .strip_prefix("record ")
        .filter(|_| head.ends_with("+= {"))
    {
        let mut r = item(Kind::Record, rest.trim_end_matches("+= {"), doc);
        r.parts = parts(lines, Kind::Field);
        return Some(r);
    }
    if let Some((name, what)) = head.strip_prefix("type ").and_then(|t| t.split_once(':')) {
        let (kind, part) = match what.trim() {
            "record {" => (Kind::Record, Kind::Field),
            "enum {" => (Kind::Enum, Kind::Other),
            _ => return None,
        };
        let mut r = item(kind, name, doc);
        r.parts = parts(lines, part);
        return Some(r);
    }
    let kind = [
        ("option ", Kind::Option),
        ("const ", Kind::Const),
        ("global ", Kind::Other),
    ];
    let (word, kind) = kind.into_iter().find(|(word, _)| first.starts_with(word))?;
    let text = statement(first, lines);
    let text = text.strip_prefix(word)?.trim_end_matches(';').trim();
    let (text, redef) = match text.strip_suffix("&redef") {
        Some(text) => (text.trim(), "&redef"),
        None => (text, ""),
    };
    let (declared, default) = text.split_once('=').unwrap_or((text, ""));
    let (name, of) = declared.split_once(':').unwrap_or((declared, ""));
    let mut i = item(kind, name, doc);
    i.of = of.trim().to_owned();
    i.default = default.trim().trim_end_matches(", }").replace("{  ", "{ ");
    if default.trim().ends_with(", }") {
        i.default.push_str(" }");
    }
    i.attributes = redef.to_owned();
    i.kind = match i.of.split(['(', ':']).next().unwrap_or_default().trim() {
        "event" => Kind::Event,
        "hook" | "Log" => Kind::Hook,
        "function" => Kind::Function,
        _ => kind,
    };
    Some(i)
}

/// Fields or values, each with its comment, until the closing brace.
fn parts<'a>(lines: &mut impl Iterator<Item = &'a str>, kind: Kind) -> Vec<Item> {
    let mut out = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in lines {
        let line = line.trim();
        if line.starts_with('}') {
            break;
        }
        if let Some(d) = line.strip_prefix("##") {
            // A comment that begins with < belongs to what stands before it.
            match d.strip_prefix('<') {
                Some(d) => {
                    if let Some(last) = out.last_mut() {
                        let last: &mut Item = last;
                        last.doc = comment([d].into_iter());
                    }
                }
                None => doc.push(d),
            }
            continue;
        }
        let text = line.trim_end_matches([',', ';']);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, of) = text.split_once(':').unwrap_or((text, ""));
        let mut i = item(kind, name, &doc);
        let (of, attributes) = of.split_once('&').unwrap_or((of, ""));
        i.of = of.trim().to_owned();
        if !attributes.is_empty() {
            i.attributes = format!("&{attributes}");
        }
        out.push(i);
        doc.clear();
    }
    out
}
