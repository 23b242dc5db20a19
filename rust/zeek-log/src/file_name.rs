//! What a file's name says about how the file is kept: as a log, rotated, compressed, or as something else.
//!
//! A name is read from its log ending on: `conn.log`, then tokens that rotation, archiving and compression append
//! (`.1`, `-20260304`, `.old`, `.gz`). A token that nobody appends to a log makes the name no log's name; the
//! content decides then (see [`crate::discover`]).

/// The endings of logs, the longest first.
const ENDINGS: &[&str] = &[".log", ".jsonl", ".ndjson", ".json"];

/// Compressions that the readers undo.
const READ: &[&str] = &["gz", "gzip", "zst", "zstd", "xz", "bz2", "bz", "lz4"];

/// Compressions that they do not, and the command that does.
const UNREAD: &[(&str, &str)] = &[
    ("z", "uncompress"),
    ("lzma", "xz -d --format=lzma"),
    ("lz", "lzip -d"),
    ("lzo", "lzop -d"),
    ("br", "brotli -d"),
    ("sz", "snzip -d"),
    ("zz", "pigz -d"),
];

/// Archives of several files, and the command that unpacks them.
const ARCHIVES: &[(&str, &str)] = &[
    ("tar", "tar -xf"),
    ("tgz", "tar -xf"),
    ("txz", "tar -xf"),
    ("tbz", "tar -xf"),
    ("tbz2", "tar -xf"),
    ("tzst", "tar -xf"),
    ("zip", "unzip"),
    ("7z", "7z x"),
    ("rar", "unrar x"),
];

/// Words that people and rotation programs append to a log's name.
const KEPT: &[&str] = &[
    "old", "bak", "backup", "orig", "prev", "previous", "save", "saved", "copy", "rotated",
    "closed", "archived", "labeled", "labelled",
];

/// Words that mark a file which is being written or copied.
const BEING_WRITTEN: &[&str] = &[
    "tmp",
    "temp",
    "part",
    "partial",
    "filepart",
    "crdownload",
    "swp",
    "lock",
];

/// What zeekctl keeps in the directory of the logs for people: each name up to its first dot.
const FOR_PEOPLE: &[&str] = &["stdout", "stderr", "conn-summary"];

/// What a file's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A log, plain or compressed in a way that is read.
    Log,
    /// A log that this command decompresses.
    Compressed(&'static str),
    /// An archive, which this command unpacks.
    Archive(&'static str),
    /// A file that is being written.
    BeingWritten,
    /// A summary or output of zeekctl for people.
    ForPeople,
    /// Nothing that the name tells.
    Other,
}

/// Reads a name.
pub(crate) fn named(name: &str) -> Named {
    let name = name.to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    if let Some((_, how)) = ARCHIVES.iter().find(|(end, _)| *end == last) {
        return Named::Archive(how);
    }
    if name.contains(".tar.") {
        return Named::Archive("tar -xf");
    }
    let Some(tokens) = after_ending(&name) else {
        return Named::Other;
    };
    if FOR_PEOPLE.contains(&name.split('.').next().unwrap_or_default()) {
        return Named::ForPeople;
    }
    let mut found = Named::Log;
    for token in tokens.split(['.', '-', '_', '~', ':', '+', ' ', '(', ')']) {
        if BEING_WRITTEN.contains(&token) {
            return Named::BeingWritten;
        }
        if let Some((_, how)) = UNREAD.iter().find(|(end, _)| *end == token) {
            found = Named::Compressed(how);
        } else if !(token.is_empty()
            || READ.contains(&token)
            || KEPT.contains(&token)
            || is_date_or_number(token))
        {
            return Named::Other;
        }
    }
    found
}

/// What follows the last log ending of a name in lower case; `None` where there is no ending with a name before it.
fn after_ending(name: &str) -> Option<&str> {
    let ends = ENDINGS.iter().filter_map(|end| {
        let at = name.rfind(end).filter(|at| *at > 0)?;
        let rest = name.get(at + end.len()..)?;
        // `conn.logs` and `conn.login` have no log ending.
        let over = rest
            .bytes()
            .next()
            .is_none_or(|c| !c.is_ascii_alphanumeric());
        over.then_some((at, rest))
    });
    ends.max_by_key(|(at, _)| *at).map(|(_, rest)| rest)
}

/// The file that a file of this name may be a copy of: `conn.log` for `conn.log.bak` and `conn.log.gz`. Rotated files
/// (`conn.log.1`) are no copies.
pub(crate) fn original(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    let rest = after_ending(&lower)?;
    if rest.is_empty() || rest.split(['.', '-', '_']).any(is_date_or_number) {
        return None;
    }
    name.get(..name.len() - rest.len())
}

/// `1`, `20260304`, `1772697600`, `20260304t130000z`.
fn is_date_or_number(token: &str) -> bool {
    let token = token.strip_suffix('z').unwrap_or(token);
    !token.is_empty()
        && token.bytes().filter(|c| *c == b't').count() <= 1
        && token.starts_with(|c: char| c.is_ascii_digit())
        && token.bytes().all(|c| c.is_ascii_digit() || c == b't')
}

/// The order of rotated files of one log, from the first written to the last: dates upwards, then numbers downwards
/// (`conn.log.2` was written before `conn.log.1`), then the log that is still written.
pub(crate) fn rotation(name: &str) -> (u8, i64) {
    let name = name.to_ascii_lowercase();
    let Some(rest) = after_ending(&name) else {
        return (2, 0);
    };
    let digits = |t: &str| -> String { t.chars().filter(char::is_ascii_digit).collect() };
    let kept = rest
        .split(['.', '_', '~'])
        .filter(|t| !t.is_empty() && !READ.contains(t));
    for token in kept {
        let all = digits(token);
        let Ok(number) = all.parse::<i64>() else {
            continue;
        };
        return match all.len() {
            // logrotate's `dateext`, with or without the time of day, and its `%s`.
            8 => (0, number * 1_000_000),
            10 if number > 1_900_000_000 => (0, number * 10_000),
            10 => (0, number),
            12 => (0, number * 100),
            14 => (0, number),
            _ => (1, -number),
        };
    }
    match KEPT.iter().any(|w| rest.split('.').any(|t| t == *w)) {
        true => (1, 0),
        false => (2, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_and_compressed_names_are_logs() {
        for name in [
            "conn.log",
            "conn.log.1",
            "conn.log.2.gz",
            "conn.log-20260304",
            "conn.log-20260304.gz",
            "conn.log-2026-03-04.zst",
            "conn.log.2026-03-04-13.xz",
            "conn.log-1772697600.bz2",
            "conn.log.20260304T130000Z.lz4",
            "conn.log.old",
            "conn.log.gz.1",
            "conn.log.labeled",
            "conn.00:00:00-01:00:00.log.gz",
            "north_conn.log.zst",
            "CONN.LOG.GZ",
            "export.json.3",
            "export.ndjson",
            "conn.log~",
            "conn.log (1).gz",
        ] {
            assert_eq!(named(name), Named::Log, "{name}");
        }
    }

    #[test]
    fn other_names_tell_what_they_are() {
        for name in [
            "notes.txt",
            "conn.login",
            ".log",
            "conn.log.md5",
            "conn.log.txt",
            "conn.csv",
            "conn",
            "",
        ] {
            assert_eq!(named(name), Named::Other, "{name}");
        }
        for name in [
            "stderr.log",
            "stdout.00:13:07-00:13:44.log.gz",
            "conn-summary.00:00:00-01:00:00.log.gz",
        ] {
            assert_eq!(named(name), Named::ForPeople, "{name}");
        }
        assert_eq!(named("conn.log.Z"), Named::Compressed("uncompress"));
        assert_eq!(named("logs.tar.gz"), Named::Archive("tar -xf"));
        assert_eq!(named("conn.log.zip"), Named::Archive("unzip"));
        assert_eq!(named("conn.log.gz.tmp"), Named::BeingWritten);
    }

    #[test]
    fn rotated_files_come_in_the_order_in_which_they_were_written() {
        let mut names = vec![
            "conn.log",
            "conn.log.1",
            "conn.log.10.gz",
            "conn.log-20260305.gz",
            "conn.log-20260304.gz",
            "conn.log.2.gz",
        ];
        names.sort_by_key(|n| rotation(n));
        assert_eq!(
            names,
            [
                "conn.log-20260304.gz",
                "conn.log-20260305.gz",
                "conn.log.10.gz",
                "conn.log.2.gz",
                "conn.log.1",
                "conn.log"
            ]
        );
    }
}
