//! The flow of the SaaS billing service's clients, as their documents show it: sign-up, token, plans, subscribe, invoice, paid.

use serde_json::json;

use crate::support::api::{self, Api};
use crate::support::books::balanced;
use crate::support::mail::MailServer;
use crate::support::sandbox::Sandbox;
use crate::support::stripe::{DECLINED_CARD, GOOD_CARD, Stripe};
use crate::token_clients::registered;

/// The flow with a card: register, token, plans, subscribe, invoice, payment intent, success, paid.
#[test]
fn an_invoice_is_paid_by_card() {
    let (server, sandbox, stripe) = (MailServer::start(0), Sandbox::new(), Stripe::start());
    server.serve(&sandbox);
    stripe.configure(&sandbox);
    sandbox.set("api", "registration_plan = \"starter\"");
    sandbox.set("api", "saas_paths = true");
    let (daemon, admin) = api::start_with_admin(&sandbox);
    let anonymous = Api::anonymous(&daemon);
    let sign_up = |api: &Api, email: &str, password: &str| {
        api.post("/api/users/", &json!({ "username": "sam", "email": email, "password": password }))
            .expect(201);
    };
    let account = registered(&server, &anonymous, sign_up, "sam@example.com");
    let login = json!({ "username": "sam@example.com", "password": "quiet otter 42 lamp" });
    let tokens = anonymous.post("/api/token/", &login).expect(200).json;
    let sam = anonymous.with_token(tokens["access"].as_str().expect("a token"));
    admin.post("/plans/", &json!({ "name": "Basic", "price": "15.00", "currency": "USD" })).expect(201);
    let begun =
        sam.post("/subscriptions/", &json!({ "plan": sam.get("/plans/").json[0]["id"] })).expect(201).json;
    assert_eq!(begun["status"], "pending");
    let owed = sam.get("/invoices/?status=pending").expect(200).json;
    let invoice = json!({ "invoice_id": owed[0]["id"] });

    // Nobody but who owes it, or who is staff, can begin to pay.
    anonymous.post("/api/create-payment-intent/", &invoice).expect(401);
    sam.post("/api/create-payment-intent/", &json!({ "invoice_id": "biz_test_001-1" })).expect(404);
    sam.post("/api/create-payment-intent/", &json!({ "invoice_id": "INV-2026-000001" })).expect(404);
    let intent = sam.post("/api/create-payment-intent/", &invoice).expect(200).json;
    assert!(intent["client_secret"].as_str().expect("a secret").starts_with("pi_standin"), "{intent}");
    assert_eq!((&intent["amount"], &intent["invoice_id"]), (&json!("15.00"), &owed[0]["id"]));
    let again = sam.post("/api/create-payment-intent/", &invoice).expect(200).json;
    assert_eq!((&again["payment_id"], stripe.intents().len()), (&intent["payment_id"], 1));
    let page =
        sam.get(&format!("/api/pay/?invoice_id={}", owed[0]["id"].as_str().expect("an id"))).expect(303);
    assert_eq!(page.header("location"), intent["pay_url"].as_str());

    // The word of a browser proves nothing.
    let success = json!({ "payment_id": intent["payment_id"] });
    assert_eq!(sam.post("/api/payment-success/", &success).expect(200).json["status"], "pending");
    let provider_id = stripe.intents()[0]["id"].as_str().expect("an id").to_owned();
    stripe.pay(&provider_id, DECLINED_CARD);
    let declined = sam.post("/api/payment-success/", &success).expect(200).json;
    assert_eq!((&declined["status"], declined["detail"].is_string()), (&json!("pending"), true));
    stripe.pay(&provider_id, GOOD_CARD);
    let paid = sam.post("/api/payment-success/", &success).expect(200).json;
    assert_eq!((&paid["status"], &paid["invoice_id"]), (&json!("paid"), &owed[0]["id"]));
    sam.post("/api/payment-success/", &success).expect(200);
    let wrong = json!({ "payment_id": intent["payment_id"], "invoice_id": "INV-2026-000001" });
    sam.post("/api/payment-success/", &wrong).expect(422);
    assert_eq!(sam.get("/invoices/?status=pending").expect(200).json, json!([]));
    assert_eq!(sam.get("/invoices/?status=paid").expect(200).json[0]["amount"], "15.00");
    assert_eq!(sam.get("/subscriptions/").expect(200).json[0]["status"], "active");
    let balance = admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone();
    assert_eq!(balance, "0.00");
    assert_eq!(sam.post("/api/create-payment-intent/", &invoice).expect(409).code(), "wrong_state");
    daemon.stop();
    balanced(&sandbox);
}

#[test]
fn the_flow_of_their_documents_works() {
    let (server, sandbox) = (MailServer::start(0), Sandbox::new());
    server.serve(&sandbox);
    sandbox.set("api", "registration_plan = \"starter\"");
    sandbox.set("api", "saas_paths = true");
    let (daemon, admin) = api::start_with_admin(&sandbox);
    let anonymous = Api::anonymous(&daemon);
    let sign_up = |api: &Api, email: &str, password: &str| {
        let body = json!({ "username": "sam", "email": email, "password": password });
        assert_eq!(api.post("/api/users/", &body).expect(201).json["username"], "sam");
    };
    let account = registered(&server, &anonymous, sign_up, "sam@example.com");
    let login = json!({ "username": "sam@example.com", "password": "quiet otter 42 lamp" });
    let tokens = anonymous.post("/api/token/", &login).expect(200).json;
    let refresh = json!({ "refresh": tokens["refresh"] });
    let tokens = anonymous.post("/api/token/refresh/", &refresh).expect(200).json;
    let sam = anonymous.with_token(tokens["access"].as_str().expect("a token"));

    for (name, price) in [("Basic", "15.00"), ("Pro", "40.00"), ("Enterprise", "500.00")] {
        let body = json!({ "name": name, "price": price, "currency": "USD" });
        sam.post("/plans/", &body).expect(403);
        admin.post("/plans/", &body).expect(201);
    }
    let put = json!({ "name": "Basic", "price": "16.00", "currency": "USD", "duration_days": 30 });
    assert_eq!(admin.put("/plans/1/", &put).expect(200).json["price"], "16.00");
    admin.delete("/plans/3/").expect(204);
    let plans = sam.get("/plans/").expect(200).json;
    let names: Vec<_> =
        plans.as_array().expect("a plain array").iter().map(|plan| plan["name"].clone()).collect();
    assert_eq!(names, ["Basic", "Pro"]);
    assert_eq!(sam.get("/plans/2/").expect(200).json["price"], "40.00");
    sam.get("/plans/3/").expect(404);

    // Without money in the wallet it waits for its payment, and so does its invoice.
    let begun = sam.post("/subscriptions/", &json!({ "plan": 1 })).expect(201).json;
    assert_eq!(
        json!([&begun["status"], &begun["user"], &begun["plan_name"]]),
        json!(["pending", account, "Basic"])
    );
    sam.post("/subscriptions/", &json!({ "plan": 1 })).expect(409);
    let owed = sam.get("/invoices/?status=pending").expect(200).json;
    assert_eq!(json!([&owed[0]["amount"], &owed[0]["subscription"]]), json!(["16.00", begun["id"]]));
    assert_eq!(sam.get("/invoices/?status=paid").expect(200).json, json!([]));
    let pay = format!("/v1/accounts/{account}/subscription/pay");
    assert_eq!(sam.order(&pay).expect(402).code(), "insufficient_funds");
    let topup = json!({ "amount": "20.00", "reference": "cash" });
    admin.post(&format!("/v1/accounts/{account}/topups"), &topup).expect(201);
    assert_eq!(sam.order(&pay).expect(200).json["status"], "active");
    assert_eq!(sam.order(&pay).expect(409).code(), "wrong_state");
    let paid = sam.get("/invoices/?status=paid").expect(200).json;
    assert_eq!(json!([&paid[0]["amount"], &paid[0]["status"]]), json!(["16.00", "paid"]));
    assert_eq!(sam.get("/invoices/?status=pending").expect(200).json, json!([]));
    assert_eq!(sam.get("/subscriptions/?status=active").expect(200).json[0]["id"], begun["id"]);
    assert_eq!(admin.get("/subscriptions/").expect(200).json.as_array().map(Vec::len), Some(1));

    let id = begun["id"].as_str().expect("an id");
    sam.order("/subscriptions/biz_test_001-1/unsubscribe/").expect(404);
    let ended = sam.order(&format!("/subscriptions/{id}/unsubscribe/")).expect(200).json;
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(
        sam.get("/subscriptions/?status=cancelled").expect(200).json.as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(sam.get("/subscriptions/?status=active").expect(200).json, json!([]));
}
