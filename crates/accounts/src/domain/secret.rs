//! The secret of a link that works once.

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::random;

/// The secret of a link that works once. The database keeps only its hash.
#[derive(Clone)]
pub(crate) struct LinkSecret(Zeroizing<String>);

impl LinkSecret {
    /// A secret of 128 random bits, which no one guesses.
    pub(crate) fn fresh() -> Self {
        Self(format!("{:032x}", u128::from_ne_bytes(*random())).into())
    }

    /// What someone shows as the secret, whatever it is. Only the database knows whether it is one.
    pub(crate) fn shown(text: &str) -> Self {
        Self(text.to_owned().into())
    }

    /// As it stands in the link.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database keeps. A fast hash is enough for what is random.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.0.as_bytes()).as_ref().to_vec()
    }
}

/// A secret that shows one kind of thing, which stands in front of it.
macro_rules! shown_secret {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        /// The database keeps only its hash.
        #[derive(Clone)]
        pub(crate) struct $name($crate::domain::LinkSecret);

        impl $name {
            /// One that no one guesses.
            pub(crate) fn fresh() -> Self {
                let secret = $crate::domain::LinkSecret::fresh();
                Self::shown(&format!("{}{}", $prefix, secret.as_str()))
            }

            /// What someone shows. Only the database knows whether it is good.
            pub(crate) fn shown(text: &str) -> Self {
                Self($crate::domain::LinkSecret::shown(text))
            }

            /// As a client shows it.
            pub(crate) fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// What the database keeps.
            pub(crate) fn hash(&self) -> Vec<u8> {
                self.0.hash()
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!($prefix, "…"))
            }
        }
    };
}
pub(super) use shown_secret;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_alike_and_each_is_plain_in_an_address() {
        let (one, other) = (LinkSecret::fresh(), LinkSecret::fresh());

        assert_ne!(one.hash(), other.hash());
        assert_eq!(one.hash(), LinkSecret::shown(one.as_str()).hash());
        assert!(one.as_str().len() == 32 && one.as_str().bytes().all(|it| it.is_ascii_hexdigit()));
    }
}
