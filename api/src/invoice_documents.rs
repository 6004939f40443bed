//! Invoices, credit notes and statements as files, for people and for accounting programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{CUSTOMER, Rule, Who, rule};
use crate::answer::Answer;
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::Path;
use crate::openapi::Problems;

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/invoices/{number}/pdf", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/invoices/{number}/xml", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/credit-notes/{number}/pdf", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/credit-notes/{number}/xml", Who::Roles(CUSTOMER, Scope::BillingRead)),
    rule("GET", "/v1/statements/{number}/pdf", Who::Roles(CUSTOMER, Scope::BillingRead)),
];

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentForm {
    /// A page for people.
    Pdf,
    /// UBL 2.1, for programs.
    Xml,
}

/// Makes documents of invoices, credit notes and statements.
pub trait DocumentsService: Send + Sync + 'static {
    /// An invoice as a file.
    fn invoice_file(&self, caller: &Caller, number: &str, form: DocumentForm) -> Answer<Vec<u8>>;

    /// A credit note as a file.
    fn credit_note_file(&self, caller: &Caller, number: &str, form: DocumentForm) -> Answer<Vec<u8>>;

    /// A statement as a PDF.
    fn statement_file(&self, caller: &Caller, number: &str) -> Answer<Vec<u8>>;
}

type Service = Arc<dyn DocumentsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn DocumentsService>> {
    OpenApiRouter::new()
        .routes(routes!(invoice_pdf))
        .routes(routes!(invoice_xml))
        .routes(routes!(credit_note_pdf))
        .routes(routes!(credit_note_xml))
        .routes(routes!(statement_pdf))
}

/// Read an invoice as a PDF
///
/// PDF/A-3 with the XML attached. A draft says that it is one.
#[utoipa::path(get, path = "/v1/invoices/{number}/pdf", tag = "invoices", operation_id = "get_invoice_pdf",
    params(("number" = String, Path, description = "The invoice's number or id")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/pdf"), Problems))]
async fn invoice_pdf(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Response> {
    let name = number.clone();
    let form = DocumentForm::Pdf;
    let octets = call(service, move |service| service.invoice_file(&caller, &number, form)).await?;
    Ok(file(&name, form, octets))
}

/// Read an invoice as XML
///
/// UBL 2.1 by the rules of EN 16931 where these can hold it, and plain UBL otherwise. A draft has none.
#[utoipa::path(get, path = "/v1/invoices/{number}/xml", tag = "invoices", operation_id = "get_invoice_xml",
    params(("number" = String, Path, description = "The invoice's number or id")),
    responses((status = 200, description = "The file", body = String, content_type = "application/xml"), Problems))]
async fn invoice_xml(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Response> {
    let name = number.clone();
    let form = DocumentForm::Xml;
    let octets = call(service, move |service| service.invoice_file(&caller, &number, form)).await?;
    Ok(file(&name, form, octets))
}

/// Read a credit note as a PDF
///
/// As of an invoice.
#[utoipa::path(get, path = "/v1/credit-notes/{number}/pdf", tag = "invoices", operation_id = "get_credit_note_pdf",
    params(("number" = String, Path, description = "The credit note's number")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/pdf"), Problems))]
async fn credit_note_pdf(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Response> {
    let name = number.clone();
    let form = DocumentForm::Pdf;
    let octets = call(service, move |service| service.credit_note_file(&caller, &number, form)).await?;
    Ok(file(&name, form, octets))
}

/// Read a credit note as XML
///
/// As of an invoice.
#[utoipa::path(get, path = "/v1/credit-notes/{number}/xml", tag = "invoices", operation_id = "get_credit_note_xml",
    params(("number" = String, Path, description = "The credit note's number")),
    responses((status = 200, description = "The file", body = String, content_type = "application/xml"), Problems))]
async fn credit_note_xml(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Response> {
    let name = number.clone();
    let form = DocumentForm::Xml;
    let octets = call(service, move |service| service.credit_note_file(&caller, &number, form)).await?;
    Ok(file(&name, form, octets))
}

/// Read a statement as a PDF
///
/// Nothing of it is due, so that it has no XML.
#[utoipa::path(get, path = "/v1/statements/{number}/pdf", tag = "invoices", operation_id = "get_statement_pdf",
    params(("number" = String, Path, description = "The statement's number")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/pdf"), Problems))]
async fn statement_pdf(
    State(service): State<Service>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Response> {
    let name = number.clone();
    let octets = call(service, move |service| service.statement_file(&caller, &number)).await?;
    Ok(file(&name, DocumentForm::Pdf, octets))
}

fn file(name: &str, form: DocumentForm, octets: Vec<u8>) -> Response {
    let (media_type, ending) = match form {
        DocumentForm::Pdf => ("application/pdf", "pdf"),
        DocumentForm::Xml => ("application/xml", "xml"),
    };
    let mut response = octets.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{ending}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    response
}
