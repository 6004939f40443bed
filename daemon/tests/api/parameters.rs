//! Parameters that a route does not have: refused by `/v1`, and ignored and counted where existing clients ask.

use crate::support::api::start_with_admin;
use crate::support::metrics::Scrape;
use crate::support::sandbox::Sandbox;
use serde_json::{Value, json};

#[test]
fn what_v1_does_not_know_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    let (daemon, api) = start_with_admin(&sandbox);
    let document = api.get("/openapi.json").expect(200).json;
    for (path, methods) in document["paths"].as_object().unwrap() {
        // Those of `auth` without a token count failures.
        if !path.starts_with("/v1/") || path.starts_with("/v1/auth/") {
            continue;
        }
        for method in methods.as_object().unwrap().keys() {
            let asked = path.replace(['{', '}'], "");
            let reply = api.send(&method.to_uppercase(), &format!("{asked}?no_such_thing=1"), None);
            assert_eq!(
                (reply.status, reply.code()),
                (400, "invalid_request"),
                "{method} {path}: {}",
                reply.json
            );
            assert_eq!(reply.json["errors"][0]["field"], "no_such_thing", "{method} {path}");
        }
    }
    for (query, field) in [
        ("limit=1&limit=1", "limit"),
        ("Limit=1", "Limit"),
        ("plan=", "plan"),
        ("plan", "plan"),
        ("limit=many", "limit"),
        ("status=unknown", "status"),
        ("limit=1;status=active", "limit"),
    ] {
        let reply = api.get(&format!("/v1/accounts?{query}"));
        assert_eq!(reply.status, 400, "{query}: {}", reply.json);
        assert_eq!(reply.json["errors"][0]["field"], field, "{query}: {}", reply.json);
    }
    let missing = api.get("/v1/accounts?limit=0").expect(422).json;
    assert_eq!(missing["errors"][0]["field"], "limit");
    api.get("/v1/rate-cards?mnc=").expect(200);
    api.get("/v1/accounts?limit=1&").expect(200);
    api.post("/v1/charges?dry_run=true", &json!({})).expect(400);
    daemon.stop();
}

#[test]
fn existing_clients_filter_by_what_is_documented_and_the_rest_is_counted() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let rates = |query: &str| -> Vec<Value> {
        api.get(&format!("/api/billing/rate-cards/{query}")).expect(200).json.as_array().unwrap().clone()
    };
    let (all, kenya) = (rates(""), rates("?country_code=KE"));
    assert!(!kenya.is_empty() && kenya.len() < all.len());
    assert!(kenya.iter().all(|rate| rate["country_code"] == "KE"));
    assert_eq!(rates("?country_code=ke"), kenya);
    let operator = kenya.iter().find(|rate| rate["operator"] == "Safaricom").unwrap();
    assert_eq!(rates("?country_code=KE&operator=safaricom"), std::slice::from_ref(operator));
    let counted = "tollgate_api_ignored_parameters_total{route=\"/api/billing/rate-cards/\"}";
    assert_eq!(Scrape::of(&daemon).count(counted), 0);
    assert_eq!(rates("?page=2&Country_Code=KE&country_code="), all);
    assert_eq!(Scrape::of(&daemon).count(counted), 3);
    let path = "/api/billing/transactions/biz_test_001/?limit=1&limit=2&order=desc";
    assert_eq!(api.get(path).expect(200).json.as_array().unwrap().len(), 1);
    api.get("/api/billing/usage/biz_test_001/?period=THIS_MONTH&_=1700000000").expect(200);
    daemon.stop();
}

#[test]
fn texts_for_people_steer_nothing_that_shows_them() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let account = "/v1/accounts/acme";
    api.post("/v1/accounts", &json!({ "id": "acme", "plan": "starter" })).expect(201);
    for text in ["\u{1b}[2Jred", "a\u{202e}b", "a\0b", "a\nb"] {
        let topup = json!({ "amount": "1.00", "reference": text });
        let template = json!({ "account": "acme", "name": text, "category": "otp", "body": "Code {code}" });
        let dispatch = json!({ "account": "acme", "id": "d1", "name": text });
        for (reply, field) in [
            (api.patch(account, &json!({ "name": text })), "name"),
            (api.post(&format!("{account}/topups"), &topup), "reference"),
            (api.post("/v1/templates", &template), "name"),
            (api.post("/v1/dispatches", &dispatch), "name"),
        ] {
            assert_eq!(reply.expect(422).json["errors"][0]["field"], field, "{text:?}");
        }
    }
    let reason = json!({ "amount": "1.00", "reason": "two\nlines" });
    api.post(&format!("{account}/adjustments"), &reason).expect(201);
    let steering = json!({ "amount": "1.00", "reason": "\u{1b}[2J" });
    api.post(&format!("{account}/adjustments"), &steering).expect(422);
    daemon.stop();
}
