//! Which proxies stand before the port, and the address of a client behind them.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sir0_rpc::Client;

/// The header in which each proxy notes the address that asked it, behind what was noted before.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies that are believed. By default there are none, and the peer of a connection is its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// The client of a request. Only what a listed proxy noted is believed. Anyone can write what was in the header
    /// before.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = peer.to_canonical();
        if !self.hold(client) {
            return Client::at(client);
        }
        let noted = headers.get_all(FORWARDED_FOR).iter().rev();
        let noted = noted.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        for one in noted {
            // An entry that is no address was not noted by a proxy of ours. The last known address is the client.
            let Some(address) = address(one) else { break };
            client = address;
            if !self.hold(client) {
                break;
            }
        }
        Client::at(client)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is one of them.
    pub(crate) fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Reads a noted address. Some proxies note a port too, and then put an IPv6 address in brackets.
fn address(noted: &[u8]) -> Option<IpAddr> {
    let noted = str::from_utf8(noted).ok()?.trim();
    let with_port = || noted.parse().ok().map(|address: std::net::SocketAddr| address.ip());
    let address = noted.parse::<IpAddr>().ok().or_else(with_port);
    address.map(|address| address.to_canonical())
}

impl<'de> Deserialize<'de> for Proxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let networks = text.split(',').map(str::trim).map(|network| {
            let alone = || network.parse::<IpAddr>().map(IpNet::from);
            network.parse::<IpNet>().or_else(|_| alone()).map_err(|_neither| {
                D::Error::custom(format_args!("`{network}` is neither an address nor a network"))
            })
        });
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }
}

impl Serialize for Proxies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let networks: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        let text = Some(networks.join(", ")).filter(|text| !text.is_empty());
        text.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn proxies(text: &str) -> Result<Proxies, toml::de::Error> {
        Proxies::deserialize(toml::Value::String(text.to_owned()))
    }

    fn client(peer: &str, noted: &[&'static str]) -> String {
        let proxies = proxies("10.0.0.0/8, 192.0.2.7, fd00::/8").expect("networks");
        let noted = noted.iter().map(|value| (FORWARDED_FOR, HeaderValue::from_static(value)));
        let headers: HeaderMap = noted.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        proxies.client(peer.parse().expect("an address"), &headers).address().to_string()
    }

    #[test]
    fn what_a_stranger_writes_into_the_header_changes_nothing() {
        assert_eq!(client("198.51.100.1", &["203.0.113.5"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 203.0.113.5"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "203.0.113.5, fd00::1"]), "203.0.113.5");
        assert_eq!(client("10.0.0.1", &["203.0.113.5, nonsense, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn a_proxy_may_note_a_port_and_is_itself_the_client_of_what_it_asks() {
        assert_eq!(client("192.0.2.7", &["203.0.113.5:4711"]), "203.0.113.5");
        assert_eq!(client("::ffff:10.0.0.1", &["[2001:db8:1:2:3::4]:4711"]), "2001:db8:1:2::");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn a_network_that_cannot_be_read_is_named() {
        for text in ["10.0.0.0/33", "10.0.0.0/8,", "localhost"] {
            proxies(text).expect_err(text);
        }
    }
}
