//! Webhooks: the URL and secret of each account, and the call of one.
//!
//! A call goes to whatever http or https URL the account names, on this machine and in private networks too: a user who may
//! set the URL can have it called, and learns the status of the answer, but nothing of its contents. Redirects are not followed.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;

use crate::accounts::record::AccountRecord;
use crate::collections::WEBHOOK_SECRETS;
use crate::context::Context;
use crate::documents::{DocumentCache, stored_document};
use crate::identity::random;

/// Longest time of a call, from the look-up of the name to the answer.
const POST_MAX: Duration = Duration::from_secs(5);

/// The secret that signs an account's calls, as the books keep it.
#[derive(Clone, Serialize, Deserialize)]
struct SecretRecord {
    secret: String,
}

/// The status of the answer, or why there was none.
pub type Posted = Result<u16, String>;

/// True if a call was answered with a status of 200 to 299.
pub fn is_delivered(posted: &Posted) -> bool {
    matches!(posted, Ok(200..=299))
}

/// Posts events to webhooks.
pub struct Poster(ureq::Agent);

impl Poster {
    /// Keeps no connection open and asks no proxy.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(POST_MAX))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent("tollgate")
            .build();
        Self(config.into())
    }

    /// Posts an event once.
    pub fn post(&self, url: &str, secret: &str, id: &str, body: &str, now: UnixMicros) -> Posted {
        let answer = self
            .0
            .post(url)
            .header("Content-Type", "application/json")
            .header("X-Tollgate-Event", id)
            .header("X-Tollgate-Signature", signature(secret, now, body))
            .send(body);
        answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
    }
}

/// `t=` and the seconds since 1970, `v1=` and the HMAC-SHA256 of the seconds, a full stop and the body.
fn signature(secret: &str, now: UnixMicros, body: &str) -> String {
    let seconds = now.0 / 1_000_000;
    // A key may have any length (RFC 2104 §2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// Knows where each account's events are posted and what they are signed with.
#[derive(Debug)]
pub struct Webhooks {
    context: Arc<Context>,
    accounts: Arc<DocumentCache<AccountRecord>>,
}

impl Webhooks {
    /// Of these accounts.
    pub fn new(context: Arc<Context>, accounts: Arc<DocumentCache<AccountRecord>>) -> Self {
        Self { context, accounts }
    }

    /// The URL that an account's events are posted to, if it has one.
    pub fn url_of(&self, account: &str) -> Option<String> {
        self.accounts.get(account)?.value.alert_webhook_url.clone()
    }

    /// The secret that signs an account's calls; made if there is none.
    pub fn secret_of(&self, caller: &Caller, account: &str) -> Answer<String> {
        match stored_document::<SecretRecord>(self.context.store(), WEBHOOK_SECRETS, account)? {
            Some((_, record)) => Ok(record.secret),
            None => self.write_secret(caller, account, Expected::Absent, "webhook_secret.create"),
        }
    }

    /// Replaces an account's secret by a new one.
    pub fn rotate_secret(&self, caller: &Caller, account: &str) -> Answer<String> {
        self.write_secret(caller, account, Expected::Any, "webhook_secret.rotate")
    }

    fn write_secret(
        &self,
        caller: &Caller,
        account: &str,
        expected: Expected,
        action: &str,
    ) -> Answer<String> {
        let record = SecretRecord { secret: format!("whsec_{}", random::text::<40>()?) };
        let mut work = self.context.change(caller);
        work.document(WEBHOOK_SECRETS, account.as_bytes(), expected, Some(&record));
        work.note(action, format!("account/{account}"), &Value::Null, &json!({ "account": account }));
        work.commit()?;
        Ok(record.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_others_make_of_it() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
        let signed = signature("whsec_test", UnixMicros(1_700_000_000_999_999), r#"{"a":1}"#);
        assert_eq!(signed, SIGNED);
    }

    const SIGNED: &str = "t=1700000000,v1=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789";
}
