//! Books of their own over the shipped configuration, with the services that tests of subscriptions need; no process runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate_api::caller::Caller;
use tollgate_api::extract::{IdempotencyKey, IfMatch};
use tollgate_api::payments::{Payment, PaymentConfirmation, PaymentState, PaymentsService};
use tollgate_api::problem::Problem;
use tollgate_api::recharges::RechargesService;
use tollgate_api::subscription_plans::SubscriptionPlansService;
use tollgate_api::subscriptions::{
    Subscription, SubscriptionChange, SubscriptionPeriod, SubscriptionPeriodsQuery, SubscriptionsService,
};
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_payments::provider::Providers;
use tollgate_provisioning as config;
use tollgate_relay::additions::Additions;
use tollgate_relay::core::{Core, Started};
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, EntryText};
use tollgate_storage::clock::{Clock, now};
use tollgate_storage::committer::Limits;
use tollgate_storage::journal::RocksJournal;
use tollgate_storage::store::{Durability, Store, StoreOptions};

use super::books::SubscriptionBooks;
use super::settlement::SubscriptionSettlement;
use super::test_cards::TestCards;
use super::{SubscriptionPlans, Subscriptions};
use crate::accounts::Accounts;
use crate::accounts::record::AccountRecord;
use crate::billing::bundles::Bundles;
use crate::billing::invoices::Invoices;
use crate::billing::invoices::settlement::InvoiceSettlement;
use crate::collections::{ACCOUNTS, ALERTS};
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::visibility::Visibility;
use crate::jobs::JobQueue;
use crate::messaging::lookup::Lookup;
use crate::notifications::alerts::record::AlertRecord;
use crate::payments::settlement::Settlements;
use crate::payments::{Ground, MoneyIn};
use crate::resale::bundle_products::BundleProducts;

/// An account of the shipped configuration, with 1000.00 USD.
pub const ACCOUNT: &str = "biz_test_001";

/// The services over a context of their own.
struct Services {
    context: Arc<Context>,
    plans: Arc<SubscriptionPlans>,
    subscriptions: Subscriptions,
    money_in: MoneyIn,
    alerts: Arc<DocumentCache<AlertRecord>>,
}

/// Books of their own over the shipped configuration.
pub struct TestBooks {
    services: Option<Services>,
    committer: Option<std::thread::JoinHandle<()>>,
    folder: TempDir,
    clock: Arc<TestClock>,
    pub cards: Arc<TestCards>,
}

/// A clock that stands where the test has put it; before that, the machine's.
#[derive(Debug, Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> UnixMicros {
        match self.0.load(Ordering::SeqCst) {
            0 => now(),
            at => UnixMicros(at),
        }
    }

    fn due(&self) -> UnixMicros {
        self.now()
    }
}

impl Services {
    fn open(
        core: Arc<Core>,
        settings: config::Settings,
        (clock, cards): (&Arc<TestClock>, &Arc<TestCards>),
    ) -> Self {
        let context = Arc::new(Context::new(core, settings));
        let of = || Arc::clone(&context);
        let records = Arc::new(DocumentCache::<AccountRecord>::load(context.store(), ACCOUNTS).unwrap());
        let alerts = Arc::new(DocumentCache::load(context.store(), ALERTS).unwrap());
        let visibility = Arc::new(Visibility::new(of(), Arc::clone(&records)));
        let visible = || Arc::clone(&visibility);
        let lookup = Arc::new(Lookup::new(of(), visible()));
        let accounts = Arc::new(Accounts::new(of(), visible(), Arc::clone(&records), lookup));
        let products = Arc::new(BundleProducts::open(of(), visible()).unwrap());
        let plans = Arc::new(SubscriptionPlans::open(of(), visible(), Arc::clone(&products)).unwrap());
        let books = SubscriptionBooks::open(of(), visible(), Arc::clone(&accounts), Arc::clone(&products));
        let books = Arc::new(books.unwrap());
        let jobs = Arc::new(JobQueue::open(of()).unwrap());
        let invoices = Arc::new(Invoices::open(of(), visible(), Arc::clone(&jobs)).unwrap());
        let of_subscriptions =
            SubscriptionSettlement::new(Arc::clone(&books), Arc::clone(&plans), Arc::clone(clock) as _);
        let ground = Ground {
            context: of(),
            visibility: visible(),
            accounts,
            records,
            alerts: Arc::clone(&alerts),
            jobs,
            settlements: Settlements::new(
                Arc::new(Bundles::new(of(), visible(), products)),
                Arc::new(InvoiceSettlement(Arc::clone(&invoices))),
                Arc::new(of_subscriptions),
            ),
            invoices,
        };
        let money_in = MoneyIn::with(ground, Providers::new(Some(Arc::clone(cards) as _), None)).unwrap();
        let subscriptions = Subscriptions::new(books, Arc::clone(&plans), Arc::clone(&money_in.off_session));
        Self { context, plans, subscriptions, money_in, alerts }
    }
}

impl TestBooks {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, cards) = (Arc::default(), Arc::default());
        let (services, committer) = open(&folder, (&clock, &cards));
        Self { services: Some(services), committer: Some(committer), folder, clock, cards }
    }

    /// The same books after a stop and a start.
    pub fn restart(&mut self) {
        self.close();
        let (services, committer) = open(&self.folder, (&self.clock, &self.cards));
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
        self.subscribe_with(&json!({ "plan": plan }))
    }

    pub fn subscribe_with(&self, new: &Value) -> Result<Subscription, String> {
        let new = serde_json::from_value(new.clone()).unwrap();
        let begun = self.subscriptions().subscribe(&Caller::system(), ACCOUNT, &new);
        begun.map_err(|problem| problem.code)
    }

    /// One look at an instant, as the schedule does each second; charges are sent.
    pub fn look(&self, at: UnixMicros) {
        self.clock.0.store(at.0, Ordering::SeqCst);
        let mut begun = Vec::new();
        self.subscriptions().look(at, &mut begun).unwrap();
        for charge in &begun {
            self.subscriptions().send(charge);
        }
    }

    pub fn payments(&self) -> &Arc<impl PaymentsService + use<>> {
        &self.services().money_in.payments
    }

    /// Begins a payment of something.
    pub fn pay(&self, provider: &str, purpose: &Value) -> Result<Payment, Problem> {
        let new = json!({ "account": ACCOUNT, "provider": provider, "purpose": purpose });
        let new = serde_json::from_value(new).unwrap();
        self.payments().begin_payment(&Caller::system(), new, &IdempotencyKey(None))
    }

    /// Notes that the money of a transfer has come.
    pub fn confirm(&self, payment: &Payment) -> Payment {
        let nothing = PaymentConfirmation::default();
        self.payments().confirm_payment(&Caller::system(), &payment.id, IfMatch(None), nothing).unwrap().value
    }

    /// A saved card of the account, saved by a top-up of 1.00.
    pub fn save_card(&self) -> String {
        let new = json!({ "account": ACCOUNT, "provider": "stripe", "amount": "1.00", "save_method": true });
        let new = serde_json::from_value(new).unwrap();
        let paid = self.payments().begin_payment(&Caller::system(), new, &IdempotencyKey(None)).unwrap();
        assert_eq!(paid.state, PaymentState::Succeeded);
        let methods = self.services().money_in.recharges.payment_methods(&Caller::system(), ACCOUNT);
        methods.unwrap().items.pop().unwrap().id
    }

    /// The texts of the open alerts.
    pub fn alerts(&self) -> Vec<String> {
        let open = self.services().alerts.filter(|alert| alert.value.cleared_at.is_none());
        open.iter().map(|alert| alert.value.message.clone()).collect()
    }

    pub fn change(&self, wanted: &Value) -> Result<SubscriptionChange, String> {
        let wanted = serde_json::from_value(wanted.clone()).unwrap();
        let changed =
            self.subscriptions().change_subscription(&Caller::system(), ACCOUNT, IfMatch(None), &wanted);
        changed.map(|changed| changed.value).map_err(|problem| problem.code)
    }

    pub fn cancel(&self, cancellation: &Value) -> Result<Subscription, String> {
        let asked = serde_json::from_value(cancellation.clone()).unwrap();
        let ended =
            self.subscriptions().cancel_subscription(&Caller::system(), ACCOUNT, IfMatch(None), &asked);
        ended.map(|ended| ended.value).map_err(|problem| problem.code)
    }

    pub fn subscription(&self) -> Subscription {
        self.subscriptions().subscription(&Caller::system(), ACCOUNT).unwrap().value
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

fn open(
    folder: &TempDir,
    outside: (&Arc<TestClock>, &Arc<TestCards>),
) -> (Services, std::thread::JoinHandle<()>) {
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
    (Services::open(Arc::new(core), settings, outside), committer)
}

impl Drop for TestBooks {
    fn drop(&mut self) {
        self.close();
    }
}
