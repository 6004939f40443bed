//! Payments: money that comes in through a provider, goes back to who paid it, or is disputed.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, Conditions, IdempotencyKey, IfMatch, OptionalBody, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{
    DisputeState, NewPayment, NewPaymentRefund, Payment, PaymentAction, PaymentConfirmation, PaymentDispute,
    PaymentFailure, PaymentProvider, PaymentPurpose, PaymentRefund, PaymentRefundState, PaymentState,
    PaymentsQuery,
};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/payments", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/payments", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("GET", "/v1/payments/{id}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/payments/{id}/cancel", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("POST", "/v1/payments/{id}/refresh", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/payments/{id}/confirm", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("GET", "/v1/payments/{id}/refunds", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/payments/{id}/refunds", Who::Roles(ADMIN, Scope::BillingWrite)),
    rule("GET", "/v1/payments/{id}/disputes", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/payments/webhooks/stripe", Who::Anybody),
    rule("POST", "/v1/payments/webhooks/paypal", Who::Anybody),
];

/// Begins, reads, confirms, cancels and refunds payments, and hears of them from providers.
pub trait PaymentsService: Send + Sync + 'static {
    /// Those of accounts that the caller may see, the newest first.
    fn payments(&self, caller: &Caller, query: &PaymentsQuery) -> Answer<Page<Payment>>;

    /// Writes a payment down and asks its provider for it, once for each Idempotency-Key.
    fn begin_payment(&self, caller: &Caller, new: NewPayment, key: &IdempotencyKey) -> Answer<Payment>;

    /// The same for clients that ask without a key: while one for the same can still be paid, there is no other.
    fn pay_once(&self, caller: &Caller, new: NewPayment) -> Answer<Payment>;

    /// One of them.
    fn payment(&self, caller: &Caller, id: &str) -> Answer<Versioned<Payment>>;

    /// Ends one that is not paid.
    fn cancel_payment(&self, caller: &Caller, id: &str, if_match: IfMatch) -> Answer<Versioned<Payment>>;

    /// Asks the provider of one how it stands.
    fn refresh_payment(&self, caller: &Caller, id: &str) -> Answer<Versioned<Payment>>;

    /// Notes that the money of a bank transfer has come.
    fn confirm_payment(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        confirmation: PaymentConfirmation,
    ) -> Answer<Versioned<Payment>>;

    /// The refunds of a payment, the earliest first.
    fn refunds(&self, caller: &Caller, id: &str) -> Answer<Page<PaymentRefund>>;

    /// Gives money of a payment back, once for each Idempotency-Key.
    fn refund_payment(
        &self,
        caller: &Caller,
        id: &str,
        new: NewPaymentRefund,
        conditions: &Conditions,
    ) -> Answer<PaymentRefund>;

    /// The disputes of a payment, the earliest first.
    fn disputes(&self, caller: &Caller, id: &str) -> Answer<Page<PaymentDispute>>;

    /// Takes an event of a provider, if it is signed by it, and keeps it until it is handled. `header` gives the value of a
    /// header by its name in lower case.
    fn take_event(
        &self,
        provider: PaymentProvider,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Answer<()>;
}

type Service = Arc<dyn PaymentsService>;

/// Octets of a provider's event at most, which are some thousands.
const EVENT_OCTETS_MAX: usize = 262_144;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn PaymentsService>> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(get))
        .routes(routes!(cancel))
        .routes(routes!(refresh))
        .routes(routes!(confirm))
        .routes(routes!(refunds, refund))
        .routes(routes!(disputes))
        .routes(routes!(stripe_event))
        .routes(routes!(paypal_event))
        // Whoever knows the address may send events.
        .layer(DefaultBodyLimit::max(EVENT_OCTETS_MAX))
}

/// List payments
///
/// Those of accounts that the caller may see, the newest first. Filters are looked for among a bounded number of payments at a
/// time, so that a page may have fewer than its limit, or none, and still name a next one.
#[utoipa::path(get, path = "/v1/payments", tag = "payments", operation_id = "list_payments", params(PaymentsQuery),
    responses((status = 200, description = "A page of payments", body = Page<Payment>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<PaymentsQuery>,
) -> Answer<Json<Page<Payment>>> {
    call(service, move |service| service.payments(&caller, &query)).await.map(Json)
}

/// Begin a payment
///
/// It is written down before its provider is asked, so that it is never lost. With a saved method it is charged at once;
/// otherwise it is paid on `pay_url`, on a page of the caller's own with `client_secret`, or on `approve_url`. The money is
/// credited once, when the provider says that it is there. A decline is no error here: the payment is then in the state
/// `failed`, and may still be paid in another way. Send an `Idempotency-Key` to be able to repeat a request whose answer was
/// lost: the same payment is answered, as it is then.
#[utoipa::path(post, path = "/v1/payments", tag = "payments", operation_id = "create_payment",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters")),
    request_body = NewPayment,
    responses((status = 201, description = "The payment", body = Payment), Problems))]
async fn begin(
    State(service): State<Service>,
    caller: Caller,
    key: IdempotencyKey,
    Body(new): Body<NewPayment>,
) -> Answer<Created<Json<Payment>>> {
    let payment = call(service, move |service| service.begin_payment(&caller, new, &key)).await?;
    Ok(Created { location: format!("/v1/payments/{}", payment.id), body: Json(payment) })
}

/// Read a payment
#[utoipa::path(get, path = "/v1/payments/{id}", tag = "payments", operation_id = "get_payment",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment", body = Payment), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<Payment>> {
    call(service, move |service| service.payment(&caller, &id)).await
}

/// Cancel a payment
///
/// One that is not paid, nor about to be. The provider is asked first; where the money has come meanwhile, the payment has
/// succeeded and is answered so.
#[utoipa::path(post, path = "/v1/payments/{id}/cancel", tag = "payments", operation_id = "cancel_payment",
    params(("id" = String, Path, description = "The payment's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 200, description = "The payment as it is now", body = Payment), Problems))]
async fn cancel(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Versioned<Payment>> {
    call(service, move |service| service.cancel_payment(&caller, &id, if_match)).await
}

/// Ask a payment's provider
///
/// For a page to which somebody comes back from paying: the provider is asked how the payment stands, and what it says holds.
/// It is done by itself too, sooner or later.
#[utoipa::path(post, path = "/v1/payments/{id}/refresh", tag = "payments", operation_id = "refresh_payment",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment as it is now", body = Payment), Problems))]
async fn refresh(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<Payment>> {
    call(service, move |service| service.refresh_payment(&caller, &id)).await
}

/// Confirm a bank transfer
///
/// Notes that the money of a manual payment is on the bank account, and credits it. With `payments.two_person_rule` it is
/// somebody else than who began the payment.
#[utoipa::path(post, path = "/v1/payments/{id}/confirm", tag = "payments", operation_id = "confirm_payment",
    params(("id" = String, Path, description = "The payment's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")), request_body = PaymentConfirmation,
    responses((status = 200, description = "The payment as it is now", body = Payment), Problems))]
async fn confirm(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    OptionalBody(confirmation): OptionalBody<PaymentConfirmation>,
) -> Answer<Versioned<Payment>> {
    call(service, move |service| service.confirm_payment(&caller, &id, if_match, confirmation)).await
}

/// List a payment's refunds
///
/// All of them, the earliest first, also those that were made on the provider's own pages.
#[utoipa::path(get, path = "/v1/payments/{id}/refunds", tag = "payments", operation_id = "list_payment_refunds",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The refunds", body = Page<PaymentRefund>), Problems))]
async fn refunds(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Page<PaymentRefund>>> {
    call(service, move |service| service.refunds(&caller, &id)).await.map(Json)
}

/// Refund a payment
///
/// The whole of it or a part. The money is taken from the wallet before the provider is asked, so the balance has to cover
/// it; where the provider cannot give it back, it is in the wallet again. Send an `Idempotency-Key` to be able to repeat a
/// request whose answer was lost.
#[utoipa::path(post, path = "/v1/payments/{id}/refunds", tag = "payments", operation_id = "refund_payment",
    params(("id" = String, Path, description = "The payment's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request safe; 1 to 64 visible ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the payment that this is meant for")),
    request_body = NewPaymentRefund,
    responses((status = 201, description = "The refund", body = PaymentRefund), Problems))]
async fn refund(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    conditions: Conditions,
    Body(new): Body<NewPaymentRefund>,
) -> Answer<Created<Json<PaymentRefund>>> {
    let location = format!("/v1/payments/{id}/refunds");
    let refund = call(service, move |service| service.refund_payment(&caller, &id, new, &conditions)).await?;
    Ok(Created { location, body: Json(refund) })
}

/// List a payment's disputes
#[utoipa::path(get, path = "/v1/payments/{id}/disputes", tag = "payments", operation_id = "list_payment_disputes",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The disputes, the earliest first", body = Page<PaymentDispute>), Problems))]
async fn disputes(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Page<PaymentDispute>>> {
    call(service, move |service| service.disputes(&caller, &id)).await.map(Json)
}

/// Take an event of Stripe
///
/// For Stripe alone: the event has to be signed with the endpoint's secret, and not long ago. It is kept before it is
/// answered, and only makes the daemon ask Stripe how the payment stands.
#[utoipa::path(post, path = "/v1/payments/webhooks/stripe", tag = "payments", operation_id = "take_stripe_event",
    security(()),
    params(("Stripe-Signature" = Option<String>, Header,
        description = "The time and the signatures of the event, which is refused without them")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = 204, description = "The event is kept"), Problems))]
async fn stripe_event(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Answer<Gone> {
    take_event(service, PaymentProvider::Stripe, headers, body).await
}

/// Take an event of PayPal
///
/// For PayPal alone, which is asked whether the event is its own. It is kept before it is answered, and only makes the daemon
/// ask PayPal how the payment stands.
#[utoipa::path(post, path = "/v1/payments/webhooks/paypal", tag = "payments", operation_id = "take_paypal_event",
    security(()),
    params(("PayPal-Transmission-Id" = Option<String>, Header, description = "The id of the transmission"),
        ("PayPal-Transmission-Sig" = Option<String>, Header,
        description = "The signature of the transmission, which is refused without it")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = 204, description = "The event is kept"), Problems))]
async fn paypal_event(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Answer<Gone> {
    take_event(service, PaymentProvider::Paypal, headers, body).await
}

async fn take_event(
    service: Service,
    provider: PaymentProvider,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Gone> {
    let header = move |name: &str| headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    call(service, move |service| service.take_event(provider, &header, &body)).await.map(|()| Gone)
}
