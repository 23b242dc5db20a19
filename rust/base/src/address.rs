//! The scope of an address: one answer for all crates.

use std::net::IpAddr;

/// What an address tells by its number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// No address (`::`, 0.0.0.0/8): a host on this link that has none yet.
    Unspecified,
    /// This host.
    Loopback,
    /// All hosts of the link (255.255.255.255).
    Broadcast,
    /// A group of hosts.
    Multicast,
    /// Valid on one link (169.254.0.0/16, `fe80::/10`).
    LinkLocal,
    /// Valid in one network: RFC 1918, the shared space of carriers (100.64.0.0/10, RFC 6598)
    /// and unique local addresses (`fc00::/7`).
    Private,
    /// All others.
    Public,
}

impl Scope {
    /// The scope of an address. An IPv4 address in IPv6 form is that IPv4 address.
    pub fn of(addr: IpAddr) -> Scope {
        match addr.to_canonical() {
            IpAddr::V4(a) => {
                let [first, second, ..] = a.octets();
                match () {
                    () if first == 0 => Scope::Unspecified,
                    () if a.is_loopback() => Scope::Loopback,
                    () if a.is_broadcast() => Scope::Broadcast,
                    () if a.is_multicast() => Scope::Multicast,
                    () if a.is_link_local() => Scope::LinkLocal,
                    () if a.is_private() || (first == 100 && second & 0xc0 == 64) => Scope::Private,
                    () => Scope::Public,
                }
            }
            IpAddr::V6(a) => match () {
                () if a.is_unspecified() => Scope::Unspecified,
                () if a.is_loopback() => Scope::Loopback,
                () if a.is_multicast() => Scope::Multicast,
                () if a.is_unicast_link_local() => Scope::LinkLocal,
                () if a.is_unique_local() => Scope::Private,
                () => Scope::Public,
            },
        }
    }

    /// Whether the address can only be that of a host on the inside: nothing outside routes to it.
    pub fn is_local(self) -> bool {
        use Scope::{LinkLocal, Loopback, Private, Unspecified};
        matches!(self, Unspecified | Loopback | LinkLocal | Private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_of_addresses_has_one_scope() {
        use Scope::{Broadcast, LinkLocal, Loopback, Multicast, Private, Public, Unspecified};
        for (text, scope, local) in [
            ("0.0.0.0", Unspecified, true),
            ("::", Unspecified, true),
            ("127.1.2.3", Loopback, true),
            ("::1", Loopback, true),
            ("255.255.255.255", Broadcast, false),
            ("224.0.0.251", Multicast, false),
            ("ff02::1", Multicast, false),
            ("169.254.9.9", LinkLocal, true),
            ("fe80::1", LinkLocal, true),
            ("febf::1", LinkLocal, true),
            ("10.1.2.3", Private, true),
            ("172.31.0.1", Private, true),
            ("192.168.1.1", Private, true),
            ("100.64.0.0", Private, true),
            ("100.127.255.255", Private, true),
            ("fd00::1", Private, true),
            ("fc00::1", Private, true),
            ("::ffff:10.1.2.3", Private, true),
            ("100.63.255.255", Public, false),
            ("100.128.0.0", Public, false),
            ("172.32.0.1", Public, false),
            ("8.8.8.8", Public, false),
            ("fec0::1", Public, false),
            ("2001:db8::1", Public, false),
        ] {
            let found = Scope::of(text.parse().unwrap());
            assert_eq!((found, found.is_local()), (scope, local), "{text}");
        }
    }
}
