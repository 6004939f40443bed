//! Payments by bank transfer: begun by who owes, seen on a page without a login, confirmed by another person, credited once.

use serde_json::{Value, json};

use crate::support::api::{ADMIN_EMAIL, Api, Reply, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "biz_test_001";
const PASSWORD: &str = "a long enough 1 password";

fn begin(api: &Api, amount: &str) -> Value {
    api.post("/v1/payments", &json!({ "account": ACCOUNT, "provider": "manual", "amount": amount }))
        .expect(201)
        .json
}

fn balance(api: &Api) -> String {
    let balance = api.get(&format!("/v1/accounts/{ACCOUNT}/balance")).expect(200).json["balance"].clone();
    balance.as_str().expect("an amount").to_owned()
}

fn id_of(payment: &Value) -> String {
    payment["id"].as_str().expect("an id").to_owned()
}

/// The page of a payment, as a browser without a session gets it.
fn page(daemon: &Daemon, payment: &Value) -> Reply {
    let url = payment["pay_url"].as_str().expect("a URL");
    let path = &url[url.find("/pay/").expect("a pay page")..];
    Api::anonymous(daemon).get(path)
}

/// `verify` finds the books in balance, with these counts of payments, successes and refunds.
fn verified(sandbox: &Sandbox, expected: [u64; 3]) {
    let finished = sandbox.on_books(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout).expect("a report");
    assert_eq!(report["balanced"], true, "{}", finished.stdout);
    let counted =
        ["payments", "succeeded", "refunds"].map(|name| report["payments"][name].as_u64().expect("a count"));
    assert_eq!(counted, expected, "{}", finished.stdout);
}

fn user(daemon: &Daemon, admin: &Api, role: &str, account: Option<&str>) -> Api {
    let email = format!("{role}2@example.com");
    let user =
        json!({ "email": email, "name": role, "role": role, "account": account, "password": PASSWORD });
    admin.post("/v1/users", &user).expect(201);
    Api::login(daemon, &email, PASSWORD)
}

#[test]
fn a_transfer_is_confirmed_by_another_person_and_credited_once() {
    let sandbox = Sandbox::new();
    sandbox.set("payments", "two_person_rule = true");
    sandbox.set("payments", "bank_details = [\"Bank of <Nairobi>\", \"IBAN KE00 0000 0000\"]");
    let (daemon, admin) = start_with_admin(&sandbox);
    let (customer, clerk) =
        (user(&daemon, &admin, "customer", Some(ACCOUNT)), user(&daemon, &admin, "admin", None));
    assert_eq!(balance(&admin), "1000.00");

    let begun =
        customer.post("/v1/payments", &json!({ "provider": "manual", "amount": "25.50" })).expect(201);
    assert_eq!(begun.header("location"), Some(format!("/v1/payments/{}", id_of(&begun.json)).as_str()));
    let payment = begun.json;
    assert_eq!((&payment["state"], &payment["amount"]), (&json!("requires_action"), &json!("25.50")));
    assert_eq!(payment["actions"], json!(["cancel", "confirm"]));
    let shown = page(&daemon, &payment);
    let reference = payment["reference"].as_str().expect("a reference");
    let text = shown.text();
    assert!(
        text.contains(reference) && text.contains("Bank of &lt;Nairobi&gt;") && text.contains("25.50 USD"),
        "{text}"
    );
    assert!(!text.contains("<script"), "{text}");
    let policy = shown.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(
        (shown.header("cache-control"), shown.header("referrer-policy")),
        (Some("no-store"), Some("no-referrer"))
    );

    // A customer confirms nothing, nor does who began it.
    let confirm = |api: &Api, id: &str, body: &Value| api.post(&format!("/v1/payments/{id}/confirm"), body);
    customer.post(&format!("/v1/payments/{}/confirm", id_of(&payment)), &json!({})).expect(403);
    let own = begin(&admin, "5.00");
    let refused = confirm(&admin, &id_of(&own), &json!({})).expect(403);
    assert!(refused.text().contains("another person"), "{}", refused.text());

    let confirmed =
        confirm(&clerk, &id_of(&payment), &json!({ "bank_reference": "TRX 77" })).expect(200).json;
    assert_eq!((&confirmed["state"], &confirmed["received"]), (&json!("succeeded"), &json!("25.50")));
    assert_eq!(confirmed["actions"], json!(["refund"]));
    assert_eq!(balance(&admin), "1025.50");
    assert_eq!(confirm(&clerk, &id_of(&payment), &json!({})).expect(409).code(), "wrong_state");
    assert!(page(&daemon, &payment).text().contains("complete"));

    // What came may be another amount than what was asked for.
    let less = confirm(&clerk, &id_of(&own), &json!({ "amount": "4.75" })).expect(200).json;
    assert_eq!((&less["amount"], &less["received"]), (&json!("5.00"), &json!("4.75")));
    assert_eq!(balance(&admin), "1030.25");
    let transactions =
        admin.get(&format!("/v1/accounts/{ACCOUNT}/transactions?kind=payment")).expect(200).json;
    let entry = &transactions["items"][1];
    assert_eq!((&entry["amount"], &entry["reference"]), (&json!("25.50"), &payment["id"]));
    daemon.stop();
    verified(&sandbox, [2, 2, 0]);
}

#[test]
fn a_payment_is_made_once_for_a_key_and_found_by_its_facts() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let keyed = admin.header("Idempotency-Key", "order-7");
    let body = json!({ "account": ACCOUNT, "provider": "manual", "amount": "10.00" });
    let first = keyed.post("/v1/payments", &body).expect(201);
    let again = keyed.post("/v1/payments", &body).expect(201);
    assert_eq!(first.json["id"], again.json["id"]);
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    let other = json!({ "account": ACCOUNT, "provider": "manual", "amount": "11.00" });
    assert_eq!(keyed.post("/v1/payments", &other).expect(409).code(), "key_reused");

    // It is answered as it is by now.
    let id = id_of(&first.json);
    admin.order(&format!("/v1/payments/{id}/confirm")).expect(200);
    assert_eq!(keyed.post("/v1/payments", &body).expect(201).json["state"], "succeeded");
    let cancelled = begin(&admin, "3.00");
    let done = admin.order(&format!("/v1/payments/{}/cancel", id_of(&cancelled))).expect(200).json;
    assert_eq!((&done["state"], &done["actions"]), (&json!("cancelled"), &json!([])));
    assert_eq!(
        admin.order(&format!("/v1/payments/{}/confirm", id_of(&cancelled))).expect(409).code(),
        "wrong_state"
    );
    assert_eq!(admin.order(&format!("/v1/payments/{id}/cancel")).expect(409).code(), "wrong_state");

    let list = |query: &str| -> Vec<String> {
        let page = admin.get(&format!("/v1/payments?{query}")).expect(200).json;
        page["items"].as_array().expect("items").iter().map(id_of).collect()
    };
    let newest_first = vec![id_of(&cancelled), id.clone()];
    assert_eq!(list("limit=10"), newest_first);
    assert_eq!(list(&format!("account={ACCOUNT}")), newest_first);
    assert_eq!(list("account=biz_test_002"), Vec::<String>::new());
    assert_eq!(list("state=succeeded"), vec![id.clone()]);
    let reference = first.json["reference"].as_str().expect("a reference").to_lowercase();
    assert_eq!(list(&format!("reference={reference}")), vec![id.clone()]);
    assert_eq!(list("from=2999-01-01"), Vec::<String>::new());
    let page = admin.get("/v1/payments?limit=1").expect(200).json;
    assert_eq!(page["total"], 2, "of all pages");
    let next = page["next_cursor"].as_str().expect("there is more");
    assert_eq!(list(&format!("limit=1&cursor={next}")), vec![id.clone()]);
    let last = admin.get(&format!("/v1/payments?limit=1&cursor={next}")).expect(200).json;
    assert_eq!(last["total"], 2);
    assert_eq!(admin.get("/v1/payments?state=succeeded").expect(200).json["total"], 1);

    // Refunds: a part, no more than is left, and once for a key.
    let refund = |api: &Api, body: Value| api.post(&format!("/v1/payments/{id}/refunds"), &body);
    let keyed = admin.header("Idempotency-Key", "refund-1");
    let part = refund(&keyed, json!({ "amount": "4.00", "reason": "half of it" })).expect(201).json;
    assert_eq!(part["state"], "succeeded");
    assert_eq!(
        refund(&keyed, json!({ "amount": "4.00", "reason": "half of it" })).expect(201).json["id"],
        part["id"]
    );
    let refused = refund(&admin, json!({ "amount": "6.01", "reason": "too much" })).expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "amount");
    refund(&admin, json!({ "reason": "the rest" })).expect(201);
    refund(&admin, json!({ "reason": "nothing is left" })).expect(422);
    let after = admin.get(&format!("/v1/payments/{id}")).expect(200).json;
    assert_eq!((&after["refunded"], &after["actions"]), (&json!("10.00"), &json!([])));
    assert_eq!(balance(&admin), "1000.00");
    daemon.stop();
    verified(&sandbox, [2, 1, 2]);
}

#[test]
fn what_cannot_be_paid_is_named() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    for (change, field) in [
        (json!({ "amount": "0" }), "amount"),
        (json!({ "amount": "-5" }), "amount"),
        (json!({ "amount": "1.005" }), "amount"),
        (json!({ "provider": "stripe" }), "provider"),
        (json!({ "provider": "paypal" }), "provider"),
        (json!({ "payment_method": "pm_none" }), "payment_method"),
        (json!({ "save_method": true }), "save_method"),
        (json!({ "purpose": { "kind": "bundle", "product": "none" } }), "product"),
    ] {
        let mut body = json!({ "account": ACCOUNT, "provider": "manual", "amount": "10.00" });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let refused = admin.post("/v1/payments", &body).expect(422);
        assert_eq!(refused.json["errors"][0]["field"], field, "{body}: {}", refused.text());
    }
    admin.get("/v1/payments/pay_none").expect(404);
    admin.post("/v1/payments/pay_none/refunds", &json!({ "reason": "x" })).expect(404);
    let nothing = Api::anonymous(&daemon).get("/pay/none").expect(404);
    assert_eq!(nothing.header("content-type"), Some("text/html; charset=utf-8"));
    let anonymous = Api::anonymous(&daemon);
    anonymous.post("/v1/payments/webhooks/stripe", &json!({})).expect(404);
    assert_eq!(
        anonymous.get("/pay/assets/pay.css").expect(200).header("content-type"),
        Some("text/css; charset=utf-8")
    );

    // Others' payments are not there.
    let own = begin(&admin, "1.00");
    admin.post("/v1/accounts", &json!({ "id": "stranger", "plan": "starter" })).expect(201);
    let stranger = user(&daemon, &admin, "customer", Some("stranger"));
    for path in ["", "/refunds", "/disputes"] {
        stranger.get(&format!("/v1/payments/{}{path}", id_of(&own))).expect(404);
    }
    stranger.order(&format!("/v1/payments/{}/cancel", id_of(&own))).expect(404);
    assert_eq!(stranger.get("/v1/payments").expect(200).json["items"], json!([]));
    stranger.get(&format!("/v1/payments?account={ACCOUNT}")).expect(404);
    assert!(!ADMIN_EMAIL.is_empty());
    daemon.stop();
    verified(&sandbox, [1, 0, 0]);
}
