//! The keys that sign tokens, as this process holds them: made, sealed, taken over from the table, replaced in time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sir0_kernel::Timestamp;
use sir0_storage as storage;
use sir0_tokens::{KeyError, KeySet, Keys, Signers, SigningKey, Unopened, Vault};
use zeroize::Zeroizing;

use super::audit::{happened, record};
use crate::{
    db::AccountsDb,
    domain::{Kind, Rotation, SignerRow, SigningKeys, Stage, random},
};

/// What private keys are sealed for. The row is the name of the key.
const PURPOSE: &str = "signing key";
/// What other secrets are sealed for. The row is their name.
const SECRETS: &str = "secret";
/// The secret that idempotency keys are stood for with.
pub(crate) const PEPPER: &str = "idempotency keys";
/// The secret that makes the next refresh token of each. With another one in its place the next ones are random.
pub(crate) const REFRESHING: &str = "refresh tokens";

/// Why the keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database failed.
    #[error("the signing keys cannot be read")]
    Database(#[from] storage::Error),
    /// No key can be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A secret in the database does not open.
    #[error(
        "the {what} in the accounts database cannot be opened: put the sealing key back that is missing, from a backup or \
         from another instance; if it is lost, `sir0 keys rotate --now --sealing-key-lost` begins anew, and all access tokens are refused"
    )]
    Sealed {
        /// Which secret.
        what: String,
        /// Why it does not open.
        source: Unopened,
    },
    /// What opened is no key.
    #[error("the signing key {0} in the accounts database is no key")]
    NoKey(String),
    /// A key is published already and signs soon.
    #[error("the key {0} is published already and signs soon, see `sir0 keys list`")]
    Pending(String),
    /// So many keys are believed that verifiers would not read one more.
    #[error("there are {0} keys whose tokens are good still, see `sir0 keys list`")]
    TooMany(usize),
    /// Another process made the next key at the same moment.
    #[error("another process made the next key at the same moment, see `sir0 keys list`")]
    Taken,
}

/// The signing keys, as this process holds them. Clones share them.
#[derive(Clone)]
pub(crate) struct Keyring {
    vault: Vault,
    rotation: Rotation,
    /// Those that verify.
    pub(crate) keys: Keys,
    /// Those that sign.
    pub(crate) signers: Signers,
    /// The private keys that were opened, by name: the table is read every few seconds.
    opened: Arc<Mutex<HashMap<String, Arc<SigningKey>>>>,
}

impl Keyring {
    /// Takes the keys over that lie in the database. Without any the first one is made, or taken from the file of a
    /// version that kept it there.
    pub(crate) async fn open(
        db: &AccountsDb,
        vault: Vault,
        file: Option<SigningKey>,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<Self, KeysError> {
        let mut known = db.signing_keys().await?;
        if known.0.is_empty() {
            let first = file.map_or_else(SigningKey::generate, Ok)?;
            // Of several instances that begin at once one succeeds, and the others find its key.
            add(db, &known, &vault, &first, (now, now), rotation).await?;
            known = db.signing_keys().await?;
        } else if let Some(file) = file
            && known.0.iter().all(|key| key.kid != file.kid())
        {
            tracing::warn!(
                "the signing key in the file, {}, is not used: the keys that sign are in the database, and `sir0 keys \
                 rotate` changes them",
                file.kid()
            );
        }
        let opened: Arc<Mutex<HashMap<_, _>>> = Arc::default();
        let signing = signing(&vault, &opened, &known, now)?;
        let signers = Signers::new(signing).ok_or(KeysError::Taken)?;
        let ring = Self { vault, rotation, keys: Keys::unknown(), signers, opened };
        ring.take_over(&known, now)?;
        ring.raise_token_life(db, &known, now).await?;
        ring.seal_anew(db, &known).await?;
        Ok(ring)
    }

    /// Learns what other processes made of the keys, makes the next one when it is time, and forgets private keys that
    /// are over.
    pub(crate) async fn renew(&self, db: &AccountsDb, now: Timestamp) -> Result<(), KeysError> {
        let mut known = db.signing_keys().await?;
        if let Some(signs_from) = known.due(self.rotation, now) {
            let key = SigningKey::generate()?;
            if add(db, &known, &self.vault, &key, (now, signs_from), self.rotation).await? {
                tracing::info!("the key {} is published, and signs tokens in a while", key.kid());
            }
            known = db.signing_keys().await?;
        }
        self.take_over(&known, now)?;
        self.raise_token_life(db, &known, now).await?;
        for (key, stage) in known.stages(self.rotation, now) {
            if stage == Stage::Over && key.private.is_some() {
                // A key that may have leaked is not believed again, also by a clock that jumped back.
                let leaked = key.refused_from.map(|_| SigningKeys::ALWAYS);
                db.unit(async |tx| tx.drop_private_key(&key.kid, leaked).await).await?;
                tracing::info!("the key {} is over, its private half is forgotten", key.kid);
            }
        }
        Ok(())
    }

    /// Seals secrets before they are written into the database, and opens them.
    pub(crate) const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The secret of this name, the same on all instances. The first one that asks makes it.
    pub(crate) async fn secret(
        &self,
        db: &AccountsDb,
        name: &str,
        first: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let sealed = if let Some(sealed) = db.secret(name).await? {
            sealed
        } else {
            let sealed = self.vault.seal(SECRETS, name, &first);
            db.unit(async |tx| tx.add_secret(name, &sealed).await).await?;
            db.secret(name).await?.unwrap_or(sealed)
        };
        let secret = self.vault.open(SECRETS, name, &sealed).map_err(not_opened(name))?;
        if Vault::key_of(&sealed) != Some(self.vault.sealing()) {
            let anew = self.vault.seal(SECRETS, name, &secret);
            db.unit(async |tx| tx.reseal_secret(name, &sealed, &anew).await).await?;
        }
        Ok(secret)
    }

    /// Keeps keys that sign for as long as the tokens live that this process makes. Another process or an operator may
    /// have made them for a shorter life.
    async fn raise_token_life(
        &self,
        db: &AccountsDb,
        known: &SigningKeys,
        now: Timestamp,
    ) -> storage::Result<()> {
        let (from, life) = (known.generation(now), self.rotation.token_life);
        if known.0.iter().all(|key| key.generation < from || key.token_life >= life) {
            return Ok(());
        }
        db.unit(async |tx| tx.raise_token_life(from, life).await).await
    }

    /// Believes and signs as the table says from now on.
    fn take_over(&self, known: &SigningKeys, now: Timestamp) -> Result<(), KeysError> {
        self.keys.set(KeySet::of(known.believed(self.rotation, now)));
        self.signers.set(signing(&self.vault, &self.opened, known, now)?);
        Ok(())
    }

    /// Seals what lies under an older sealing key under the one that seals now.
    async fn seal_anew(&self, db: &AccountsDb, known: &SigningKeys) -> Result<(), KeysError> {
        for SignerRow { kid, private, .. } in &known.0 {
            let Some(before) = private else { continue };
            if Vault::key_of(before) == Some(self.vault.sealing()) {
                continue;
            }
            // What does not open was passed over already, because its tokens are refused.
            let Ok(der) = self.vault.open(PURPOSE, kid, before) else { continue };
            let sealed = self.vault.seal(PURPOSE, kid, &der);
            db.unit(async |tx| tx.reseal_signing_key(kid, before, &sealed).await).await?;
        }
        Ok(())
    }
}

/// Why an operator makes the next key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is time for one.
    Time,
    /// Those before may have leaked.
    Leaked,
    /// Those before do not open any more.
    SealingKeyLost,
}

/// Makes the next key, which signs after the notice. If those before are good no more, it signs as soon as every instance
/// knows it, and their tokens are refused from then on.
pub(crate) async fn rotate(
    db: &AccountsDb,
    vault: &Vault,
    rotation: Rotation,
    why: Why,
    now: Timestamp,
) -> Result<SignerRow, KeysError> {
    let known = db.signing_keys().await?;
    let leaked = why != Why::Time;
    if why != Why::SealingKeyLost {
        // Another sealing key than that of the servers would make a key that no server can sign with.
        signing(vault, &Mutex::default(), &known, now)?;
    }
    let notice = if leaked { SigningKeys::HEARD_EVERYWHERE } else { rotation.notice };
    if let Some(pending) = known.pending(now)
        && !leaked
    {
        return Err(KeysError::Pending(pending.kid.clone()));
    }
    if !leaked && known.is_full(rotation, now) {
        return Err(KeysError::TooMany(SigningKeys::MOST));
    }
    let key = SigningKey::generate()?;
    let row = row(&known, vault, &key, (now, now.after(notice)), rotation);
    let lost = match why {
        Why::SealingKeyLost => lost_secrets(db, vault).await?,
        Why::Time | Why::Leaked => Vec::new(),
    };
    let added = db
        .unit(async |tx| {
            if !tx.add_signing_key(&row).await? {
                return Ok::<_, storage::Error>(false);
            }
            record(tx, happened(Kind::KEY_ADDED, now).with(&row.kid)).await?;
            if leaked {
                tx.refuse_signing_keys(row.generation, row.signs_from).await?;
            }
            for (name, before, sealed) in &lost {
                tx.reseal_secret(name, before, sealed).await?;
            }
            Ok(true)
        })
        .await?;
    if added { Ok(row) } else { Err(KeysError::Taken) }
}

/// New secrets in the place of those whose sealing key is lost: the name of each, what lies there now, and the new one.
async fn lost_secrets(
    db: &AccountsDb,
    vault: &Vault,
) -> storage::Result<Vec<(&'static str, Vec<u8>, Vec<u8>)>> {
    let mut lost = Vec::new();
    for name in [PEPPER, REFRESHING] {
        let before = db.secret(name).await?;
        if let Some(before) = before.filter(|before| vault.open(SECRETS, name, before).is_err()) {
            lost.push((name, before, vault.seal(SECRETS, name, &random_secret())));
        }
    }
    Ok(lost)
}

/// A secret of 256 random bits.
pub(crate) fn random_secret() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(random::<32>().to_vec())
}

async fn add(
    db: &AccountsDb,
    known: &SigningKeys,
    vault: &Vault,
    key: &SigningKey,
    times: (Timestamp, Timestamp),
    rotation: Rotation,
) -> storage::Result<bool> {
    let row = row(known, vault, key, times, rotation);
    db.unit(async |tx| {
        let is_added = tx.add_signing_key(&row).await?;
        // The first start makes the first key, and nothing happened before it that someone could ask about.
        if is_added && !known.0.is_empty() {
            record(tx, happened(Kind::KEY_ADDED, times.0).with(&row.kid)).await?;
        }
        Ok(is_added)
    })
    .await
}

/// The row of a key behind the known ones, which is made and signs at these times.
fn row(
    known: &SigningKeys,
    vault: &Vault,
    key: &SigningKey,
    (made, signs_from): (Timestamp, Timestamp),
    rotation: Rotation,
) -> SignerRow {
    SignerRow {
        kid: key.kid().to_owned(),
        generation: known.next_generation(),
        public: *key.public(),
        private: Some(vault.seal(PURPOSE, key.kid(), key.to_der())),
        made,
        signs_from,
        token_life: rotation.token_life,
        refused_from: None,
    }
}

/// The keys that can sign now or later, each with its time. One that does not open is passed over if its tokens are to be
/// refused anyway.
fn signing(
    vault: &Vault,
    opened: &Mutex<HashMap<String, Arc<SigningKey>>>,
    known: &SigningKeys,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Arc<SigningKey>)>, KeysError> {
    let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
    opened.retain(|kid, _| known.0.iter().any(|key| key.kid == *kid && key.can_sign(now)));
    let mut signing = Vec::new();
    for row in known.0.iter().filter(|row| row.can_sign(now)) {
        let key = if let Some(known) = opened.get(&row.kid) {
            Arc::clone(known)
        } else {
            match open_private(vault, row) {
                Ok(key) => Arc::new(key),
                Err(_) if row.refused_from.is_some() => continue,
                Err(error) => return Err(error),
            }
        };
        opened.insert(row.kid.clone(), Arc::clone(&key));
        signing.push((row.signs_from, key));
    }
    Ok(signing)
}

/// Opens the private half of a key, and checks that it is the half of this key.
pub(crate) fn open_private(vault: &Vault, row: &SignerRow) -> Result<SigningKey, KeysError> {
    let sealed = row.private.as_deref().unwrap_or_default();
    let der = vault.open(PURPOSE, &row.kid, sealed);
    let der = der.map_err(not_opened(&format!("signing key {}", row.kid)))?;
    let key = SigningKey::from_der(der).filter(|key| key.kid() == row.kid);
    key.ok_or_else(|| KeysError::NoKey(row.kid.clone()))
}

fn not_opened(what: &str) -> impl FnOnce(Unopened) -> KeysError {
    |source| KeysError::Sealed { what: what.to_owned(), source }
}

#[cfg(test)]
mod tests;
