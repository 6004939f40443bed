//! Stripe's objects, as far as they are read.

use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::payments::{DisputeState, PaymentFailure, PaymentRefundState};
use tollgate_api::problem::Problem;
use tollgate_billing::payment::minor_units::MinorUnits;
use tollgate_billing::payment::observation::Observation;
use tollgate_engine::money::Amount;

use crate::http::text;
use crate::provider::{ProviderError, SeenDispute, SeenMethod, SeenPayment, SeenRefund, SignedEvent, Told};
use crate::record::PaymentRecord;

/// The field of our id of a payment.
pub const PAYMENT: &str = "metadata[tollgate_payment]";
/// The field of our id of a refund.
pub const REFUND: &str = "metadata[tollgate_refund]";

/// Octets of an id of Stripe.
const ID_OCTETS_MAX: usize = 255;
/// Characters of a text of Stripe that is kept.
const TEXT_CHARACTERS_MAX: usize = 300;

/// An answer that cannot be read says nothing.
pub fn unreadable(what: &str) -> ProviderError {
    ProviderError::Unknown(format!("Stripe's answer cannot be read as {what}"))
}

/// A refusal of our own.
pub fn refused(code: &str, message: &str) -> ProviderError {
    ProviderError::Refused(PaymentFailure { code: code.to_owned(), message: message.to_owned() })
}

/// An error of Stripe that is a refusal.
pub fn refusal(error: &Value) -> ProviderError {
    ProviderError::Refused(failure(error))
}

/// The reason of an error of Stripe, or of a payment's last one.
fn failure(error: &Value) -> PaymentFailure {
    let code = ["decline_code", "code", "type"].into_iter().find_map(|name| text(&error[name]));
    let message = text(&error["message"]).unwrap_or_else(|| "it was refused".to_owned());
    PaymentFailure {
        code: bounded(&code.unwrap_or_else(|| "refused".to_owned())),
        message: bounded(&message),
    }
}

fn bounded(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(TEXT_CHARACTERS_MAX).collect()
}

/// The payment of an error, where Stripe has one of it: a card that was declined leaves one that may still be paid.
pub fn declined(error: &Value, payment: &PaymentRecord) -> Told<SeenPayment> {
    let intent = &error["payment_intent"];
    if !intent.is_object() {
        return Err(refusal(error));
    }
    let seen = self::payment(intent, payment)?;
    Ok(SeenPayment { failure: Some(failure(error)), ..seen })
}

/// A `PaymentIntent` as it is seen.
pub fn payment(intent: &Value, payment: &PaymentRecord) -> Told<SeenPayment> {
    let status = intent["status"].as_str().ok_or_else(|| unreadable("a payment"))?;
    let id = text(&intent["id"]).ok_or_else(|| unreadable("a payment"))?;
    let last_error = &intent["last_payment_error"];
    let observed = match status {
        "requires_payment_method" if last_error.is_object() => Observation::Failed,
        "requires_payment_method" | "requires_confirmation" | "requires_action" => {
            Observation::RequiresAction
        }
        "processing" | "requires_capture" => Observation::Processing,
        "succeeded" => {
            Observation::Succeeded { received: amount(&intent["amount_received"], intent, payment)? }
        }
        "canceled" => Observation::Cancelled,
        _ => Observation::Unknown,
    };
    Ok(SeenPayment {
        provider_id: Some(id),
        charge_id: text(&intent["latest_charge"]).or_else(|| text(&intent["latest_charge"]["id"])),
        observed,
        failure: last_error.is_object().then(|| failure(last_error)),
        method: method(&intent["payment_method"]),
        client_secret: text(&intent["client_secret"]),
        approve_url: None,
    })
}

/// An amount of an object in the currency of the payment. Another currency is nothing that can be credited.
fn amount(minor: &Value, object: &Value, payment: &PaymentRecord) -> Told<Amount> {
    let currency = object["currency"].as_str().unwrap_or_default();
    if !currency.eq_ignore_ascii_case(payment.currency.0.as_str()) {
        tracing::error!(
            payment = payment.id,
            currency,
            "Stripe has another currency for a payment; a person has to look"
        );
        return Err(ProviderError::Unknown("Stripe has another currency for the payment".to_owned()));
    }
    let minor = minor.as_i64().ok_or_else(|| unreadable("an amount"))?;
    MinorUnits::Stripe.from_minor(minor, payment.currency.0).map_err(|_| unreadable("an amount"))
}

fn method(method: &Value) -> Option<SeenMethod> {
    if let Some(id) = method.as_str() {
        let (brand, last4, expires) = (None, None, None);
        return Some(SeenMethod {
            provider_id: id.to_owned(),
            kind: "card".to_owned(),
            brand,
            last4,
            expires,
        });
    }
    let card = &method["card"];
    let expires = card["exp_year"].as_u64().zip(card["exp_month"].as_u64());
    Some(SeenMethod {
        provider_id: text(&method["id"])?,
        kind: text(&method["type"]).map_or_else(|| "card".to_owned(), |kind| bounded(&kind)),
        brand: text(&card["brand"]).map(|text| bounded(&text)),
        last4: text(&card["last4"]).map(|text| bounded(&text)),
        expires: expires.map(|(year, month)| format!("{year:04}-{month:02}")),
    })
}

/// A refund as it is seen.
pub fn refund(refund: &Value, payment: &PaymentRecord) -> Told<SeenRefund> {
    let state = match refund["status"].as_str() {
        Some("succeeded") => PaymentRefundState::Succeeded,
        Some("failed" | "canceled") => PaymentRefundState::Failed,
        Some(_) => PaymentRefundState::Pending,
        None => return Err(unreadable("a refund")),
    };
    let reason = text(&refund["reason"]).unwrap_or_else(|| "refunded at the provider".to_owned());
    Ok(SeenRefund {
        provider_id: text(&refund["id"]).ok_or_else(|| unreadable("a refund"))?,
        own_id: text(&refund["metadata"]["tollgate_refund"]),
        amount: amount(&refund["amount"], refund, payment)?,
        state,
        reason: bounded(&reason),
    })
}

/// A dispute as it is seen.
pub fn dispute(dispute: &Value, payment: &PaymentRecord) -> Told<SeenDispute> {
    let state = dispute["status"].as_str().map(dispute_state).ok_or_else(|| unreadable("a dispute"))?;
    Ok(SeenDispute {
        provider_id: text(&dispute["id"]).ok_or_else(|| unreadable("a dispute"))?,
        amount: amount(&dispute["amount"], dispute, payment)?,
        state,
        reason: bounded(&text(&dispute["reason"]).unwrap_or_else(|| "no reason was given".to_owned())),
    })
}

/// The state that a status of Stripe means. One that was prevented was settled by a refund, which is told of as such.
fn dispute_state(status: &str) -> DisputeState {
    match status {
        "won" | "warning_closed" | "prevented" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        _ => DisputeState::Opened,
    }
}

/// An event, as far as it says where to look.
pub fn event(body: &[u8]) -> Answer<SignedEvent> {
    let wrong = || Problem::invalid_request("the body is no event of Stripe");
    let event: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let id = text(&event["id"]).filter(|id| is_id(id)).ok_or_else(wrong)?;
    let object = &event["data"]["object"];
    let ids = [&object["id"], &object["payment_intent"], &object["charge"]];
    Ok(SignedEvent {
        id,
        kind: text(&event["type"]).map(|text| bounded(&text)).unwrap_or_default(),
        payment: text(&object["metadata"]["tollgate_payment"]),
        provider_ids: ids.into_iter().filter_map(text).filter(|id| is_id(id)).collect(),
    })
}

fn is_id(id: &str) -> bool {
    (1..=ID_OCTETS_MAX).contains(&id.len())
        && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_-.".contains(&octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_a_dispute_has_a_state() {
        for (status, state) in [
            ("warning_needs_response", DisputeState::Opened),
            ("warning_under_review", DisputeState::Opened),
            ("warning_closed", DisputeState::Won),
            ("needs_response", DisputeState::Opened),
            ("under_review", DisputeState::Opened),
            ("won", DisputeState::Won),
            ("prevented", DisputeState::Won),
            ("lost", DisputeState::Lost),
        ] {
            assert_eq!(dispute_state(status), state, "{status}");
        }
    }
}
