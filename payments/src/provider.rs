//! The trait of providers: what is asked of each, and what is seen of a payment, a refund and a dispute there.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::payments::{DisputeState, PaymentFailure, PaymentProvider, PaymentRefundState};
use tollgate_api::problem::Problem;
use tollgate_billing::payment::minor_units::MinorUnits;
use tollgate_billing::payment::observation::Observation;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;

use super::record::{PaymentRecord, RefundRecord, provider_name};

/// The reason that a provider did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderError {
    /// There was no answer, or none that says anything: it may have been done or not.
    Unknown(String),
    /// It said no, and did nothing.
    Refused(PaymentFailure),
}

/// The result of a question to a provider.
pub type Told<T> = Result<T, ProviderError>;

/// A payment as its provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPayment {
    /// The provider's id of it.
    pub provider_id: Option<String>,
    /// The provider's id of the money that moved, by which events about refunds and disputes may name it.
    pub charge_id: Option<String>,
    /// The word about its state.
    pub observed: Observation,
    /// The reason of the last decline.
    pub failure: Option<PaymentFailure>,
    /// The method that it was paid with.
    pub method: Option<SeenMethod>,
    /// The secret that a page needs to have it paid. It is never kept.
    pub client_secret: Option<String>,
    /// The page of the provider on which it is approved.
    pub approve_url: Option<String>,
}

/// A method of payment as its provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenMethod {
    /// The provider's id of it.
    pub provider_id: String,
    /// Its kind, such as `card`.
    pub kind: String,
    /// The brand of a card.
    pub brand: Option<String>,
    /// The last four digits of a card.
    pub last4: Option<String>,
    /// The last month of a card.
    pub expires: Option<String>,
}

/// A refund as its provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRefund {
    /// The provider's id of it.
    pub provider_id: String,
    /// Our id of it, where it was asked for here.
    pub own_id: Option<String>,
    /// The amount that goes back.
    pub amount: Amount,
    /// The state of the refund.
    pub state: PaymentRefundState,
    /// The reason, in the provider's word.
    pub reason: String,
}

/// A dispute as its provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDispute {
    /// The provider's id of it.
    pub provider_id: String,
    /// The amount that is asked back.
    pub amount: Amount,
    /// The state of the dispute.
    pub state: DisputeState,
    /// The reason, in the provider's word.
    pub reason: String,
}

/// An event that a provider has signed: what it is about, and nothing of what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEvent {
    /// The provider's id of the event.
    pub id: String,
    /// Its kind, in the provider's word.
    pub kind: String,
    /// Our id of the payment, where the event names it.
    pub payment: Option<String>,
    /// The provider's ids that it may be known by.
    pub provider_ids: Vec<String>,
}

/// The way to a header of a request, by its name in lower case.
pub type Headers<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A provider. Its functions wait for answers, and are called on threads that may. An asking twice with the same attempt or the
/// same refund is done once.
pub trait Provider: Send + Sync {
    /// The table of its amounts.
    fn minor_units(&self) -> MinorUnits;

    /// Seconds that a request may take.
    fn timeout_seconds(&self) -> u64;

    /// Makes the provider know an account, and gives the id that it knows it by.
    fn customer(&self, account: &str) -> Told<Option<String>>;

    /// Asks for a payment. Whoever pays comes back to `return_url`.
    fn begin(&self, payment: &PaymentRecord, return_url: &str) -> Told<SeenPayment>;

    /// A payment as it is now; `None` where the provider has none of it.
    fn look(&self, payment: &PaymentRecord) -> Told<Option<SeenPayment>>;

    /// Ends a payment that is not paid.
    fn cancel(&self, payment: &PaymentRecord) -> Told<SeenPayment>;

    /// Asks for a refund.
    fn refund(&self, payment: &PaymentRecord, refund: &RefundRecord) -> Told<SeenRefund>;

    /// Every refund of a payment.
    fn refunds(&self, payment: &PaymentRecord) -> Told<Vec<SeenRefund>>;

    /// Every dispute of a payment.
    fn disputes(&self, payment: &PaymentRecord) -> Told<Vec<SeenDispute>>;

    /// Forgets a saved method.
    fn forget_method(&self, provider_id: &str) -> Told<()>;

    /// The key that pages may know, where a page can have a form for cards.
    fn publishable_key(&self) -> Option<String>;

    /// Reads an event, if the provider has signed it lately.
    fn read_event(&self, header: Headers<'_>, body: &[u8], now: UnixMicros) -> Answer<SignedEvent>;
}

/// The providers that the settings name.
#[derive(Clone, Default)]
pub struct Providers {
    stripe: Option<Arc<dyn Provider>>,
    paypal: Option<Arc<dyn Provider>>,
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = [("stripe", self.stripe.is_some()), ("paypal", self.paypal.is_some())];
        f.debug_map().entries(names).finish()
    }
}

impl Providers {
    /// These two, where they are there.
    pub fn new(stripe: Option<Arc<dyn Provider>>, paypal: Option<Arc<dyn Provider>>) -> Self {
        Self { stripe, paypal }
    }

    /// A provider, if it is configured. Bank transfers have none.
    pub fn get(&self, provider: PaymentProvider) -> Option<&Arc<dyn Provider>> {
        match provider {
            PaymentProvider::Manual => None,
            PaymentProvider::Stripe => self.stripe.as_ref(),
            PaymentProvider::Paypal => self.paypal.as_ref(),
        }
    }

    /// The providers that are configured, bank transfers aside.
    pub fn configured(&self) -> Vec<PaymentProvider> {
        let all = [PaymentProvider::Stripe, PaymentProvider::Paypal];
        all.into_iter().filter(|provider| self.get(*provider).is_some()).collect()
    }

    /// A provider that has to be configured.
    pub fn needed(&self, provider: PaymentProvider) -> Answer<&Arc<dyn Provider>> {
        let message = || format!("{} is not configured", provider_name(provider));
        self.get(provider).ok_or_else(|| Problem::field("provider", message()))
    }

    /// The table of a provider's amounts.
    pub fn minor_units(&self, provider: PaymentProvider) -> Answer<MinorUnits> {
        if provider == PaymentProvider::Manual {
            return Ok(MinorUnits::Iso);
        }
        self.needed(provider).map(|provider| provider.minor_units())
    }
}

impl ProviderError {
    /// The problem of who waits for it.
    pub fn problem(&self, what: &str) -> Problem {
        match self {
            Self::Unknown(reason) => {
                tracing::warn!(reason, "a provider of payments gave no answer");
                Problem::unavailable(format!("the provider gave no answer, and {what}; ask again"))
                    .retry_after(5)
            }
            Self::Refused(failure) => Problem::wrong_state(format!(
                "the provider refused it: {} ({})",
                failure.message, failure.code
            )),
        }
    }
}
