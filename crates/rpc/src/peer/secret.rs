//! The secret that services show each other on internal calls.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use sir0_kernel::read_secret;
use tonic::{Request, metadata::MetadataValue};
use zeroize::Zeroizing;

/// The secret that the services of one platform share. Shown as `authorization: Bearer <secret>`.
pub struct Secret(Zeroizing<String>);

/// Why there is no secret to share. Keeps the program from starting.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSecret {
    /// The file cannot be read.
    #[error("the secret of the peers {path} cannot be read", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The secret could be found by trying.
    #[error("the secret of the peers needs at least {min} characters, such as those of \
        `openssl rand -hex 32`", min = Secret::MIN_CHARS)]
    TooShort,
    /// The secret could not stand in a header.
    #[error("the secret of the peers must be letters, digits and signs, without spaces")]
    Unprintable,
}

impl Secret {
    /// A shorter secret could be found by trying.
    pub const MIN_CHARS: usize = 16;

    /// Reads the file. White space around the secret does not belong to it.
    pub fn read(path: &Path) -> Result<Self, InvalidSecret> {
        let text = fs::File::open(path)
            .and_then(read_secret)
            .map_err(|source| InvalidSecret::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// The only way to make one.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSecret::Unprintable);
        }
        if text.len() < Self::MIN_CHARS {
            return Err(InvalidSecret::TooShort);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Shows it on a call.
    pub fn show<T>(&self, request: &mut Request<T>) {
        let bearer = Zeroizing::new(format!("Bearer {}", *self.0));
        let mut value: MetadataValue<_> = bearer.parse().expect("visible characters only");
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }

    /// Whether this is the secret. Takes the same time for every guess, however long or close it is.
    pub(crate) fn is(&self, shown: &str) -> bool {
        let of = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
        verify_slices_are_equal(of(&self.0).as_ref(), of(shown).as_ref()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_its_file_and_never_shows_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("peers-secret");
        fs::write(&path, "0123456789abcdef\n").expect("written");

        let secret = Secret::read(&path).expect("a secret");

        assert!(secret.is("0123456789abcdef"));
        let mut request = Request::new(());
        secret.show(&mut request);
        let shown = request.metadata().get("authorization").expect("a header");
        assert_eq!(shown, "Bearer 0123456789abcdef");
        assert!(!format!("{secret:?} {request:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = Secret::read(&folder.path().join("peers-secret"));

        assert!(matches!(missing, Err(InvalidSecret::Unreadable { .. })));
        assert!(matches!(Secret::parse(" \n"), Err(InvalidSecret::TooShort)));
        assert!(matches!(Secret::parse("0123456789abcde"), Err(InvalidSecret::TooShort)));
        assert!(matches!(Secret::parse("0123456789 abcdef"), Err(InvalidSecret::Unprintable)));
        assert!(matches!(Secret::parse("pässwörter-sind-lang"), Err(InvalidSecret::Unprintable)));
    }
}
