//! The changes that streams tell of, found in what has become durable: which collection is which topic, and whose a document is.

use std::collections::BTreeSet;

use serde::Deserialize;
use tollgate_api::stream::{Change, Owner, Topic};
use tollgate_engine::account::AccountNumber;
use tollgate_storage::change::{self, Changed, DocumentChange};
use tollgate_storage::schema::Collection;

use crate::collections::{
    ACCOUNTS, ALERTS, API_KEYS, BUNDLE_PRODUCTS, CREDIT_NOTES, DISPATCHES, IMPORTS, INVOICES, NICKNAMES,
    OPERATOR_STATUSES, OPERATORS, PAYMENTS, PRICE_LISTS, PUMPING_FINDINGS, STATEMENTS, SUBSCRIPTION_PLANS,
    SUBSCRIPTIONS, TEMPLATES, USERS,
};
use crate::context::Context;

/// The place at which a document says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The key is the account's id.
    Key,
    /// The key begins with the account's number.
    Number,
    /// The document names an account; one that names none only helps to find others.
    Body,
    /// The document names an account, or is of the house.
    BodyOrHouse,
    /// It is of the house.
    House,
    /// It is for everybody.
    Everybody,
}

/// The documents of a topic.
const TOPICS: &[(Collection, Topic, Place)] = &[
    (ACCOUNTS, Topic::Accounts, Place::Key),
    (USERS, Topic::Users, Place::BodyOrHouse),
    (API_KEYS, Topic::ApiKeys, Place::BodyOrHouse),
    (ALERTS, Topic::Alerts, Place::BodyOrHouse),
    (OPERATORS, Topic::Operators, Place::House),
    (OPERATOR_STATUSES, Topic::Operators, Place::House),
    (IMPORTS, Topic::Imports, Place::House),
    (PRICE_LISTS, Topic::PriceLists, Place::Body),
    (BUNDLE_PRODUCTS, Topic::BundleProducts, Place::Everybody),
    (SUBSCRIPTION_PLANS, Topic::SubscriptionPlans, Place::Everybody),
    (SUBSCRIPTIONS, Topic::Subscriptions, Place::Body),
    (NICKNAMES, Topic::SenderIds, Place::Body),
    (NICKNAMES, Topic::Moderation, Place::House),
    (TEMPLATES, Topic::Templates, Place::Body),
    (TEMPLATES, Topic::Moderation, Place::House),
    (DISPATCHES, Topic::Dispatches, Place::Number),
    (INVOICES, Topic::Invoices, Place::Body),
    (CREDIT_NOTES, Topic::CreditNotes, Place::Body),
    (STATEMENTS, Topic::Statements, Place::Body),
    (PAYMENTS, Topic::Payments, Place::Body),
    (PUMPING_FINDINGS, Topic::PumpingFindings, Place::Body),
];

/// The account that a document names.
#[derive(Deserialize)]
struct Named {
    #[serde(default, alias = "owner")]
    account: Option<String>,
}

/// The account that a document names in its JSON, if it names one.
pub fn named_account(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Named>(body).ok()?.account
}

/// The changes of a change set that streams tell of, once it is durable.
#[derive(Debug, Default)]
pub struct Touched {
    /// Each with the place of its document in the change, of which it has the revision.
    documents: Vec<(usize, Topic, String, Owner)>,
    /// Accounts in whose ledgers something is posted.
    ledgers: BTreeSet<String>,
}

impl Touched {
    /// The changes in a change set. `removed` has the accounts of documents that go, by their places.
    pub fn by(context: &Context, change: &change::Change, removed: &[(usize, String)]) -> Self {
        let mut touched = Self::default();
        for (place, document) in change.documents.iter().enumerate() {
            let removed = removed.iter().find(|(of, _)| *of == place).map(|(_, account)| account.as_str());
            for (_, topic, kept) in
                TOPICS.iter().filter(|(collection, ..)| *collection == document.collection)
            {
                if let Some((id, of)) = subject(context, *kept, document, removed) {
                    touched.documents.push((place, *topic, id, of));
                }
            }
        }
        let posts = !change.entries.is_empty()
            || !change.transfers.is_empty()
            || !change.bundles.is_empty()
            || !change.payouts.is_empty();
        if posts {
            let accounts = change.audit.iter().filter_map(|note| note.resource.strip_prefix("account/"));
            let ids = accounts.filter_map(|rest| rest.split('/').next());
            touched.ledgers = ids.map(str::to_owned).collect();
        }
        touched
    }

    /// The changes with the revisions that they have got.
    pub fn changes(self, changed: &Changed) -> impl Iterator<Item = Change> {
        let revisions = changed.revisions.clone();
        let documents = self.documents.into_iter().map(move |(place, topic, id, of)| {
            let revision = revisions.get(place).copied().unwrap_or_default();
            Change { topic, id, revision, of }
        });
        let at = changed.at.0;
        let ledgers = self.ledgers.into_iter().map(move |id| {
            let of = Owner::Account(id.clone());
            Change { topic: Topic::Wallets, id, revision: at, of }
        });
        documents.chain(ledgers)
    }
}

/// The key that a change names its document by, and the owner. `None` where nobody is told of it.
fn subject(
    context: &Context,
    place: Place,
    document: &DocumentChange,
    removed: Option<&str>,
) -> Option<(String, Owner)> {
    let key = || String::from_utf8_lossy(&document.key).into_owned();
    let named = || match &document.body {
        Some(body) => named_account(body),
        None => removed.map(str::to_owned),
    };
    match place {
        Place::Key => Some((key(), Owner::Account(key()))),
        Place::Number => {
            let (number, id) = document.key.split_first_chunk()?;
            let account =
                context.core.snapshot.load().by_number(AccountNumber(u32::from_be_bytes(*number)))?;
            let of = Owner::Account(account.provisioned.account.id.to_string());
            Some((String::from_utf8_lossy(id).into_owned(), of))
        }
        Place::Body => named().map(|account| (key(), Owner::Account(account))),
        Place::BodyOrHouse => Some((key(), named().map_or(Owner::House, Owner::Account))),
        Place::House => Some((key(), Owner::House)),
        Place::Everybody => Some((key(), Owner::Everybody)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_its_account() {
        assert_eq!(named_account(br#"{"status":"approved","account":"shop"}"#).as_deref(), Some("shop"));
        assert_eq!(named_account(br#"{"name":"l","owner":"shop"}"#).as_deref(), Some("shop"));
        for nobody in [&br#"{"account":null}"#[..], b"{}", b"\"INV-1\"", b"sealed"] {
            assert_eq!(named_account(nobody), None);
        }
    }
}
