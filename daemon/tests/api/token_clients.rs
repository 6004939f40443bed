//! The flow of the token-subscription service's clients, as their documents show it: register, token, plans, purchase, consume,
//! status, usage.

use serde_json::{Value, json};

use crate::support::api::{self, Api};
use crate::support::books::balanced;
use crate::support::mail::MailServer;
use crate::support::sandbox::Sandbox;
use crate::support::stripe::{GOOD_CARD, Stripe};

const PASSWORD: &str = "quiet otter 42 lamp";

/// A user who has registered, with the id of the account.
pub fn registered(
    server: &MailServer,
    anonymous: &Api,
    register: impl FnOnce(&Api, &str, &str),
    email: &str,
) -> String {
    register(anonymous, email, PASSWORD);
    let path = format!("/v1/auth/verify-email/{}", server.mail_to(email, 0).token());
    anonymous.get(&path).expect(200).json["account"].as_str().expect("an account").to_owned()
}

fn plan(name: &str, price: &str, tokens: u64) -> Value {
    json!({
        "name": name, "price": price, "currency": "USD", "period": { "kind": "days", "days": 30 },
        "tokens": tokens, "description": format!("{tokens} tokens"),
    })
}

/// The flow with a card: purchase, pending, paid, subscription, consume, usage.
#[test]
fn a_purchase_by_card_is_pending_until_it_is_paid() {
    let (server, sandbox, stripe) = (MailServer::start(0), Sandbox::new(), Stripe::start());
    server.serve(&sandbox);
    stripe.configure(&sandbox);
    sandbox.set("api", "registration_plan = \"starter\"");
    sandbox.set("api", "token_paths = true");
    let (daemon, admin) = api::start_with_admin(&sandbox);
    admin.post("/v1/subscription-plans", &plan("Basic", "15.00", 1_000)).expect(201);
    admin.post("/v1/subscription-plans", &plan("Pro", "40.00", 5_000)).expect(201);
    let anonymous = Api::anonymous(&daemon);
    let register = |api: &Api, email: &str, password: &str| {
        let body = json!({ "email": email, "password": password, "name": "Tom", "currency": "USD" });
        api.post("/v1/auth/register", &body).expect(202);
    };
    let account = registered(&server, &anonymous, register, "tom@example.com");
    let tom = Api::login(&daemon, "tom@example.com", PASSWORD);
    let purchase = |plan: u32, method: &str| {
        let body = json!({ "plan_id": plan, "payment_method": method });
        tom.post("/api/v1/billing/purchase/", &body).expect(201).json
    };
    let begun = purchase(2, "stripe");
    assert_eq!((&begun["payment"]["status"], &begun["subscription"]), (&json!("pending"), &Value::Null));
    assert!(begun["client_secret"].is_string() && begun["payment_id"].is_string(), "{begun}");
    // Another plan is wanted after all, and asking twice is one payment.
    let begun = purchase(1, "credit_card");
    assert_eq!(purchase(1, "credit_card")["payment_id"], begun["payment_id"]);
    assert_eq!((&begun["payment"]["amount"], stripe.intents().len()), (&json!("15.00"), 2));
    assert_eq!(tom.get("/api/v1/billing/subscription/").expect(200).json["is_active"], false);
    let pay = |begun: &Value| {
        let payment = format!("/v1/payments/{}", begun["payment_id"].as_str().expect("an id"));
        let intent = tom.get(&payment).expect(200).json["provider_id"].clone();
        stripe.pay(intent.as_str().expect("an id"), GOOD_CARD);
        assert_eq!(tom.order(&format!("{payment}/refresh")).expect(200).json["state"], "succeeded");
    };
    pay(&begun);
    let status = || tom.get("/api/v1/billing/subscription/").expect(200).json;
    assert_eq!((&status()["is_active"], &status()["tokens_remaining"]), (&json!(true), &json!(1000)));
    let used = json!({ "tokens": 400, "description": "12 minutes" });
    tom.post("/api/v1/billing/tokens/consume/", &used).expect(200);
    assert_eq!(tom.get("/api/v1/billing/tokens/usage/").expect(200).json["today"], 400);
    // An upgrade is paid with what it costs.
    let upgrade = purchase(2, "stripe");
    assert_eq!(upgrade["payment"]["amount"], "31.00");
    pay(&upgrade);
    assert_eq!((&status()["plan"]["id"], &status()["tokens_remaining"]), (&json!(2), &json!(5000)));
    let balance = admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone();
    assert_eq!(balance, "0.00");
    daemon.stop();
    balanced(&sandbox);
}

#[test]
fn the_flow_of_their_documents_works() {
    let (server, sandbox) = (MailServer::start(0), Sandbox::new());
    server.serve(&sandbox);
    sandbox.set("api", "registration_plan = \"starter\"");
    sandbox.set("api", "token_paths = true");
    let (daemon, admin) = api::start_with_admin(&sandbox);
    admin.post("/v1/subscription-plans", &plan("Basic", "15.00", 1_000)).expect(201);
    admin.post("/v1/subscription-plans", &plan("Pro", "40.00", 5_000)).expect(201);
    let anonymous = Api::anonymous(&daemon);
    anonymous.get("/api/v1/billing/plans/").expect(401);

    let register = |api: &Api, email: &str, password: &str| {
        let body = json!({ "email": email, "password": password, "name": "Tom", "currency": "EUR" });
        assert_eq!(api.post("/v1/auth/register", &body).expect(422).json["errors"][0]["field"], "currency");
        let body = json!({ "email": email, "password": password, "name": "Tom", "currency": "USD" });
        api.post("/v1/auth/register", &body).expect(202);
    };
    let account = registered(&server, &anonymous, register, "tom@example.com");
    let tom = Api::login(&daemon, "tom@example.com", PASSWORD);
    let plans = tom.get("/api/v1/billing/plans/").expect(200).json;
    assert_eq!(
        plans,
        json!([
            { "id": 1, "name": "Basic", "price": "15.00", "currency": "USD", "tokens_included": 1000,
              "duration_days": 30, "is_recurring": true, "description": "1000 tokens" },
            { "id": 2, "name": "Pro", "price": "40.00", "currency": "USD", "tokens_included": 5000,
              "duration_days": 30, "is_recurring": true, "description": "5000 tokens" },
        ])
    );
    let consume = |tokens: u64| {
        let body = json!({ "tokens": tokens, "description": "12 minutes" });
        tom.post("/api/v1/billing/tokens/consume/", &body)
    };
    tom.get("/api/v1/billing/subscription/").expect(404);
    consume(10).expect(404);
    let purchase = json!({ "plan_id": 1, "payment_method": "credit_card" });
    tom.post("/api/v1/billing/purchase/", &json!({ "plan_id": 9, "payment_method": "wallet" })).expect(404);
    assert_eq!(tom.post("/api/v1/billing/purchase/", &purchase).expect(402).code(), "insufficient_funds");
    let topup = json!({ "amount": "100.00", "reference": "cash" });
    admin.post(&format!("/v1/accounts/{account}/topups"), &topup).expect(201);
    let bought = tom.post("/api/v1/billing/purchase/", &purchase).expect(201).json;
    assert_eq!(
        json!([&bought["payment"]["status"], &bought["payment"]["amount"], &bought["payment"]["user"]]),
        json!(["completed", "15.00", account])
    );
    assert_eq!(bought["subscription"]["tokens_remaining"], 1_000);

    let used = consume(10).expect(200).json;
    assert_eq!(json!([&used["used_tokens"], &used["tokens_remaining"]]), json!([10, 990]));
    let refused = consume(991).expect(400);
    assert_eq!((refused.code(), refused.json["status"].clone()), ("insufficient_tokens", json!(400)));
    let status = tom.get("/api/v1/billing/subscription/").expect(200).json;
    assert_eq!(
        json!([&status["is_active"], &status["tokens_remaining"], &status["plan"]["id"]]),
        json!([true, 990, 1])
    );
    let usage = tom.get("/api/v1/billing/tokens/usage/").expect(200).json;
    assert_eq!(json!([&usage["today"], &usage["this_month"]]), json!([10, 10]));
    assert_eq!(usage["days"].as_array().map(Vec::len), Some(30));

    // Bought again: the period begins anew with all its tokens, and what was not used is given back.
    let again = tom
        .post("/api/v1/billing/purchase/", &json!({ "plan_id": 2, "payment_method": "wallet" }))
        .expect(201);
    assert_eq!(again.json["subscription"]["tokens_remaining"], 5_000);
    let balance = tom.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone();
    assert_eq!(balance, "59.85");
    tom.get("/api/v1/billing/revenue/").expect(403);
    let revenue = admin.get("/api/v1/billing/revenue/").expect(200).json;
    assert_eq!(revenue["currencies"][0]["total"], "40.15");
    let cancelled = tom.post(&format!("/v1/accounts/{account}/subscription/cancel"), &json!({ "at": "now" }));
    cancelled.expect(200);
    assert_eq!(consume(1).expect(400).code(), "wrong_state");
    assert_eq!(tom.get("/api/v1/billing/subscription/").expect(200).json["is_active"], false);
}

#[test]
fn their_paths_and_open_reads_are_there_only_where_a_setting_asks_for_them() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = api::start_with_admin(&sandbox);
    for path in ["/api/v1/billing/plans/", "/plans/", "/subscriptions/", "/invoices/"] {
        admin.get(path).expect(404);
    }
    Api::anonymous(&daemon).get("/api/billing/pricing-plans/").expect(401);
    daemon.stop();
    for setting in [
        "token_paths = true",
        "saas_paths = true",
        "reads_without_token = true",
        "first_request_plan = \"starter\"",
    ] {
        sandbox.set("api", setting);
    }
    let daemon = sandbox.start();
    let anonymous = Api::anonymous(&daemon);
    for path in [
        "/api/v1/billing/plans/",
        "/plans/",
        "/api/billing/pricing-plans/",
        "/api/billing/wallet/biz_test_001/",
        "/api/billing/transactions/biz_test_001/",
    ] {
        anonymous.get(path).expect(200);
    }
    // A read makes nothing, and whatever is no read of theirs needs a token as before.
    anonymous.get("/api/billing/wallet/new_one/").expect(404);
    for path in [
        "/v1/accounts",
        "/subscriptions/",
        "/invoices/",
        "/api/v1/billing/subscription/",
        "/v1/subscription-plans",
    ] {
        anonymous.get(path).expect(401);
    }
    anonymous
        .post("/api/billing/topup/", &json!({ "business_sid": "biz_test_001", "amount": 1 }))
        .expect(401);
    anonymous.post("/plans/", &json!({ "name": "x", "price": 1, "currency": "USD" })).expect(401);
    daemon.stop();
    let mut command = sandbox.tollgate("run");
    command.arg("--data-dir").arg(sandbox.data_dir()).args(["--http-listen", "0.0.0.0:0"]);
    command.args(["--smpp-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    let elsewhere = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&elsewhere.stderr).into_owned();
    assert!(!elsewhere.status.success() && said.contains("reads_without_token"), "{said}");
}
