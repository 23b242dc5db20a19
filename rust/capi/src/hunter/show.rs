//! A finding as C sees it.

use super::types::{za_basis, za_evidence, za_finding, za_text};
use std::ptr;
use zeek_anomaly_base::text::printable;
use zeek_anomaly_behavior::{Basis, Entity, Finding};

/// A finding as C sees it: pointers into texts that are kept beside them.
#[derive(Default)]
pub(super) struct Shown {
    texts: Vec<String>,
    reasons: Vec<za_evidence>,
    uids: Vec<za_text>,
}

// SAFETY: the pointers lead to texts that the same value owns, and go where it goes.
unsafe impl Send for Shown {}

impl Shown {
    /// Keeps a text and points to it: a String's bytes stay where they are when the
    /// String is moved.
    fn text(&mut self, text: &str) -> za_text {
        let text = printable(text);
        let shown = borrowed(&text);
        self.texts.push(text);
        shown
    }

    pub(super) fn show(&mut self, f: &Finding, size: usize) -> za_finding {
        self.texts.clear();
        self.reasons.clear();
        self.uids.clear();
        for r in &f.reasons {
            let (what, value) = (self.text(&r.what), self.text(&r.value));
            self.reasons.push(za_evidence { what, value });
        }
        for uid in &f.uids {
            let uid = self.text(uid);
            self.uids.push(uid);
        }
        let (port, proto) = match &f.entity {
            Entity::Pair { port, proto, .. } => (*port, proto.name()),
            _ => (None, ""),
        };
        let own_name = match &f.entity {
            Entity::Name { name, .. } => Some(name.as_str()),
            _ => None,
        };
        let other = f.entity.other().map(|a| a.to_string());
        za_finding {
            size,
            taken: 1,
            update: f.update,
            id: f.id,
            count: f.count,
            score: f.score,
            confidence: f.confidence,
            first: f.first,
            last: f.last,
            basis: match f.basis {
                Basis::Probability => za_basis::Probability,
                Basis::Rule => za_basis::Rule,
            } as u32,
            port: port.map_or(65_536, u32::from),
            kind: borrowed(f.kind.0.name),
            notice: borrowed(f.kind.0.notice),
            title: borrowed(f.kind.0.title),
            stage: borrowed(f.stage().name()),
            host: self.text(&f.entity.host().to_string()),
            peer: self.text(other.as_deref().unwrap_or_default()),
            proto: borrowed(proto),
            name: self.text(f.name.as_deref().or(own_name).unwrap_or_default()),
            reasons: pointer(&self.reasons),
            n_reasons: self.reasons.len(),
            uids: pointer(&self.uids),
            n_uids: self.uids.len(),
        }
    }
}

fn borrowed(text: &str) -> za_text {
    za_text {
        data: if text.is_empty() {
            ptr::null()
        } else {
            text.as_ptr().cast()
        },
        len: text.len(),
    }
}

pub(super) fn pointer<T>(all: &[T]) -> *const T {
    if all.is_empty() {
        ptr::null()
    } else {
        all.as_ptr()
    }
}
