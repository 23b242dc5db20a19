//! What single records show: sessions, programs, administrative shares.

use super::table::Place;
use crate::event::{Column, Event, Outcome};
use zeek_log::Value;

/// Payload in bytes of each side from which a connection is a session: a banner is none.
const SESSION: f64 = 1000.0;

/// Ports of sessions, with their signs.
const SESSIONS: [(u16, Place); 5] = [
    (22, Place::Ssh),
    (3389, Place::Rdp),
    (5900, Place::Vnc),
    (5985, Place::Winrm),
    (5986, Place::Winrm),
];

/// The ends of names of programs and scripts that Windows runs.
const PROGRAMS: [&[u8]; 14] = [
    b"exe", b"dll", b"sys", b"bat", b"cmd", b"ps1", b"vbs", b"js", b"hta", b"msi", b"scr", b"com",
    b"cpl", b"jar",
];

/// MIME types of programs, as Zeek names them.
const PROGRAM_TYPES: [&[u8]; 6] = [
    b"application/x-dosexec",
    b"application/x-executable",
    b"application/x-sharedlib",
    b"application/x-elf",
    b"application/x-mach-o-executable",
    b"application/vnd.microsoft.portable-executable",
];

/// Whether a share is one for administrators: `\\host\ADMIN$`, `\\host\C$`.
pub fn is_admin_share(path: &[u8]) -> bool {
    let name = path
        .rsplit(|b| *b == b'\\' || *b == b'/')
        .next()
        .unwrap_or_default();
    match name {
        [drive, b'$'] => drive.is_ascii_alphabetic(),
        name => name.eq_ignore_ascii_case(b"ADMIN$"),
    }
}

/// Whether a file is one that Windows runs, by its name.
pub(super) fn is_program(name: &[u8]) -> bool {
    let end = name.rsplit(|b| *b == b'.').next().unwrap_or_default();
    end.len() < name.len() && PROGRAMS.iter().any(|p| p.eq_ignore_ascii_case(end))
}

/// The session that a connection is.
pub(super) fn session(e: &Event<'_>) -> Option<Place> {
    let place = SESSIONS
        .iter()
        .find(|(port, _)| e.port == Some(*port))
        .map(|(_, s)| *s);
    let place = match e.service() {
        b"ssh" => Some(Place::Ssh),
        b"rdp" => Some(Place::Rdp),
        b"rfb" => Some(Place::Vnc),
        _ => place,
    }?;
    let (sent, received) = e.bytes()?;
    let answered = e.outcome() == Outcome::Answered && sent >= SESSION;
    // A sensor that sees the responder's half only.
    let half = sent == 0.0 && e.text(Column::History).is_some_and(|h| h.starts_with(b"^"));
    ((answered || half) && received >= SESSION).then_some(place)
}

/// The sign of a program that an inside host gives away.
pub(super) fn fetched(e: &Event<'_>) -> Option<Place> {
    let is_type = |v: &[u8]| PROGRAM_TYPES.contains(&v);
    let is_program = match e.value(Column::RespMimeTypes) {
        Value::List(types) => types.iter().any(|t| t.text().is_some_and(is_type)),
        v => v.text().is_some_and(is_type),
    };
    if !is_program || e.is_proxied() {
        return None;
    }
    let named = e
        .name()
        .is_some_and(|n| n.iter().any(u8::is_ascii_alphabetic) && !n.contains(&b':'));
    Some(if named {
        Place::FetchedByName
    } else {
        Place::Fetched
    })
}

/// Whether a file is written, or gets its name, by this record of smb_files.log.
pub(super) fn is_written(e: &Event<'_>) -> bool {
    matches!(
        e.text(Column::Action),
        Some(b"SMB::FILE_WRITE" | b"SMB::FILE_RENAME")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_for_administrators_are_told_from_others() {
        for path in ["\\\\10.0.0.5\\ADMIN$", "\\\\host\\c$", "//h/D$"] {
            assert!(is_admin_share(path.as_bytes()), "{path}");
        }
        for path in [
            "\\\\host\\IPC$",
            "\\\\host\\data",
            "\\\\host\\print$",
            "",
            "$",
        ] {
            assert!(!is_admin_share(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn programs_are_known_by_the_end_of_their_names() {
        for name in ["a.exe", "Temp\\b.PS1", "x.tar.dll"] {
            assert!(is_program(name.as_bytes()), "{name}");
        }
        for name in ["exe", "report.docx", "", "a.exe.txt"] {
            assert!(!is_program(name.as_bytes()), "{name}");
        }
    }
}
