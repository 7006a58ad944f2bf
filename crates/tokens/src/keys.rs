//! The one secret of the platform: an Ed25519 key in a separate file, made on first start.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    error::Unspecified,
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::EncodingKey;
use sir0_kernel::read_secret;
use zeroize::Zeroizing;

use crate::key_set::KeySet;

/// Signs access tokens. Its file holds PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519`
/// writes it.
pub struct SigningKey {
    private: EncodingKey,
    public: KeySet,
    kid: String,
    /// Makes other secrets of the private key.
    deriving: hmac::Key,
}

impl SigningKey {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
    const END: &str = "-----END PRIVATE KEY-----";

    /// Reads the key in this file, or makes one if there is no such file.
    ///
    /// Any number of processes may do this at the same moment: they all end with the same key.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        Self::open_or_create_for(Readers::Owner, path)
    }

    /// As [`Self::open_or_create`], for a file that these readers may read.
    pub fn open_or_create_for(readers: Readers, path: &Path) -> Result<Self, KeyError> {
        match Self::open_for(readers, path) {
            Err(KeyError::Missing { .. }) => {
                create(path)?;
                Self::open_for(readers, path)
            }
            opened => opened,
        }
    }

    /// Reads the key in the file that an operator put there, and never makes one. Its group may read it too: a secret
    /// that is mounted into a container belongs to root and is lent to a group.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        Self::open_for(Readers::Group, path)
    }

    /// Reads the key in a file that these readers may read, and never makes one.
    pub fn open_for(readers: Readers, path: &Path) -> Result<Self, KeyError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
            _ => KeyError::unreadable(path, source),
        })?;
        Self::read(path, file, readers)
    }

    /// Names the key in the header of each token: its RFC 7638 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, for services that verify.
    #[must_use]
    pub fn key_set(&self) -> KeySet {
        self.public.clone()
    }

    /// The public half as a JSON Web Key Set (RFC 7517, RFC 8037), for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.public.to_json()
    }

    /// Derives a secret for a purpose from this key: the same on every instance that has the key. The secret does not reveal
    /// the key.
    #[must_use]
    pub fn secret_for(&self, purpose: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(hmac::sign(&self.deriving, purpose).as_ref().to_vec())
    }

    pub(crate) fn private(&self) -> &EncodingKey {
        &self.private
    }

    fn read(path: &Path, file: File, readers: Readers) -> Result<Self, KeyError> {
        // The open file is checked, not the path, so no other file can be swapped in between.
        refuse_if_others_may_read(path, &file, readers)?;

        let pem = read_secret(file).map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => KeyError::not_a_key(path),
            _ => KeyError::unreadable(path, source),
        })?;
        Self::from_pem(&pem).ok_or_else(|| KeyError::not_a_key(path))
    }

    fn from_pem(pem: &str) -> Option<Self> {
        let body = pem.trim().strip_prefix(Self::BEGIN)?.strip_suffix(Self::END)?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(body.as_bytes()).ok()?);

        let pair = Ed25519KeyPair::from_pkcs8(&der).ok()?;
        let (kid, public) = KeySet::of(pair.public_key().as_ref());
        let deriving = hmac::Key::new(hmac::HMAC_SHA256, &der);
        Some(Self { private: EncodingKey::from_ed_der(&der), public, kid, deriving })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Why there is no key to sign with. Each one keeps the program from starting.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is there and cannot be read.
    #[error("the signing key {path} cannot be read, check who owns it", path = path.display())]
    Unreadable {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder takes no new file.
    #[error("the signing key {path} cannot be written, check that its folder is there and writable",
        path = path.display())]
    Unwritable {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An operator named a file that is not there.
    #[error("there is no signing key {path}: put it there, such as one made by \
        `openssl genpkey -algorithm ed25519`", path = path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others may reach the file. A person who can read the key can sign in as anyone.
    #[error("the signing key {path} has mode {mode:o}, so others than {readers} can reach it: run \
        `chmod {right:o} {path}`; if anyone may have read it, replace it, which signs everyone out",
        path = path.display(), readers = readers.as_str(), right = readers.most())]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Who may read it.
        readers: Readers,
    },
    /// A file is there and holds something else.
    #[error("{path} holds no Ed25519 key in PKCS#8 PEM form: restore it from a backup, or move it \
        away to start with a new key, which signs everyone out", path = path.display())]
    NotAKey {
        /// The key file.
        path: PathBuf,
    },
    /// The system gave no random numbers.
    #[error("no signing key could be made, the system gives no random numbers")]
    NoRandomness(#[source] Unspecified),
}

/// Who may read a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Only its owner.
    Owner,
    /// Its owner and its group.
    Group,
    /// Its owner and the group that its volume is lent to. Kubernetes (`fsGroup`) lets such a group write too.
    Volume,
}

impl Readers {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "its owner",
            Self::Group => "its owner and readers in its group",
            Self::Volume => "its owner and the group of its volume",
        }
    }

    /// The most that the file may permit.
    const fn most(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o640,
            Self::Volume => 0o660,
        }
    }
}

impl KeyError {
    fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source }
    }

    fn unwritable(path: &Path, source: io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), source }
    }

    fn not_a_key(path: &Path) -> Self {
        Self::NotAKey { path: path.to_owned() }
    }
}

/// Makes a key and puts it there whole, unless another process was faster. Then the other key stays.
fn create(path: &Path) -> Result<(), KeyError> {
    let pem = generate_pem().map_err(KeyError::NoRandomness)?;
    publish(path, pem.as_bytes()).map_err(|source| KeyError::unwritable(path, source))
}

fn generate_pem() -> Result<Zeroizing<String>, Unspecified> {
    let pair = Ed25519KeyPair::generate()?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    // The 48 bytes of such a key are exactly one line of 64 characters.
    let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
    Ok(Zeroizing::new(format!("{}\n{}\n{}\n", SigningKey::BEGIN, *body, SigningKey::END)))
}

fn publish(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));

    // Temporary files are made with mode 0600, so the key is never open to others, not even for a
    // moment.
    let mut file = tempfile::Builder::new().prefix(".signing-key-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(folder),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error),
    }
}

/// Makes the new name in the folder survive a power cut, not only the bytes of the file.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn refuse_if_others_may_read(path: &Path, file: &File, readers: Readers) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;

    // The owner's own permissions do not matter here.
    let others = 0o077 & !readers.most();
    let metadata = file.metadata().map_err(|source| KeyError::unreadable(path, source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & others == 0 {
        Ok(())
    } else {
        Err(KeyError::TooOpen { path: path.to_owned(), mode, readers })
    }
}

/// On other systems a file has no mode. The folder decides who may read it.
#[cfg(not(unix))]
fn refuse_if_others_may_read(_: &Path, _: &File, _: Readers) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standard_has_the_name_and_the_public_half_the_standard_says() {
        // RFC 8037, appendix A.1 to A.3, behind the 16 fixed bytes of PKCS#8.
        let pem = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
            -----END PRIVATE KEY-----\n";

        let key = SigningKey::from_pem(pem).expect("a key");

        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let set: serde_json::Value = serde_json::from_str(&key.jwks()).expect("JSON");
        assert_eq!(
            set,
            serde_json::json!({"keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "use": "sig",
                "alg": "EdDSA",
            }]})
        );
    }

    #[test]
    fn a_key_never_shows_itself() {
        let pem = generate_pem().expect("random numbers");
        let key = SigningKey::from_pem(&pem).expect("a key");
        let secret = pem.lines().nth(1).expect("the middle line");

        let shown = format!("{key:?}");

        assert!(!shown.contains(secret) && shown.contains(key.kid()));
    }
}
