//! Payments: money that comes in by providers, goes back to who paid it, or is disputed; and wallets that fill themselves again.
//!
//! A payment is written down before its provider is asked for it. Whatever tells of it afterwards has the provider asked, and what
//! the provider says is applied in one place (`apply.rs`), state and money in one change.

mod alerts;
mod apply;
pub mod beginning;
mod collecting;
mod disputes;
mod documents;
mod events;
mod invoice_pages;
mod list;
mod looker;
mod methods;
pub mod off_session;
mod pages;
mod recharge;
mod recharge_service;
mod reconciler;
mod refunds;
mod schedule;
mod service;
pub mod settlement;
mod single;
pub mod verify;

use std::sync::Arc;

use tokio::sync::Notify;
use tollgate_provisioning::PaymentsSettings;
use tollgate_storage::store::Unavailable;

use crate::accounts::Accounts;
use crate::accounts::record::AccountRecord;
use crate::billing::invoices::Invoices;
use crate::collections::RECHARGES;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::visibility::Visibility;
use crate::jobs::JobQueue;
use crate::notifications::alerts::record::AlertRecord;
use alerts::PaymentAlerts;
use apply::PaymentApplier;
use beginning::Beginnings;
use collecting::Collecting;
use disputes::PaymentDisputes;
use events::ProviderEvents;
use invoice_pages::InvoicePages;
use looker::PaymentLooker;
use off_session::OffSession;
use pages::PayPages;
use recharge::RechargeWatch;
use recharge_service::Recharges;
use reconciler::PaymentReconciler;
use refunds::PaymentRefunds;
pub use schedule::PaymentSchedule;
use service::{PaymentParts, Payments};
use settlement::Settlements;
use single::SinglePayments;
use tollgate_payments::provider::{Provider, Providers};
use tollgate_payments::{PayPal, Stripe};

/// The services of money that comes in, and what is done behind them.
#[derive(Debug)]
pub struct MoneyIn {
    /// Payments, refunds and disputes.
    pub payments: Arc<Payments>,
    /// Saved methods and auto-recharge.
    pub recharges: Arc<Recharges>,
    /// The pages on which payments are paid.
    pub pages: Arc<PayPages>,
    /// Charges of saved methods for what is due by the clock.
    pub off_session: Arc<OffSession>,
    /// Looks, events and charges by schedule.
    pub schedule: Arc<PaymentSchedule>,
    /// The providers that the settings name.
    pub providers: Providers,
}

/// The parts that money that comes in is built on.
pub struct Ground {
    pub context: Arc<Context>,
    pub visibility: Arc<Visibility>,
    pub accounts: Arc<Accounts>,
    pub records: Arc<DocumentCache<AccountRecord>>,
    pub alerts: Arc<DocumentCache<AlertRecord>>,
    pub jobs: Arc<JobQueue>,
    pub settlements: Settlements,
    /// The invoices that have pages on which they are paid.
    pub invoices: Arc<Invoices>,
}

impl MoneyIn {
    /// Over the books and the providers of the settings.
    pub fn open(ground: Ground) -> Result<Self, Unavailable> {
        let providers = providers(&ground.context.settings.payments);
        Self::with(ground, providers)
    }

    /// Over the books and these providers.
    pub fn with(ground: Ground, providers: Providers) -> Result<Self, Unavailable> {
        let Ground { context, visibility, accounts, records, alerts, jobs, settlements, invoices } = ground;
        let (of, kept) = (|| Arc::clone(&context), providers.clone());
        let recharged = Arc::new(DocumentCache::load(context.store(), RECHARGES)?);
        let alerts = Arc::new(PaymentAlerts::new(of(), alerts, jobs));
        let collecting = Collecting::new(of(), Arc::clone(&invoices));
        let applier =
            Arc::new(PaymentApplier::new(of(), settlements.clone(), collecting, Arc::clone(&alerts)));
        let refunds = Arc::new(PaymentRefunds::new(of(), settlements.clone()));
        let (alerted, kept_recharges) = (Arc::clone(&alerts), Arc::clone(&recharged));
        let disputes = PaymentDisputes::new(of(), accounts, alerted, kept_recharges, settlements);
        let applied = || Arc::clone(&applier);
        let looker = PaymentLooker::new(of(), providers.clone(), applied(), Arc::clone(&refunds), disputes);
        let looker = Arc::new(looker);
        let looking = || Arc::clone(&looker);
        let beginnings = Arc::new(Beginnings::new(of(), providers.clone(), applied()));
        let single = Arc::new(SinglePayments::new(of(), Arc::clone(&beginnings), looking()));
        let events = Arc::new(ProviderEvents::new(of(), providers.clone(), looking()));
        let event_came = Arc::new(Notify::new());
        let watch = RechargeWatch::new(
            of(),
            Arc::clone(&recharged),
            Arc::clone(&beginnings),
            looking(),
            Arc::clone(&alerts),
        );
        let schedule = PaymentSchedule {
            reconciler: PaymentReconciler::new(of(), looking()),
            events: Arc::clone(&events),
            recharges: watch,
            event_came: Arc::clone(&event_came),
        };
        let recharges = Recharges::new(of(), Arc::clone(&visibility), providers.clone(), alerts, recharged);
        let pages = InvoicePages::new(of(), invoices, Arc::clone(&beginnings), Arc::clone(&single));
        let pages = PayPages::new(of(), records, providers, (applied(), looking()), pages);
        let off_session = OffSession::new(of(), Arc::clone(&beginnings), looking());
        let parts = PaymentParts {
            context: of(),
            visibility,
            beginnings,
            single,
            applier: applied(),
            looker: looking(),
            refunds,
            events,
            event_came,
        };
        Ok(Self {
            payments: Arc::new(Payments::new(parts)),
            recharges: Arc::new(recharges),
            pages: Arc::new(pages),
            off_session: Arc::new(off_session),
            schedule: Arc::new(schedule),
            providers: kept,
        })
    }
}

fn providers(settings: &PaymentsSettings) -> Providers {
    let stripe = settings.stripe.as_ref().map(|stripe| Arc::new(Stripe::new(stripe)) as Arc<dyn Provider>);
    let paypal = settings.paypal.as_ref().map(|paypal| Arc::new(PayPal::new(paypal)) as Arc<dyn Provider>);
    Providers::new(stripe, paypal)
}
