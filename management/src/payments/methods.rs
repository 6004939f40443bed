//! Saved methods of payment, and the ids that providers know accounts by. A provider keeps what is secret about a card.

use serde::{Deserialize, Serialize};
use tollgate_api::answer::Answer;
use tollgate_api::payments::PaymentProvider;
use tollgate_api::recharges::PaymentMethod;
use tollgate_api::time::Time;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;
use tollgate_storage::store::Store;

use super::documents::listed;
use crate::change_set::ChangeSet;
use crate::collections::PAYMENT_METHODS;
use crate::documents::stored_document;
use crate::identity::random::id_at;
use tollgate_payments::provider::SeenMethod;
use tollgate_payments::record::{PaymentRecord, provider_name};

/// A saved method as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodRecord {
    pub id: String,
    pub account: String,
    pub provider: PaymentProvider,
    pub provider_id: String,
    /// The id that the provider knows the account by, to which the method is bound.
    pub customer: Option<String>,
    pub kind: String,
    #[serde(default)]
    pub brand: Option<String>,
    #[serde(default)]
    pub last4: Option<String>,
    #[serde(default)]
    pub expires: Option<String>,
    pub created_at: Time,
}

impl MethodRecord {
    /// As it is shown.
    pub fn view(self) -> PaymentMethod {
        PaymentMethod {
            id: self.id,
            account: self.account,
            provider: self.provider,
            kind: self.kind,
            brand: self.brand,
            last4: self.last4,
            expires: self.expires,
            created_at: self.created_at,
        }
    }
}

/// The key of a saved method.
pub fn method_key(account: &str, id: &str) -> String {
    format!("m/{account}/{id}")
}

/// The key that makes an account have a provider's method once.
pub fn known_key(account: &str, provider: PaymentProvider, provider_id: &str) -> String {
    format!("k/{account}/{}/{provider_id}", provider_name(provider))
}

/// The key of the id that a provider knows an account by.
fn customer_key(account: &str, provider: PaymentProvider) -> String {
    format!("c/{account}/{}", provider_name(provider))
}

/// The saved methods of an account, the earliest first.
pub fn of_account(store: &Store, account: &str) -> Answer<Vec<MethodRecord>> {
    let methods = listed::<MethodRecord>(store, PAYMENT_METHODS, &method_key(account, ""))?;
    Ok(methods.into_iter().map(|(_, method)| method).collect())
}

/// One of them, with its revision.
pub fn get(store: &Store, account: &str, id: &str) -> Answer<Option<(u64, MethodRecord)>> {
    stored_document(store, PAYMENT_METHODS, &method_key(account, id))
}

/// The id that a provider knows an account by.
pub fn customer(store: &Store, account: &str, provider: PaymentProvider) -> Answer<Option<String>> {
    let found = stored_document::<String>(store, PAYMENT_METHODS, &customer_key(account, provider))?;
    Ok(found.map(|(_, id)| id))
}

/// Notes the id that a provider knows an account by.
pub fn write_customer(changes: &mut ChangeSet<'_>, account: &str, provider: PaymentProvider, id: &str) {
    let key = customer_key(account, provider);
    changes.document(PAYMENT_METHODS, key.as_bytes(), Expected::Absent, Some(&id.to_owned()));
}

/// Saves the method that a payment was paid with in the payment's own change, unless the account has it.
pub fn save(
    store: &Store,
    changes: &mut ChangeSet<'_>,
    payment: &PaymentRecord,
    method: &SeenMethod,
) -> Answer<()> {
    let known = known_key(&payment.account, payment.provider, &method.provider_id);
    if stored_document::<String>(store, PAYMENT_METHODS, &known)?.is_some() {
        return Ok(());
    }
    let at = now();
    let record = MethodRecord {
        id: id_at("pm", at)?,
        account: payment.account.clone(),
        provider: payment.provider,
        provider_id: method.provider_id.clone(),
        customer: payment.customer.clone(),
        kind: method.kind.clone(),
        brand: method.brand.clone(),
        last4: method.last4.clone(),
        expires: method.expires.clone(),
        created_at: Time(at),
    };
    let key = method_key(&record.account, &record.id);
    changes.document(PAYMENT_METHODS, known.as_bytes(), Expected::Absent, Some(&record.id));
    changes.document(PAYMENT_METHODS, key.as_bytes(), Expected::Absent, Some(&record));
    Ok(())
}

/// Removes a saved method.
pub fn remove(changes: &mut ChangeSet<'_>, revision: u64, method: &MethodRecord) {
    let key = method_key(&method.account, &method.id);
    changes.document::<MethodRecord>(PAYMENT_METHODS, key.as_bytes(), Expected::Revision(revision), None);
    let known = known_key(&method.account, method.provider, &method.provider_id);
    changes.document::<String>(PAYMENT_METHODS, known.as_bytes(), Expected::Any, None);
}
