//! Price lists of suppliers and customers: uploaded in whatever form, looked at as drafts, and confirmed; and the profiles that
//! say how lists of one sender are read.

mod dto;
mod profile;

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ADMIN, Rule, Who, rule};
use crate::answer::{Answer, Created, Gone, Versioned};
use crate::call::call;
use crate::caller::{Caller, Scope};
use crate::extract::{Body, IfMatch, Path, Query};
use crate::openapi::Problems;
use crate::page::Page;
use crate::problem::Problem;
use crate::tariffs::TariffChange;
use crate::upload::read_upload;

pub use dto::{
    ConfirmQuery, ImportColumn, ImportDifference, ImportDraft, ImportFacts, ImportMapping, ImportOutlier,
    ImportQuery, ImportStatus, ImportSummary, ImportWarning, ImportsQuery, OutlierKind, ShowQuery,
};
pub use profile::{ImportProfile, ImportProfilesQuery, NamedImportProfile, ProfileSource};

const READ: Who = Who::Roles(ADMIN, Scope::TariffRead);
const WRITE: Who = Who::Roles(ADMIN, Scope::TariffWrite);

/// The access rules of these routes.
pub const RULES: &[Rule] = &[
    rule("GET", "/v1/imports", READ),
    rule("POST", "/v1/imports", WRITE),
    rule("GET", "/v1/imports/{id}", READ),
    rule("DELETE", "/v1/imports/{id}", WRITE),
    rule("POST", "/v1/imports/{id}/confirm", WRITE),
    rule("GET", "/v1/import-profiles", READ),
    rule("GET", "/v1/import-profiles/{name}", READ),
    rule("PUT", "/v1/import-profiles/{name}", WRITE),
    rule("DELETE", "/v1/import-profiles/{name}", WRITE),
];

/// Media types of price lists.
const KINDS: &[&str] = &[
    "text/csv",
    "text/plain",
    "text/tab-separated-values",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
];

/// Reads price lists, and confirms what they would change.
pub trait ImportsService: Send + Sync + 'static {
    /// Octets of a list at most. Called on the runtime's threads; it must not wait.
    fn list_octets_max(&self) -> usize;

    /// The drafts that are kept, the newest first.
    fn imports(&self, query: &ImportsQuery) -> Answer<Page<ImportSummary>>;

    /// Reads a list and keeps it as a draft.
    fn create_import(
        &self,
        caller: &Caller,
        query: ImportQuery,
        list: Vec<u8>,
    ) -> Answer<Versioned<ImportDraft>>;

    /// A draft, compared with the present prices. The version is that of the tariff.
    fn import(&self, id: &str, show: ShowQuery) -> Answer<Versioned<ImportDraft>>;

    /// Takes a draft.
    fn confirm_import(
        &self,
        caller: &Caller,
        id: &str,
        if_match: IfMatch,
        query: ConfirmQuery,
    ) -> Answer<Versioned<TariffChange>>;

    /// Forgets a draft.
    fn delete_import(&self, caller: &Caller, id: &str) -> Answer<()>;

    /// The profiles of files and of the API, by name.
    fn import_profiles(&self, query: &ImportProfilesQuery) -> Answer<Page<NamedImportProfile>>;

    /// One of them.
    fn import_profile(&self, name: &str) -> Answer<Versioned<NamedImportProfile>>;

    /// Keeps a profile, in the place of one of the same name.
    fn put_import_profile(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        profile: ImportProfile,
    ) -> Answer<Versioned<NamedImportProfile>>;

    /// Forgets a profile.
    fn delete_import_profile(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()>;
}

type Service = Arc<dyn ImportsService>;

/// The routes, with the handlers behind them.
pub fn routes() -> OpenApiRouter<Arc<dyn ImportsService>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, delete))
        .routes(routes!(confirm))
        .routes(routes!(list_profiles))
        .routes(routes!(get_profile, put_profile, delete_profile))
}

/// List imports
///
/// Drafts of price lists, and those that were confirmed, as long as they are kept.
#[utoipa::path(get, path = "/v1/imports", tag = "imports", operation_id = "list_imports", params(ImportsQuery),
    responses((status = 200, description = "A page of imports", body = Page<ImportSummary>), Problems))]
async fn list(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<ImportsQuery>,
) -> Answer<Json<Page<ImportSummary>>> {
    call(service, move |service| service.imports(&query)).await.map(Json)
}

/// Upload a price list
///
/// A text table with any delimiter and encoding, or an .xlsx workbook, for one plan, operator or account. Its columns are
/// found by their names and contents, or by a profile; what can be read in two ways is refused, and every line that is at
/// fault is named. The answer says how the list was understood and what it would change; nothing changes before the draft
/// is confirmed.
#[utoipa::path(post, path = "/v1/imports", tag = "imports", operation_id = "create_import", params(ImportQuery),
    request_body(content = String, content_type = "text/csv", description = "The list as its sender wrote it; also as \
        `text/plain`, `text/tab-separated-values`, `application/octet-stream` or \
        `application/vnd.openxmlformats-officedocument.spreadsheetml.sheet`"),
    responses((status = 201, description = "The draft", body = ImportDraft), Problems))]
async fn create(
    State(service): State<Service>,
    caller: Caller,
    Query(query): Query<ImportQuery>,
    List(list): List,
) -> Answer<Created<Versioned<ImportDraft>>> {
    let made = call(service, move |service| service.create_import(&caller, query, list)).await?;
    Ok(Created { location: format!("/v1/imports/{}", made.value.facts.id), body: made })
}

/// Read an import
///
/// The draft, compared with the prices as they are now. Its ETag is that of the tariff, and goes into the confirmation.
#[utoipa::path(get, path = "/v1/imports/{id}", tag = "imports", operation_id = "get_import",
    params(("id" = String, Path, description = "The id of the import"), ShowQuery),
    responses((status = 200, description = "The draft", body = ImportDraft), Problems))]
async fn get(
    State(service): State<Service>,
    _caller: Caller,
    Path(id): Path<String>,
    Query(show): Query<ShowQuery>,
) -> Answer<Versioned<ImportDraft>> {
    call(service, move |service| service.import(&id, show)).await
}

/// Confirm an import
///
/// Writes the prices and puts them in force, all or none. If-Match names the tariff that the draft was compared with; where
/// another one is in force, nothing is written. Flagged prices have to be accepted.
#[utoipa::path(post, path = "/v1/imports/{id}/confirm", tag = "imports", operation_id = "confirm_import",
    params(("id" = String, Path, description = "The id of the import"), ConfirmQuery,
        ("If-Match" = String, Header, description = "The ETag of the draft, which is that of the tariff")),
    responses((status = 200, description = "What is different", body = TariffChange), Problems))]
async fn confirm(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<String>,
    if_match: IfMatch,
    Query(query): Query<ConfirmQuery>,
) -> Answer<Versioned<TariffChange>> {
    call(service, move |service| service.confirm_import(&caller, &id, if_match, query)).await
}

/// Delete an import
#[utoipa::path(delete, path = "/v1/imports/{id}", tag = "imports", operation_id = "delete_import",
    params(("id" = String, Path, description = "The id of the import")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete(State(service): State<Service>, caller: Caller, Path(id): Path<String>) -> Answer<Gone> {
    call(service, move |service| service.delete_import(&caller, &id)).await.map(|()| Gone)
}

/// List import profiles
///
/// Those in the folder `import-profiles` beside `tollgate.toml`, and those of this API.
#[utoipa::path(get, path = "/v1/import-profiles", tag = "imports", operation_id = "list_import_profiles",
    params(ImportProfilesQuery),
    responses((status = 200, description = "A page of profiles", body = Page<NamedImportProfile>), Problems))]
async fn list_profiles(
    State(service): State<Service>,
    _caller: Caller,
    Query(query): Query<ImportProfilesQuery>,
) -> Answer<Json<Page<NamedImportProfile>>> {
    call(service, move |service| service.import_profiles(&query)).await.map(Json)
}

/// Read an import profile
#[utoipa::path(get, path = "/v1/import-profiles/{name}", tag = "imports", operation_id = "get_import_profile",
    params(("name" = String, Path, description = "The name of the profile")),
    responses((status = 200, description = "The profile", body = NamedImportProfile), Problems))]
async fn get_profile(
    State(service): State<Service>,
    _caller: Caller,
    Path(name): Path<String>,
) -> Answer<Versioned<NamedImportProfile>> {
    call(service, move |service| service.import_profile(&name)).await
}

/// Keep an import profile
///
/// It takes the place of one of the same name that this API keeps. One that is a file is changed there.
#[utoipa::path(put, path = "/v1/import-profiles/{name}", tag = "imports", operation_id = "put_import_profile",
    params(("name" = String, Path, description = "The name of the profile: 1 to 64 letters, digits, `_`, `-` or `.`"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the profile that the change is meant for")),
    request_body = ImportProfile,
    responses((status = 200, description = "The profile", body = NamedImportProfile), Problems))]
async fn put_profile(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
    Body(profile): Body<ImportProfile>,
) -> Answer<Versioned<NamedImportProfile>> {
    call(service, move |service| service.put_import_profile(&caller, &name, if_match, profile)).await
}

/// Delete an import profile
#[utoipa::path(delete, path = "/v1/import-profiles/{name}", tag = "imports", operation_id = "delete_import_profile",
    params(("name" = String, Path, description = "The name of the profile"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the profile that is to go")),
    responses((status = 204, description = "It is gone"), Problems))]
async fn delete_profile(
    State(service): State<Service>,
    caller: Caller,
    Path(name): Path<String>,
    if_match: IfMatch,
) -> Answer<Gone> {
    call(service, move |service| service.delete_import_profile(&caller, &name, if_match)).await.map(|()| Gone)
}

/// The body of a request with a list.
struct List(Vec<u8>);

impl FromRequest<Service> for List {
    type Rejection = Problem;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Problem> {
        read_upload(request, KINDS, service.list_octets_max()).await.map(Self)
    }
}
