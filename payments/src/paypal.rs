//! PayPal: payments are orders (Orders v2), which carry our id and are captured here once who pays has approved them.
//!
//! Every request that makes something has a `PayPal-Request-Id`, so that it is done once. An empty answer says nothing: then the
//! order is read, and nothing is sent again under another id.

mod client;
mod objects;

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::payments::PaymentFailure;
use tollgate_api::problem::Problem;
use tollgate_billing::payment::minor_units::MinorUnits;
use tollgate_billing::payment::observation::Observation;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::PayPalSettings;

use super::provider::{
    Headers, Provider, ProviderError, SeenDispute, SeenPayment, SeenRefund, SignedEvent, Told,
};
use super::record::{PaymentRecord, RefundRecord};
use client::{Asked, PayPalClient};

/// An account at PayPal.
pub struct PayPal {
    client: PayPalClient,
    webhook_id: Option<String>,
    timeout_seconds: u64,
}

impl PayPal {
    /// The account of these settings.
    pub fn new(settings: &PayPalSettings) -> Self {
        Self {
            client: PayPalClient::new(settings),
            webhook_id: settings.webhook_id.clone(),
            timeout_seconds: settings.timeout_seconds.into(),
        }
    }

    fn amount(payment: &PaymentRecord, amount: Amount) -> Told<Value> {
        let written = MinorUnits::PayPal.to_text(amount, payment.currency.0);
        let refused = |error: &dyn std::fmt::Display| {
            ProviderError::Refused(PaymentFailure { code: "amount".to_owned(), message: error.to_string() })
        };
        let value = written.map_err(|error| refused(&error))?;
        Ok(json!({ "currency_code": payment.currency.0.as_str(), "value": value }))
    }

    fn order(&self, payment: &PaymentRecord) -> Told<Value> {
        let id = payment.provider_id.as_deref();
        let id = id.ok_or_else(|| ProviderError::Unknown("the payment's order is not known".to_owned()))?;
        self.client.get(&format!("/v2/checkout/orders/{id}"))
    }

    /// Captures an order that is approved, and reads it again: what an answer to a capture leaves out, or an answer that is
    /// empty, proves nothing.
    fn captured(&self, order: &Value, payment: &PaymentRecord) -> Told<SeenPayment> {
        let id = objects::id(order)?;
        let path = format!("/v2/checkout/orders/{id}/capture");
        let key = format!("{}-capture", payment.attempt);
        let declined = match self.client.ask(&Asked::post(&path, &json!({}), &key)) {
            Ok(Ok(_)) | Err(ProviderError::Unknown(_)) => None,
            Ok(Err(error)) => Some(objects::failure(&error)),
            Err(error) => return Err(error),
        };
        let order = self.client.get(&format!("/v2/checkout/orders/{id}"))?;
        let seen = objects::payment(&order, payment)?;
        // It is as it was: what was said of the capture is what is known of it.
        match declined {
            Some(failure) if order["status"] == "APPROVED" => {
                Ok(SeenPayment { observed: Observation::Failed, failure: Some(failure), ..seen })
            }
            _ => Ok(seen),
        }
    }

    fn capture_id(order: &Value) -> Option<&str> {
        objects::captures(order).first().and_then(|capture| capture["id"].as_str())
    }
}

impl Provider for PayPal {
    fn minor_units(&self) -> MinorUnits {
        MinorUnits::PayPal
    }

    fn timeout_seconds(&self) -> u64 {
        self.timeout_seconds
    }

    fn customer(&self, _: &str) -> Told<Option<String>> {
        Ok(None)
    }

    fn begin(&self, payment: &PaymentRecord, return_url: &str) -> Told<SeenPayment> {
        let body = json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "reference_id": "default",
                "custom_id": payment.id,
                "invoice_id": payment.id,
                "amount": Self::amount(payment, payment.amount.0)?,
            }],
            "payment_source": { "paypal": { "experience_context": {
                "return_url": return_url,
                "cancel_url": return_url,
                "user_action": "PAY_NOW",
                "shipping_preference": "NO_SHIPPING",
            } } },
        });
        let order = self.client.post("/v2/checkout/orders", &body, &payment.attempt)?;
        objects::payment(&order, payment)
    }

    fn look(&self, payment: &PaymentRecord) -> Told<Option<SeenPayment>> {
        if payment.provider_id.is_none() {
            // Orders cannot be searched for; the same request under the same id finds the one that there is.
            return Ok(None);
        }
        let order = self.order(payment)?;
        if order["status"] == "APPROVED" {
            return self.captured(&order, payment).map(Some);
        }
        objects::payment(&order, payment).map(Some)
    }

    fn cancel(&self, payment: &PaymentRecord) -> Told<SeenPayment> {
        // An order that is not captured takes no money, and nobody but this captures it.
        let seen = objects::payment(&self.order(payment)?, payment)?;
        match seen.observed {
            Observation::RequiresAction | Observation::Failed => {
                Ok(SeenPayment { observed: Observation::Cancelled, ..seen })
            }
            _ => Ok(seen),
        }
    }

    fn refund(&self, payment: &PaymentRecord, refund: &RefundRecord) -> Told<SeenRefund> {
        let order = self.order(payment)?;
        let missing = || ProviderError::Unknown("the order has no capture".to_owned());
        let capture = Self::capture_id(&order).ok_or_else(missing)?;
        let body = json!({
            "amount": Self::amount(payment, refund.amount.0)?,
            "invoice_id": refund.id,
            "custom_id": refund.id,
        });
        let path = format!("/v2/payments/captures/{capture}/refund");
        let answer = self.client.post(&path, &body, &refund.id)?;
        let seen = objects::refund(&answer, payment)?;
        Ok(SeenRefund { own_id: Some(refund.id.clone()), amount: refund.amount.0, ..seen })
    }

    fn refunds(&self, payment: &PaymentRecord) -> Told<Vec<SeenRefund>> {
        let order = self.order(payment)?;
        objects::refunds(&order).iter().map(|refund| objects::refund(refund, payment)).collect()
    }

    fn disputes(&self, payment: &PaymentRecord) -> Told<Vec<SeenDispute>> {
        let Some(capture) = payment.charge_id.as_deref() else { return Ok(Vec::new()) };
        let answer = self.client.get(&format!("/v1/customer/disputes?disputed_transaction_id={capture}"))?;
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|dispute| objects::dispute(dispute, payment)).collect()
    }

    fn forget_method(&self, _: &str) -> Told<()> {
        Ok(())
    }

    fn publishable_key(&self) -> Option<String> {
        None
    }

    fn read_event(&self, header: Headers<'_>, body: &[u8], _: UnixMicros) -> Answer<SignedEvent> {
        let Some(webhook) = &self.webhook_id else {
            return Err(Problem::not_found("no webhook of PayPal is configured"));
        };
        let event = objects::event(body)?;
        let asked = objects::verification(header, webhook, body)?;
        match self.client.ask(&Asked::raw("/v1/notifications/verify-webhook-signature", asked)) {
            Ok(Ok(answer)) if answer["verification_status"] == "SUCCESS" => Ok(event),
            Ok(_) | Err(ProviderError::Refused(_)) => {
                Err(Problem::invalid_request("PayPal says that the event is not its own"))
            }
            // PayPal sends it again.
            Err(error @ ProviderError::Unknown(_)) => Err(error.problem("the event is not taken")),
        }
    }
}
