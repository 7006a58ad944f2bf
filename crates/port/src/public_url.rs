//! Where clients reach the port: as its operator says, or else as a request tells.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, Request,
    header::{HOST, HeaderValue},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{front::is_host, proxies::Proxies};

/// What a proxy notes of the request that it got.
const FORWARDED: [HeaderName; 3] = [
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-prefix"),
];

/// An address such as `https://games.example` or `https://example.com/games`, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicUrl(String);

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPublicUrl {
    /// Browsers and generated clients speak HTTP alone.
    #[error("must begin with `https://` or `http://`")]
    NotHttp,
    /// There is no host, or a person is named before it.
    #[error("must name a host, such as `games.example` or `[::1]:8080`, and nobody before it")]
    BadHost,
    /// Clients put the paths of calls behind it.
    #[error("must end with the host or with a path of plain parts, such as `/games`")]
    BadPath,
}

impl PublicUrl {
    /// The longest address that is taken, in bytes.
    const MOST: usize = 1024;

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidPublicUrl::NotHttp)?;
        if !matches!(scheme, "http" | "https") {
            return Err(InvalidPublicUrl::NotHttp);
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let path = path.strip_suffix('/').unwrap_or(path);
        if !is_plain_host(host) {
            return Err(InvalidPublicUrl::BadHost);
        }
        if !is_prefix(path) || text.len() > Self::MOST {
            return Err(InvalidPublicUrl::BadPath);
        }
        Ok(Self(format!("{scheme}://{host}{path}")))
    }

    /// The address as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What a request tells of the address that its client used.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// `None` if the host of the request would be no part of an address.
    pub(crate) url: Option<PublicUrl>,
    /// Whether another request for the same path may be told another address by a proxy.
    pub(crate) by_proxies: bool,
}

impl Told {
    /// The proxies are believed if they are listed. What cannot be part of an address is passed over.
    pub(crate) fn by<B>(request: &Request<B>, peer: IpAddr, proxies: &Proxies) -> Self {
        let headers = request.headers();
        let is_believed = proxies.hold(peer.to_canonical());
        let [host, scheme, prefix] =
            FORWARDED.map(|name| if is_believed { only(headers, &name) } else { None });
        let in_target = request.uri().authority().map(http::uri::Authority::as_str);
        let host = host.filter(|host| is_plain_host(host)).or(in_target);
        let host = host.or_else(|| only(headers, &HOST)).unwrap_or_default();
        // The port speaks no TLS, so only a proxy can.
        let is_secret = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let scheme = if is_secret { "https" } else { "http" };
        let prefix = prefix.map(|prefix| prefix.strip_suffix('/').unwrap_or(prefix));
        let prefix = prefix.filter(|prefix| is_prefix(prefix)).unwrap_or_default();
        let url = PublicUrl::parse(&format!("{scheme}://{host}{prefix}")).ok();
        Self { url, by_proxies: !proxies.is_empty() }
    }

    /// The headers that the address may depend on, beside the host.
    pub(crate) fn vary(&self) -> impl Iterator<Item = HeaderName> {
        FORWARDED.into_iter().filter(|_| self.by_proxies)
    }
}

/// The one value of a header. Several proxies that noted something each leave it open which of them is right.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(HeaderValue::to_str)?.ok()?;
    (values.next().is_none() && !value.contains(',')).then(|| value.trim())
}

/// A host as names and addresses are written, with a port or without. The grammar of HTTP has more.
fn is_plain_host(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let port = text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    is_host(text.as_bytes())
        && text.bytes().all(is_plain)
        && port.is_none_or(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Nothing, or parts of a path that every client leaves as they are: no `..`, no escapes, nothing empty.
fn is_prefix(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain);
    text.is_empty() || text.strip_prefix('/').is_some_and(|parts| parts.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_at_most_a_path() {
        for (text, read) in [
            ("https://games.example", "https://games.example"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://[2001:db8::1]", "http://[2001:db8::1]"),
            ("https://example.com/games/v2/", "https://example.com/games/v2"),
        ] {
            assert_eq!(PublicUrl::parse(text).map(|url| url.0), Ok(read.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_clients_could_not_put_a_path_behind_is_refused() {
        use InvalidPublicUrl::{BadHost, BadPath, NotHttp};
        for (text, why) in [
            ("games.example", NotHttp),
            ("ftp://games.example", NotHttp),
            ("javascript://games.example", NotHttp),
            ("HTTPS://games.example", NotHttp),
            ("https://", BadHost),
            ("https:///games", BadHost),
            ("https://ada@games.example", BadHost),
            ("https://games.example:0", BadHost),
            ("https://games.example:65536", BadHost),
            ("https://games.example:", BadHost),
            ("https://[::1", BadHost),
            ("https://games'example", BadHost),
            ("https://games.%65xample", BadHost),
            ("https://spiel\u{e9}.example", BadHost),
            ("https://games.example/a/../b", BadPath),
            ("https://games.example/..", BadPath),
            ("https://games.example/./a", BadPath),
            ("https://games.example//", BadPath),
            ("https://games.example//other.example", BadPath),
            ("https://games.example/%2e%2e", BadPath),
            ("https://games.example/a?b", BadPath),
            ("https://games.example#a", BadPath),
            ("https://games.example/{id}", BadPath),
            ("https://games.example/a b", BadPath),
        ] {
            assert_eq!(PublicUrl::parse(text), Err(why), "{text}");
        }
        let long = format!("https://games.example/{}", "a".repeat(1024));
        assert_eq!(PublicUrl::parse(&long), Err(BadPath));
    }

    const PROXY: &str = "10.0.0.1";
    const STRANGER: &str = "198.51.100.7";

    fn told(peer: &str, headers: &[(&str, &str)]) -> String {
        let proxies = Proxies::deserialize(toml::Value::String("10.0.0.0/8".to_owned()));
        let mut request = Request::builder().uri("/openapi.json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let told = Told::by(&request, peer.parse().expect("an address"), &proxies.expect("one"));
        told.url.map_or_else(|| "nothing".to_owned(), |url| url.0)
    }

    #[test]
    fn a_request_tells_the_host_and_a_listed_proxy_what_it_was_asked_for() {
        let noted = [
            ("host", "storefront:8080"),
            ("x-forwarded-host", "games.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/sir0/"),
        ];

        assert_eq!(told(PROXY, &noted), "https://games.example/sir0");
        assert_eq!(told("::ffff:10.0.0.1", &noted), "https://games.example/sir0");
        assert_eq!(told(STRANGER, &noted), "http://storefront:8080", "anyone can write these");
        assert_eq!(told(PROXY, &noted[..1]), "http://storefront:8080");
        assert_eq!(told(PROXY, &[noted[0], noted[2]]), "https://storefront:8080");
    }

    #[test]
    fn what_a_proxy_noted_and_is_no_part_of_an_address_is_passed_over() {
        let host = ("host", "games.example");
        for (name, value) in [
            ("x-forwarded-host", "a.example, b.example"),
            ("x-forwarded-host", "a.example/b"),
            ("x-forwarded-host", "ada@a.example"),
            ("x-forwarded-host", ""),
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-prefix", "/../admin"),
            ("x-forwarded-prefix", "/a/.."),
            ("x-forwarded-prefix", "//evil.example"),
            ("x-forwarded-prefix", "sir0"),
            ("x-forwarded-prefix", "/a, /b"),
            ("x-forwarded-prefix", "/%2e%2e"),
            ("x-forwarded-prefix", "/\"}],\"x\":[{\""),
        ] {
            assert_eq!(
                told(PROXY, &[host, (name, value)]),
                "http://games.example",
                "{name}: {value}"
            );
        }
        let twice = [host, ("x-forwarded-host", "a.example"), ("x-forwarded-host", "b.example")];
        assert_eq!(told(PROXY, &twice), "http://games.example");
    }

    #[test]
    fn a_host_that_http_allows_and_no_address_has_tells_nothing() {
        for host in ["a;b", "a'b", "%61", "games.example:99999", "a b", ""] {
            assert_eq!(told(STRANGER, &[("host", host)]), "nothing", "{host}");
        }
        assert_eq!(told(STRANGER, &[]), "nothing");
    }
}
