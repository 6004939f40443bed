//! The flow of the SaaS billing service's clients, as their documents show it: sign-up, token, plans, subscribe, invoice, paid.

use serde_json::json;

use crate::support::api::{self, Api};
use crate::support::mail::MailServer;
use crate::support::sandbox::Sandbox;
use crate::token_clients::registered;

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
