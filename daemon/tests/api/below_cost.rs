//! Prices below cost that are let through with a warning.

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
