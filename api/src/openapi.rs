//! The OpenAPI 3.1 document, made from the handlers themselves.

use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr};
use utoipa::{IntoResponses, Modify, OpenApi as _};

use crate::problem::{CODES, PROBLEM_JSON, Problem};

/// Name of the security scheme of access tokens and API keys.
const BEARER: &str = "bearer";
/// Name of that of browsers' sessions.
const COOKIE: &str = "cookie";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Tollgate management API",
        description = "Accounts, money, messages, operators and tariffs of a Tollgate.\n\n\
            Money is a decimal string in units of the currency beside it. Times are RFC 3339 in UTC. Unknown fields and \
            parameters are refused. Errors are problem details (RFC 9457) with a stable `code`. Lists are paged by cursor. \
            `Idempotency-Key` makes a POST happen once, however often it is sent; `If-Match` makes a change \
            happen to the version that was read, or not at all.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem)),
    modifiers(&Schemes),
    security(("bearer" = []), ("cookie" = []))
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token of `POST /v1/auth/login`, or an API key."))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
        let cookie = ApiKeyValue::with_description(
            "tollgate_session",
            "The cookie of `POST /v1/session`; over TLS it is called `__Host-tollgate_session`. A request that is not GET or HEAD \
             also needs the header `X-CSRF-Token`, with the `csrf_token` of `GET /v1/session`.",
        );
        components.add_security_scheme(COOKIE, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        components.responses.extend(responses());
    }
}

/// Everything but the paths, which the router adds.
pub(crate) fn frame() -> OpenApi {
    Document::openapi()
}

/// The problems that any route may answer with.
#[derive(Clone, Copy, Debug)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let named = |status: u16| RefOr::Ref(Ref::from_response_name(response_name(status)));
        CODES.iter().map(|(_, status, _)| (status.to_string(), named(*status))).collect()
    }
}

/// The answers that routes refer to, by name: one for each status, with the codes that it may have.
fn responses() -> BTreeMap<String, RefOr<Response>> {
    let mut codes: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (code, status, _) in CODES {
        codes.entry(*status).or_default().push(code);
    }
    let response = |codes: Vec<&str>| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let description = format!("`{}`", codes.join("`, `"));
        RefOr::T(ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build())
    };
    codes.into_iter().map(|(status, codes)| (response_name(status), response(codes))).collect()
}

fn response_name(status: u16) -> String {
    format!("Problem{status}")
}
