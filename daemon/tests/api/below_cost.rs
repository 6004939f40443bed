//! Prices below cost that are let through with a warning, and bundles that cover what no rate holds for.

use serde_json::json;

use super::auth::make_people;
use crate::support::api::start_with_admin;
use crate::support::sandbox::Sandbox;
use crate::support::wait::eventually;

#[test]
fn whoever_sells_below_its_own_price_gets_an_alert_until_it_does_no_more() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    admin.patch("/v1/accounts/shop", &json!({ "chain": true, "below_cost": "warn" })).expect(200);
    let list = |price: &str| json!({ "name": "resale", "currency": "USD", "rates": [{ "mcc": "639", "mnc": "02", "price": price }] });
    admin.post("/v1/price-lists", &json!({
        "name": "resale", "owner": "shop", "currency": "USD", "rates": [{ "mcc": "639", "mnc": "02", "price": "0.03" }]
    })).expect(201);
    admin.patch("/v1/accounts/client", &json!({ "price_list": "resale" })).expect(200);
    let alerts = |active: bool| {
        let page = admin.get(&format!("/v1/alerts?type=below_cost&active={active}")).expect(200).json;
        page["items"].as_array().expect("items").clone()
    };
    assert_eq!(alerts(true), Vec::<serde_json::Value>::new());
    admin.put("/v1/price-lists/resale", &list("0.0199")).expect(200);
    let raised = eventually("the alert", || alerts(true).first().cloned());
    assert_eq!((&raised["account"], &raised["severity"]), (&json!("shop"), &json!("warning")));
    let message = raised["message"].as_str().expect("a message");
    assert!(message.contains("to client for 639/0"), "{message}");
    assert!(!message.contains("0.0"), "no level's price is told to those above: {message}");
    admin.put("/v1/price-lists/resale", &list("0.02")).expect(200);
    eventually("its end", || alerts(true).is_empty().then_some(()));
    assert_eq!(alerts(false).len(), 1);
    daemon.stop();
}

#[test]
fn a_bundle_covers_a_message_that_the_plan_has_no_rate_for() {
    let sandbox = Sandbox::new();
    sandbox.append(
        "plans.toml",
        "\n[[plan]]\nname = \"bare\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\nbase_price = \"refuse\"\n",
    );
    let (daemon, admin) = start_with_admin(&sandbox);
    let settings = json!({ "delivery": "charge_only" });
    admin.post("/v1/accounts", &json!({ "id": "bare", "plan": "bare", "settings": settings })).expect(201);
    let product = json!({ "name": "germany", "price": "1.00", "currency": "USD", "units": 3, "unit": "segments",
                          "countries": ["DE"], "validity": { "kind": "days", "days": 30 }, "plans": ["bare"] });
    admin.post("/v1/bundle-products", &product).expect(201);
    let message = |to: &str, text: &str| json!({ "account": "bare", "from": "ACME", "to": to, "text": text });
    let germany = "4915112345678";
    assert_eq!(admin.post("/v1/charges", &message(germany, "hello")).expect(422).code(), "no_rate");
    admin.post("/v1/accounts/bare/bundles", &json!({ "product": "germany", "grant": true })).expect(201);
    let quoted = admin.post("/v1/quotes", &message(germany, "hello")).expect(200).json;
    assert_eq!((&quoted["price"], &quoted["postings"][0]["covered_by_bundles"]), (&json!("0.00"), &json!(1)));
    let sent = admin.post("/v1/charges", &message(germany, "hello")).expect(201).json;
    assert_eq!(sent["price"], "0.00");
    let id = sent["message_id"].as_str().expect("an id");
    let explained = admin.get(&format!("/v1/cdrs/{id}/explain")).expect(200).json;
    assert_eq!(
        (&explained["agrees"], &explained["rate"], &explained["covered_by_bundles"]),
        (&json!(true), &json!(null), &json!(1))
    );
    // Two units are left: a message of three segments would have a part without a price, and takes none of them.
    let long = "x".repeat(400);
    assert_eq!(admin.post("/v1/charges", &message(germany, &long)).expect(422).code(), "no_rate");
    assert_eq!(admin.post("/v1/charges", &message("254722000001", "hello")).expect(422).code(), "no_rate");
    admin.post("/v1/charges", &message(germany, &"x".repeat(200))).expect(201);
    assert_eq!(admin.post("/v1/charges", &message(germany, "hello")).expect(422).code(), "no_rate");
    admin.post(&format!("/v1/charges/{id}/refund"), &json!({ "reason": "test" })).expect(200);
    admin.post("/v1/charges", &message(germany, "hello")).expect(201);
    daemon.stop();
    let verified = sandbox.on_books(&["verify", "--rerate"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
