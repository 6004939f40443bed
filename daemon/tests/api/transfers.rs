//! Money between a reseller and its children, over the API.

use serde_json::json;

use super::auth::{PASSWORD, make_people};
use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;

fn balance(api: &Api, account: &str) -> String {
    let balance = api.get(&format!("/v1/accounts/{account}/balance")).expect(200).json;
    balance["balance"].as_str().expect("a balance").to_owned()
}

fn top_up(admin: &Api, account: &str, amount: &str) {
    let topup = json!({ "amount": amount, "reference": "r" });
    admin.post(&format!("/v1/accounts/{account}/topups"), &topup).expect(201);
}

#[test]
fn money_goes_from_a_parent_to_a_child_and_back_in_one_change() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let [rita, carl] =
        ["rita", "carl"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));
    top_up(&admin, "shop", "10.00");
    let give = |amount: &str| json!({ "amount": amount, "reference": "november" });
    let keyed = rita.header("Idempotency-Key", "one");
    let first = keyed.post("/v1/accounts/client/fund", &give("4.00")).expect(201).json;
    assert_eq!((&first["kind"], &first["amount"]), (&json!("transfer_in"), &json!("4.00")));
    assert_eq!(keyed.post("/v1/accounts/client/fund", &give("4.00")).expect(201).json, first);
    keyed.post("/v1/accounts/client/fund", &give("5.00")).expect(409);
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), ("6.00".to_owned(), "4.00".to_owned()));

    assert_eq!(
        rita.post("/v1/accounts/client/fund", &give("6.000001")).expect(402).code(),
        "insufficient_funds"
    );
    rita.post("/v1/accounts/client/fund", &give("0")).expect(422);
    // Credit is for messages, and not to be paid out.
    admin.patch("/v1/accounts/client", &json!({ "credit_limit": "100.00" })).expect(200);
    rita.post("/v1/accounts/client/withdraw", &give("4.01")).expect(402);
    let back = rita.post("/v1/accounts/client/withdraw", &give("1.50")).expect(201).json;
    assert_eq!((&back["kind"], &back["amount"]), (&json!("transfer_out"), &json!("-1.50")));
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), ("7.50".to_owned(), "2.50".to_owned()));

    carl.post("/v1/accounts/client/fund", &give("1.00")).expect(403);
    rita.post("/v1/accounts/shop/fund", &give("1.00")).expect(403);
    rita.post("/v1/accounts/stranger/fund", &give("1.00")).expect(404);
    admin.post("/v1/accounts/stranger/fund", &give("1.00")).expect(409);
    daemon.stop();
    let verified = sandbox.on_books(&["verify"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
