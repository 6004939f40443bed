//! The parts of the document beside the routes: servers, tags, headers of requests and answers, and webhooks.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::access::Who;
use crate::event_document::webhooks;
use crate::rules::rules;

/// The parts of the API, with a sentence for each.
const TAGS: &[(&str, &str)] = &[
    ("accounts", "Whoever pays: customers, and resellers with customers below them."),
    ("wallets", "Balances, top-ups, adjustments and the ledger."),
    (
        "bundles",
        "Prepaid units: products, purchases and grants, and their use by messages or by services beside them.",
    ),
    ("caps", "Limits of money and messages by span, and what is counted in them."),
    ("resales", "Statements of commission and margin, and payouts of commission."),
    ("charges", "Messages that are charged without SMPP, refunds, and quotes."),
    ("subscriptions", "Plans that accounts buy for a period and that are renewed, with their units."),
    ("cdrs", "The record of every message, with its price explained, and exports."),
    (
        "messages",
        "Messages of all accounts, charged and refused: searched for, and followed from submit to end.",
    ),
    ("dispatches", "Messages sent as one campaign, with counters."),
    ("usage", "What accounts sent in a period."),
    ("invoices", "The charges of a period, drafted, sent and paid."),
    ("payments", "Money that comes in, refunds, disputes, saved methods and auto-recharge."),
    ("pay page", "The pages on which payments are paid, for people."),
    ("alerts", "Conditions that somebody should know of, and webhooks."),
    ("events", "Everything that happens to money, and its deliveries."),
    ("webhook endpoints", "The URLs that events are posted to, their secrets, and tests of them."),
    ("mails", "The log of e-mails that were queued."),
    ("traffic pumping", "Ranges of numbers whose traffic looks pumped, with the evidence, and step-downs."),
    ("auth", "Logging in, registration and passwords."),
    ("users", "People who may use this API."),
    ("api keys", "Keys for programs, with scopes."),
    ("audit", "Who changed what."),
    ("sender IDs", "Alphanumeric source addresses, requested and approved."),
    ("templates", "Texts that accounts may send once they are approved."),
    ("operators", "SMSCs that messages are handed to."),
    ("plans", "Base prices, tiers, currency and time zone."),
    ("price lists", "The prices that resellers ask of the accounts right below them."),
    ("rate cards", "Prices by network, and rate decks."),
    ("exchange rates", "Exchange rates of currencies, by pair and date."),
    ("networks", "The networks and countries of the numbering plan."),
    ("settings", "The settings of the process."),
    ("tariffs", "Versions of all prices, reloads and rollbacks."),
    ("binds", "The gateways that are bound over SMPP now."),
    ("stream", "Live figures and changes, as server-sent events."),
    ("imports", "Price lists of suppliers and customers, read in any form, and confirmed."),
    ("clock", "The clock that the daemon goes by, and what it thinks of the system's."),
    ("wecall", "The paths that existing clients know."),
];

/// The operations whose answers have an ETag.
const WITH_ETAG: &[&str] = &[
    "get_account",
    "create_account",
    "change_account",
    "suspend_account",
    "resume_account",
    "get_payment",
    "cancel_payment",
    "refresh_payment",
    "confirm_payment",
    "get_subscription",
    "pay_subscription",
    "cancel_subscription",
    "resume_subscription",
    "change_subscription",
    "set_subscription_method",
    "get_auto_recharge",
    "set_auto_recharge",
    "roll_back_tariff",
    "reload",
    "get_invoice_terms",
    "set_invoice_terms",
    "get_issuer",
    "set_issuer",
    "get_dispatch",
    "create_dispatch",
    "change_dispatch",
    "get_nickname",
    "create_nickname",
    "change_nickname",
    "moderate_nickname",
    "get_template",
    "create_template",
    "change_template",
    "moderate_template",
    "get_user",
    "create_user",
    "change_user",
    "unlock_user",
    "get_invoice",
    "send_invoice",
    "pay_invoice",
    "cancel_invoice",
    "get_operator",
    "create_operator",
    "replace_operator",
    "drain_operator",
    "disable_operator",
    "resume_operator",
    "get_plan",
    "create_plan",
    "replace_plan",
    "get_price_list",
    "create_price_list",
    "replace_price_list",
    "get_bundle_product",
    "create_bundle_product",
    "replace_bundle_product",
    "get_subscription_plan",
    "create_subscription_plan",
    "replace_subscription_plan",
    "list_rate_cards",
    "put_rates",
    "remove_rate",
    "upload_rate_deck",
    "list_exchange_rates",
    "put_exchange_rates",
    "remove_exchange_rate",
    "create_import",
    "get_import",
    "confirm_import",
    "get_import_profile",
    "put_import_profile",
    "get_webhook_endpoint",
    "create_webhook_endpoint",
    "change_webhook_endpoint",
];

/// The document with everything in it.
pub(crate) fn complete(document: &OpenApi) -> Value {
    let value = serde_json::to_value(document);
    assert!(value.is_ok(), "the document cannot be written as JSON");
    let mut value = value.unwrap_or_default();
    value["servers"] = json!([{ "url": "/", "description": "The daemon that serves this document" }]);
    value["tags"] =
        TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect();
    value["webhooks"] = webhooks();
    write_headers(&mut value);
    write_password(&mut value);
    value
}

/// Writes the headers of requests and answers to all operations.
fn write_headers(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, methods) in paths {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let is_keyed = method == "post" && is_of_callers(path);
            if is_keyed {
                write_key_parameter(operation);
            }
            let has_etag = operation["operationId"].as_str().is_some_and(|id| WITH_ETAG.contains(&id));
            for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                let is_done = status.starts_with('2');
                let mut headers = vec![request_id()];
                headers.extend((is_done && is_keyed).then(replayed));
                headers.extend((is_done && has_etag).then(etag));
                put_headers(response, headers);
            }
        }
    }
    for (name, response) in document["components"]["responses"].as_object_mut().into_iter().flatten() {
        let mut headers = vec![request_id()];
        headers.extend(matches!(name.as_str(), "Problem429" | "Problem503").then(retry_after));
        headers.extend((name == "Problem401").then(www_authenticate));
        headers.extend((name == "Problem405").then(allow));
        put_headers(response, headers);
    }
}

/// True if a POST to this path is made by somebody who is known.
fn is_of_callers(path: &str) -> bool {
    rules().any(|rule| rule.method == "POST" && rule.path == path && rule.who != Who::Anybody)
}

fn write_key_parameter(operation: &mut Value) {
    let parameter = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Has the request done once, however often it is sent: 1 to 64 visible ASCII characters.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 64 },
        "example": "payment-4711",
    });
    let Some(operation) = operation.as_object_mut() else { return };
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut() {
        parameters.retain(|known| known["name"] != "Idempotency-Key");
        parameters.push(parameter);
    }
}

/// Adds headers to a response, unless it refers to one that is described elsewhere.
fn put_headers(response: &mut Value, headers: Vec<(&str, Value)>) {
    let Some(response) = response.as_object_mut().filter(|response| !response.contains_key("$ref")) else {
        return;
    };
    let known = response.entry("headers").or_insert_with(|| Value::Object(Map::new()));
    for (name, header) in headers {
        known[name] = header;
    }
}

fn header(description: &str, example: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string", "examples": [example] } })
}

fn request_id() -> (&'static str, Value) {
    ("X-Request-Id", header("The id of the request: that of the caller, or a new one", "req_4k7xw2m9q3z8"))
}

fn replayed() -> (&'static str, Value) {
    ("Idempotency-Replayed", header("`true` where the answer was given before", "true"))
}

fn etag() -> (&'static str, Value) {
    ("ETag", header("The version, to be sent as If-Match with a change (RFC 9110 §8.8.3)", "\"1\""))
}

fn retry_after() -> (&'static str, Value) {
    ("Retry-After", header("Seconds after which to try again (RFC 9110 §10.2.3)", "1"))
}

fn www_authenticate() -> (&'static str, Value) {
    ("WWW-Authenticate", header("`Bearer` (RFC 6750 §3)", "Bearer"))
}

fn allow() -> (&'static str, Value) {
    ("Allow", header("The methods that the path has (RFC 9110 §10.2.1)", "GET, HEAD"))
}

/// Writes the password of an operator's links, which comes in and never goes out.
fn write_password(document: &mut Value) {
    let properties = &mut document["components"]["schemas"]["SmppConfig"]["properties"];
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(
            "password".to_owned(),
            json!({
                "type": ["string", "null"], "writeOnly": true, "maxLength": 64,
                "description": "The password it is bound to with. It is never shown. A change without one keeps \
                    the present one.",
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::router::document;

    fn value() -> Value {
        complete(&document())
    }

    /// Every reference within a document.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_has_an_end() {
        let (document, mut found) = (value(), BTreeSet::new());
        references(&document, &mut found);
        assert!(found.len() > 100);
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_belongs_to_a_part_that_is_described_and_has_its_headers() {
        let document = value();
        let tags: BTreeSet<&str> = TAGS.iter().map(|(name, _)| *name).collect();
        let (mut used, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                used.extend(operation["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()));
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id), "{id} is there twice");
                let is_named = |name: &str, values: &Value| {
                    values.as_array().into_iter().flatten().filter(|one| one["name"] == name).count()
                };
                let keyed = usize::from(method == "post" && is_of_callers(path));
                assert_eq!(is_named("Idempotency-Key", &operation["parameters"]), keyed, "{method} {path}");
            }
        }
        assert_eq!(used, tags);
        assert!(WITH_ETAG.iter().all(|id| ids.contains(id)));
        assert_eq!(
            document["components"]["schemas"]["SmppConfig"]["properties"]["password"]["writeOnly"],
            true
        );
        assert!(document["webhooks"]["alert.raised"].is_object() && document["servers"].is_array());
    }
}
