//! Events of providers: kept before they are answered, and handled afterwards, once each.
//!
//! An event only says where to look. What it tells of the payment is not read, as events come late, twice and in any order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::payments::PaymentProvider;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;

use super::documents::{self, ProviderId};
use super::looker::PaymentLooker;
use crate::collections::PROVIDER_EVENTS;
use crate::context::Context;
use crate::documents::stored_document;
use crate::problems::unavailable;
use tollgate_payments::provider::{Headers, Providers};
use tollgate_payments::record::{provider_key, provider_name};

/// Seconds between the tries to handle an event; after the last one it is left to the schedule of payments.
const PAUSES_SECONDS: [u64; 6] = [2, 10, 60, 300, 1_800, 7_200];
/// Time for which a handled event is remembered. Providers send one again for some days.
const KEPT_MICROS: u64 = 30 * 86_400_000_000;
/// Events that one round handles, and that one round forgets.
const AT_ONCE: usize = 50;

/// Prefix of the keys of events.
const BY_ID: &str = "e/";
/// Prefix of the keys of those that wait, by when they are to be handled.
const BY_TRY: &str = "w/";
/// Prefix of the keys of those that were handled, by when.
const BY_END: &str = "h/";

/// An event as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EventRecord {
    provider: PaymentProvider,
    id: String,
    kind: String,
    #[serde(default)]
    payment: Option<String>,
    provider_ids: Vec<String>,
    received_at: Time,
    #[serde(default)]
    handled_at: Option<Time>,
    #[serde(default)]
    tries: u32,
    next_try_at: Time,
}

/// Takes events and handles them.
#[derive(Debug)]
pub struct ProviderEvents {
    context: Arc<Context>,
    providers: Providers,
    looker: Arc<PaymentLooker>,
}

impl EventRecord {
    fn key(&self) -> String {
        format!("{BY_ID}{}", provider_key(self.provider, &self.id))
    }

    /// The key of the one list that it is in.
    fn list_key(&self) -> String {
        let (prefix, at) = match self.handled_at {
            Some(at) => (BY_END, at),
            None => (BY_TRY, self.next_try_at),
        };
        format!("{prefix}{:020}/{}", at.0.0, provider_key(self.provider, &self.id))
    }
}

impl ProviderEvents {
    /// Events about the payments of these books.
    pub fn new(context: Arc<Context>, providers: Providers, looker: Arc<PaymentLooker>) -> Self {
        Self { context, providers, looker }
    }

    /// Keeps an event that is signed by its provider; one that is known already is answered alike, and nothing is done.
    pub fn take(&self, provider: PaymentProvider, header: Headers<'_>, body: &[u8]) -> Answer<()> {
        let at = now();
        let Some(configured) = self.providers.get(provider) else {
            return Err(Problem::not_found(format!("{} is not configured", provider_name(provider))));
        };
        let signed = configured.read_event(header, body, at)?;
        let record = EventRecord {
            provider,
            id: signed.id,
            kind: signed.kind,
            payment: signed.payment,
            provider_ids: signed.provider_ids,
            received_at: Time(at),
            handled_at: None,
            tries: 0,
            next_try_at: Time(at),
        };
        if self.stored(&record.key())?.is_some() {
            return Ok(());
        }
        let system = Caller::system();
        let mut changes = self.context.change(&system);
        changes.document(PROVIDER_EVENTS, record.key().as_bytes(), Expected::Absent, Some(&record));
        changes.document(PROVIDER_EVENTS, record.list_key().as_bytes(), Expected::Any, Some(&record.key()));
        match changes.commit() {
            // It came twice at the same time.
            Err(problem) if problem.code == "conflict" => Ok(()),
            done => done.map(drop),
        }
    }

    /// Handles the events that are due; true if there are more.
    pub fn handle_due(&self, due: UnixMicros) -> Answer<bool> {
        let keys = self.keys_until(BY_TRY, due)?;
        for (_, key) in &keys {
            if let Some((revision, record)) = self.stored(key)? {
                self.handle(revision, &record)?;
            }
        }
        Ok(keys.len() == AT_ONCE)
    }

    /// Forgets events that were handled long ago, some at a time.
    pub fn forget_old(&self, due: UnixMicros) -> Answer<()> {
        let old = self.keys_until(BY_END, UnixMicros(due.0.saturating_sub(KEPT_MICROS)))?;
        if old.is_empty() {
            return Ok(());
        }
        let system = Caller::system();
        let mut changes = self.context.change(&system);
        for (list_key, key) in &old {
            changes.document::<EventRecord>(PROVIDER_EVENTS, key.as_bytes(), Expected::Any, None);
            changes.document::<String>(PROVIDER_EVENTS, list_key, Expected::Any, None);
        }
        changes.commit().map(drop)
    }

    fn handle(&self, revision: u64, record: &EventRecord) -> Answer<()> {
        let system = Caller::system();
        let payment = self.payment_of(record)?;
        let looked = payment.map(|payment| self.looker.look(&system, &payment, false));
        let at = now();
        let mut after = EventRecord { tries: record.tries.saturating_add(1), ..record.clone() };
        let pause = usize::try_from(record.tries).ok().and_then(|tries| PAUSES_SECONDS.get(tries).copied());
        if let Some(Err(problem)) = &looked {
            tracing::warn!(
                event = record.id,
                problem = problem.detail,
                "an event of a provider could not be handled"
            );
        }
        match pause {
            // It is tried again. One that is about nothing of ours may be about what is not written down yet.
            Some(pause) if !matches!(looked, Some(Ok(_))) => {
                after.next_try_at = Time(UnixMicros(at.0.saturating_add(pause * 1_000_000)));
            }
            // Where the tries are at their end, the schedule of payments finds out what it was about.
            _ => after.handled_at = Some(Time(at)),
        }
        let mut changes = self.context.change(&system);
        changes.document(
            PROVIDER_EVENTS,
            record.key().as_bytes(),
            Expected::Revision(revision),
            Some(&after),
        );
        changes.document::<String>(PROVIDER_EVENTS, record.list_key().as_bytes(), Expected::Any, None);
        changes.document(PROVIDER_EVENTS, after.list_key().as_bytes(), Expected::Any, Some(&after.key()));
        changes.commit().map(drop)
    }

    /// The payment that an event is about, where it is one of ours.
    fn payment_of(&self, record: &EventRecord) -> Answer<Option<String>> {
        let store = self.context.store();
        if let Some(id) = &record.payment
            && documents::payment(store, id)?.is_some_and(|(_, payment)| payment.provider == record.provider)
        {
            return Ok(Some(id.clone()));
        }
        for id in &record.provider_ids {
            match documents::of_provider(store, record.provider, id)? {
                Some(ProviderId::Payment { id }) => return Ok(Some(id)),
                Some(ProviderId::Refund { payment, .. } | ProviderId::Dispute { payment, .. }) => {
                    return Ok(Some(payment));
                }
                None => {}
            }
        }
        Ok(None)
    }

    fn stored(&self, key: &str) -> Answer<Option<(u64, EventRecord)>> {
        stored_document(self.context.store(), PROVIDER_EVENTS, key)
    }

    /// Keys of a list that lie at or before an instant, each with the key of its event.
    fn keys_until(&self, prefix: &str, until: UnixMicros) -> Answer<Vec<(Vec<u8>, String)>> {
        let end = format!("{prefix}{:020}/", until.0.saturating_add(1));
        let mut keys = Vec::new();
        let read =
            self.context.store().documents().list(PROVIDER_EVENTS, prefix.as_bytes(), None, |key, row| {
                if key >= end.as_bytes() || keys.len() == AT_ONCE {
                    return false;
                }
                keys.push((key.to_vec(), serde_json::from_slice::<String>(&row.body).unwrap_or_default()));
                true
            });
        read.map_err(|error| unavailable(&error))?;
        Ok(keys)
    }
}
