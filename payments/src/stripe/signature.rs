//! The signature of Stripe's events: `t=` and seconds, and one `v1=` for each secret that is in use, over the seconds, a full stop
//! and the body as it came.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Refuses an event that is not signed with the secret, or not within the tolerance.
pub fn check(header: &str, secret: &str, body: &[u8], now: UnixMicros, tolerance_seconds: u64) -> Answer<()> {
    let wrong = || Problem::invalid_request("the event is not signed with the endpoint's secret");
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let seconds = parts().find(|(name, _)| *name == "t").map(|(_, seconds)| seconds).ok_or_else(wrong)?;
    let at: u64 = seconds.parse().map_err(|_| wrong())?;
    let signed = |signature: &str| -> bool {
        let (Ok(mut mac), Ok(signature)) =
            (Hmac::<Sha256>::new_from_slice(secret.as_bytes()), hex::decode(signature))
        else {
            return false;
        };
        mac.update(seconds.as_bytes());
        mac.update(b".");
        mac.update(body);
        // In constant time.
        mac.verify_slice(&signature).is_ok()
    };
    if !parts().any(|(name, signature)| name == "v1" && signed(signature)) {
        return Err(wrong());
    }
    if at.abs_diff(now.0 / MICROS_PER_SECOND) > tolerance_seconds {
        return Err(Problem::invalid_request("the event was signed too long ago, or the clocks differ"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test";
    const BODY: &[u8] = br#"{"a":1}"#;
    const AT: UnixMicros = UnixMicros(1_700_000_000_000_000);
    /// printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
    const SIGNED: &str = "38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789";

    #[test]
    fn an_event_is_taken_if_one_signature_is_right_and_new() {
        for header in [
            format!("t=1700000000,v1={SIGNED}"),
            format!("t=1700000000,v0=00,v1=00,v1={SIGNED}"),
            format!("t=1700000000, v1={SIGNED}"),
        ] {
            assert_eq!(check(&header, SECRET, BODY, AT, 300), Ok(()), "{header}");
        }
        let header = format!("t=1700000000,v1={SIGNED}");
        for seconds in [300, 0] {
            assert_eq!(
                check(&header, SECRET, BODY, UnixMicros(AT.0 + seconds * MICROS_PER_SECOND), 300),
                Ok(())
            );
        }
        for late in [UnixMicros(AT.0 + 301 * MICROS_PER_SECOND), UnixMicros(AT.0 - 301 * MICROS_PER_SECOND)] {
            assert!(check(&header, SECRET, BODY, late, 300).unwrap_err().detail.contains("too long ago"));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for header in [
            String::new(),
            "t=1700000000".to_owned(),
            format!("v1={SIGNED}"),
            format!("t=1700000001,v1={SIGNED}"),
            format!("t=1700000000,v0={SIGNED}"),
            format!("t=x,v1={SIGNED}"),
            "t=1700000000,v1=".to_owned(),
            format!("t=1700000000,v1={}", &SIGNED[..62]),
        ] {
            assert!(check(&header, SECRET, BODY, AT, 300).is_err(), "{header}");
        }
        let header = format!("t=1700000000,v1={SIGNED}");
        assert!(check(&header, "whsec_other", BODY, AT, 300).is_err());
        assert!(check(&header, SECRET, br#"{"a":2}"#, AT, 300).is_err());
    }
}
