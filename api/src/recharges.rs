//! Saved payment methods of accounts, and auto-recharge from one of them.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{AutoRecharge, AutoRechargeInput, PaymentMethod, RechargeStop};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/accounts/{id}/payment-methods", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule(
        "DELETE",
        "/v1/accounts/{id}/payment-methods/{method_id}",
        Who::Roles(CUSTOMER, Scope::BillingWrite),
    ),
    rule("GET", "/v1/accounts/{id}/auto-recharge", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("PUT", "/v1/accounts/{id}/auto-recharge", Who::Roles(CUSTOMER, Scope::BillingWrite)),
    rule("DELETE", "/v1/accounts/{id}/auto-recharge", Who::Roles(CUSTOMER, Scope::BillingWrite)),
];

/// Reads and removes saved methods, and sets auto-recharge.
pub trait RechargesService: Send + Sync + 'static {
    /// The saved methods of an account, the earliest first.
    fn payment_methods(&self, caller: &Caller, account: &str) -> Answer<Page<PaymentMethod>>;

    /// Forgets a saved method. Auto-recharge from it is switched off.
    fn remove_payment_method(&self, caller: &Caller, account: &str, method: &str) -> Answer<()>;

    /// Auto-recharge as it is set.
    fn auto_recharge(&self, caller: &Caller, account: &str) -> Answer<Versioned<AutoRecharge>>;

    /// Sets auto-recharge of an account.
    fn set_auto_recharge(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        input: AutoRechargeInput,
    ) -> Answer<Versioned<AutoRecharge>>;

    /// Switches auto-recharge off and forgets its terms.
    fn remove_auto_recharge(&self, caller: &Caller, account: &str, if_match: IfMatch) -> Answer<()>;
}

type Service = Arc<dyn RechargesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn RechargesService>> {
    OpenApiRouter::new()
        .routes(routes!(methods))
        .routes(routes!(remove_method))
        .routes(routes!(get, set, remove))
}

/// List an account's payment methods
///
/// A method is saved by a payment with `save_method`. The provider keeps it; no number of a card is here.
#[utoipa::path(get, path = "/v1/accounts/{id}/payment-methods", tag = "payments", operation_id = "list_payment_methods",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The saved methods", body = Page<PaymentMethod>), Problems))]
async fn methods(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<Page<PaymentMethod>>> {
    call(service, move |service| service.payment_methods(&caller, &id)).await.map(Json)
}

/// Remove a payment method
///
/// It is not charged any more. Auto-recharge from it is switched off in the same step.
#[utoipa::path(delete, path = "/v1/accounts/{id}/payment-methods/{method_id}", tag = "payments",
    operation_id = "delete_payment_method",
    params(("id" = String, Path, description = "The account's id"),
        ("method_id" = String, Path, description = "The method's id")),
    responses((status = 204, description = "It is removed"), Problems))]
async fn remove_method(
    State(service): State<Service>,
    caller: Caller,
    Path((id, method)): Path<(String, String)>,
) -> Answer<Gone> {
    call(service, move |service| service.remove_payment_method(&caller, &id, &method)).await.map(|()| Gone)
}

/// Read an account's auto-recharge
#[utoipa::path(get, path = "/v1/accounts/{id}/auto-recharge", tag = "payments", operation_id = "get_auto_recharge",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "Auto-recharge as it is set", body = AutoRecharge), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Versioned<AutoRecharge>> {
    call(service, move |service| service.auto_recharge(&caller, &id)).await
}

/// Set an account's auto-recharge
///
/// Once a debit takes the balance below the threshold, a charge begins within a second. Payments on their way count as money,
/// one charge closes the gap however deep it is, and there are never two at once. An account that uses nothing is not charged.
/// After a decline it rests for 1, 6 and 24 hours, and is then switched off with an alert.
#[utoipa::path(put, path = "/v1/accounts/{id}/auto-recharge", tag = "payments", operation_id = "set_auto_recharge",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")), request_body = AutoRechargeInput,
    responses((status = 200, description = "Auto-recharge as it is set", body = AutoRecharge), Problems))]
async fn set(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Body(input): Body<AutoRechargeInput>,
) -> Answer<Versioned<AutoRecharge>> {
    call(service, move |service| service.set_auto_recharge(&caller, &id, if_match, input)).await
}

/// Remove an account's auto-recharge
#[utoipa::path(delete, path = "/v1/accounts/{id}/auto-recharge", tag = "payments", operation_id = "delete_auto_recharge",
    params(("id" = String, Path, description = "The account's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is meant for")),
    responses((status = 204, description = "It is switched off, and its terms are forgotten"), Problems))]
async fn remove(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.remove_auto_recharge(&caller, &id, if_match)).await.map(|()| Gone)
}
