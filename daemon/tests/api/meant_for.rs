//! Requests that move money or stop traffic say which version they are meant for: another one is refused and nothing is done; and a
//! repetition under its Idempotency-Key gets the answer of the first, whatever the version is by then.

use std::cell::Cell;

use serde_json::{Value, json};

use crate::support::api::{self, Api, Reply};
use crate::support::sandbox::Sandbox;

/// A version that nothing has.
const STALE: &str = "\"7\"";

/// Requests of one admin.
struct Admin {
    api: Api,
    keys: Cell<u32>,
}

impl Admin {
    fn tag(&self, path: &str) -> String {
        self.api.get(path).expect(200).header("etag").expect("an ETag").to_owned()
    }

    fn send(&self, method: &str, path: &str, body: &Value, (tag, key): (&str, &str)) -> Reply {
        let api = self.api.header("If-Match", tag).header("Idempotency-Key", key);
        let body = (!body.is_null()).then(|| (body.to_string().into_bytes(), "application/json"));
        api.send(method, path, body)
    }

    /// Asks for something with a version of `shown` that is not the present one: it is refused, and what `shown` and `moved` show
    /// stays as it was.
    fn refused(&self, (method, path): (&str, &str), body: &Value, shown: &[&str]) {
        let looked =
            || shown.iter().map(|path| self.api.get(path).expect(200).json).map(settled).collect::<Vec<_>>();
        let before = looked();
        let refusal = self.send(method, path, body, (STALE, &self.key()));
        assert_eq!(
            (refusal.status, refusal.code()),
            (412, "precondition_failed"),
            "{method} {path}: {}",
            refusal.json
        );
        assert_eq!(looked(), before, "{method} {path}");
    }

    /// The same, and then with the present version: it is done, once however often it is sent.
    fn done(&self, path: &str, body: &Value, (read, shown): (&str, &str)) -> Reply {
        self.refused(("POST", path), body, &[read, shown]);
        let (tag, key) = (self.tag(read), self.key());
        let first = self.send("POST", path, body, (&tag, &key));
        assert!((200..300).contains(&first.status), "{path}: {}", first.json);
        let after = settled(self.api.get(shown).expect(200).json);
        let again = self.send("POST", path, body, (STALE, &key));
        assert_eq!(
            (again.status, again.header("idempotency-replayed")),
            (first.status, Some("true")),
            "{path}"
        );
        assert_eq!(settled(self.api.get(shown).expect(200).json), after, "{path} is done once");
        first
    }

    fn key(&self) -> String {
        self.keys.set(self.keys.get() + 1);
        format!("key-{}", self.keys.get())
    }
}

/// An answer without the instant at which it holds.
fn settled(mut shown: Value) -> Value {
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("as_of");
    }
    shown
}

fn start(sandbox: &Sandbox) -> (crate::support::daemon::Daemon, Admin) {
    let (daemon, api) = api::start_with_admin(sandbox);
    let agency = json!({ "id": "agency", "plan": "starter", "opening_balance": "100.00", "settings": { "is_reseller": true } });
    api.post("/v1/accounts", &agency).expect(201);
    let shop = json!({ "id": "shop", "plan": "starter", "parent": "agency" });
    api.post("/v1/accounts", &shop).expect(201);
    (daemon, Admin { api, keys: Cell::new(0) })
}

#[test]
fn money_of_an_account_is_moved_on_the_terms_that_were_seen() {
    let sandbox = Sandbox::new();
    let (_daemon, admin) = start(&sandbox);
    let (shop, wallet) = ("/v1/accounts/shop", "/v1/accounts/shop/wallet");
    let product = json!({ "name": "small", "unit": "segments", "units": 100, "price": "5.00", "currency": "USD",
        "validity": { "kind": "days", "days": 30 } });
    admin.api.post("/v1/bundle-products", &product).expect(201);
    let moved = |amount: &str| json!({ "amount": amount, "reference": "one" });
    for (what, body) in [
        ("topups", moved("20.00")),
        ("adjustments", json!({ "amount": "-1.00", "reason": "a slip" })),
        ("fund", moved("7.00")),
        ("withdraw", moved("3.00")),
        ("bundles", json!({ "product": "small" })),
    ] {
        admin.done(&format!("{shop}/{what}"), &body, (shop, wallet));
    }
    assert_eq!(admin.api.get(wallet).expect(200).json["balance"], "18.00");
    let payout = json!({ "amount": "1.00", "to": "wallet" });
    admin.refused(("POST", "/v1/accounts/shop/commission/payouts"), &payout, &[wallet]);

    // What stops traffic, and lets it on again.
    for what in ["suspend", "resume", "credentials/rotate"] {
        admin.done(&format!("{shop}/{what}"), &Value::Null, (shop, shop));
    }
    let recharge = "/v1/accounts/shop/auto-recharge";
    admin.refused(("DELETE", recharge), &Value::Null, &[recharge]);
    assert_eq!(
        admin.send("DELETE", recharge, &Value::Null, (&admin.tag(recharge), &admin.key())).status,
        204
    );
}

#[test]
fn payments_and_subscriptions_change_as_they_were_seen() {
    let sandbox = Sandbox::new();
    let (_daemon, admin) = start(&sandbox);
    let wallet = "/v1/accounts/shop/wallet";
    let begin = || {
        let new = json!({ "account": "shop", "provider": "manual", "amount": "100.00" });
        let payment = admin.api.post("/v1/payments", &new).expect(201).json;
        format!("/v1/payments/{}", payment["id"].as_str().unwrap())
    };
    let given_up = begin();
    let ended = admin.done(&format!("{given_up}/cancel"), &Value::Null, (&given_up, wallet));
    assert_eq!(ended.json["state"], "cancelled");
    let paid = begin();
    let confirmed = admin.done(&format!("{paid}/confirm"), &json!({}), (&paid, wallet));
    assert_eq!(confirmed.header("etag"), Some(admin.tag(&paid).as_str()), "the answer has the version");
    let back = json!({ "amount": "10.00", "reason": "too much" });
    admin.done(&format!("{paid}/refunds"), &back, (&paid, wallet));
    assert_eq!(admin.api.get(wallet).expect(200).json["balance"], "90.00");

    for (name, price) in [("basic", "15.00"), ("pro", "40.00")] {
        let plan = json!({ "name": name, "price": price, "currency": "USD", "period": { "kind": "month" }, "tokens": 10 });
        admin.api.post("/v1/subscription-plans", &plan).expect(201);
    }
    let subscription = "/v1/accounts/shop/subscription";
    admin.api.post(subscription, &json!({ "plan": "basic" })).expect(201);
    for (what, body) in [
        ("cancel", json!({ "at": "period_end" })),
        ("resume", Value::Null),
        ("change", json!({ "plan": "pro", "at": "now" })),
    ] {
        admin.done(&format!("{subscription}/{what}"), &body, (subscription, subscription));
    }
    admin.refused(("POST", "/v1/accounts/shop/subscription/pay"), &Value::Null, &[subscription, wallet]);
    let method = json!({ "payment_method": null });
    admin.refused(("PUT", "/v1/accounts/shop/subscription/payment-method"), &method, &[subscription]);
}

#[test]
fn an_operator_and_a_tariff_are_changed_as_they_were_seen() {
    let sandbox = Sandbox::new();
    let in_file = concat!(
        "[[operator]]\ncode = \"filed\"\nname = \"Filed\"\ncurrency = \"USD\"\nbase_cost = \"0.001\"\n",
        "[operator.smpp]\nhost = \"127.0.0.1\"\nport = 9\nsystem_id = \"x\"\npassword = \"hidden11\"\n",
    );
    // Files are read again when it is asked for, and not by themselves.
    sandbox.replace("tollgate.toml", "watch_files = true", "watch_files = false");
    sandbox.append("tollgate.toml", "[operators]\nfile = \"operators.toml\"\n");
    sandbox.write("operators.toml", in_file);
    let (_daemon, admin) = start(&sandbox);
    let of_api = json!({
        "code": "hand", "name": "Hand", "currency": "USD", "price_per_sms": "0.001",
        "smpp_config": { "host": "127.0.0.1", "port": 9, "system_id": "x", "password": "hidden11" },
    });
    admin.api.post("/v1/operators", &of_api).expect(201);
    for code in ["hand", "filed"] {
        let operator = format!("/v1/operators/{code}");
        let mut seen = vec![admin.tag(&operator)];
        for what in ["drain", "resume", "disable", "resume", "drain"] {
            let asked = admin.api.order(&format!("{operator}/{what}?dry_run=true")).expect(200);
            assert_eq!(
                asked.header("etag"),
                seen.last().map(String::as_str),
                "what is asked changes nothing"
            );
            admin.done(&format!("{operator}/{what}"), &Value::Null, (&operator, &operator));
            let tag = admin.tag(&operator);
            assert!(!seen.contains(&tag), "{code}: no version comes twice: {tag} is one of {seen:?}");
            seen.push(tag);
        }
    }

    let before =
        admin.api.get("/v1/tariffs?limit=1&sort=newest").expect(200).json["items"][0]["version"].clone();
    let rate = json!({ "rows": [{ "plan": "*", "mcc": "639", "mnc": "02", "price_per_sms": "0.05" }] });
    let rates = "/v1/rate-cards?limit=1";
    admin.api.put("/v1/rate-cards/rows", &rate).expect(200);
    let back = format!("/v1/tariffs/{}/rollback", before.as_str().unwrap());
    let asked = admin.api.order(&format!("{back}?dry_run=true")).expect(200);
    assert_eq!(
        asked.header("etag"),
        Some(admin.tag(rates).as_str()),
        "the ETag is that of the tariff in force"
    );
    admin.done(&back, &Value::Null, (rates, "/v1/tariffs"));
    let asked = admin.api.order("/v1/reload?dry_run=true").expect(200);
    assert_eq!((&asked.json["result"], &asked.json["changes"]), (&json!("dry_run"), &json!([])));
    admin.refused(("POST", "/v1/reload"), &Value::Null, &["/v1/tariffs"]);
    sandbox.write("operators.toml", &in_file.replace("Filed", "Renamed"));
    let asked = admin.api.order("/v1/reload?dry_run=true").expect(200);
    assert!(asked.json["changes"].to_string().contains("filed"), "{}", asked.json);
    assert_eq!(admin.api.get("/v1/operators/filed").expect(200).json["name"], "Filed", "it was only asked");
}
