//! Subscriptions in the books: those that are read, and the right to change them.

use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_billing::subscription::Retries;
use tollgate_engine::bundle::BundleNumber;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::rows::BundleRow;
use tollgate_storage::store::Unavailable;

use super::record::SubscriptionRecord;
use crate::accounts::Accounts;
use crate::collections::SUBSCRIPTIONS;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::visibility::Visibility;
use crate::problems::unavailable;
use crate::resale::bundle_products::BundleProducts;
use crate::told_once::ToldOnce;

/// The subscriptions of all accounts, and what they need of other services.
#[derive(Debug)]
pub struct SubscriptionBooks {
    /// The books and the configuration in force.
    pub context: Arc<Context>,
    /// The accounts that each caller may see.
    pub visibility: Arc<Visibility>,
    /// Moves accounts to other plans.
    pub accounts: Arc<Accounts>,
    /// The bundles that periods may bring.
    pub products: Arc<BundleProducts>,
    /// The subscriptions by account and number, also those that are over.
    pub records: DocumentCache<SubscriptionRecord>,
    /// The trials that were told of as about to end.
    pub told: ToldOnce,
    /// The right to change subscriptions.
    pub turn: Mutex<Turn>,
}

/// The right to change subscriptions, which one at a time has until its commit.
#[derive(Debug)]
pub struct Turn;

impl SubscriptionBooks {
    /// Of the accounts that a caller may see.
    pub fn open(
        context: Arc<Context>,
        visibility: Arc<Visibility>,
        accounts: Arc<Accounts>,
        products: Arc<BundleProducts>,
    ) -> Result<Self, Unavailable> {
        let records = DocumentCache::load(context.store(), SUBSCRIPTIONS)?;
        let (told, turn) = (ToldOnce::default(), Mutex::new(Turn));
        Ok(Self { context, visibility, accounts, products, records, told, turn })
    }

    /// The schedule by which a period that could not be paid for is tried again.
    pub fn retries(&self) -> Retries<'_> {
        Retries(&self.context.settings.billing.subscription_retry_hours)
    }

    /// All subscriptions that an account has had, in order.
    pub fn of_account(&self, account: &str) -> Vec<Arc<Document<SubscriptionRecord>>> {
        self.records.filter(|document| document.value.account == account)
    }

    /// The subscription of an account with this id.
    pub fn by_id(&self, account: &ActiveAccount, id: &str) -> Answer<Arc<Document<SubscriptionRecord>>> {
        let own = self.of_account(&account.provisioned.account.id);
        let found = own.into_iter().find(|document| document.value.id() == id);
        found.ok_or_else(|| Problem::field("purpose", format!("the account has no subscription `{id}`")))
    }

    /// The latest subscription of an account, which may be over.
    pub fn latest(&self, account: &ActiveAccount) -> Answer<Arc<Document<SubscriptionRecord>>> {
        let id = &account.provisioned.account.id;
        let latest = self.of_account(id).pop();
        latest.ok_or_else(|| Problem::not_found(format!("account `{id}` has no subscription")))
    }

    /// The subscription of an account that is not over.
    pub fn going_on(&self, account: &ActiveAccount) -> Option<Arc<Document<SubscriptionRecord>>> {
        self.of_account(&account.provisioned.account.id).pop().filter(|latest| !latest.value.is_over())
    }

    /// A subscription as it is now.
    pub fn fresh(&self, key: &str) -> Answer<SubscriptionRecord> {
        let document = self.records.get(key);
        let document = document.ok_or_else(|| Problem::internal("the subscription is not in the books"))?;
        Ok(document.value.clone())
    }

    /// The bundle that the present period of a subscription has brought.
    pub fn bundle(
        &self,
        account: &ActiveAccount,
        record: &SubscriptionRecord,
    ) -> Answer<Option<(BundleNumber, BundleRow)>> {
        let origin = record.origin()?;
        let rows = self.context.store().pockets().bundles(account.runtime.wallet.number());
        let rows = rows.map_err(|error| unavailable(&error))?;
        Ok(rows.into_iter().find(|(_, row)| row.origin == origin))
    }
}
