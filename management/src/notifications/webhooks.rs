//! Webhooks of accounts that are told of alerts: the URL and the secret of each.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_notifications::post::{Event, NO_ANSWER, POST_MAX, Posted, post};
use tollgate_notifications::webhook_addresses::WebhookAddresses;
use tollgate_notifications::webhook_calls::WebhookCalls;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;

use crate::collections::WEBHOOK_SECRETS;
use crate::context::Context;
use crate::documents::sealed_document;
use crate::identity::random;

/// The secret that signs an account's calls, as the books keep it.
#[derive(Clone, Serialize, Deserialize)]
struct SecretRecord {
    secret: String,
}

/// Knows where each account's events are posted and what they are signed with.
#[derive(Debug)]
pub struct Webhooks {
    context: Arc<Context>,
    addresses: WebhookAddresses,
    calls: WebhookCalls,
}

impl Webhooks {
    /// Of the accounts in force.
    pub fn new(context: Arc<Context>) -> Self {
        let addresses = WebhookAddresses::new(context.settings.webhooks.allowed_networks.clone());
        Self { context, addresses, calls: WebhookCalls::default() }
    }

    /// The addresses that calls may go to.
    pub fn addresses(&self) -> WebhookAddresses {
        self.addresses.clone()
    }

    /// Posts an event at the request of somebody who waits for it, on a thread of its own.
    pub fn try_out(
        &self,
        account: &str,
        url: String,
        secret: String,
        id: &str,
        body: String,
    ) -> Answer<Posted> {
        let (to, id) = (self.addresses.clone(), id.to_owned());
        let posted = self.calls.run(account, POST_MAX, move || {
            post(&to, &url, &secret, &Event { id: &id, body: &body }, now())
        })?;
        Ok(posted.unwrap_or_else(|| Err(NO_ANSWER.to_owned())))
    }

    /// The URL that an account's events are posted to, if it has one.
    pub fn url_of(&self, account: &str) -> Option<String> {
        self.context.account(account)?.provisioned.contact.webhook_url.clone()
    }

    /// The secret that signs an account's calls; made if there is none.
    pub fn secret_of(&self, caller: &Caller, account: &str) -> Answer<String> {
        if let Some(secret) = self.stored_secret(account)? {
            return Ok(secret);
        }
        match self.write_secret(caller, account, Expected::Absent, "webhook_secret.create") {
            // Somebody else has made it meanwhile.
            Err(problem) if problem.code == "conflict" => self.stored_secret(account)?.ok_or(problem),
            made => made,
        }
    }

    fn stored_secret(&self, account: &str) -> Answer<Option<String>> {
        let stored = sealed_document::<SecretRecord>(&self.context, WEBHOOK_SECRETS, account)?;
        Ok(stored.map(|record| record.secret))
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
