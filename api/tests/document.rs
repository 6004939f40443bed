//! The committed OpenAPI document is that of the handlers.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests stop at a surprise")]

use std::fs;
use std::path::Path;

#[test]
fn the_committed_document_is_that_of_the_handlers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let committed = fs::read_to_string(path).unwrap();
    assert!(
        committed == tollgate_api::router::document_text(),
        "docs/openapi.json is not what the handlers say; `tollgate openapi > docs/openapi.json` writes it anew"
    );
}

/// Routes that change something and are not meant for a version of it, each with the reason.
const WITHOUT_VERSION: &[(&str, &[&str])] = &[
    (
        "what they make is new, or asked for anew, and there is no version of it yet",
        &[
            "create_account",
            "subscribe",
            "create_api_key",
            "register",
            "create_bundle_product",
            "create_charge",
            "create_dispatch",
            "create_import",
            "draft_invoice",
            "create_nickname",
            "create_operator",
            "create_payment",
            "create_plan",
            "create_price_list",
            "create_quote",
            "create_statement",
            "create_subscription_plan",
            "create_template",
            "create_user",
            "create_webhook_endpoint",
        ],
    ),
    (
        "a thing that never changes is ended or removed, once",
        &[
            "disconnect_bind",
            "revoke_api_key",
            "delete_payment_method",
            "delete_import",
            "lift_pumping_finding",
        ],
    ),
    ("it happens to a message once, whoever asks", &["report_status", "refund_charge"]),
    ("a program takes what is left, all of it or none", &["consume_tokens"]),
    (
        "the caller's own log-in",
        &[
            "change_password",
            "login",
            "logout",
            "refresh",
            "request_password_reset",
            "confirm_password_reset",
            "begin_session",
            "end_session",
        ],
    ),
    (
        "no money is moved and no traffic stopped",
        &[
            "test_webhook",
            "rotate_webhook_secret",
            "rotate_webhook_endpoint_secret",
            "test_webhook_endpoint",
            "mark_all_alerts_read",
            "mark_alert_read",
            "trust_clock",
            "resend_event",
            "resend_mail",
            "refresh_payment",
            "check_template",
            "unlock_user",
            "set_issuer_logo",
            "delete_issuer_logo",
        ],
    ),
    (
        "clients and providers whose requests are as they are",
        &["wecall_topup", "wecall_change_wallet", "invoice_pay", "take_paypal_event", "take_stripe_event"],
    ),
];

#[test]
fn a_change_is_meant_for_a_version_unless_there_is_a_reason() {
    let document: serde_json::Value = serde_json::from_str(&tollgate_api::router::document_text()).unwrap();
    let mut without = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        // The paths of existing clients are as those clients have them.
        let is_ours =
            path.starts_with("/v1/") || path.starts_with("/pay/") || path.starts_with("/api/billing/");
        for (method, operation) in methods.as_object().unwrap().iter().filter(|_| is_ours) {
            let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let has_version = parameters.iter().any(|parameter| parameter["name"] == "If-Match");
            if method != "get" && method != "head" && !has_version {
                without.push(operation["operationId"].as_str().unwrap().to_owned());
            }
        }
    }
    let mut expected: Vec<String> =
        WITHOUT_VERSION.iter().flat_map(|(_, ids)| ids.iter().map(|id| (*id).to_owned())).collect();
    without.sort();
    expected.sort();
    assert_eq!(without, expected, "a route without If-Match needs a reason in this list");
}
