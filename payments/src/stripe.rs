//! Stripe: payments are `PaymentIntent`s, which carry our id in their metadata.

mod client;
mod objects;
mod signature;

use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_billing::payment::minor_units::MinorUnits;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{Secret, StripeSettings};

use super::provider::{
    Headers, Provider, ProviderError, SeenDispute, SeenPayment, SeenRefund, SignedEvent, Told,
};
use super::record::{PaymentRecord, RefundRecord};
use client::{Asked, StripeClient};
use objects::{PAYMENT, REFUND};

/// An account at Stripe.
pub struct Stripe {
    client: StripeClient,
    webhook_secret: Option<Secret>,
    publishable_key: Option<String>,
    tolerance_seconds: u64,
    timeout_seconds: u64,
}

impl Stripe {
    /// The account of these settings.
    pub fn new(settings: &StripeSettings) -> Self {
        Self {
            client: StripeClient::new(settings),
            webhook_secret: settings.webhook_secret.clone(),
            publishable_key: settings.publishable_key.clone(),
            tolerance_seconds: settings.webhook_tolerance_seconds.into(),
            timeout_seconds: settings.timeout_seconds.into(),
        }
    }

    fn minor(payment: &PaymentRecord, amount: tollgate_engine::money::Amount) -> Told<String> {
        let minor = MinorUnits::Stripe.to_minor(amount, payment.currency.0);
        minor.map(|minor| minor.to_string()).map_err(|error| objects::refused("amount", &error.to_string()))
    }

    fn known_id(payment: &PaymentRecord) -> Told<&str> {
        let id = payment.provider_id.as_deref();
        id.ok_or_else(|| ProviderError::Unknown("the payment's record at Stripe is not known".to_owned()))
    }

    fn list(&self, what: &str, payment: &PaymentRecord) -> Told<Vec<Value>> {
        let id = Self::known_id(payment)?;
        let query = [("payment_intent", id), ("limit", "100")];
        let answer = self.client.get(what, &query)?;
        answer["data"].as_array().cloned().ok_or_else(|| objects::unreadable(what))
    }
}

impl Provider for Stripe {
    fn minor_units(&self) -> MinorUnits {
        MinorUnits::Stripe
    }

    fn timeout_seconds(&self) -> u64 {
        self.timeout_seconds
    }

    fn customer(&self, account: &str) -> Told<Option<String>> {
        let fields = [("metadata[tollgate_account]", account), ("name", account)];
        let key = format!("customer-{account}");
        let answer = self.client.post("/v1/customers", &fields, Some(&key))?;
        let id = super::http::text(&answer["id"]);
        id.map(Some).ok_or_else(|| objects::unreadable("a customer"))
    }

    fn begin(&self, payment: &PaymentRecord, _: &str) -> Told<SeenPayment> {
        let (amount, currency) =
            (Self::minor(payment, payment.amount.0)?, payment.currency.0.as_str().to_lowercase());
        let mut fields = vec![
            ("amount", amount.as_str()),
            ("currency", &currency),
            (PAYMENT, &payment.id),
            ("metadata[tollgate_account]", &payment.account),
            ("expand[]", "payment_method"),
        ];
        fields.extend(payment.customer.as_deref().map(|customer| ("customer", customer)));
        match &payment.provider_method {
            Some(method) => {
                fields.extend([
                    ("payment_method", method.as_str()),
                    ("off_session", "true"),
                    ("confirm", "true"),
                ]);
            }
            None => fields.push(("automatic_payment_methods[enabled]", "true")),
        }
        if payment.save_method {
            fields.push(("setup_future_usage", "off_session"));
        }
        match self.client.ask(Asked::post("/v1/payment_intents", &fields, Some(&payment.attempt)))? {
            Ok(intent) => objects::payment(&intent, payment),
            Err(error) => objects::declined(&error, payment),
        }
    }

    fn look(&self, payment: &PaymentRecord) -> Told<Option<SeenPayment>> {
        let Some(id) = payment.provider_id.as_deref() else {
            let query = format!("metadata['tollgate_payment']:'{}'", payment.id);
            let found = self.client.get("/v1/payment_intents/search", &[("query", &query)])?;
            let found = found["data"].as_array().and_then(|found| found.first()).cloned();
            // What the search finds of others is not this payment.
            let own = found.filter(|intent| intent["metadata"]["tollgate_payment"] == payment.id.as_str());
            return own.map(|intent| objects::payment(&intent, payment)).transpose();
        };
        let path = format!("/v1/payment_intents/{id}");
        match self.client.ask(Asked::get(&path, &[("expand[]", "payment_method")]))? {
            Ok(intent) => objects::payment(&intent, payment).map(Some),
            Err(error) => Err(objects::refusal(&error)),
        }
    }

    fn cancel(&self, payment: &PaymentRecord) -> Told<SeenPayment> {
        // Cancelling twice is cancelling once, and a key would have an earlier refusal answered again.
        let path = format!("/v1/payment_intents/{}/cancel", Self::known_id(payment)?);
        let intent = self.client.post(&path, &[], None)?;
        objects::payment(&intent, payment)
    }

    fn refund(&self, payment: &PaymentRecord, refund: &RefundRecord) -> Told<SeenRefund> {
        let amount = Self::minor(payment, refund.amount.0)?;
        let fields = [
            ("payment_intent", Self::known_id(payment)?),
            ("amount", &amount),
            (REFUND, &refund.id),
            (PAYMENT, &payment.id),
        ];
        let answer = self.client.post("/v1/refunds", &fields, Some(&refund.id))?;
        objects::refund(&answer, payment)
    }

    fn refunds(&self, payment: &PaymentRecord) -> Told<Vec<SeenRefund>> {
        self.list("/v1/refunds", payment)?.iter().map(|refund| objects::refund(refund, payment)).collect()
    }

    fn disputes(&self, payment: &PaymentRecord) -> Told<Vec<SeenDispute>> {
        self.list("/v1/disputes", payment)?.iter().map(|dispute| objects::dispute(dispute, payment)).collect()
    }

    fn forget_method(&self, provider_id: &str) -> Told<()> {
        self.client.post(&format!("/v1/payment_methods/{provider_id}/detach"), &[], None).map(drop)
    }

    fn publishable_key(&self) -> Option<String> {
        self.publishable_key.clone()
    }

    fn read_event(&self, header: Headers<'_>, body: &[u8], now: UnixMicros) -> Answer<SignedEvent> {
        let Some(secret) = &self.webhook_secret else {
            return Err(Problem::not_found("no secret for events of Stripe is configured"));
        };
        let signature = header("stripe-signature").unwrap_or_default();
        let (signed, tolerance) = (secret.expose(), self.tolerance_seconds);
        signature::check(&signature, signed, body, now, tolerance)?;
        objects::event(body)
    }
}
