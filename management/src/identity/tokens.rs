//! Tokens: access tokens, which are JWTs (RFC 7519) signed with HMAC-SHA-256, and the random ones that are kept as hashes.
//!
//! A JWT is taken only with the very header that is written here: there is no algorithm to choose, so none to confuse.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;

use crate::identity::random;

/// The issuer that tokens name.
const ISSUER: &str = "tollgate";
/// The header of every access token.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
/// The most octets of an access token that is looked at.
const TOKEN_OCTETS_MAX: usize = 4_096;
/// Characters of a secret, of five bits each.
const SECRET_CHARACTERS: usize = 52;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// Octets of the key.
pub const KEY_OCTETS: usize = 32;

/// Claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    /// The user's id.
    pub sub: String,
    /// For clients to read; what counts is the user's present role.
    pub role: String,
    /// For clients to read, likewise.
    pub account: Option<String>,
    /// Id of the session.
    pub sid: String,
    /// Seconds since 1970.
    pub iat: u64,
    /// Seconds since 1970; from then on it does not hold.
    pub exp: u64,
}

/// Signs access tokens, and knows its own.
pub struct Signer {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// With this key.
    pub fn new(key: &[u8; KEY_OCTETS]) -> Self {
        // HMAC takes keys of every length, so there is nothing to fail.
        let mac = Hmac::new_from_slice(key)
            .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        Self { mac }
    }

    /// An access token for a user's session.
    pub fn sign(&self, mut claims: Claims, now: UnixMicros, seconds: u64) -> String {
        ISSUER.clone_into(&mut claims.iss);
        claims.iat = now.0 / MICROS_PER_SECOND;
        claims.exp = claims.iat.saturating_add(seconds);
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let mut mac = self.mac.clone();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// The claims of an access token, if it is one of ours and valid.
    pub fn read(&self, token: &str, now: UnixMicros) -> Option<Claims> {
        if token.len() > TOKEN_OCTETS_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if header != URL_SAFE_NO_PAD.encode(HEADER) {
            return None;
        }
        let mut mac = self.mac.clone();
        mac.update(signed.as_bytes());
        // In constant time.
        mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let holds = claims.iss == ISSUER && now.0 / MICROS_PER_SECOND < claims.exp;
        holds.then_some(claims)
    }
}

/// A secret that was just made.
pub struct Secret {
    /// The text that is given out, once.
    pub text: String,
    /// The hash that is kept, in hexadecimal.
    pub hash: String,
}

impl Secret {
    /// Of 260 random bits, with something in front of it.
    pub fn new(prefix: &str) -> Result<Self, Problem> {
        let text = format!("{prefix}{}", random::text::<SECRET_CHARACTERS>()?);
        let hash = hash_of(&text);
        Ok(Self { text, hash })
    }
}

/// The hash that stands for a token, in hexadecimal. It needs no salt and no slowness: nobody guesses 260 bits.
pub fn hash_of(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// True if a token has this hash. Two hashes are compared, so that the time it takes tells nothing of the token.
pub fn has_hash(token: &str, hash: &str) -> bool {
    hash_of(token) == hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMicros = UnixMicros(1_764_000_000_000_000);

    fn claims() -> Claims {
        Claims {
            iss: String::new(),
            sub: "usr_1".to_owned(),
            role: "admin".to_owned(),
            account: None,
            sid: "ses_1".to_owned(),
            iat: 0,
            exp: 0,
        }
    }

    fn later(seconds: u64) -> UnixMicros {
        UnixMicros(NOW.0 + seconds * MICROS_PER_SECOND)
    }

    #[test]
    fn a_token_holds_until_it_expires() {
        let signer = Signer::new(&[7; KEY_OCTETS]);
        let token = signer.sign(claims(), NOW, 900);
        let read = signer.read(&token, NOW).unwrap();
        assert_eq!((read.sub.as_str(), read.sid.as_str(), read.iss.as_str()), ("usr_1", "ses_1", ISSUER));
        assert_eq!(read.exp - read.iat, 900);
        assert!(signer.read(&token, later(899)).is_some());
        assert!(signer.read(&token, later(900)).is_none());
    }

    #[test]
    fn a_token_of_another_key_or_with_another_word_is_none() {
        let signer = Signer::new(&[7; KEY_OCTETS]);
        let token = signer.sign(claims(), NOW, 900);
        assert!(Signer::new(&[8; KEY_OCTETS]).read(&token, NOW).is_none());
        for at in 0..token.len() {
            let mut octets = token.clone().into_bytes();
            octets[at] = if octets[at] == b'A' { b'Q' } else { b'A' };
            let forged = String::from_utf8(octets).unwrap();
            assert!(signer.read(&forged, NOW).is_none(), "octet {at}");
        }
    }

    #[test]
    fn no_other_algorithm_is_taken() {
        let signer = Signer::new(&[7; KEY_OCTETS]);
        let token = signer.sign(claims(), NOW, 900);
        let rest = token.split_once('.').unwrap().1;
        for header in
            [r#"{"alg":"none","typ":"JWT"}"#, r#"{"typ":"JWT","alg":"HS256"}"#, r#"{"alg":"RS256"}"#]
        {
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            assert!(signer.read(&forged, NOW).is_none());
        }
        let claims = rest.split_once('.').unwrap().0;
        let unsigned = format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert!(signer.read(&unsigned, NOW).is_none());
        for garbage in ["", ".", "..", "a.b.c", "tg_key_secret", &"a".repeat(10_000)] {
            assert!(signer.read(garbage, NOW).is_none());
        }
    }

    #[test]
    fn the_mac_is_that_of_rfc_2104() {
        let mut mac = Signer::new(&[7; KEY_OCTETS]).mac;
        mac.update(b"abc");
        let expected = {
            use sha2::Digest;
            let (inner, outer) = ([7 ^ 0x36_u8; 32], [7 ^ 0x5c_u8; 32]);
            let pad = |key: [u8; 32], fill: u8| [key.to_vec(), vec![fill; 32]].concat();
            let first = Sha256::digest([pad(inner, 0x36), b"abc".to_vec()].concat());
            Sha256::digest([pad(outer, 0x5c), first.to_vec()].concat()).to_vec()
        };
        assert_eq!(mac.finalize().into_bytes().to_vec(), expected);
    }

    #[test]
    fn secrets_differ_and_their_hashes_find_them() {
        let (one, other) = (Secret::new("tr_").unwrap(), Secret::new("tr_").unwrap());
        assert_ne!(one.text, other.text);
        assert!(has_hash(&one.text, &one.hash));
        assert!(!has_hash(&other.text, &one.hash));
    }
}
