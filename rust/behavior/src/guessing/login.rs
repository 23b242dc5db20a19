//! What tells of a login in each log, and who logs in where.

use crate::entity::{Entity, Key};
use crate::event::{Column, Event, Log, Proto};
use crate::kinds::BehaviorKindInfo;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Bytes of a control connection of FTP in which there is a login, or a few, and nothing after: at least
/// `USER` and `PASS`, and less than what moving files takes. ftp.log has no line of logins unless it is asked to.
const FTP_LOGIN: std::ops::RangeInclusive<f64> = 16.0..=120.0;

/// How a login came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Failed,
    Worked,
    /// No log tells.
    Unknown,
    /// Somebody is in, and does something there.
    Used,
}

impl Came {
    fn of(success: bool) -> Came {
        match success {
            true => Came::Worked,
            false => Came::Failed,
        }
    }
}

/// A login, or several in one connection.
pub(super) struct Login<'a> {
    pub(super) event: &'a Event<'a>,
    pub(super) orig: IpAddr,
    pub(super) resp: IpAddr,
    pub(super) service: &'static str,
    pub(super) port: Option<u16>,
    pub(super) user: Option<&'a [u8]>,
    /// Tries that failed before it came out.
    pub(super) failed: f64,
    pub(super) came: Came,
}

impl<'a> Login<'a> {
    pub(super) fn of(event: &'a Event<'a>) -> Option<Login<'a>> {
        let success = |c: Column| event.truth(c).map_or(Came::Unknown, Came::of);
        let (service, user, came, mut failed) = match event.log {
            Log::Ssh => {
                let tries = event.number(Column::AuthAttempts).unwrap_or(0.0);
                let came = success(Column::AuthSuccess);
                let failed = match came {
                    Came::Failed => tries.max(1.0),
                    Came::Worked => tries - 1.0,
                    Came::Unknown | Came::Used => tries,
                };
                ("ssh", None, came, failed)
            }
            Log::Ntlm => {
                let came = success(Column::Success);
                ("ntlm", event.text(Column::Username), came, 1.0)
            }
            Log::Kerberos => {
                let error = event.text(Column::ErrorMsg).unwrap_or_default();
                let came = match (event.truth(Column::Success), error) {
                    (Some(true), _) if event.text(Column::RequestType) == Some(b"AS") => {
                        Came::Worked
                    }
                    (Some(false), b"KDC_ERR_PREAUTH_FAILED" | b"KDC_ERR_C_PRINCIPAL_UNKNOWN") => {
                        Came::Failed
                    }
                    (Some(false), b"KDC_ERR_CLIENT_REVOKED") => Came::Failed,
                    _ => return None,
                };
                ("kerberos", event.text(Column::Client), came, 1.0)
            }
            Log::Ftp => {
                let came = match event.number(Column::ReplyCode).map(|c| c as u32) {
                    Some(530 | 430) => Came::Failed,
                    Some(230) => Came::Worked,
                    Some(100..=399) => Came::Used,
                    _ => return None,
                };
                ("ftp", event.text(Column::User), came, 1.0)
            }
            Log::Http => {
                if is_to_proxy(event) {
                    return None;
                }
                let came = match event.number(Column::StatusCode).map(|c| c as u32) {
                    Some(401) => Came::Failed,
                    // Pages are forbidden for many reasons that are nobody's password.
                    Some(403) if tells_who(event) => Came::Failed,
                    Some(200..=399) => Came::Worked,
                    _ => return None,
                };
                ("http", event.text(Column::Username), came, 1.0)
            }
            Log::Conn => {
                let sent = event.bytes().map_or(0.0, |(sent, _)| sent);
                let service = event.text(Column::Service).unwrap_or_default();
                if service != b"ftp" || !FTP_LOGIN.contains(&sent) {
                    return None;
                }
                ("ftp", None, Came::Unknown, 0.0)
            }
            Log::Ldap => {
                let opcode = event.text(Column::Opcode).unwrap_or_default();
                let came = match event.text(Column::Result).unwrap_or_default() {
                    _ if !opcode.starts_with(b"bind") => return None,
                    b"success" => Came::Worked,
                    b"invalid credentials" => Came::Failed,
                    _ => return None,
                };
                ("ldap", event.text(Column::Object), came, 1.0)
            }
            Log::Mysql => {
                if !matches!(event.text(Column::Cmd), Some(b"login" | b"change_user")) {
                    return None;
                }
                let came = event.truth(Column::Success).map(Came::of)?;
                ("mysql", event.text(Column::Arg), came, 1.0)
            }
            Log::Rfb => {
                let came = event.truth(Column::Auth).map(Came::of)?;
                ("vnc", None, came, 1.0)
            }
            Log::Rdp => ("rdp", event.text(Column::Cookie), Came::Unknown, 0.0),
            _ => return None,
        };
        if event.log != Log::Ssh && came != Came::Failed {
            failed = 0.0;
        }
        Some(Login {
            event,
            orig: event.orig?,
            resp: event.resp?,
            service,
            port: event.port,
            user,
            // A number from a log: nobody tries more often in one connection.
            failed: failed.clamp(0.0, 20.0),
            came,
        })
    }
}

/// Whether a request asks a proxy to fetch something (CONNECT, or a whole URL): what the proxy answers is its policy, and
/// the next name may be allowed.
fn is_to_proxy(event: &Event<'_>) -> bool {
    let whole = |uri: &[u8]| {
        let mut parts = uri.splitn(2, |b| *b == b':');
        let scheme = parts.next().unwrap_or_default();
        !scheme.is_empty()
            && scheme.iter().all(u8::is_ascii_alphanumeric)
            && parts.next().is_some_and(|rest| rest.starts_with(b"//"))
    };
    event
        .text(Column::Method)
        .is_some_and(|m| m.eq_ignore_ascii_case(b"CONNECT"))
        || event.text(Column::Uri).is_some_and(whole)
}

/// Whether a request says who asks: it names a user, or fills in a form.
fn tells_who(event: &Event<'_>) -> bool {
    event.text(Column::Username).is_some()
        || event
            .text(Column::Method)
            .is_some_and(|m| m.eq_ignore_ascii_case(b"POST"))
}

/// Who logs in where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Who {
    pub(super) orig: IpAddr,
    pub(super) resp: IpAddr,
    pub(super) port: Option<u16>,
    pub(super) proto: Proto,
    pub(super) service: u8,
}

/// The services whose logins are known.
const SERVICES: [&str; 9] = [
    "ssh", "ntlm", "kerberos", "ftp", "http", "rdp", "ldap", "mysql", "vnc",
];

impl Who {
    pub(super) fn of(l: &Login<'_>) -> Who {
        let service = SERVICES.iter().position(|s| *s == l.service);
        Who {
            orig: l.orig,
            resp: l.resp,
            port: l.port,
            proto: match l.event.proto {
                Proto::Other => Proto::Tcp,
                p => p,
            },
            service: service.unwrap_or(0) as u8,
        }
    }

    pub(super) fn service(&self) -> &'static str {
        SERVICES.get(usize::from(self.service)).unwrap_or(&"login")
    }

    pub(super) fn pair(&self) -> Entity {
        Entity::Pair {
            orig: self.orig,
            resp: self.resp,
            port: self.port,
            proto: self.proto,
        }
    }

    pub(super) fn id(&self, entity: &Entity, kind: &BehaviorKindInfo) -> u64 {
        let key = Key::new(entity.key()).bytes(kind.name.as_bytes());
        key.bytes(self.service().as_bytes()).finish()
    }
}
