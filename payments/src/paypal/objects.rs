//! PayPal's objects, as far as they are read.

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::payments::{DisputeState, PaymentFailure, PaymentRefundState};
use tollgate_api::problem::Problem;
use tollgate_billing::payment::observation::Observation;
use tollgate_engine::money::Amount;

use crate::http::text;
use crate::provider::{Headers, ProviderError, SeenDispute, SeenPayment, SeenRefund, SignedEvent, Told};
use crate::record::PaymentRecord;

/// Octets of an id of PayPal.
const ID_OCTETS_MAX: usize = 255;
/// Characters of a text of PayPal that is kept.
const TEXT_CHARACTERS_MAX: usize = 300;

fn unreadable(what: &str) -> ProviderError {
    ProviderError::Unknown(format!("PayPal's answer cannot be read as {what}"))
}

/// The reason of an error of PayPal.
pub fn failure(error: &Value) -> PaymentFailure {
    let issue = &error["details"][0];
    let code = text(&issue["issue"]).or_else(|| text(&error["name"])).unwrap_or_else(|| "refused".to_owned());
    let message = text(&issue["description"]).or_else(|| text(&error["message"]));
    PaymentFailure {
        code: bounded(&code),
        message: bounded(&message.unwrap_or_else(|| "it was refused".to_owned())),
    }
}

fn bounded(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(TEXT_CHARACTERS_MAX).collect()
}

/// The id of an object.
pub fn id(object: &Value) -> Told<String> {
    text(&object["id"]).filter(|id| is_id(id)).ok_or_else(|| unreadable("an object"))
}

/// The captures of an order.
pub fn captures(order: &Value) -> &[Value] {
    let captures = order["purchase_units"][0]["payments"]["captures"].as_array();
    captures.map_or(&[], Vec::as_slice)
}

/// The refunds of an order.
pub fn refunds(order: &Value) -> &[Value] {
    let refunds = order["purchase_units"][0]["payments"]["refunds"].as_array();
    refunds.map_or(&[], Vec::as_slice)
}

/// An order as it is seen.
pub fn payment(order: &Value, payment: &PaymentRecord) -> Told<SeenPayment> {
    let capture = captures(order).first();
    let observed = match (order["status"].as_str().unwrap_or_default(), capture) {
        (_, Some(capture)) => captured(capture, payment)?,
        ("VOIDED", None) => Observation::Cancelled,
        ("CREATED" | "SAVED" | "APPROVED" | "PAYER_ACTION_REQUIRED", None) => Observation::RequiresAction,
        ("COMPLETED", None) => Observation::Processing,
        _ => Observation::Unknown,
    };
    let links = order["links"].as_array().map_or(&[][..], Vec::as_slice);
    let approve = links.iter().find(|link| link["rel"] == "payer-action" || link["rel"] == "approve");
    let reason = capture.filter(|_| observed == Observation::Failed);
    Ok(SeenPayment {
        provider_id: Some(id(order)?),
        charge_id: capture.map(id).transpose()?,
        observed,
        failure: reason.map(|capture| PaymentFailure {
            code: text(&capture["status_details"]["reason"]).unwrap_or_else(|| "declined".to_owned()),
            message: "PayPal could not take the money".to_owned(),
        }),
        method: None,
        client_secret: None,
        approve_url: approve.and_then(|link| text(&link["href"])).filter(|url| url.starts_with("http")),
    })
}

fn captured(capture: &Value, payment: &PaymentRecord) -> Told<Observation> {
    Ok(match capture["status"].as_str().unwrap_or_default() {
        "COMPLETED" | "REFUNDED" | "PARTIALLY_REFUNDED" => {
            Observation::Succeeded { received: amount(&capture["amount"], payment)? }
        }
        "PENDING" => Observation::Processing,
        "DECLINED" | "FAILED" => Observation::Failed,
        _ => Observation::Unknown,
    })
}

/// An amount in the currency of the payment. Another currency is nothing that can be credited.
fn amount(amount: &Value, payment: &PaymentRecord) -> Told<Amount> {
    if amount["currency_code"] != payment.currency.0.as_str() {
        tracing::error!(
            payment = payment.id,
            "PayPal has another currency for a payment; a person has to look"
        );
        return Err(ProviderError::Unknown("PayPal has another currency for the payment".to_owned()));
    }
    amount["value"].as_str().and_then(|value| value.parse().ok()).ok_or_else(|| unreadable("an amount"))
}

/// A refund as it is seen.
pub fn refund(refund: &Value, payment: &PaymentRecord) -> Told<SeenRefund> {
    let state = match refund["status"].as_str() {
        Some("COMPLETED") => PaymentRefundState::Succeeded,
        Some("FAILED" | "CANCELLED") => PaymentRefundState::Failed,
        Some(_) => PaymentRefundState::Pending,
        None => return Err(unreadable("a refund")),
    };
    let own = [&refund["custom_id"], &refund["invoice_id"]].into_iter().filter_map(text);
    Ok(SeenRefund {
        provider_id: id(refund)?,
        own_id: own.into_iter().find(|id| id.starts_with("ref_")),
        amount: amount(&refund["amount"], payment)?,
        state,
        reason: bounded(refund["note_to_payer"].as_str().unwrap_or("refunded at the provider")),
    })
}

/// A dispute as it is seen.
pub fn dispute(dispute: &Value, payment: &PaymentRecord) -> Told<SeenDispute> {
    let outcome = dispute["dispute_outcome"]["outcome_code"].as_str().unwrap_or_default();
    let status = dispute["status"].as_str().ok_or_else(|| unreadable("a dispute"))?;
    let state = dispute_state(status, outcome);
    let id = text(&dispute["dispute_id"]).filter(|id| is_id(id));
    Ok(SeenDispute {
        provider_id: id.ok_or_else(|| unreadable("a dispute"))?,
        amount: amount(&dispute["dispute_amount"], payment)?,
        state,
        reason: bounded(dispute["reason"].as_str().unwrap_or("no reason was given")),
    })
}

/// The state that a status of PayPal means, by its outcome once it is resolved.
fn dispute_state(status: &str, outcome: &str) -> DisputeState {
    match (status, outcome) {
        ("RESOLVED", "RESOLVED_BUYER_FAVOUR" | "ACCEPTED") => DisputeState::Lost,
        ("RESOLVED", _) => DisputeState::Won,
        _ => DisputeState::Opened,
    }
}

/// An event, as far as it says where to look.
pub fn event(body: &[u8]) -> Answer<SignedEvent> {
    let wrong = || Problem::invalid_request("the body is no event of PayPal");
    let event: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let id = text(&event["id"]).filter(|id| is_id(id)).ok_or_else(wrong)?;
    let resource = &event["resource"];
    let ids = [
        &resource["id"],
        &resource["supplementary_data"]["related_ids"]["order_id"],
        &resource["supplementary_data"]["related_ids"]["capture_id"],
        &resource["disputed_transactions"][0]["seller_transaction_id"],
        &resource["dispute_id"],
    ];
    let payment =
        [&resource["custom_id"], &resource["purchase_units"][0]["custom_id"]].into_iter().filter_map(text);
    let mut provider_ids: Vec<String> = ids.into_iter().filter_map(text).filter(|id| is_id(id)).collect();
    provider_ids.extend(captured_in(resource));
    Ok(SignedEvent {
        id,
        kind: bounded(event["event_type"].as_str().unwrap_or_default()),
        payment: payment.into_iter().find(|id| id.starts_with("pay_")),
        provider_ids,
    })
}

/// The capture that a refund's link leads up to.
fn captured_in(resource: &Value) -> Option<String> {
    let links = resource["links"].as_array()?;
    let up = links.iter().find(|link| link["rel"] == "up")?;
    let id = up["href"].as_str()?.rsplit('/').next()?;
    Some(id.to_owned()).filter(|id| is_id(id))
}

/// The question whether an event is PayPal's own, with the event as it came, octet by octet.
pub fn verification(header: Headers<'_>, webhook: &str, body: &[u8]) -> Answer<Vec<u8>> {
    let of = |name: &str| {
        let missing = || Problem::invalid_request(format!("the header {name} is missing"));
        header(name).ok_or_else(missing)
    };
    let asked = json!({
        "auth_algo": of("paypal-auth-algo")?,
        "cert_url": of("paypal-cert-url")?,
        "transmission_id": of("paypal-transmission-id")?,
        "transmission_sig": of("paypal-transmission-sig")?,
        "transmission_time": of("paypal-transmission-time")?,
        "webhook_id": webhook,
    });
    let mut text = asked.to_string().into_bytes();
    // The closing brace.
    text.pop();
    text.extend_from_slice(b",\"webhook_event\":");
    text.extend_from_slice(body);
    text.push(b'}');
    Ok(text)
}

fn is_id(id: &str) -> bool {
    (1..=ID_OCTETS_MAX).contains(&id.len())
        && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_-.".contains(&octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispute_is_lost_where_the_buyer_is_right() {
        for (status, outcome, state) in [
            ("OPEN", "", DisputeState::Opened),
            ("WAITING_FOR_SELLER_RESPONSE", "", DisputeState::Opened),
            ("UNDER_REVIEW", "NONE", DisputeState::Opened),
            ("RESOLVED", "RESOLVED_BUYER_FAVOUR", DisputeState::Lost),
            ("RESOLVED", "ACCEPTED", DisputeState::Lost),
            ("RESOLVED", "RESOLVED_SELLER_FAVOUR", DisputeState::Won),
            ("RESOLVED", "RESOLVED_WITH_PAYOUT", DisputeState::Won),
            ("RESOLVED", "CANCELED_BY_BUYER", DisputeState::Won),
            ("RESOLVED", "DENIED", DisputeState::Won),
        ] {
            assert_eq!(dispute_state(status, outcome), state, "{status} {outcome}");
        }
    }
}
