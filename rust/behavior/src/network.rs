//! What every behaviour may know: who is ours, how many of our hosts talk to whom, and what was
//! usual in training.

use crate::baseline::BehaviorBaseline;
use crate::entity::Key;
use crate::event::{Event, Log};
use crate::settings::{Param, Settings};
use crate::state::{Distinct, Entry, GivenUp, Saved, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The parameters that are nobody's own.
pub static PARAMS: &[&Param] = &[&LEARN_FROM, &VIEWS];

/// While ordinary logs are learned, thresholds are this much lower: what comes near to being
/// found is usual, too.
pub static LEARN_FROM: Param = Param {
    name: "baseline.margin",
    default: 0.6,
    min: 0.1,
    max: 1.0,
    help: "while learning what is usual, thresholds are multiplied by this",
};

/// For processes that pack records: whether several others share them.
pub static VIEWS: Param = Param {
    name: "cluster.views",
    default: 0.0,
    min: 0.0,
    max: 1.0,
    help: "1 where several processes of a cluster share the hosts: what is done to one, and who talks to whom, is then \
           sent apart (set by the scripts)",
};

/// The share of the memory that goes here, against [`crate::behavior::Description::share`].
pub(crate) const SHARE: u32 = 20;

/// A finding is given again when its count has grown this many times.
const GROWN: f64 = 1.5;

/// The domain of keys of names below a registered one.
const BELOW: u64 = 0x4e77_0001;

/// Networks that conn.log called local and that are remembered.
const MAX_PREFIXES: usize = 4096;

/// Who of ours talks to one address or name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Talkers {
    hosts: Distinct,
    seen: u32,
}

impl Entry for Talkers {
    fn is_established(&self) -> bool {
        self.seen >= 3
    }

    fn merit(&self) -> f64 {
        self.hosts.count() * 8.0 + f64::from(self.seen.min(64))
    }

    fn is_sound(&self) -> bool {
        self.hosts.is_sound()
    }
}

/// Where a name is served.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Places {
    addresses: Distinct,
    /// Hosts and addresses, together.
    visits: Distinct,
}

impl Places {
    const MAX_HEAP: usize = 2 * (Distinct::MAX_HEAP + 16);
}

impl Entry for Places {
    fn is_established(&self) -> bool {
        self.visits.count() >= 3.0
    }

    fn merit(&self) -> f64 {
        self.visits.count()
    }

    fn is_sound(&self) -> bool {
        self.addresses.is_sound() && self.visits.is_sound()
    }
}

/// How many times as many callers as an address has the others of its name may have.
const VOUCHED: f64 = 4.0;

/// What every behaviour may know.
#[derive(Debug)]
pub struct NetworkView {
    settings: Settings,
    /// What was usual in training.
    pub baseline: BehaviorBaseline,
    /// Whether what is seen is ordinary by definition, and to be learned.
    pub learning: bool,
    talkers: Table<Talkers>,
    below: Table<Distinct>,
    places: Table<Places>,
    hosts: Distinct,
    /// Hosts that may be ours, where none was known to be.
    assumed: Distinct,
    local: BTreeSet<u64>,
}

#[derive(Serialize)]
struct Save<'a>(
    &'a Table<Talkers>,
    &'a Table<Distinct>,
    &'a Table<Places>,
    &'a Distinct,
    &'a Distinct,
    &'a BTreeSet<u64>,
);

#[derive(Deserialize)]
struct Load(
    Saved<Talkers>,
    Saved<Distinct>,
    Saved<Places>,
    Distinct,
    Distinct,
    BTreeSet<u64>,
);

impl NetworkView {
    pub(crate) fn new(
        settings: Settings,
        baseline: BehaviorBaseline,
        budget: usize,
    ) -> NetworkView {
        NetworkView {
            talkers: Table::new(budget / 8 * 6, 3 * 8 + 16, Distinct::MAX_HEAP + 16),
            below: Table::new(budget / 8, 3 * 8 + 16, Distinct::MAX_HEAP + 16),
            places: Table::new(budget / 8, 2 * (3 * 8 + 16), Places::MAX_HEAP),
            settings,
            baseline,
            learning: false,
            hosts: Distinct::default(),
            assumed: Distinct::default(),
            local: BTreeSet::new(),
        }
    }

    /// All settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A key for entities of one behaviour: `domain` tells them from those of others.
    pub fn key(&self, domain: u64) -> Key {
        Key::new(self.settings.seed).number(domain)
    }

    /// A threshold: lower while learning.
    pub fn threshold(&self, param: &Param) -> f64 {
        let margin = match self.learning {
            true => self.settings.get(&LEARN_FROM),
            false => 1.0,
        };
        self.settings.get(param) * margin
    }

    /// Whether a finding has grown enough since it was given last to be given again.
    pub fn has_grown(&self, before: f64, now: f64) -> bool {
        let times = if self.learning { 1.05 } else { GROWN };
        now >= before * times
    }

    /// Whether an address is one of ours: private, in the networks that were set, or in one
    /// that conn.log calls local.
    pub fn is_local(&self, addr: IpAddr) -> bool {
        self.settings.is_local(addr) || self.local.contains(&prefix(addr))
    }

    /// Tells who is ours, and remembers it where conn.log says so.
    pub(crate) fn locate(&mut self, event: &mut Event<'_>) {
        use crate::event::Column::{LocalOrig, LocalResp};
        let ends = [(event.orig, LocalOrig), (event.resp, LocalResp)];
        for (addr, column) in ends {
            if let Some(addr) = addr
                && event.truth(column) == Some(true)
                && is_unicast(addr)
                && self.local.len() < MAX_PREFIXES
            {
                self.local.insert(prefix(addr));
            }
        }
        let of = |a: Option<IpAddr>| a.is_some_and(|a| self.is_local(a));
        event.orig_local = of(event.orig);
        event.resp_local = of(event.resp);
        // Where nobody is known to be ours, whoever calls is.
        if !event.orig_local && !event.resp_local {
            event.orig_local = event.orig.is_some();
        }
    }

    /// Remembers who talks to whom.
    pub(crate) fn observe(&mut self, event: &Event<'_>) {
        let Some(orig) = event.orig.filter(|_| event.orig_local) else {
            return;
        };
        let host = self.key(0).addr(orig).finish();
        let target = match event.log {
            Log::Conn => match event.resp {
                Some(resp) if is_unicast(resp) => self.addr_key(resp),
                _ => return,
            },
            _ => match event.name() {
                Some(name) => self.name_key(name),
                None => return,
            },
        };
        if let (Log::Ssl | Log::Http | Log::Quic, Some(name)) = (event.log, event.name())
            && let Some(domain) = crate::text::registered_domain(name)
        {
            let (domain, name) = (
                self.name_key(domain),
                self.key(BELOW).number(target).finish(),
            );
            self.below
                .update(domain, Distinct::default, |b| b.insert(name));
        }
        if let (Log::Ssl | Log::Http | Log::Quic, Some(resp)) = (event.log, event.resp)
            && !event.is_proxied()
        {
            let address = self.addr_key(resp);
            let visit = Key::new(host).number(address).finish();
            self.places.update(target, Places::default, |p| {
                p.addresses.insert(address);
                p.visits.insert(visit);
            });
        }
        // A protocol's record can come before the first of conn.log, which tells who is ours: an attacker that is
        // taken for one of ours until then is none of our hosts.
        let ours = self.is_local(orig);
        match ours {
            true => self.hosts.insert(host),
            false => self.assumed.insert(host),
        };
        // Names may be asked for once and never again: then the domain is what is common.
        let domain = match (event.log, event.name()) {
            (Log::Dns, Some(name)) => crate::text::registered_domain(name).filter(|d| *d != name),
            _ => None,
        };
        let domain = domain.map(|d| self.name_key(d));
        for target in [Some(target), domain].into_iter().flatten() {
            self.talkers.update(target, Talkers::default, |t| {
                t.hosts.insert(host);
                t.seen = t.seen.saturating_add(1);
            });
        }
    }

    /// The key by which an address is known as a target.
    pub fn addr_key(&self, addr: IpAddr) -> u64 {
        Key::new(self.baseline.seed()).number(1).addr(addr).finish()
    }

    /// The key by which a name is known as a target; case does not matter.
    pub fn name_key(&self, name: &[u8]) -> u64 {
        let mut lower = [0; 256];
        let n = name.len().min(lower.len());
        lower[..n].copy_from_slice(&name[..n]);
        lower[..n].make_ascii_lowercase();
        Key::new(self.baseline.seed())
            .number(2)
            .bytes(&lower[..n])
            .finish()
    }

    /// How many of our hosts talk to a target, now or in training.
    pub fn talkers(&self, target: u64) -> f64 {
        let now = self.talkers.get(target).map_or(0.0, |t| t.hosts.count());
        now.max(self.baseline.talkers(target))
    }

    /// How many hosts of ours there are.
    pub fn hosts(&self) -> f64 {
        self.hosts_seen().max(self.baseline.hosts())
    }

    /// Whether the hosts that ask for a name say something of an address with so many callers: a client may give any
    /// name. Where a few addresses serve a name to all, one that nobody else calls is not one of them; a network that
    /// serves it from many has many such.
    pub(crate) fn vouches(&self, name: u64, callers: f64) -> bool {
        let Some(p) = self.places.get(name) else {
            return true;
        };
        let others = (p.addresses.count() - 1.0).max(1.0);
        let callers_of_others = (p.visits.count() - callers) / others;
        callers_of_others < VOUCHED * callers.max(1.0)
    }

    /// How common a target is, from 0 (one host talks to it) to 1: now, or in the baseline, whichever is more. So
    /// what a baseline adds never makes a target less common.
    pub(crate) fn commonness(&self, target: u64) -> f64 {
        let now = self.talkers.get(target).map_or(0.0, |t| t.hosts.count());
        let of_now = prevalence(now, self.hosts_seen());
        of_now.max(self.prevalence(self.talkers(target)))
    }

    /// How common a target is, from 0 (one host talks to it) to 1 (everybody does, or a hundred
    /// hosts do): by the share of our hosts, and by their number, since a network of ten
    /// thousand hosts has services that only a few dozen use.
    pub fn prevalence(&self, talkers: f64) -> f64 {
        prevalence(talkers, self.hosts())
    }

    /// How many other names below its registered domain ours have called: what belongs to a vendor of
    /// many services has many.
    pub fn siblings(&self, name: &[u8]) -> f64 {
        let domain = crate::text::registered_domain(name);
        let below = domain.and_then(|d| self.below.get(self.name_key(d)));
        below.map_or(0.0, |b| (b.count() - 1.0).max(0.0))
    }

    /// How much evidence about common destinations is missing, from 0 to 1: 1 with one host, 0 from ten hosts on.
    /// A baseline removes findings; it never lowers the threshold of others.
    pub(crate) fn cold_start(&self) -> f64 {
        match self.learning {
            true => 0.0,
            false => (1.0 - self.hosts_seen().max(1.0).log10()).clamp(0.0, 1.0),
        }
    }

    /// All targets that were seen, with how many talk to each.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        self.talkers.entries().map(|(k, t)| (k, t.hosts.count()))
    }

    pub(crate) fn hosts_seen(&self) -> f64 {
        match self.hosts.count() {
            0.0 => self.assumed.count(),
            known => known,
        }
    }

    pub(crate) fn memory(&self) -> usize {
        let heap = |t: &Talkers| match &t.hosts {
            Distinct::Few(v) => v.capacity() * 8,
            Distinct::Many(v) => v.capacity(),
        };
        let below =
            self.below.memory(|_| Distinct::MAX_HEAP) + self.places.memory(|_| Places::MAX_HEAP);
        self.talkers.memory(heap) + below + self.local.len() * 16 + self.baseline.memory()
    }

    pub(crate) fn given_up(&self) -> GivenUp {
        let mut g = self.talkers.given_up();
        g.add(self.below.given_up());
        g.add(self.places.given_up());
        g
    }

    pub(crate) fn save(&self) -> Result<Vec<u8>, String> {
        let Self {
            talkers,
            below,
            places,
            hosts,
            assumed,
            local,
            ..
        } = self;
        crate::codec::encode(&Save(talkers, below, places, hosts, assumed, local))
    }

    pub(crate) fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Load(talkers, below, places, hosts, assumed, local) = crate::codec::decode(bytes)?;
        if !hosts.is_sound() || !assumed.is_sound() || local.len() > MAX_PREFIXES {
            return Err("networks or hosts that make no sense".into());
        }
        self.talkers.restore(talkers)?;
        self.below.restore(below)?;
        self.places.restore(places)?;
        (self.hosts, self.assumed, self.local) = (hosts, assumed, local);
        Ok(())
    }
}

/// See [`NetworkView::prevalence`].
pub(crate) fn prevalence(talkers: f64, hosts: f64) -> f64 {
    if talkers <= 1.0 {
        return 0.0;
    }
    let share = (talkers - 1.0) / (hosts.max(10.0) - 1.0);
    share.max(talkers.log10() / 2.0).min(1.0)
}

/// The network that an address is taken to belong to: /24 or /64.
fn prefix(addr: IpAddr) -> u64 {
    match addr {
        IpAddr::V4(a) => u64::from(u32::from(a) >> 8) | 1 << 32,
        IpAddr::V6(a) => (u128::from(a) >> 64) as u64,
    }
}

/// Whether an address is that of one host, as far as it tells.
pub fn is_unicast(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(a) => {
            !(a.is_multicast() || a.is_broadcast() || a.is_unspecified() || a.octets()[3] == 255)
        }
        IpAddr::V6(a) => !(a.is_multicast() || a.is_unspecified()),
    }
}
