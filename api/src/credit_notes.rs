//! Credit notes: what is taken back of an invoice that was sent.

mod dto;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, CUSTOMER, Rule, Who, rule};
use crate::answer::{Answer, Created};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;

pub use dto::{CreditNote, CreditNotesQuery, NewCreditNote};

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/credit-notes", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/credit-notes/{number}", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("POST", "/v1/invoices/{number}/credit-notes", Who::Roles(ADMIN, Scope::BillingWrite)),
];

/// Issues and shows credit notes.
pub trait CreditNotesService: Send + Sync + 'static {
    /// Those of accounts that the caller may see, the newest first.
    fn credit_notes(&self, caller: &Caller, query: &CreditNotesQuery) -> Answer<Page<CreditNote>>;

    /// One of them.
    fn credit_note(&self, caller: &Caller, number: &str) -> Answer<CreditNote>;

    /// Takes something back of an invoice.
    fn issue_credit_note(
        &self,
        caller: &Caller,
        invoice: &str,
        if_match: IfMatch,
        new: NewCreditNote,
    ) -> Answer<CreditNote>;
}

type Service = Arc<dyn CreditNotesService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn CreditNotesService>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(issue))
}

/// List credit notes
///
/// Those of accounts that the caller may see, the newest first.
#[utoipa::path(get, path = "/v1/credit-notes", tag = "invoices", operation_id = "list_credit_notes", params(CreditNotesQuery),
    responses((status = 200, description = "A page of credit notes", body = Page<CreditNote>), Problems))]
async fn list(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<CreditNotesQuery>,
) -> Answer<Json<Page<CreditNote>>> {
    call(service, move |service| service.credit_notes(&caller, &query)).await.map(Json)
}

/// Read a credit note
#[utoipa::path(get, path = "/v1/credit-notes/{number}", tag = "invoices", operation_id = "get_credit_note",
    params(("number" = String, Path, description = "The credit note's number")),
    responses((status = 200, description = "The credit note", body = CreditNote), Problems))]
async fn get(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Json<CreditNote>> {
    call(service, move |service| service.credit_note(&caller, &number)).await.map(Json)
}

/// Issue a credit note
///
/// Of an invoice that was sent. Without `amount` it is over what was given back for the invoice's messages since, and is on no
/// other document; the wallet has that money already. With `amount` so much is given back now. The tax on it is given back in the
/// same change. What is open of the invoice becomes less; what was paid already stays in the wallet.
#[utoipa::path(post, path = "/v1/invoices/{number}/credit-notes", tag = "invoices", operation_id = "create_credit_note",
    params(("number" = String, Path, description = "The invoice's number or id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the invoice that the change is meant for")),
    request_body = NewCreditNote,
    responses((status = 201, description = "The credit note", body = CreditNote), Problems))]
async fn issue(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
    if_match: IfMatch,
    Body(new): Body<NewCreditNote>,
) -> Answer<Created<Json<CreditNote>>> {
    let note =
        call(service, move |service| service.issue_credit_note(&caller, &number, if_match, new)).await?;
    let location = format!("/v1/credit-notes/{}", note.credit_note_number);
    Ok(Created { location, body: Json(note) })
}
