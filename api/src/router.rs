//! All routes under one router, with what surrounds them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::{Extension, Router};
use tower_http::cors::CorsLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::authenticate::{Admission, authenticate};
use crate::compression::compression;
use crate::document::complete;
use crate::event_document::schemas;
use crate::finish::finish;
use crate::idempotency::{Idempotency, REPLAYED, once};
use crate::known_parameters::{KnownParameters, check_parameters};
use crate::metrics;
use crate::operations::Operations;
use crate::private_answers::keep_private;
use crate::problem::Problem;
use crate::request_id::{NewRequestId, REQUEST_ID, remove_bad_id};
use crate::rules::rules;
use crate::services::Services;
use crate::session::SessionGround;
use crate::session_cookie::SessionCookie;
use crate::{
    accounts, ageing, alerts, audit, auth, binds, bounds, bundle_products, bundles, caps, cdrs, charges,
    clock, credit_notes, dispatches, events, exchange_rates, existing_clients, imports, invoice_documents,
    invoice_terms, invoices, keys, mails, messages, openapi, operators, pay_pages, payments, plans,
    price_lists, pumping, rate_cards, recharges, reference, resales, saas_clients, sender_ids, series,
    session, statements, stream, subscription_plans, subscriptions, tariffs, templates, token_clients,
    transfers, usage, users, wallets, webhook_endpoints,
};

/// The path of the browsable page.
pub const DOCS_PATH: &str = "/docs";

/// The areas of the API, in the order in which the document has them. Each is a module and a field of
/// [`Services`].
macro_rules! areas {
    ($($area:ident),+ $(,)?) => {
        /// All routes, each with the service of its area, and their document.
        fn routes(services: &Services) -> OpenApiRouter {
            let all = OpenApiRouter::with_openapi(frame());
            $(let all = all.merge($area::routes().with_state(Arc::clone(&services.$area)));)+
            all
        }

        /// The OpenAPI document of all routes.
        pub fn document() -> OpenApi {
            let mut document = frame();
            $(document.merge($area::routes().into_openapi());)+
            write_bounds(&mut document);
            document
        }
    };
}

areas![
    accounts,
    wallets,
    transfers,
    bundles,
    subscriptions,
    caps,
    resales,
    charges,
    cdrs,
    messages,
    dispatches,
    usage,
    series,
    invoices,
    invoice_terms,
    credit_notes,
    invoice_documents,
    statements,
    ageing,
    payments,
    recharges,
    pay_pages,
    alerts,
    events,
    webhook_endpoints,
    mails,
    pumping,
    auth,
    session,
    users,
    keys,
    audit,
    sender_ids,
    templates,
    operators,
    plans,
    price_lists,
    bundle_products,
    subscription_plans,
    rate_cards,
    exchange_rates,
    tariffs,
    reference,
    imports,
    clock,
    binds,
    stream,
    existing_clients,
];

/// Everything of the document but the paths.
fn frame() -> OpenApi {
    let mut frame = openapi::frame();
    frame.merge(schemas());
    frame
}

/// The document as it is committed, and served where no paths are asked for beside it.
pub fn document_text() -> String {
    let text = serde_json::to_string_pretty(&complete(&document()));
    text.map(|text| text + "\n").unwrap_or_default()
}

/// The settings with which the API is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiConfig {
    /// Octets of a body, where a route does not take more.
    pub body_octets_max: usize,
    /// The time that a request may take.
    pub timeout: Duration,
    /// Origins of browsers' pages that may call (CORS).
    pub origins: Vec<String>,
    /// The cookie of browsers' sessions.
    pub cookie: SessionCookie,
    /// True to serve the paths of the token-subscription service.
    pub token_paths: bool,
    /// True to serve the paths of the SaaS billing service.
    pub saas_paths: bool,
}

/// The whole API.
pub fn router(services: &Services, config: &ApiConfig) -> Router {
    let mut all = routes(services);
    if config.token_paths {
        all = all.merge(token_clients::routes().with_state(Arc::clone(&services.token_clients)));
    }
    if config.saas_paths {
        all = all.merge(saas_clients::routes().with_state(Arc::clone(&services.saas_clients)));
    }
    let (routes, mut document) = all.split_for_parts();
    write_bounds(&mut document);
    let document = complete(&document);
    let known_parameters = Arc::new(KnownParameters::of(&document));
    metrics::begin();
    let authentication = Arc::clone(&services.authentication);
    let admission = Admission { service: Arc::clone(&authentication), cookie: config.cookie.clone() };
    let operations = Operations::of(&document, rules());
    let ground = Arc::new(SessionGround { cookie: config.cookie.clone(), operations });
    let page = SwaggerUi::new(DOCS_PATH)
        .external_url_unchecked("/openapi.json", document)
        .config(Config::default().persist_authorization(true).validator_url("none"));
    let keyed_octets_max = config.body_octets_max.max(services.rate_cards.deck_octets_max());
    let idempotency = Idempotency::new(Arc::clone(&services.idempotency), keyed_octets_max);
    routes
        .layer(DefaultBodyLimit::max(config.body_octets_max))
        .layer(from_fn_with_state(known_parameters, check_parameters))
        .layer(from_fn_with_state(idempotency, once))
        .fallback(|| async { Problem::not_found("there is no such path").into_response() })
        .method_not_allowed_fallback(|| async {
            Problem::method_not_allowed("the path has other methods").into_response()
        })
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, config.timeout))
        .layer(Extension(ground))
        .layer(from_fn_with_state(admission, authenticate))
        .layer(from_fn_with_state(config.timeout, finish))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId(authentication)))
        .layer(from_fn(remove_bad_id))
        .layer(from_fn(keep_private))
        .layer(compression())
        .layer(cors(&config.origins))
        .merge(page)
}

/// Writes the bounds of provisioning into the document.
fn write_bounds(document: &mut OpenApi) {
    // A test shows that every bound finds its property.
    let _ = bounds::write(document);
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            REQUEST_ID,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([ETAG, LOCATION, RETRY_AFTER, REQUEST_ID, REPLAYED])
        .max_age(Duration::from_mins(10))
}

#[cfg(test)]
mod tests {
    use tollgate_provisioning::bounds::{account, link, text};

    use super::*;
    use crate::rules::rules;

    /// Method and path of every route, as the document has them.
    fn routes() -> Vec<(String, String)> {
        let mut document = document();
        document.merge(token_clients::routes().into_openapi());
        document.merge(saas_clients::routes().into_openapi());
        let document = serde_json::to_value(complete(&document)).unwrap();
        let paths = document["paths"].as_object().unwrap();
        paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (method.to_uppercase(), path.clone()))
            })
            .collect()
    }

    #[test]
    fn every_route_has_one_rule_and_every_rule_a_route() {
        let routes = routes();
        for (method, path) in &routes {
            let found = rules().filter(|rule| rule.method == method && rule.path == path).count();
            assert_eq!(found, 1, "rules of {method} {path}");
        }
        for rule in rules() {
            let route = (rule.method.to_owned(), rule.path.to_owned());
            assert!(routes.contains(&route), "{} {} is no route", rule.method, rule.path);
        }
    }

    #[test]
    fn every_bound_of_provisioning_is_in_the_document() {
        let mut document = document();
        assert_eq!(bounds::write(&mut document), Vec::<String>::new());
        let document: serde_json::Value = serde_json::from_str(&document_text()).unwrap();
        let property =
            |schema: &str, name: &str| document["components"]["schemas"][schema]["properties"][name].clone();
        for setting in link::NUMBERS {
            let shown = property("SmppConfig", setting.bounds.key);
            assert_eq!(shown["minimum"].as_u64(), Some(setting.bounds.least.into()), "{shown}");
            assert_eq!(shown["maximum"].as_u64(), Some(setting.bounds.most.into()), "{shown}");
        }
        assert_eq!(property("SmppConfig", "system_id")["maxLength"].as_u64(), Some(text::SYSTEM_ID as u64));
        assert_eq!(property("AccountPatch", "rates")["maxItems"].as_u64(), Some(account::RATES as u64));
        assert_eq!(property("NewAccount", "id")["pattern"], "^[A-Za-z0-9_.-]{1,64}$");
    }
}
