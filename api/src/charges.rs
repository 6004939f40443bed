//! Charges over HTTP, by the same path and with the same promises as over SMPP; what is given back of them;
//! and quotes.

mod dto;
mod quoted;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IdempotencyKey, Path};
use crate::openapi::Problems;

pub use dto::{Charge, Network, NewCharge, NewRefund, PAYLOAD_OCTETS_MAX, Refund};
pub use quoted::{
    NewQuote, Quote, QuotedCandidate, QuotedCost, QuotedLine, QuotedPosting, QuotedRate, QuotedRoute,
    QuotedSegments, QuotedVolume,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("POST", "/v1/charges", Who::Roles(CUSTOMER, Scope::MessagesWrite)),
    rule("POST", "/v1/charges/{id}/refund", Who::Roles(ADMIN, Scope::MessagesWrite)),
    rule("POST", "/v1/quotes", Who::Roles(CUSTOMER, Scope::MessagesRead)),
];

/// Charges messages, gives charges back and quotes prices.
pub trait ChargesService: Send + Sync + 'static {
    /// Charges a message, once for each Idempotency-Key.
    fn charge(&self, caller: &Caller, new: NewCharge, key: &IdempotencyKey) -> Answer<Charge>;

    /// Gives a charge back, once.
    fn refund(
        &self,
        caller: &Caller,
        message: &str,
        refund: NewRefund,
        key: &IdempotencyKey,
    ) -> Answer<Refund>;

    /// Says what a message would cost. Nothing is charged.
    fn quote(&self, caller: &Caller, new: &NewQuote) -> Answer<Quote>;
}

type Service = Arc<dyn ChargesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ChargesService>> {
    OpenApiRouter::new().routes(routes!(charge)).routes(routes!(refund)).routes(routes!(quote))
}

/// Charge a message
///
/// By the same path as a submit_sm: once this is answered the message is rated, paid for and on disk, and it
/// is handed to an operator where the account's messages are. A refusal has its name as the problem's `code`:
/// 402 `insufficient_funds`, 403 `suspended`, 409 `key_reused`, 429 `throttled`, 503 `overloaded` or
/// `storage_unavailable`, and 422 for `malformed`, `sender_not_allowed`, `template_not_allowed`,
/// `unknown_destination`, `too_long`, `no_rate`, `no_route`, `above_price` and `invalid_validity`.
///
/// The `Idempotency-Key` and the idempotency TLV of SMPP are one space of keys per account: a message that
/// came by either with a key is not charged again by the other. The same key with another text, sender or
/// destination is `key_reused`.
#[utoipa::path(post, path = "/v1/charges", tag = "charges", operation_id = "create_charge",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters")),
    request_body = NewCharge,
    responses((status = 201, description = "The charge", body = Charge), Problems))]
async fn charge(
    State(service): State<Service>,
    caller: Caller,
    key: IdempotencyKey,
    Body(new): Body<NewCharge>,
) -> Answer<Created<Json<Charge>>> {
    let charged = call(service, move |service| service.charge(&caller, new, &key)).await?;
    Ok(Created { location: format!("/v1/cdrs/{}", charged.message_id), body: Json(charged) })
}

/// Refund a charge
///
/// The whole price goes back to the account, once. A message that waits is cancelled by it; one that an
/// operator has, and whose end is not known yet, cannot be refunded until it is. Send an `Idempotency-Key` to
/// be able to repeat a request whose answer was lost.
#[utoipa::path(post, path = "/v1/charges/{id}/refund", tag = "charges", operation_id = "refund_charge",
    params(("id" = String, Path, description = "The message's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters")),
    request_body = NewRefund,
    responses((status = 200, description = "The refund", body = Refund), Problems))]
async fn refund(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Body(refund): Body<NewRefund>,
) -> Answer<Json<Refund>> {
    call(service, move |service| service.refund(&caller, &id, refund, &key)).await.map(Json)
}

/// Quote a message
///
/// What it would cost and why, by the code that charges. Nothing is charged. What would be refused before it
/// has a price is answered as a charge would be.
#[utoipa::path(post, path = "/v1/quotes", tag = "charges", operation_id = "create_quote", request_body = NewQuote,
    responses((status = 200, description = "The quote", body = Quote), Problems))]
async fn quote(
    State(service): State<Service>,
    caller: Caller,
    Body(new): Body<NewQuote>,
) -> Answer<Json<Quote>> {
    call(service, move |service| service.quote(&caller, &new)).await.map(Json)
}
