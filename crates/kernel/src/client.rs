//! The client that a request counts against when something scarce is shared out: the address it came from.

use std::net::{IpAddr, Ipv6Addr};

/// The address that a request counts against.
///
/// An IPv6 address counts as its /64: one customer of a network has at least that many, so a limit on single addresses
/// would limit no customer (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// The client at this address. An IPv4 address that is written as IPv6 is the same client.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            // A network of one.
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Ipv6Addr::LOCALHOST.into(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// Whether a limit on how often a client may ask applies to it. To this machine none does: it is the operator, or a proxy
    /// that is not listed, behind which everyone would share one limit.
    #[must_use]
    pub const fn is_limited(self) -> bool {
        !self.0.is_loopback()
    }

    /// The address, or the network of an IPv6 one.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::at(address.parse().expect("an address"))
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_client() {
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:0:0:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }

    #[test]
    fn only_the_machine_itself_is_not_limited() {
        for here in ["127.0.0.1", "127.7.1.2", "::ffff:127.0.0.1", "::1"] {
            assert!(!client(here).is_limited(), "{here}");
        }
        for elsewhere in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::2:0:0:0:1"] {
            assert!(client(elsewhere).is_limited(), "{elsewhere}");
        }
    }

    #[test]
    fn an_ipv4_address_is_one_client_in_both_spellings() {
        assert_eq!(client("192.0.2.1"), client("::ffff:192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
    }
}
