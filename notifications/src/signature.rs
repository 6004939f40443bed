//! Signatures of posts to webhook endpoints, as Standard Webhooks has them: HMAC-SHA256 over id, time and body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The beginning of every secret; the key follows in Base64.
pub const SECRET_PREFIX: &str = "whsec_";
/// Octets of a key.
pub const KEY_OCTETS: usize = 32;

/// The secret that holds this key.
pub fn secret_of(key: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(key))
}

/// The value of `webhook-signature`: one signature for each secret, with spaces between.
pub fn signatures(secrets: &[&str], id: &str, seconds: u64, body: &str) -> String {
    let all: Vec<String> = secrets.iter().map(|secret| signature(secret, id, seconds, body)).collect();
    all.join(" ")
}

fn signature(secret: &str, id: &str, seconds: u64, body: &str) -> String {
    let encoded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = STANDARD.decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
    // A key may have any length (RFC 2104 §2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    for part in [id.as_bytes(), b".", seconds.to_string().as_bytes(), b".", body.as_bytes()] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        assert_eq!(signatures(&[SECRET], ID, 1_614_265_330, r#"{"test": 2432232314}"#), SIGNED);
    }

    #[test]
    fn each_secret_of_an_overlap_signs() {
        let other = secret_of(&[7; KEY_OCTETS]);
        let both = signatures(&[&other, SECRET], ID, 1_614_265_330, r#"{"test": 2432232314}"#);
        let (new, old) = both.split_once(' ').unwrap();
        assert_eq!(old, SIGNED);
        assert!(new.starts_with("v1,") && new != old);
    }

    #[test]
    fn whatever_is_signed_changes_the_signature() {
        let of = |id: &str, seconds: u64, body: &str| signatures(&[SECRET], id, seconds, body);
        let one = of("evt_1", 1, "{}");
        for other in [of("evt_2", 1, "{}"), of("evt_1", 2, "{}"), of("evt_1", 1, "{ }")] {
            assert_ne!(one, other);
        }
        assert_eq!(secret_of(&[0; KEY_OCTETS]).len(), SECRET_PREFIX.len() + 44);
    }
}
