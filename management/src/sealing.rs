//! Secrets at rest: sealed with a key that is not in the data directory, so that neither a copy of the directory nor a backup
//! has them.
//!
//! A sealed body names its key. It is bound to its place in the books, so that no other row can take it over. Rows that were
//! written before there was a key are read as they are, and sealed at the next start.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tollgate_api::problem::Problem;
use tollgate_provisioning::{SealKey, SecretsSettings};
use tollgate_storage::schema::Collection;
use tollgate_storage::store::{Store, Unavailable};

use crate::collections::{OPERATORS, SECRETS, WEBHOOK_ENDPOINTS, WEBHOOK_SECRETS};
use crate::identity::random;

/// The collections whose documents hold secrets in the clear.
pub const SEALED: [Collection; 4] = [SECRETS, OPERATORS, WEBHOOK_SECRETS, WEBHOOK_ENDPOINTS];
/// Octets of a nonce, which is random.
const NONCE_OCTETS: usize = 24;
/// Octets of a key's hash that name it.
const NAME_OCTETS: usize = 4;

/// Seals with the first of its keys, and opens with each of them.
#[derive(Default)]
pub struct Sealer {
    keys: Vec<(String, XChaCha20Poly1305)>,
}

/// A sealed body, as it is on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedBody {
    sealed_with: String,
    nonce: String,
    octets: String,
}

/// Nothing of the keys is printed.
impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

impl Sealer {
    /// With the keys of the settings.
    pub fn new(settings: &SecretsSettings) -> Self {
        let cipher = |key: &SealKey| XChaCha20Poly1305::new(&(*key.octets()).into());
        Self { keys: settings.keys.iter().map(|key| (name_of(key), cipher(key))).collect() }
    }

    /// A body as it is written to disk.
    pub fn seal(&self, collection: Collection, key: &[u8], body: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let Some((name, cipher)) = self.keys.first().filter(|_| SEALED.contains(&collection)) else {
            return Ok(body);
        };
        let nonce = random::octets::<NONCE_OCTETS>()?;
        let place = place_of(collection, key);
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: &body, aad: &place });
        let sealed = sealed.map_err(|_| Problem::internal("a secret could not be sealed"))?;
        let sealed_body = SealedBody {
            sealed_with: name.clone(),
            nonce: hex::encode(nonce),
            octets: STANDARD_NO_PAD.encode(sealed),
        };
        Ok(serde_json::to_vec(&sealed_body).unwrap_or_default())
    }

    /// The body of a row; the error is for people.
    pub fn open<'b>(
        &self,
        collection: Collection,
        key: &[u8],
        row: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, String> {
        let Some(sealed_body) = sealed_body_of(collection, row) else { return Ok(Cow::Borrowed(row)) };
        let name = &sealed_body.sealed_with;
        let cipher = self.keys.iter().find(|(known, _)| known == name).map(|(_, cipher)| cipher);
        let cipher = cipher.ok_or_else(|| {
            format!(
                "it is sealed with the key {name}, which is not among those that [secrets] key_file names"
            )
        })?;
        let opened = parts_of(&sealed_body).and_then(|(nonce, sealed)| {
            let place = place_of(collection, key);
            cipher.decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: &place }).ok()
        });
        opened.map(Cow::Owned).ok_or_else(|| "it is sealed, and was altered or moved".to_owned())
    }

    /// True if a row is as it would be written now.
    pub fn is_current(&self, collection: Collection, row: &[u8]) -> bool {
        let Some((name, _)) = self.keys.first() else { return true };
        sealed_body_of(collection, row).is_some_and(|sealed_body| sealed_body.sealed_with == *name)
    }
}

/// The secrets of the books that are sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedSecrets {
    /// The number of them.
    pub sealed: usize,
    /// Those of them that no key opens.
    pub unopened: usize,
    /// The reason for which the first of these is not opened.
    pub fault: Option<String>,
}

/// Tries the keys of the settings on every secret that is sealed.
pub fn sealed_secrets(store: &Store, settings: &SecretsSettings) -> Result<SealedSecrets, Unavailable> {
    let (sealer, mut found) = (Sealer::new(settings), SealedSecrets::default());
    for collection in SEALED {
        store.documents().list(collection, &[], None, |key, row| {
            if sealed_body_of(collection, &row.body).is_some() {
                found.sealed += 1;
                if let Err(fault) = sealer.open(collection, key, &row.body) {
                    found.unopened += 1;
                    found.fault.get_or_insert(fault);
                }
            }
            true
        })?;
    }
    Ok(found)
}

fn sealed_body_of(collection: Collection, row: &[u8]) -> Option<SealedBody> {
    SEALED.contains(&collection).then(|| serde_json::from_slice(row).ok()).flatten()
}

fn parts_of(sealed_body: &SealedBody) -> Option<([u8; NONCE_OCTETS], Vec<u8>)> {
    let nonce = hex::decode(&sealed_body.nonce).ok()?.try_into().ok()?;
    Some((nonce, STANDARD_NO_PAD.decode(&sealed_body.octets).ok()?))
}

/// The place of a row in the books, to which its seal is bound.
fn place_of(collection: Collection, key: &[u8]) -> Vec<u8> {
    [collection.0.to_be_bytes().as_slice(), key].concat()
}

/// The name of a key, which tells nothing of it.
fn name_of(key: &SealKey) -> String {
    let digest = Sha256::new().chain_update(b"tollgate seal key\0").chain_update(key.octets()).finalize();
    hex::encode(digest.get(..NAME_OCTETS).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tollgate_provisioning::SecretsSettings;

    use super::*;
    use crate::collections::USERS;

    fn sealer(digits: &[&str]) -> Sealer {
        let folder = tempfile::tempdir().unwrap();
        let lines = digits.iter().map(|digit| digit.repeat(64) + "\n").collect::<String>();
        std::fs::write(folder.path().join("key"), lines).unwrap();
        let keys = tollgate_provisioning::seal_keys(&folder.path().join("key")).unwrap();
        Sealer::new(&SecretsSettings { keys, ..SecretsSettings::default() })
    }

    #[test]
    fn a_secret_is_opened_in_its_place_by_its_key_alone() {
        let (one, other) = (sealer(&["a"]), sealer(&["b"]));
        let row = one.seal(OPERATORS, b"op", br#"{"password":"s3cret"}"#.to_vec()).unwrap();
        assert!(!String::from_utf8(row.clone()).unwrap().contains("s3cret"));
        assert_eq!(&*one.open(OPERATORS, b"op", &row).unwrap(), br#"{"password":"s3cret"}"#);
        assert!(other.open(OPERATORS, b"op", &row).unwrap_err().contains("key_file"));
        assert!(Sealer::default().open(OPERATORS, b"op", &row).unwrap_err().contains("key_file"));
        for (collection, key) in [(OPERATORS, b"oq"), (SECRETS, b"op")] {
            assert!(one.open(collection, key, &row).unwrap_err().contains("altered or moved"));
        }
        let mut altered = row.clone();
        let at = altered.len() - 4;
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        assert!(one.open(OPERATORS, b"op", &altered).is_err());
        assert_ne!(
            one.seal(OPERATORS, b"op", Vec::new()).unwrap(),
            one.seal(OPERATORS, b"op", Vec::new()).unwrap()
        );
    }

    #[test]
    fn rows_from_before_are_read_and_rows_without_secrets_stay_as_they_are() {
        let (plain, body) = (Sealer::default(), br#"{"secret":"whsec_x"}"#);
        assert_eq!(plain.seal(WEBHOOK_SECRETS, b"a", body.to_vec()).unwrap(), body);
        assert_eq!(&*sealer(&["a"]).open(WEBHOOK_SECRETS, b"a", body).unwrap(), body);
        assert_eq!(sealer(&["a"]).seal(USERS, b"u", body.to_vec()).unwrap(), body);
        assert!(plain.is_current(WEBHOOK_SECRETS, body) && !sealer(&["a"]).is_current(WEBHOOK_SECRETS, body));
    }

    #[test]
    fn another_key_takes_over_while_the_earlier_one_still_opens() {
        let row = sealer(&["a"]).seal(SECRETS, b"k", b"{}".to_vec()).unwrap();
        let both = sealer(&["b", "a"]);
        assert_eq!(&*both.open(SECRETS, b"k", &row).unwrap(), b"{}");
        assert!(!both.is_current(SECRETS, &row));
        let next = both.seal(SECRETS, b"k", b"{}".to_vec()).unwrap();
        assert!(both.is_current(SECRETS, &next) && sealer(&["b"]).open(SECRETS, b"k", &next).is_ok());
    }
}
