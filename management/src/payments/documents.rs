//! The documents of payments: read one by one, and written all together.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::payments::PaymentProvider;
use tollgate_api::problem::Problem;
use tollgate_storage::change::Expected;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::Store;

use crate::change_set::ChangeSet;
use crate::collections::{DISPUTES, PAYMENT_PROVIDER_IDS, PAYMENT_REFUNDS, PAYMENTS};
use crate::documents::stored_document;
use crate::problems::unavailable;
use tollgate_payments::record::{
    DisputeRecord, PaymentRecord, RefundRecord, id_key, provider_key, reference_key, token_key,
};
use tollgate_payments::told;

/// The most refunds or disputes of one payment that are read.
const OF_PAYMENT_MAX: usize = 1_000;

/// The thing that a provider's id stands for here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProviderId {
    /// A payment as a whole.
    Payment {
        /// The id of it.
        id: String,
    },
    /// A refund of a payment.
    Refund {
        /// The payment's id.
        payment: String,
        /// Its own id.
        id: String,
    },
    /// A dispute of a payment.
    Dispute {
        /// The payment's id.
        payment: String,
        /// Its own id.
        id: String,
    },
}

/// A payment with its revision.
pub fn payment(store: &Store, id: &str) -> Answer<Option<(u64, PaymentRecord)>> {
    stored_document(store, PAYMENTS, &id_key(id))
}

/// The payment that a document under another key names.
pub fn named(store: &Store, key: &str) -> Answer<Option<(u64, PaymentRecord)>> {
    match stored_document::<String>(store, PAYMENTS, key)? {
        Some((_, id)) => payment(store, &id),
        None => Ok(None),
    }
}

/// The thing that a provider's id stands for, if it is known.
pub fn of_provider(store: &Store, provider: PaymentProvider, id: &str) -> Answer<Option<ProviderId>> {
    let found = stored_document(store, PAYMENT_PROVIDER_IDS, &provider_key(provider, id))?;
    Ok(found.map(|(_, stands_for)| stands_for))
}

/// A refund with its revision.
pub fn refund(store: &Store, payment: &str, id: &str) -> Answer<Option<(u64, RefundRecord)>> {
    stored_document(store, PAYMENT_REFUNDS, &format!("{payment}/{id}"))
}

/// A dispute with its revision.
pub fn dispute(store: &Store, payment: &str, id: &str) -> Answer<Option<(u64, DisputeRecord)>> {
    stored_document(store, DISPUTES, &format!("{payment}/{id}"))
}

/// The refunds of a payment, the earliest first.
pub fn refunds(store: &Store, payment: &str) -> Answer<Vec<RefundRecord>> {
    of_payment(store, PAYMENT_REFUNDS, payment)
}

/// The disputes of a payment, the earliest first.
pub fn disputes(store: &Store, payment: &str) -> Answer<Vec<DisputeRecord>> {
    of_payment(store, DISPUTES, payment)
}

/// Every document of a collection whose key begins so, in the order of the keys.
pub fn listed<T: DeserializeOwned>(
    store: &Store,
    collection: Collection,
    prefix: &str,
) -> Answer<Vec<(String, T)>> {
    let (mut items, mut fault) = (Vec::new(), None);
    let read = store.documents().list(collection, prefix.as_bytes(), None, |key, row| {
        match serde_json::from_slice(&row.body) {
            Ok(item) => items.push((String::from_utf8_lossy(key).into_owned(), item)),
            Err(error) => fault = Some(error),
        }
        fault.is_none() && items.len() < OF_PAYMENT_MAX
    });
    read.map_err(|error| unavailable(&error))?;
    if let Some(error) = fault {
        tracing::error!(%error, prefix, collection = collection.0, "a document cannot be read");
        return Err(Problem::internal("a document of the books cannot be read"));
    }
    Ok(items)
}

fn of_payment<T: DeserializeOwned>(store: &Store, collection: Collection, payment: &str) -> Answer<Vec<T>> {
    let items = listed(store, collection, &format!("{payment}/"))?;
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

/// Writes every document that a payment is found by, and the event of its state.
pub fn write_payment(
    changes: &mut ChangeSet<'_>,
    before: Option<(u64, &PaymentRecord)>,
    after: &PaymentRecord,
) {
    if let Some((kind, data)) = told::of_payment(before.map(|(_, before)| before), after) {
        changes.emit(kind, Some(&after.account), &data);
    }
    let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
    changes.document(PAYMENTS, id_key(&after.id).as_bytes(), expected, Some(after));
    if before.is_none() {
        let keys = [
            Some(after.list_key()),
            Some(token_key(&after.token)),
            after.reference.as_deref().map(reference_key),
        ];
        for key in keys.into_iter().flatten() {
            changes.document(PAYMENTS, key.as_bytes(), Expected::Absent, Some(&after.id));
        }
    }
    let (look_before, look_after) = (before.and_then(|(_, before)| before.look_key()), after.look_key());
    if look_before != look_after {
        if let Some(key) = look_before {
            changes.document::<String>(PAYMENTS, key.as_bytes(), Expected::Any, None);
        }
        if let Some(key) = look_after {
            changes.document(PAYMENTS, key.as_bytes(), Expected::Any, Some(&after.id));
        }
    }
    let ids = |payment: &PaymentRecord| [payment.provider_id.clone(), payment.charge_id.clone()];
    let known = before.map(|(_, before)| ids(before)).unwrap_or_default();
    for id in ids(after).iter().filter(|id| !known.contains(id)).flatten() {
        note_provider_id(changes, after.provider, id, &ProviderId::Payment { id: after.id.clone() });
    }
}

/// Writes a refund, and once the provider's id of it is known, what that stands for.
pub fn write_refund(changes: &mut ChangeSet<'_>, before: Option<(u64, &RefundRecord)>, after: &RefundRecord) {
    if let Some((kind, data)) = told::of_refund(before.map(|(_, before)| before), after) {
        changes.emit(kind, Some(&after.account), &data);
    }
    let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
    changes.document(PAYMENT_REFUNDS, after.key().as_bytes(), expected, Some(after));
    let known = before.and_then(|(_, before)| before.provider_id.as_deref());
    if let Some(id) = after.provider_id.as_deref().filter(|id| known != Some(*id)) {
        let stands_for = ProviderId::Refund { payment: after.payment.clone(), id: after.id.clone() };
        note_provider_id(changes, after.provider, id, &stands_for);
    }
}

/// Writes a dispute.
pub fn write_dispute(
    changes: &mut ChangeSet<'_>,
    before: Option<(u64, &DisputeRecord)>,
    after: &DisputeRecord,
) {
    if let Some((kind, data)) = told::of_dispute(before.map(|(_, before)| before), after) {
        changes.emit(kind, Some(&after.account), &data);
    }
    let expected = before.map_or(Expected::Absent, |(revision, _)| Expected::Revision(revision));
    changes.document(DISPUTES, after.key().as_bytes(), expected, Some(after));
    if before.is_none() {
        let stands_for = ProviderId::Dispute { payment: after.payment.clone(), id: after.id.clone() };
        note_provider_id(changes, after.provider, &after.provider_id, &stands_for);
    }
}

/// An id of a provider stands for one thing, for ever.
fn note_provider_id(
    changes: &mut ChangeSet<'_>,
    provider: PaymentProvider,
    id: &str,
    stands_for: &ProviderId,
) {
    let key = provider_key(provider, id);
    changes.document(PAYMENT_PROVIDER_IDS, key.as_bytes(), Expected::Absent, Some(stands_for));
}
