//! First contacts, and what each counts.

use crate::event::{Column, Event, Outcome, Proto};
use crate::network::{NetworkView, is_unicast};
use std::net::{IpAddr, Ipv4Addr};

/// log10(0.8/0.2): what the first contact with a host counts.
const STEP: f32 = 0.602;

/// The same for UDP, where many do not answer in any case.
const STEP_UDP: f32 = 0.2;

/// The same for ICMP echo: people ping what they know. An answer of one of ours counts little, since that is how one
/// finds out who is there; and it counts for a sweep where the one before was pinged seconds ago. Outside, most
/// addresses are silent: who gets answers there knows whom to ask, as proxies do that measure ways.
const STEP_ECHO: (f32, f32) = (0.4, -0.1);

/// Stands for the port of what has none.
pub(super) const ECHO: u16 = 0;

/// A first contact, as far as it counts.
pub(super) struct Contact<'a> {
    pub(super) event: &'a Event<'a>,
    pub(super) orig: IpAddr,
    pub(super) resp: IpAddr,
    pub(super) port: u16,
    pub(super) step: f32,
    pub(super) refused: bool,
}

impl<'a> Contact<'a> {
    /// Whether it is a ping that one of ours answered.
    pub(super) fn is_answered_echo(&self) -> bool {
        self.event.proto == Proto::Icmp && self.step < 0.0 && self.event.resp_local
    }

    pub(super) fn of(event: &'a Event<'a>, network: &NetworkView) -> Option<Contact<'a>> {
        let (orig, resp) = (event.orig?, event.resp?);
        if !is_unicast(resp) || !is_unicast(orig) || orig == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
            return None;
        }
        let mut port = event.port?;
        let data = event.bytes().is_some_and(|(o, r)| o + r > 0.0);
        let outcome = match event.proto {
            // The port is the type of the message: requests for an echo, the time, information, the netmask.
            Proto::Icmp => {
                if !matches!(event.value(Column::OrigP).port(), Some(8 | 13 | 15 | 17)) {
                    return None;
                }
                port = ECHO;
                match event
                    .number(Column::RespPkts)
                    .or(event.number(Column::RespBytes))
                {
                    Some(n) if n > 0.0 => Outcome::Answered,
                    _ => Outcome::Unanswered,
                }
            }
            _ => event.outcome(),
        };
        let step = match event.proto {
            Proto::Tcp => STEP,
            // Where it is blocked, browsers try everybody in vain.
            Proto::Udp if port == 443 => return None,
            Proto::Udp => STEP_UDP,
            Proto::Icmp => STEP_ECHO.0,
            Proto::Other => return None,
        };
        let (step, refused) = match outcome {
            Outcome::Unclear => return None,
            // A connection without a byte is neither: a probe of an open port looks so.
            Outcome::Answered if event.proto == Proto::Icmp && event.resp_local => {
                (STEP_ECHO.1, false)
            }
            Outcome::Answered if event.proto == Proto::Icmp => (-step, false),
            Outcome::Answered if data => (-step, false),
            Outcome::Answered => (0.0, false),
            Outcome::Refused => (step, true),
            Outcome::Unanswered => {
                let weight = match event.orig_local {
                    true => 1.0,
                    false => network.settings().get(&super::state::UNANSWERED) as f32,
                };
                (step * weight, false)
            }
        };
        Some(Contact {
            event,
            orig,
            resp,
            port,
            step,
            refused,
        })
    }
}
