//! Requests that are sent again with their Idempotency-Key: what they ask for is done once, and the answer says that it was
//! given before, without what is shown only once.

use std::collections::BTreeSet;
use std::thread;

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::books;
use crate::support::sandbox::Sandbox;
use serde_json::{Value, json};

const REPLAYED: &str = "idempotency-replayed";

/// Sends a request twice, and once more with another body: the second answer is the first, and the third is refused.
fn twice(api: &Api, key: &str, path: &str, body: &Value, other: &Value) -> [Reply; 2] {
    let keyed = api.header("Idempotency-Key", key);
    let [first, second] = [keyed.post(path, body), keyed.post(path, body)];
    assert!((200..300).contains(&first.status), "{path}: {}", first.json);
    assert_eq!((second.status, first.header(REPLAYED)), (first.status, None), "{path}: {}", second.json);
    assert_eq!(second.header(REPLAYED), Some("true"), "{path}");
    for name in ["location", "etag", "content-type"] {
        assert_eq!(second.header(name), first.header(name), "{path}: {name}");
    }
    let refusal = keyed.post(path, other);
    assert_eq!((refusal.status, refusal.code()), (409, "key_reused"), "{path}");
    [first, second]
}

#[test]
fn a_repeated_post_is_answered_alike_and_makes_nothing_twice() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let plan = json!({ "name": "retail", "currency": "USD", "time_zone": "UTC", "base_price": "0.04" });
    let operator = json!({
        "code": "hand", "name": "Hand", "currency": "USD", "price_per_sms": "0.001", "status": "disabled",
        "smpp_config": { "host": "127.0.0.1", "port": 9, "system_id": "x", "password": "hidden11" },
    });
    let user = json!({
        "email": "ann@acme.example", "name": "Ann", "role": "customer", "account": "acme",
        "password": "seven purple Kites 7",
    });
    let nickname =
        json!({ "account": "acme", "name": "ACME", "category": "transactional", "description": "ours" });
    let template = json!({ "account": "acme", "name": "code", "body": "Code {c}.", "category": "otp" });
    let dispatch = json!({ "account": "acme", "id": "autumn", "name": "Autumn" });
    let invoice = json!({ "account": "acme", "period_start": "2026-01-01", "period_end": "2026-02-01" });
    let topup = json!({ "amount": "5.00", "reference": "paid" });
    let charge = json!({ "account": "acme", "to": "254722000001", "text": "a text" });
    let account = json!({ "id": "acme", "plan": "starter", "settings": { "delivery": "charge_only" } });
    let cases = [
        ("/v1/accounts", &account),
        ("/v1/users", &user),
        ("/v1/plans", &plan),
        ("/v1/operators", &operator),
        ("/v1/nicknames", &nickname),
        ("/v1/templates", &template),
        ("/v1/dispatches", &dispatch),
        ("/v1/invoices", &invoice),
        ("/v1/accounts/acme/topups", &topup),
        ("/v1/charges", &charge),
    ];
    for (at, (path, body)) in cases.into_iter().enumerate() {
        let mut other = body.clone();
        let (name, _) =
            other.as_object().unwrap().iter().next().map(|(k, v)| (k.clone(), v.clone())).unwrap();
        other[name] = json!("another");
        let other =
            if path.ends_with("topups") { json!({ "amount": "6.00", "reference": "paid" }) } else { other };
        let other = if path == "/v1/charges" {
            json!({ "account": "acme", "to": "254722000002", "text": "b" })
        } else {
            other
        };
        let [first, second] = twice(&api, &format!("key-{at}"), path, body, &other);
        if path == "/v1/accounts" {
            let (shown, kept) = (&first.json["credentials"], &second.json["credentials"]);
            assert!(shown["password"].is_string() && shown["note"].is_null());
            assert!(kept["password"].is_null(), "{kept}");
            assert!(
                kept["note"].as_str().unwrap().contains("/v1/accounts/acme/credentials/rotate"),
                "{kept}"
            );
            assert_eq!(first.json["account"], second.json["account"]);
        } else {
            assert_eq!(first.json, second.json, "{path}");
        }
    }
    // Nothing was done twice, and a repetition is no change.
    let count = |path: &str| api.get(path).expect(200).json["items"].as_array().unwrap().len();
    assert_eq!(count("/v1/users"), 2, "the admin, and one more");
    assert_eq!(count("/v1/audit?action=plan.create"), 1);
    assert_eq!(count("/v1/accounts/acme/transactions"), 2);
    assert_eq!(count("/v1/invoices?account=acme"), 1);
    daemon.stop();

    // A restart forgets no answer; another caller has keys of its own.
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    let again = api.header("Idempotency-Key", "key-1").post("/v1/users", &user).expect(201);
    assert_eq!(again.header(REPLAYED), Some("true"));
    let scopes = json!(["accounts:write", "accounts:read", "billing:write"]);
    let service = api.post("/v1/api-keys", &json!({ "name": "other", "scopes": scopes })).expect(201);
    let service = api.with_token(service.json["key"].as_str().unwrap());
    let topup =
        service.header("Idempotency-Key", "key-8").post("/v1/accounts/acme/topups", &topup).expect(201);
    assert_eq!(topup.header(REPLAYED), None);
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn what_is_shown_once_is_not_kept() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    api.post("/v1/accounts", &json!({ "id": "acme", "plan": "starter" })).expect(201);
    let keyed = |key: &str| api.header("Idempotency-Key", key);
    let secrets: Vec<String> = [
        ("/v1/accounts/acme/credentials/rotate", "password", json!({})),
        ("/v1/api-keys", "key", json!({ "name": "export", "scopes": ["billing:read"] })),
        ("/v1/accounts/acme/webhook-secret/rotate", "secret", json!({})),
    ]
    .into_iter()
    .map(|(path, field, body)| {
        let (first, second) = (keyed(field).post(path, &body), keyed(field).post(path, &body));
        assert_eq!((first.status, second.header(REPLAYED)), (second.status, Some("true")), "{}", second.json);
        assert!(second.json[field].is_null() && second.json["note"].is_string(), "{}", second.json);
        first.json[field].as_str().unwrap_or_else(|| panic!("{path}: {}", first.json)).to_owned()
    })
    .collect();
    assert_eq!(api.get("/v1/api-keys").expect(200).json["items"].as_array().unwrap().len(), 1);
    // Another key rotates again.
    let next = keyed("other").order("/v1/accounts/acme/credentials/rotate").expect(200);
    assert_ne!(next.json["password"], json!(secrets[0]));
    daemon.stop();
    let mut octets = Vec::new();
    for file in std::fs::read_dir(sandbox.data_dir()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            octets.extend(std::fs::read(path).unwrap());
        }
    }
    for secret in &secrets[..2] {
        let is_there = octets.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_there, "a secret that is shown once is in the data directory");
    }
}

#[test]
fn of_many_at_once_one_makes_it() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let body = json!({ "name": "export", "scopes": ["billing:read"] });
    let ids: BTreeSet<String> = thread::scope(|scope| {
        let make = || {
            let made = api.header("Idempotency-Key", "once").post("/v1/api-keys", &body).expect(201);
            made.json["api_key"]["id"].as_str().unwrap().to_owned()
        };
        let makers: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1);
    // After a refusal the key is free: nothing was done.
    let keyed = api.header("Idempotency-Key", "later");
    keyed.post("/v1/accounts", &json!({ "id": "late", "plan": "nowhere" })).expect(422);
    let made = keyed.post("/v1/accounts", &json!({ "id": "late", "plan": "starter" })).expect(201);
    assert_eq!(made.header(REPLAYED), None);
    for wrong in ["", " ", &"x".repeat(65)] {
        let refusal = api.header("Idempotency-Key", wrong).post("/v1/users", &json!({}));
        assert_eq!((refusal.status, refusal.code()), (400, "invalid_request"), "{wrong:?}");
    }
    daemon.stop();
}
