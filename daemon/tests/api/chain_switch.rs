//! The switch of a reseller that begins to buy its children's messages: what it says beforehand, what it does, what it refuses,
//! and to whom.

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people};
use crate::support::api::{Api, start_with_admin};
use crate::support::sandbox::Sandbox;

fn switch(api: &Api, account: &str, chain: bool, dry_run: bool) -> crate::support::api::Reply {
    api.post(&format!("/v1/accounts/{account}/chain?dry_run={dry_run}"), &json!({ "chain": chain }))
}

fn send(api: &Api, account: &str) -> crate::support::api::Reply {
    let message = json!({ "account": account, "from": "ACME", "to": "254722000001", "text": "hello" });
    api.post("/v1/charges", &message)
}

fn balance(api: &Api, account: &str) -> Value {
    api.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone()
}

#[test]
fn a_dry_run_says_what_the_switch_then_does() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let [rita, carl] =
        ["rita", "carl"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));
    let own = json!({ "id": "grandchild", "plan": "starter", "parent": "client" });
    admin
        .patch("/v1/accounts/client", &json!({ "is_reseller": true, "delivery": "charge_only" }))
        .expect(200);
    admin.post("/v1/accounts", &own).expect(201);
    let topup = json!({ "amount": "1.00", "reference": "r" });
    admin.post("/v1/accounts/client/topups", &topup).expect(201);
    send(&admin, "client").expect(201);
    let before = admin.get("/v1/accounts/shop").expect(200);

    let dry = switch(&admin, "shop", true, true).expect(200).json;
    assert_eq!(
        (&dry["chain"], &dry["dry_run"], &dry["is_change"], &dry["available"], &dry["longest_chain"]),
        (&json!(true), &json!(true), &json!(true), &json!("0.00"), &json!(2))
    );
    // The grandchild buys from nobody: its own parent does not sell.
    assert_eq!((&dry["accounts_in_all"], &dry["problems"]), (&json!(1), &json!([])));
    let expected = json!({
        "account": "client", "parent": "shop", "plan": "starter", "price_list": null, "currency": "USD",
        "earning": { "kind": "wholesale", "percent": null, "of": null }, "levels": 2,
        "rates": [{ "network": "639/02", "price": "0.02", "cost": "0.02" }],
        "networks_without_rate": 0, "without_rate": [], "insufficient_funds": true
    });
    assert_eq!(dry["accounts"][0], expected);
    assert_eq!(admin.get("/v1/accounts/shop").expect(200).json, before.json, "nothing is changed");
    send(&admin, "client").expect(201);
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), (json!("0.00"), json!("0.96")));

    let etag = before.header("etag").expect("an ETag").to_owned();
    let keyed = admin.header("Idempotency-Key", "switch-1").header("If-Match", &etag);
    let made = switch(&keyed, "shop", true, false).expect(200);
    let mut wanted = dry.clone();
    wanted["dry_run"] = json!(false);
    assert_eq!(made.json, wanted, "it does what the dry run said");
    assert_ne!(made.header("etag"), Some(etag.as_str()));
    assert_eq!(switch(&keyed, "shop", true, false).expect(200).json, made.json, "once for each key");
    admin.header("If-Match", &etag).post("/v1/accounts/shop/chain", &json!({ "chain": false })).expect(412);
    assert_eq!(send(&admin, "client").expect(422).code(), "parent_insufficient_funds");
    admin.post("/v1/accounts/shop/topups", &topup).expect(201);
    send(&admin, "client").expect(201);
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), (json!("0.98"), json!("0.94")));
    let again = switch(&admin, "shop", true, false).expect(200).json;
    assert_eq!((&again["is_change"], &again["accounts_in_all"]), (&json!(false), &json!(0)));

    // Nobody switches itself, and who is above sees what is below.
    switch(&rita, "shop", false, true).expect(403);
    switch(&carl, "client", true, true).expect(403);
    switch(&rita, "stranger", true, true).expect(404);
    let of_rita = switch(&rita, "client", true, true).expect(200).json;
    assert_eq!(
        (&of_rita["accounts"][0]["account"], &of_rita["longest_chain"]),
        (&json!("grandchild"), &json!(3))
    );

    // Back again: the account pays alone.
    switch(&admin, "shop", false, false).expect(200);
    send(&admin, "client").expect(201);
    assert_eq!((balance(&admin, "shop"), balance(&admin, "client")), (json!("0.98"), json!("0.92")));
    daemon.stop();
    assert_eq!(sandbox.on_books(&["verify", "--rerate"]).code, Some(0));
}

#[test]
fn everything_that_is_in_the_way_of_a_switch_is_named_and_refuses_it() {
    let sandbox = Sandbox::new();
    // Prices for every plan would need one currency.
    sandbox.write("rates/samples.csv", &sandbox.read("rates/samples.csv").replace("\n*,", "\nstarter,"));
    sandbox.append(
        "plans.toml",
        "\n[[plan]]\nname = \"euro\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nbase_price = \"0.05\"\n\
         \n[[plan]]\nname = \"bare\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\nbase_price = \"refuse\"\n",
    );
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let new = json!({ "id": "abroad", "plan": "euro", "parent": "shop" });
    admin.post("/v1/accounts", &new).expect(201);
    for dry_run in [true, false] {
        let reply = switch(&admin, "shop", true, dry_run);
        if dry_run {
            let problems = reply.expect(200).json["problems"].clone();
            assert_eq!(
                (&problems[0]["account"], &problems[0]["field"]),
                (&json!("abroad"), &json!("currency"))
            );
            assert!(problems[0]["detail"].as_str().expect("words").contains("exchange rate"), "{problems}");
        } else {
            assert_eq!(reply.expect(422).json["errors"][0]["field"], "currency");
        }
    }
    admin.patch("/v1/accounts/abroad", &json!({ "parent": "shop", "plan": "euro" })).expect(200);
    assert_eq!(admin.get("/v1/accounts/shop").expect(200).json["chain"], false);

    // Accounts that live by what the chain sells them do not lose it unnoticed.
    let sandbox = Sandbox::new();
    sandbox.append(
        "plans.toml",
        "\n[[plan]]\nname = \"bare\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\nbase_price = \"refuse\"\n",
    );
    sandbox.replace(
        "accounts.toml",
        "\nsystem_id = \"biz_test_001\"\n",
        "\nsystem_id = \"biz_test_001\"\nis_reseller = true\n",
    );
    daemon.stop();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    switch(&admin, "shop", true, false).expect(200);
    let list =
        json!({ "name": "retail", "owner": "shop", "currency": "USD", "mark_ups": [{ "percent": "10" }] });
    admin.post("/v1/price-lists", &list).expect(201);
    let settings = json!({ "price_list": "retail" });
    admin
        .post(
            "/v1/accounts",
            &json!({ "id": "bare", "plan": "bare", "parent": "shop", "settings": settings }),
        )
        .expect(201);
    let dry = switch(&admin, "shop", false, true).expect(200).json;
    assert_eq!(
        (&dry["problems"][0]["account"], &dry["problems"][0]["field"]),
        (&json!("bare"), &json!("price_list"))
    );
    switch(&admin, "shop", false, false).expect(422);
    admin.patch("/v1/accounts/bare", &json!({ "price_list": null })).expect(200);
    let own = json!({ "rates": [{ "mcc": "639", "mnc": "02", "price": "0.05" }] });
    admin.patch("/v1/accounts/bare", &own).expect(200);
    switch(&admin, "shop", false, false).expect(200);

    // One that a file provisions is changed there. What that would do is answered all the same.
    let new = json!({ "id": "below_file", "plan": "starter", "parent": "biz_test_001" });
    admin.post("/v1/accounts", &new).expect(201);
    let before = admin.get("/v1/accounts/biz_test_001").expect(200).json;
    let dry = switch(&admin, "biz_test_001", true, true).expect(200).json;
    assert_eq!((&dry["is_change"], &dry["problems"]), (&json!(true), &json!([])));
    assert_eq!((&dry["accounts_in_all"], &dry["accounts"][0]["account"]), (&json!(1), &json!("below_file")));
    let refused = switch(&admin, "biz_test_001", true, false).expect(409);
    assert!(refused.text().contains("accounts.toml"), "{}", refused.text());
    assert_eq!(admin.get("/v1/accounts/biz_test_001").expect(200).json, before);
    let dry = switch(&admin, "biz_test_002", true, true).expect(200).json;
    assert_eq!(dry["problems"][0]["field"], "chain", "it is no reseller");
    daemon.stop();
}
