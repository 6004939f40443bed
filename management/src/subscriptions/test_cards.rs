//! A provider of cards in memory: it takes what it is asked for at once, once for each attempt, until it is told to decline.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tollgate_api::answer::Answer;
use tollgate_api::payments::PaymentFailure;
use tollgate_api::problem::Problem;
use tollgate_billing::payment::minor_units::MinorUnits;
use tollgate_billing::payment::observation::Observation;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_payments::provider::{
    Headers, Provider, ProviderError, SeenDispute, SeenMethod, SeenPayment, SeenRefund, SignedEvent, Told,
};
use tollgate_payments::record::{PaymentRecord, RefundRecord};

/// The cards of a test.
#[derive(Debug, Default)]
pub struct TestCards {
    declines: AtomicBool,
    loses_answers: AtomicBool,
    /// The last word about each payment, and its amount.
    said: Mutex<BTreeMap<String, (Observation, Amount)>>,
}

impl TestCards {
    /// Declines every card from here on, or takes them.
    pub fn decline(&self, declines: bool) {
        self.declines.store(declines, Ordering::SeqCst);
    }

    /// Takes money without an answer from here on, or answers.
    pub fn lose_answers(&self, loses: bool) {
        self.loses_answers.store(loses, Ordering::SeqCst);
    }

    /// The sum that was taken, and the number of times.
    pub fn taken(&self) -> (String, usize) {
        let said = self.said.lock();
        let taken = said.values().filter(|(seen, _)| matches!(seen, Observation::Succeeded { .. }));
        let sum = taken.clone().fold(Amount::ZERO, |sum, (_, amount)| sum.checked_add(*amount).unwrap());
        (sum.to_string(), taken.count())
    }

    /// Whoever pays a payment that was declined does so at its page.
    pub fn pay(&self, payment: &str) {
        let mut said = self.said.lock();
        let (seen, amount) = said.get_mut(payment).unwrap();
        *seen = Observation::Succeeded { received: *amount };
    }

    fn seen(&self, payment: &PaymentRecord) -> Option<SeenPayment> {
        let observed = self.said.lock().get(&payment.id)?.0;
        let declined = PaymentFailure { code: "declined".to_owned(), message: "No money there.".to_owned() };
        let method = SeenMethod {
            provider_id: "pm_test".to_owned(),
            kind: "card".to_owned(),
            brand: None,
            last4: None,
            expires: None,
        };
        Some(SeenPayment {
            provider_id: Some(format!("at_{}", payment.id)),
            charge_id: None,
            observed,
            failure: (observed == Observation::Failed).then_some(declined),
            method: Some(method),
            client_secret: None,
            approve_url: None,
        })
    }
}

impl Provider for TestCards {
    fn minor_units(&self) -> MinorUnits {
        MinorUnits::Stripe
    }

    fn timeout_seconds(&self) -> u64 {
        1
    }

    fn customer(&self, account: &str) -> Told<Option<String>> {
        Ok(Some(account.to_owned()))
    }

    fn begin(&self, payment: &PaymentRecord, _: &str) -> Told<SeenPayment> {
        let amount = payment.amount.0;
        let observed = if self.declines.load(Ordering::SeqCst) {
            Observation::Failed
        } else {
            Observation::Succeeded { received: amount }
        };
        self.said.lock().entry(payment.id.clone()).or_insert((observed, amount));
        if self.loses_answers.load(Ordering::SeqCst) {
            return Err(ProviderError::Unknown("the answer is lost".to_owned()));
        }
        self.seen(payment).ok_or_else(|| ProviderError::Unknown("it is gone".to_owned()))
    }

    fn look(&self, payment: &PaymentRecord) -> Told<Option<SeenPayment>> {
        Ok(self.seen(payment))
    }

    fn cancel(&self, payment: &PaymentRecord) -> Told<SeenPayment> {
        if let Some((seen @ Observation::Failed, _)) = self.said.lock().get_mut(&payment.id) {
            *seen = Observation::Cancelled;
        }
        self.seen(payment).ok_or_else(|| ProviderError::Unknown("it is gone".to_owned()))
    }

    fn refund(&self, _: &PaymentRecord, _: &RefundRecord) -> Told<SeenRefund> {
        Err(ProviderError::Unknown("nothing is given back here".to_owned()))
    }

    fn refunds(&self, _: &PaymentRecord) -> Told<Vec<SeenRefund>> {
        Ok(Vec::new())
    }

    fn disputes(&self, _: &PaymentRecord) -> Told<Vec<SeenDispute>> {
        Ok(Vec::new())
    }

    fn forget_method(&self, _: &str) -> Told<()> {
        Ok(())
    }

    fn publishable_key(&self) -> Option<String> {
        None
    }

    fn read_event(&self, _: Headers<'_>, _: &[u8], _: UnixMicros) -> Answer<SignedEvent> {
        Err(Problem::not_found("it sends none"))
    }
}
