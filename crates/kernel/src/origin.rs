//! Where another program is.

use http::Uri;

/// `http://host:port`, and nothing behind it. The port may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Uri);

/// Why a text does not say where a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// It is not a URI.
    #[error("must be a host and a port, such as `http://localhost:8080`")]
    Unreadable,
    /// Programs of one platform speak in clear with each other.
    #[error("must begin with `http://`: it is spoken to in clear, on a network that is private")]
    NotHttp,
    /// There is a path, a query or a person's name in it, or no host.
    #[error("must be a host and a port, and nothing else")]
    NotBare,
}

impl Origin {
    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let uri: Uri = text.parse().map_err(|_not_a_uri| InvalidOrigin::Unreadable)?;
        if uri.scheme_str() != Some("http") {
            return Err(InvalidOrigin::NotHttp);
        }
        let is_bare = uri.path_and_query().is_none_or(|rest| rest.as_str() == "/");
        let names_a_person = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        if !is_bare || names_a_person || uri.host().is_none_or(str::is_empty) {
            return Err(InvalidOrigin::NotBare);
        }
        Ok(Self(uri))
    }

    /// `host:port`, as it was written.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.authority().map_or("", |it| it.as_str())
    }

    /// The name of the host, or its address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// The port, 80 if it was left out.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(80)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_read() {
        let read = |text| {
            let origin = Origin::parse(text).expect("an origin");
            (origin.name().to_owned(), origin.host().to_owned(), origin.port())
        };
        let are = |name: &str, host: &str, port| (name.to_owned(), host.to_owned(), port);

        assert_eq!(read("http://accounts:8080"), are("accounts:8080", "accounts", 8080));
        assert_eq!(read("http://accounts/"), are("accounts", "accounts", 80));
        assert_eq!(read("http://[::1]:9"), are("[::1]:9", "::1", 9));
    }

    #[test]
    fn what_is_more_or_less_than_that_is_refused() {
        for (text, why) in [
            ("", InvalidOrigin::Unreadable),
            ("accounts:8080", InvalidOrigin::NotHttp),
            ("https://accounts:8080", InvalidOrigin::NotHttp),
            ("http://accounts:8080/v1", InvalidOrigin::NotBare),
            ("http://accounts:8080?a", InvalidOrigin::NotBare),
            ("http://user:secret@accounts:8080", InvalidOrigin::NotBare),
        ] {
            assert_eq!(Origin::parse(text), Err(why), "{text}");
        }
    }
}
