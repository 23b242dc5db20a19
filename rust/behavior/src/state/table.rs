//! Entities and what is known of each, in bounded memory.
//!
//! Two segments, as in segmented LRU. A newcomer is on *probation*: it pushes out the newcomer
//! that was silent longest, never anybody else. One that has shown what takes an attacker time
//! ([`Entry::is_established`]) moves to the *protected* segment; where that is full, it has to
//! have more merit ([`Entry::merit`]) than the least of eight that were silent longest, or it
//! stays on probation. A flood of new entities so washes out only other new ones.
//!
//! What is pushed out of probation leaves its key in a [`Sketch`]. One that comes back often
//! enough is protected at once: so a slow rhythm is seen even when the flood between two of
//! its beats is larger than the table.

use super::Sketch;
use hashbrown::HashTable;
use serde::de::DeserializeOwned;
use serde::ser::{SerializeSeq, SerializeTuple};
use serde::{Deserialize, Serialize, Serializer};

/// A table's entry.
pub trait Entry: Default + Serialize + DeserializeOwned {
    /// Whether it has earned its place: what it shows took time and connections that were
    /// answered, or whatever an attacker cannot make by the million.
    fn is_established(&self) -> bool;
    /// What it is worth to keep it, against others of the same table.
    fn merit(&self) -> f64;
    /// Whether it can be what a run of this program left: saved state is not trusted.
    fn is_sound(&self) -> bool;
}

/// How often precision was given up to stay within memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Newcomers forgotten.
    pub newcomers: u64,
    /// Established entities forgotten.
    pub established: u64,
    /// Established ones that were not protected for want of merit.
    pub unprotected: u64,
}

impl GivenUp {
    /// Adds another's.
    pub fn add(&mut self, other: GivenUp) {
        self.newcomers += other.newcomers;
        self.established += other.established;
        self.unprotected += other.unprotected;
    }
}

/// Candidates among which the one with the least merit has to go.
const CANDIDATES: usize = 8;

/// How often a newcomer must have come back to be protected at once.
const RETURNS: u8 = 3;

const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Slot<V> {
    key: u64,
    prev: u32,
    next: u32,
    protected: bool,
    value: V,
}

/// A list through the slots, from the one that was silent longest (`first`) to the latest.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
    len: usize,
    cap: usize,
}

/// The table.
#[derive(Debug)]
pub struct Table<V> {
    index: HashTable<u32>,
    slots: Vec<Slot<V>>,
    free: Vec<u32>,
    probation: List,
    protected: List,
    returns: Sketch,
    sketch_bytes: usize,
    given_up: GivenUp,
}

/// What was saved of a table.
#[derive(Deserialize)]
#[serde(bound = "V: Entry")]
pub struct Saved<V> {
    /// From the one that was silent longest: key, whether it is protected, value.
    entries: Vec<(u64, bool, V)>,
    returns: Sketch,
    given_up: GivenUp,
}

impl<V: Entry> Table<V> {
    /// A table within `budget` bytes. `small` is the most that the value of a newcomer takes
    /// on the heap, in bytes, `large` the same of an established one.
    pub fn new(budget: usize, small: usize, large: usize) -> Table<V> {
        // A slot, its place in the index (at most 7/8 full, doubled when it grows), and what
        // the allocator adds.
        let fixed = size_of::<Slot<V>>() + 24;
        let sketch_bytes = budget / 16;
        let rest = budget - sketch_bytes;
        let cap = |bytes: usize, heap: usize| (bytes / (fixed + heap + heap / 8)).max(16);
        let list = |cap| List {
            first: NONE,
            last: NONE,
            len: 0,
            cap,
        };
        let (probation, protected) = (cap(rest / 3, small), cap(rest - rest / 3, large));
        Table {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            probation: list(probation),
            protected: list(protected),
            returns: Sketch::new(sketch_bytes),
            sketch_bytes,
            given_up: GivenUp::default(),
        }
    }

    /// Entities known now.
    pub fn len(&self) -> usize {
        self.probation.len + self.protected.len
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entities that have earned their place.
    pub fn established(&self) -> usize {
        self.protected.len
    }

    /// How many fit.
    pub fn capacity(&self) -> usize {
        self.probation.cap + self.protected.cap
    }

    /// What was given up.
    pub fn given_up(&self) -> GivenUp {
        self.given_up
    }

    /// What is known of an entity, without touching it.
    pub fn get(&self, key: u64) -> Option<&V> {
        let at = self.find(key)?;
        self.slots.get(at as usize).map(|s| &s.value)
    }

    /// Like [`Table::get`], to be changed in passing: its place does not change.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let at = self.find(key)?;
        self.slots.get_mut(at as usize).map(|s| &mut s.value)
    }

    /// All values, in no order that means anything, but always the same one.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.walk(self.probation.first)
            .chain(self.walk(self.protected.first))
            .map(|s| &s.value)
    }

    /// The same with their keys.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &V)> {
        self.walk(self.probation.first)
            .chain(self.walk(self.protected.first))
            .map(|s| (s.key, &s.value))
    }

    /// All values, to be changed in passing, in an order that is always the same.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let free: std::collections::HashSet<u32> = self.free.iter().copied().collect();
        self.slots
            .iter_mut()
            .enumerate()
            .filter(move |(i, _)| !free.contains(&(*i as u32)))
            .map(|(_, s)| &mut s.value)
    }

    /// Changes what is known of an entity, which is made where it is new, and settles its
    /// place.
    pub fn update<R>(
        &mut self,
        key: u64,
        make: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let at = match self.find(key) {
            Some(at) => {
                self.unlink(at);
                at
            }
            None => {
                if self.probation.len >= self.probation.cap {
                    self.forget_newcomer();
                }
                self.insert(key, make())
            }
        };
        let slot = &mut self.slots[at as usize];
        let result = change(&mut slot.value);
        let (protected, established) = (slot.protected, slot.value.is_established());
        if !protected && (established || self.has_returned(key)) {
            self.promote(at, established);
        } else {
            self.link(at);
        }
        result
    }

    /// Forgets an entity.
    pub fn remove(&mut self, key: u64) -> Option<V> {
        let at = self.find(key)?;
        self.unlink(at);
        Some(self.release(at))
    }

    fn has_returned(&self, key: u64) -> bool {
        self.given_up.newcomers > 0 && self.returns.count(key) >= RETURNS
    }

    fn find(&self, key: u64) -> Option<u32> {
        self.index
            .find(key, |i| self.slots[*i as usize].key == key)
            .copied()
    }

    fn insert(&mut self, key: u64, value: V) -> u32 {
        let slot = Slot {
            key,
            prev: NONE,
            next: NONE,
            protected: false,
            value,
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                // Grown by steps, not doubled: the budget counts what there is.
                if self.slots.len() == self.slots.capacity() {
                    let room = self.capacity() + 1 - self.slots.len();
                    self.slots
                        .reserve_exact((self.slots.len() / 4 + 64).min(room));
                }
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        let slots = &self.slots;
        self.index
            .insert_unique(key, at, |i| slots[*i as usize].key);
        at
    }

    /// Takes an unlinked slot out of the index and frees it.
    fn release(&mut self, at: u32) -> V {
        self.unindex(at);
        self.free.push(at);
        std::mem::take(&mut self.slots[at as usize].value)
    }

    fn unindex(&mut self, at: u32) {
        let key = self.slots[at as usize].key;
        if let Ok(found) = self.index.find_entry(key, |i| *i == at) {
            found.remove();
        }
    }

    fn forget_newcomer(&mut self) {
        let at = self.probation.first;
        if at == NONE {
            return;
        }
        self.unlink(at);
        self.returns.add(self.slots[at as usize].key);
        self.release(at);
        self.given_up.newcomers += 1;
    }

    /// Moves an unlinked newcomer to the protected ones, if there is room or it has more
    /// merit than somebody there, who is forgotten.
    fn promote(&mut self, at: u32, established: bool) {
        if self.protected.len >= self.protected.cap {
            let victim = self
                .walk_at(self.protected.first)
                .take(CANDIDATES)
                .min_by(|a, b| self.merit(*a).total_cmp(&self.merit(*b)));
            match victim {
                Some(v) if self.merit(v) < self.merit(at) => {
                    self.unlink(v);
                    self.release(v);
                    self.given_up.established += 1;
                }
                _ => {
                    self.given_up.unprotected += u64::from(established);
                    self.link(at);
                    return;
                }
            }
        }
        self.slots[at as usize].protected = true;
        self.link(at);
    }

    fn merit(&self, at: u32) -> f64 {
        self.slots[at as usize].value.merit()
    }

    fn walk_at(&self, first: u32) -> impl Iterator<Item = u32> {
        let next = |at: u32| Some(at).filter(|a| *a != NONE);
        std::iter::successors(next(first), move |at| next(self.slots[*at as usize].next))
    }

    fn walk(&self, first: u32) -> impl Iterator<Item = &Slot<V>> {
        self.walk_at(first).map(|at| &self.slots[at as usize])
    }

    fn list(&mut self, protected: bool) -> &mut List {
        match protected {
            true => &mut self.protected,
            false => &mut self.probation,
        }
    }

    /// Puts a slot at the end of its list: the latest.
    fn link(&mut self, at: u32) {
        let protected = self.slots[at as usize].protected;
        let last = self.list(protected).last;
        let slot = &mut self.slots[at as usize];
        (slot.prev, slot.next) = (last, NONE);
        if last != NONE {
            self.slots[last as usize].next = at;
        }
        let list = self.list(protected);
        list.last = at;
        list.len += 1;
        if list.first == NONE {
            list.first = at;
        }
    }

    fn unlink(&mut self, at: u32) {
        let slot = &self.slots[at as usize];
        let (prev, next, protected) = (slot.prev, slot.next, slot.protected);
        if prev != NONE {
            self.slots[prev as usize].next = next;
        }
        if next != NONE {
            self.slots[next as usize].prev = prev;
        }
        let list = self.list(protected);
        if list.first == at {
            list.first = next;
        }
        if list.last == at {
            list.last = prev;
        }
        list.len -= 1;
    }
}

/// The entries of a table, from the one that was silent longest.
struct Entries<'a, V>(&'a Table<V>);

impl<V: Entry> Serialize for Entries<'_, V> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut seq = s.serialize_seq(Some(self.0.len()))?;
        for list in [&self.0.probation, &self.0.protected] {
            for slot in self.0.walk(list.first) {
                seq.serialize_element(&(slot.key, slot.protected, &slot.value))?;
            }
        }
        seq.end()
    }
}

impl<V: Entry> Serialize for Table<V> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut parts = s.serialize_tuple(3)?;
        parts.serialize_element(&Entries(self))?;
        parts.serialize_element(&self.returns)?;
        parts.serialize_element(&self.given_up)?;
        parts.end()
    }
}

impl<V: Entry> Table<V> {
    /// Becomes what was saved. Where less fits than then, the latest stay.
    ///
    /// # Errors
    /// What about it makes no sense; the table is empty then.
    pub fn restore(&mut self, saved: Saved<V>) -> Result<(), &'static str> {
        for (key, protected, value) in saved.entries {
            if !value.is_sound() || self.find(key).is_some() {
                return Err("an entry that makes no sense");
            }
            let list = self.list(protected);
            if list.len >= list.cap {
                let first = list.first;
                self.unlink(first);
                self.release(first);
                match protected {
                    true => self.given_up.established += 1,
                    false => self.given_up.newcomers += 1,
                }
            }
            let at = self.insert(key, value);
            self.slots[at as usize].protected = protected;
            self.link(at);
        }
        // A sketch of another size is of another budget: it fills again.
        if saved.returns.is_sound(self.sketch_bytes) {
            self.returns = saved.returns;
        }
        self.given_up.add(saved.given_up);
        Ok(())
    }

    /// The memory that the table itself takes now, in bytes, with `heap` for what its
    /// values have.
    pub fn memory(&self, heap: impl Fn(&V) -> usize) -> usize {
        let values: usize = self.values().map(heap).sum();
        self.slots.capacity() * size_of::<Slot<V>>()
            + self.index.capacity() * 8 / 7 * 5
            + self.free.capacity() * 4
            + self.returns.memory()
            + values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Seen(u32);

    impl Entry for Seen {
        fn is_established(&self) -> bool {
            self.0 >= 3
        }
        fn merit(&self) -> f64 {
            f64::from(self.0)
        }
        fn is_sound(&self) -> bool {
            self.0 < 1_000_000
        }
    }

    fn key(n: u64) -> u64 {
        xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes())
    }

    fn see(t: &mut Table<Seen>, n: u64) -> u32 {
        t.update(key(n), Seen::default, |s| {
            s.0 += 1;
            s.0
        })
    }

    #[test]
    fn a_flood_washes_out_only_newcomers() {
        let mut t = Table::new(20_000, 0, 0);
        for _ in 0..5 {
            see(&mut t, 1);
        }
        for n in 1000..100_000 {
            see(&mut t, n);
        }
        assert_eq!(see(&mut t, 1), 6);
        assert!(t.len() <= t.capacity());
        assert_eq!(t.given_up().established, 0);
        assert!(t.given_up().newcomers > 90_000);
    }

    #[test]
    fn one_that_keeps_coming_back_is_protected_even_if_it_was_always_forgotten() {
        let mut t = Table::new(1 << 20, 0, 0);
        let between = t.probation.cap as u64 + 10;
        let mut next = 1000;
        let mut highest = 0;
        for _ in 0..12 {
            highest = highest.max(see(&mut t, 1));
            for _ in 0..between {
                see(&mut t, next);
                next += 1;
            }
        }
        assert!(highest > 3, "{highest}");
    }

    #[test]
    fn among_the_established_the_one_with_more_merit_stays() {
        let mut t = Table::new(4_000, 0, 0);
        let cap = t.protected.cap as u64;
        for n in 0..cap {
            for _ in 0..10 {
                see(&mut t, n);
            }
        }
        // As established as may be, but with less merit than anybody.
        for n in 1000..1000 + cap {
            for _ in 0..5 {
                see(&mut t, n);
            }
        }
        assert_eq!(t.given_up().established, 0);
        assert!(t.given_up().unprotected > 0);
        // With more merit.
        for _ in 0..20 {
            see(&mut t, 5000);
        }
        assert_eq!(t.given_up().established, 1);
    }

    #[test]
    fn what_is_saved_is_what_is_restored() {
        let mut t = Table::new(20_000, 0, 0);
        for n in 0..10_000u64 {
            see(&mut t, n % 777 * (n % 3));
        }
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec(&t, config).unwrap();
        let (saved, _): (Saved<Seen>, usize) =
            bincode::serde::decode_from_slice(&bytes, config).unwrap();
        let mut u = Table::new(20_000, 0, 0);
        u.restore(saved).unwrap();
        assert_eq!(bincode::serde::encode_to_vec(&u, config).unwrap(), bytes);
        for n in 0..100 {
            assert_eq!(see(&mut t, n), see(&mut u, n));
        }
    }
}
