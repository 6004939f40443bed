//! Books of their own over the shipped configuration, with the services that tests of subscriptions need; no process runs.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate_api::caller::Caller;
use tollgate_api::subscription_plans::SubscriptionPlansService;
use tollgate_api::subscriptions::{
    NewSubscription, PayBy, Subscription, SubscriptionChange, SubscriptionPeriod, SubscriptionPeriodsQuery,
    SubscriptionsService,
};
use tollgate_engine::money::Amount;
use tollgate_provisioning as config;
use tollgate_relay::additions::Additions;
use tollgate_relay::core::{Core, Started};
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, EntryText};
use tollgate_storage::clock::now;
use tollgate_storage::committer::Limits;
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use super::{SubscriptionPlans, Subscriptions};
use crate::accounts::Accounts;
use crate::accounts::record::AccountRecord;
use crate::collections::ACCOUNTS;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::visibility::Visibility;
use crate::resale::bundle_products::BundleProducts;

/// An account of the shipped configuration, with 1000.00 USD.
pub const ACCOUNT: &str = "biz_test_001";

/// The services over a context of their own.
struct Services {
    context: Arc<Context>,
    plans: Arc<SubscriptionPlans>,
    subscriptions: Subscriptions,
}

/// Books of their own over the shipped configuration.
pub struct TestBooks {
    services: Option<Services>,
    committer: Option<std::thread::JoinHandle<()>>,
    folder: TempDir,
}

impl Services {
    fn open(core: Arc<Core>, settings: config::Settings) -> Self {
        let context = Arc::new(Context::new(core, settings));
        let of = || Arc::clone(&context);
        let accounts = Arc::new(DocumentCache::<AccountRecord>::load(context.store(), ACCOUNTS).unwrap());
        let visibility = Arc::new(Visibility::new(of(), Arc::clone(&accounts)));
        let visible = || Arc::clone(&visibility);
        let accounts = Arc::new(Accounts::new(of(), visible(), accounts));
        let products = Arc::new(BundleProducts::open(of(), visible()).unwrap());
        let plans = Arc::new(SubscriptionPlans::open(of(), visible(), Arc::clone(&products)).unwrap());
        let subscriptions =
            Subscriptions::open(of(), visible(), accounts, products, Arc::clone(&plans)).unwrap();
        Self { context, plans, subscriptions }
    }
}

impl TestBooks {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (services, committer) = open(&folder);
        Self { services: Some(services), committer: Some(committer), folder }
    }

    /// The same books after a stop and a start.
    pub fn restart(&mut self) {
        self.close();
        let (services, committer) = open(&self.folder);
        (self.services, self.committer) = (Some(services), Some(committer));
    }

    fn close(&mut self) {
        self.services = None;
        // The committer's thread ends with the last handle on it.
        if let Some(thread) = self.committer.take() {
            thread.join().unwrap();
        }
    }

    fn services(&self) -> &Services {
        self.services.as_ref().unwrap()
    }

    pub fn store(&self) -> &Store {
        self.services().context.store()
    }

    pub fn subscriptions(&self) -> &Subscriptions {
        &self.services().subscriptions
    }

    pub fn account(&self) -> Arc<ActiveAccount> {
        self.services().context.account(ACCOUNT).unwrap()
    }

    /// Puts a plan on offer: its name and price, and what else it has.
    pub fn offer(&self, name: &str, price: &str, more: &Value) {
        let mut plan =
            json!({ "name": name, "price": price, "currency": "USD", "period": { "kind": "month" } });
        for (key, value) in more.as_object().unwrap() {
            plan[key] = value.clone();
        }
        let plan = serde_json::from_value(plan).unwrap();
        self.services().plans.create_subscription_plan(&Caller::system(), plan).unwrap();
    }

    pub fn subscribe(&self, plan: &str) -> Result<Subscription, String> {
        let new = NewSubscription { plan: plan.to_owned(), pay_by: PayBy::Wallet };
        let begun = self.subscriptions().subscribe(&Caller::system(), ACCOUNT, &new);
        begun.map_err(|problem| problem.code)
    }

    pub fn change(&self, wanted: &Value) -> Result<SubscriptionChange, String> {
        let wanted = serde_json::from_value(wanted.clone()).unwrap();
        let changed = self.subscriptions().change_subscription(&Caller::system(), ACCOUNT, &wanted);
        changed.map_err(|problem| problem.code)
    }

    pub fn cancel(&self, cancellation: &Value) -> Result<Subscription, String> {
        let asked = serde_json::from_value(cancellation.clone()).unwrap();
        let ended = self.subscriptions().cancel_subscription(&Caller::system(), ACCOUNT, &asked);
        ended.map_err(|problem| problem.code)
    }

    pub fn subscription(&self) -> Subscription {
        self.subscriptions().subscription(&Caller::system(), ACCOUNT).unwrap()
    }

    /// The periods, the oldest first.
    pub fn periods(&self) -> Vec<SubscriptionPeriod> {
        let query = SubscriptionPeriodsQuery { limit: Some(1_000), ..SubscriptionPeriodsQuery::default() };
        let page = self.subscriptions().subscription_periods(&Caller::system(), ACCOUNT, &query).unwrap();
        page.items.into_iter().rev().collect()
    }

    pub fn balance(&self) -> String {
        self.account().runtime.wallet.state().balance.to_string()
    }

    /// Takes money away, so that no more than this is left.
    pub fn leave(&self, balance: &str) {
        let wallet = Arc::clone(&self.account().runtime.wallet);
        let left: Amount = balance.parse().unwrap();
        let present = wallet.state().balance.amount().unwrap();
        if present > left {
            wallet.withdraw(present.minus(left), Amount::ZERO).unwrap();
        } else {
            wallet.credit(left.minus(present));
        }
    }

    /// Uses tokens, as a service beside messages does.
    pub fn consume(&self, tokens: u64) -> bool {
        let (context, system) = (&self.services().context, Caller::system());
        let wallet = Arc::clone(&self.account().runtime.wallet);
        let Some(change) = BundleChange::consume(wallet, tokens, now(), EntryText::reference("a test"))
        else {
            return false;
        };
        let mut changes = context.change(&system);
        changes.bundle(change);
        changes.commit().is_ok()
    }
}

fn open(folder: &TempDir) -> (Services, std::thread::JoinHandle<()>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/tollgate.toml");
    let mut loaded = config::load(&path).unwrap();
    loaded.settings.storage.data_dir = folder.path().to_owned();
    let options = StoreOptions::at(folder.path().to_owned());
    let store = Arc::new(Store::open(options).unwrap());
    let journal = RocksJournal::new(Arc::clone(&store), Durability::Os);
    let limits = Limits { queue_messages: 1_000, batch_messages: 100, batch_bytes: 1 << 20 };
    let settings = loaded.settings.clone();
    let Started { core, committer, .. } =
        Core::start(store, journal, limits, loaded, Additions::default()).unwrap();
    (Services::open(Arc::new(core), settings), committer)
}

impl Drop for TestBooks {
    fn drop(&mut self) {
        self.close();
    }
}
