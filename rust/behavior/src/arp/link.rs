//! The link as ARP shows it: one frame, who claims which address, who asks for whom.

use crate::event::{Column, Event};
use crate::network::{NetworkView, is_unicast};
use crate::state::{Distinct, Entry, Table};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The domains of keys.
pub(super) const ADDRESS: u64 = 0xa490_0001;
pub(super) const SUBNET: u64 = 0xa490_0002;
pub(super) const ASKS: u64 = 0xa490_0004;

/// A hardware address of Ethernet.
pub(super) type Mac = u64;

pub(super) const TO_ALL: Mac = 0xffff_ffff_ffff;

/// One ARP packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) ts: f64,
    /// Whether it asks; else it answers, or announces.
    pub(super) request: bool,
    /// Who sent the frame, and to whom.
    pub(super) from: Mac,
    pub(super) to: Option<Mac>,
    /// The address that the sender says is its own, and by which hardware address it wants to be reached.
    pub(super) claim: IpAddr,
    pub(super) hw: Mac,
    /// Who is asked for, or told; and by which hardware address.
    pub(super) other: IpAddr,
    pub(super) other_hw: Option<Mac>,
}

impl Frame {
    pub(super) fn of(e: &Event<'_>) -> Option<Frame> {
        let mac = |c: Column| e.text(c).and_then(mac);
        let hw = mac(Column::OrigHw);
        let from = mac(Column::SrcMac).or(hw)?;
        let request = match e.text(Column::Operation)?.to_ascii_lowercase().as_slice() {
            b"request" | b"who-has" | b"1" => true,
            b"reply" | b"is-at" | b"2" => false,
            _ => return None,
        };
        Some(Frame {
            ts: e.ts,
            request,
            from,
            to: mac(Column::DstMac),
            claim: e.orig?,
            hw: hw.unwrap_or(from),
            other: e.resp?,
            other_hw: mac(Column::RespHw),
        })
    }

    /// Whether the sender has no address yet, and looks whether one is free.
    pub(super) fn is_probe(&self) -> bool {
        self.claim.is_unspecified()
    }

    /// Whether it tells everybody where the sender is.
    pub(super) fn is_announcement(&self) -> bool {
        self.claim == self.other
    }
}

/// A hardware address from text: twelve hexadecimal digits, however they are set apart.
pub(super) fn mac(text: &[u8]) -> Option<Mac> {
    let mut mac = 0;
    let mut digits = 0;
    for b in text {
        match char::from(*b).to_digit(16) {
            Some(d) => (mac, digits) = (mac << 4 | Mac::from(d), digits + 1),
            None if matches!(b, b':' | b'-' | b'.') => {}
            None => return None,
        }
        if digits > 12 {
            return None;
        }
    }
    (digits == 12).then_some(mac)
}

/// A hardware address as people write it.
pub(super) fn shown(mac: Mac) -> String {
    let bytes = mac.to_be_bytes();
    let hex: Vec<String> = bytes.iter().skip(2).map(|b| format!("{b:02x}")).collect();
    hex.join(":")
}

/// Whether it is that of one machine.
pub(super) fn is_machine(mac: Mac) -> bool {
    mac != 0 && mac >> 40 & 1 == 0
}

/// Machines that claim one address, at most so many of them.
pub(super) const HOLDERS: usize = 4;

/// Who claims an address.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) mac: Mac,
    pub(super) last: f64,
}

/// Seconds within which who claimed an address has to claim it again, after another did, to contest it.
pub(super) const TURN: f64 = 600.0;

/// Seconds after which contests are forgotten.
pub(super) const TURNS: f64 = 3600.0;

/// One address on the link.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Address {
    /// When it was claimed last; 0 where nobody ever did.
    pub(super) heard: f64,
    /// By whom, the latest last.
    pub(super) holders: Vec<Holder>,
    /// How often the claim went back to who had it before, and when it did last.
    pub(super) turns: u32,
    pub(super) turned: f64,
    /// Who asked for it.
    pub(super) askers: Distinct,
}

impl Entry for Address {
    fn is_established(&self) -> bool {
        self.heard > 0.0 && self.askers.count() >= 2.0
    }

    fn merit(&self) -> f64 {
        self.askers.count()
    }

    fn is_sound(&self) -> bool {
        let times = self.holders.iter().all(|h| h.last.is_finite());
        times
            && self.heard.is_finite()
            && self.turned.is_finite()
            && self.holders.len() <= HOLDERS
            && self.askers.is_sound()
    }
}

impl Address {
    /// Somebody claims it.
    pub(super) fn claimed(&mut self, f: &Frame) {
        self.heard = self.heard.max(f.ts);
        let before = self.holders.iter().position(|h| h.mac == f.hw);
        let is_last = before.is_some_and(|at| at + 1 == self.holders.len());
        let known = before.map(|at| self.holders.remove(at));
        if (f.ts - self.turned).abs() > TURNS {
            self.turns = 0;
        }
        if let Some(known) = known
            && !is_last
            && (f.ts - known.last).abs() <= TURN
        {
            self.turns = self.turns.saturating_add(1);
            self.turned = f.ts;
        }
        if self.holders.len() >= HOLDERS {
            self.holders.remove(0);
        }
        self.holders.push(Holder {
            mac: f.hw,
            last: f.ts,
        });
    }
}

/// The hosts that ask for others of one network.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Subnet {
    pub(super) askers: Distinct,
}

impl Entry for Subnet {
    fn is_established(&self) -> bool {
        self.askers.count() >= 3.0
    }

    fn merit(&self) -> f64 {
        self.askers.count()
    }

    fn is_sound(&self) -> bool {
        self.askers.is_sound()
    }
}

/// The addresses of the link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) addresses: Table<Address>,
    pub(super) subnets: Table<Subnet>,
    pub(super) answers: Answers,
}

/// Counts of answers, asked for and unasked, of all machines, and of the machine that gave most of the unasked
/// ones (a majority vote, so the latter is an estimate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Answers {
    pub(super) asked: f64,
    pub(super) unasked: f64,
    pub(super) most: (Mac, f64),
}

/// Hosts that ask for one, from which it may be a gateway.
pub(super) const GATEWAY: f64 = 3.0;

impl Link {
    pub(super) fn new(budget: usize) -> Link {
        Link {
            addresses: Table::new(budget / 11 * 10, 64, ADDRESS_HEAP),
            subnets: Table::new(budget / 11, 64, Distinct::MAX_HEAP),
            answers: Answers::default(),
        }
    }

    pub(super) fn address(&self, addr: IpAddr, network: &NetworkView) -> Option<&Address> {
        self.addresses.get(network.key(ADDRESS).addr(addr).finish())
    }

    /// Hosts that were heard to ask for others in the network of this address.
    pub(super) fn askers_near(&self, addr: IpAddr, network: &NetworkView) -> f64 {
        let subnet = self.subnets.get(subnet(addr, network));
        subnet.map_or(0.0, |s| s.askers.count())
    }

    /// How many ask for an address, where it is one that most of its network ask for.
    pub(super) fn gateway(&self, addr: IpAddr, network: &NetworkView) -> Option<f64> {
        let askers = self.address(addr, network)?.askers.count();
        let most = askers * 2.0 >= self.askers_near(addr, network);
        (askers >= GATEWAY && most).then_some(askers)
    }

    /// Somebody answered.
    pub(super) fn answered(&mut self, by: Mac, was_asked: bool) {
        let a = &mut self.answers;
        // What was long ago counts less.
        if a.asked + a.unasked >= 4096.0 {
            (a.asked, a.unasked, a.most.1) = (a.asked / 2.0, a.unasked / 2.0, a.most.1 / 2.0);
        }
        if was_asked {
            a.asked += 1.0;
            return;
        }
        a.unasked += 1.0;
        match a.most.0 == by {
            true => a.most.1 += 1.0,
            false if a.most.1 <= 0.0 => a.most = (by, 1.0),
            false => a.most.1 -= 1.0,
        }
    }

    /// Whether questions are seen here, as answers of other machines tell; nothing where there are none.
    pub(super) fn are_questions_seen(&self, mac: Mac) -> Option<bool> {
        let a = &self.answers;
        let own = if a.most.0 == mac { a.most.1 } else { 0.0 };
        let others = a.unasked - own;
        (a.asked + others > 0.0).then_some(a.asked >= others)
    }

    pub(super) fn see(&mut self, f: &Frame, network: &NetworkView) {
        if f.request && !f.is_announcement() && !f.is_probe() && is_unicast(f.other) {
            let asker = network.key(ASKS).addr(f.claim).finish();
            let asked = network.key(ADDRESS).addr(f.other).finish();
            let new = |a: &mut Address| a.askers.insert(asker);
            if self.addresses.update(asked, Address::default, new) {
                let near = subnet(f.other, network);
                self.subnets
                    .update(near, Subnet::default, |s| s.askers.insert(asker));
            }
        }
        if !f.is_probe() && is_unicast(f.claim) && is_machine(f.hw) {
            let key = network.key(ADDRESS).addr(f.claim).finish();
            self.addresses
                .update(key, Address::default, |a| a.claimed(f));
        }
    }
}

pub(super) fn subnet(addr: IpAddr, network: &NetworkView) -> u64 {
    let net = match addr {
        IpAddr::V4(a) => u64::from(u32::from(a) >> 8),
        IpAddr::V6(a) => (u128::from(a) >> 64) as u64,
    };
    network.key(SUBNET).number(net).finish()
}

pub(super) const ADDRESS_HEAP: usize = HOLDERS * size_of::<Holder>() + Distinct::MAX_HEAP + 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_addresses_are_read_however_they_are_written() {
        for text in [
            "00:1b:54:AA:01:02",
            "00-1B-54-aa-01-02",
            "001b.54aa.0102",
            "001b54aa0102",
        ] {
            let mac = mac(text.as_bytes()).unwrap();
            assert_eq!(shown(mac), "00:1b:54:aa:01:02", "{text}");
        }
        for text in [
            "",
            "00:1b:54:aa:01",
            "00:1b:54:aa:01:02:03",
            "none",
            "00:1b:54:aa:01:0g",
        ] {
            assert_eq!(mac(text.as_bytes()), None, "{text}");
        }
        assert!(is_machine(0x001b_54aa_0102));
        assert!(!is_machine(TO_ALL) && !is_machine(0) && !is_machine(0x0100_5e00_0001));
    }
}
