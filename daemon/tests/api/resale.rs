//! Chains, price lists, caps and bundle products over the API: what is taken, what is refused by which field, and who sees what.

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people};
use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::sandbox::Sandbox;

/// The field that a request was refused for.
fn field(reply: &Reply) -> String {
    let refused = reply.json["errors"][0]["field"].as_str();
    refused.unwrap_or_else(|| panic!("no field in {} {}", reply.status, reply.text())).to_owned()
}

fn price_list(name: &str, mark_ups: &Value) -> Value {
    json!({ "name": name, "currency": "USD", "mark_ups": mark_ups })
}

#[test]
fn a_reseller_gives_its_children_prices_credit_and_caps_within_its_own() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let [rita, carl, sven] =
        ["rita", "carl", "sven"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));

    // Without a chain the child's money is the house's business.
    rita.patch("/v1/accounts/client", &json!({ "credit_limit": "1.00" })).expect(403);
    let chain = json!({ "chain": true, "credit_limit": "5.00" });
    admin.patch("/v1/accounts/shop", &chain).expect(200);
    let client = rita.patch("/v1/accounts/client", &json!({ "credit_limit": "5.00" })).expect(200).json;
    assert_eq!((&client["credit_limit"], &client["earning"]["kind"]), (&json!("5.00"), &json!("wholesale")));
    let beyond = rita.patch("/v1/accounts/client", &json!({ "credit_limit": "5.01" })).expect(422);
    assert_eq!(field(&beyond), "credit_limit");

    // Its own price list, which nobody else sees.
    let list =
        price_list("resale", &json!([{ "countries": ["KE"], "percent": "12.5", "per_segment": "0.001" }]));
    let made = rita.post("/v1/price-lists", &list).expect(201);
    assert_eq!((&made.json["owner"], &made.json["source"]), (&json!("shop"), &json!("api")));
    assert_eq!(rita.post("/v1/price-lists", &list).expect(409).code(), "already_exists");
    rita.patch("/v1/accounts/client", &json!({ "price_list": "resale" })).expect(200);
    assert_eq!(rita.get("/v1/price-lists/resale").expect(200).json["accounts"], 1);
    for other in [&carl, &sven] {
        other.get("/v1/price-lists/resale").expect(403);
    }
    rita.delete("/v1/price-lists/resale").expect(409);

    // Below its own price, unless the level above allows that.
    let cheap = json!({ "name": "resale", "currency": "USD", "rates": [{ "mcc": "639", "mnc": "02", "price": "0.0199" }] });
    let refused = rita.put("/v1/price-lists/resale", &cheap).expect(422);
    assert_eq!(field(&refused), "rates");
    rita.patch("/v1/accounts/shop", &json!({ "below_cost": "allow" })).expect(403);
    admin.patch("/v1/accounts/shop", &json!({ "below_cost": "warn" })).expect(200);
    let warned = rita.put("/v1/price-lists/resale", &cheap).expect(200).json;
    assert!(warned["warnings"][0].as_str().is_some_and(|warning| warning.contains("0.0199 USD")), "{warned}");
    let refused = admin.patch("/v1/accounts/shop", &json!({ "below_cost": "refuse" })).expect(422);
    assert!(refused.text().contains("client"), "{}", refused.text());

    // How it earns is set by those above, and shown to nobody whom it is earned on.
    let commission = json!({ "earning": { "kind": "commission", "percent": "10", "of": "charge" } });
    rita.patch("/v1/accounts/client", &commission).expect(403);
    admin.patch("/v1/accounts/client", &commission).expect(200);
    assert_eq!(rita.get("/v1/accounts/client").expect(200).json["earning"]["percent"], "10");
    assert_eq!(carl.get("/v1/accounts/client").expect(200).json["earning"], Value::Null);
    assert_eq!(rita.get("/v1/accounts/shop").expect(200).json["earning"], Value::Null);
    // The house bills the client now, so that credit is its business.
    rita.patch("/v1/accounts/client", &json!({ "credit_limit": "1.00" })).expect(403);
    rita.patch("/v1/accounts/client", &json!({ "earning": { "kind": "wholesale" } })).expect(200);

    let caps =
        json!({ "caps": [{ "name": "day", "span": "day", "max_amount": "5.00", "prefixes": ["2547"] }] });
    let capped = rita.patch("/v1/accounts/client", &caps).expect(200).json;
    assert_eq!((&capped["caps"][0]["hard"], &capped["caps"][0]["gives_back"]), (&json!(true), &json!(true)));
    carl.patch("/v1/accounts/client", &json!({ "caps": [] })).expect(403);

    // All of it is there after a start.
    let version = |api: &Api| api.get("/v1/tariffs").expect(200).json["items"][0]["version"].clone();
    let before = (admin.get("/v1/accounts/client").expect(200).json, version(&admin));
    daemon.stop();
    let daemon = sandbox.start();
    let admin = Api::admin(&daemon);
    assert_eq!((admin.get("/v1/accounts/client").expect(200).json, version(&admin)), before);
    daemon.stop();
}

#[test]
fn a_reseller_of_a_chain_makes_resellers_below_it() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let [rita, carl] =
        ["rita", "carl"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));
    let reseller = json!({ "is_reseller": true, "chain": true });
    let branch = json!({ "id": "branch", "plan": "starter", "parent": "shop", "settings": reseller });
    // Who pays alone is the house's customer.
    rita.post("/v1/accounts", &branch).expect(403);
    admin.patch("/v1/accounts/shop", &json!({ "chain": true })).expect(200);
    rita.post("/v1/accounts", &branch).expect(201);
    assert_eq!(rita.get("/v1/accounts/branch").expect(200).json["is_reseller"], true);
    let kiosk = json!({ "id": "kiosk", "plan": "starter", "parent": "branch" });
    rita.post("/v1/accounts", &kiosk).expect(201);
    rita.patch("/v1/accounts/client", &json!({ "is_reseller": true })).expect(200);
    rita.patch("/v1/accounts/shop", &json!({ "is_reseller": false })).expect(403);
    carl.patch("/v1/accounts/client", &json!({ "is_reseller": false })).expect(403);
    daemon.stop();
}

#[test]
fn what_cannot_be_is_refused_by_its_field_and_changes_nothing() {
    let sandbox = Sandbox::new();
    // Rates of every plan need all plans in one currency.
    sandbox.replace("tollgate.toml", "rates = [\"rates/samples.csv\"]", "rates = []");
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let reseller = json!({ "is_reseller": true, "chain": true });
    let below = |id: &str, parent: &str| json!({ "id": id, "plan": "starter", "parent": parent, "settings": reseller });
    admin.patch("/v1/accounts/shop", &json!({ "chain": true })).expect(200);
    for level in 2..=8 {
        let parent = if level == 2 { "shop".to_owned() } else { format!("level{}", level - 1) };
        admin.post("/v1/accounts", &below(&format!("level{level}"), &parent)).expect(201);
    }
    let ninth = admin.post("/v1/accounts", &below("level9", "level8")).expect(422);
    assert_eq!(field(&ninth), "parent");
    admin.get("/v1/accounts/level9").expect(404);
    let shillings = json!({ "name": "shillings", "currency": "KES", "time_zone": "UTC", "base_price": "6" });
    admin.post("/v1/plans", &shillings).expect(201);
    let abroad = json!({ "id": "abroad", "plan": "shillings", "parent": "shop" });
    assert_eq!(field(&admin.post("/v1/accounts", &abroad).expect(422)), "currency");
    let product = json!({ "name": "both", "price": "1", "currency": "USD", "units": 1, "unit": "segments",
                          "validity": { "kind": "days", "days": 1 }, "plans": ["starter", "shillings"] });
    assert_eq!(field(&admin.post("/v1/bundle-products", &product).expect(422)), "plans.1");
    let below_client = admin.post("/v1/accounts", &below("below_client", "client")).expect(422);
    assert_eq!(field(&below_client), "parent");

    let list = json!({ "name": "marked_up", "owner": "level2", "currency": "USD", "mark_ups": [{ "percent": "0" }] });
    admin.post("/v1/price-lists", &list).expect(201);
    admin.patch("/v1/accounts/level3", &json!({ "price_list": "marked_up" })).expect(200);
    let before = admin.get("/v1/accounts/level3").expect(200);
    for (patch, wrong) in [
        (json!({ "parent": "level5" }), "parent"),
        (json!({ "parent": "level3" }), "parent"),
        (json!({ "parent": "nobody" }), "parent"),
        (json!({ "parent": "client" }), "parent"),
        (json!({ "parent": "stranger" }), "parent"),
        // The list is one of its parent of now, and has to go together with it.
        (json!({ "parent": "shop" }), "price_list"),
        (json!({ "price_list": "nothing" }), "price_list"),
        (json!({ "is_reseller": false }), "is_reseller"),
        (json!({ "is_reseller": false, "chain": false }), "is_reseller"),
        (json!({ "earning": { "kind": "commission", "percent": "0", "of": "charge" } }), "earning.percent"),
        (json!({ "earning": { "kind": "commission", "of": "charge" } }), "earning.percent"),
        (json!({ "caps": [{ "name": "c", "span": "day", "max_amount": "0" }] }), "caps.0.max_amount"),
        (json!({ "caps": [{ "name": "c", "span": "day", "max_messages": 0 }] }), "caps.0.max_messages"),
        (json!({ "caps": [{ "name": "c", "span": "day" }] }), "caps.0.max_amount"),
        (
            json!({ "caps": [{ "name": "c", "span": "day", "max_messages": 1, "countries": ["ZZ"] }] }),
            "caps.0.countries.0",
        ),
        (
            json!({ "caps": [{ "name": "c", "span": "day", "max_messages": 1, "prefixes": ["+254"] }] }),
            "caps.0.prefixes.0",
        ),
        (
            json!({ "caps": [{ "name": "c", "span": "day", "max_messages": 1 },
                             { "name": "c", "span": "hour", "max_messages": 1 }] }),
            "caps.1.name",
        ),
    ] {
        let refused = admin.patch("/v1/accounts/level3", &patch).expect(422);
        assert_eq!(field(&refused), wrong, "{patch}: {}", refused.text());
    }
    assert_eq!(admin.get("/v1/accounts/level3").expect(200).json, before.json);
    let refused = admin.patch("/v1/accounts/level3", &json!({ "parent": "level5" })).expect(422).text();
    assert!(refused.contains("`level5` is below `level3`, which would be above itself"), "{refused}");
    // A parent within the same root, from now on.
    admin.patch("/v1/accounts/level8", &json!({ "parent": "shop" })).expect(200);
    admin.post("/v1/accounts", &below("level9", "level8")).expect(201);

    for (list, wrong) in [
        (json!({ "name": "l", "owner": "shop", "currency": "USD" }), "rates"),
        (
            json!({ "name": "l", "owner": "client", "currency": "USD", "mark_ups": [{ "percent": "1" }] }),
            "owner",
        ),
        (json!({ "name": "l", "owner": "shop", "currency": "USD", "mark_ups": [{}] }), "mark_ups.0.percent"),
        (
            json!({ "name": "l", "owner": "shop", "currency": "USD",
                    "mark_ups": [{ "percent": "1", "countries": ["ZZ"] }] }),
            "mark_ups.0.countries.0",
        ),
        (
            json!({ "name": "l", "owner": "shop", "currency": "USD", "rates": [{ "mcc": "123", "price": "1" }] }),
            "rates.0.mcc",
        ),
    ] {
        assert_eq!(field(&admin.post("/v1/price-lists", &list).expect(422)), wrong, "{list}");
    }
    // A list needs a chain: of an account whose parent sells to nobody it is refused.
    admin
        .post(
            "/v1/accounts",
            &json!({ "id": "alone", "plan": "starter", "settings": { "is_reseller": true } }),
        )
        .expect(201);
    admin.post("/v1/accounts", &json!({ "id": "child", "plan": "starter", "parent": "alone" })).expect(201);
    let list =
        json!({ "name": "marked", "owner": "alone", "currency": "USD", "mark_ups": [{ "percent": "1" }] });
    admin.post("/v1/price-lists", &list).expect(201);
    let refused = admin.patch("/v1/accounts/child", &json!({ "price_list": "marked" })).expect(422);
    assert_eq!(field(&refused), "price_list");
    daemon.stop();
}

#[test]
fn bundle_products_are_made_by_admins_and_seen_by_those_who_may_buy() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let carl = Api::login(&daemon, "carl@example.com", PASSWORD);
    let product = |name: &str, units: u64, plans: &[&str]| {
        json!({ "name": name, "price": "15.00", "currency": "USD", "units": units, "unit": "segments",
                "countries": ["KE"], "validity": { "kind": "days", "days": 30 }, "plans": plans })
    };
    admin.post("/v1/bundle-products", &product("kenya", 1_000, &["starter"])).expect(201);
    admin.post("/v1/bundle-products", &product("other", 1_000, &["enterprise"])).expect(201);
    assert_eq!(
        field(&admin.post("/v1/bundle-products", &product("zero", 0, &["starter"])).expect(422)),
        "units"
    );
    let unknown = admin.post("/v1/bundle-products", &product("plans", 1, &["starter", "gold"])).expect(422);
    assert_eq!(field(&unknown), "plans.1");
    carl.post("/v1/bundle-products", &product("mine", 1, &["starter"])).expect(403);
    let names = |api: &Api| -> Vec<String> {
        let page = api.get("/v1/bundle-products").expect(200).json;
        let items = page["items"].as_array().expect("items").iter();
        items.map(|item| item["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(
        (names(&admin), names(&carl)),
        (vec!["kenya".to_owned(), "other".to_owned()], vec!["kenya".to_owned()])
    );
    carl.get("/v1/bundle-products/other").expect(404);
    let read = admin.get("/v1/bundle-products/kenya").expect(200);
    let etag = read.header("etag").expect("an ETag").to_owned();
    let mut changed = product("kenya", 2_000, &["starter"]);
    changed["rollover"] = json!({ "kind": "at_most", "at_most": 100 });
    let put = admin.header("If-Match", &etag).put("/v1/bundle-products/kenya", &changed).expect(200).json;
    assert_eq!(
        (&put["units"], &put["rollover"]["at_most"], &put["priority"]),
        (&json!(2000), &json!(100), &json!(100))
    );
    admin.header("If-Match", &etag).put("/v1/bundle-products/kenya", &changed).expect(412);
    admin.delete("/v1/bundle-products/other").expect(204);
    admin.get("/v1/bundle-products/other").expect(404);
    daemon.stop();
}

#[test]
fn whoever_buys_from_a_reseller_buys_no_messages_of_the_house() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let [rita, carl, sven] =
        ["rita", "carl", "sven"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));
    for (name, unit) in [("cheap", "segments"), ("services", "tokens")] {
        let product = json!({ "name": name, "price": "0.01", "currency": "USD", "units": 1_000, "unit": unit,
                              "validity": { "kind": "days", "days": 30 } });
        admin.post("/v1/bundle-products", &product).expect(201);
    }
    let plan = json!({ "name": "monthly", "price": "0.01", "currency": "USD", "period": { "kind": "month" },
                       "bundle": "cheap" });
    admin.post("/v1/subscription-plans", &plan).expect(201);
    for account in ["client", "stranger"] {
        let topup = json!({ "amount": "1.00", "reference": "r" });
        admin.post(&format!("/v1/accounts/{account}/topups"), &topup).expect(201);
    }
    let buy = |api: &Api, account: &str, product: &str| {
        api.post(&format!("/v1/accounts/{account}/bundles"), &json!({ "product": product }))
    };
    let names = |api: &Api| {
        let items = api.get("/v1/bundle-products").expect(200).json["items"].clone();
        items.as_array().expect("items").iter().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    // Without a chain the account pays alone, and buys what it likes.
    buy(&carl, "client", "cheap").expect(201);
    admin.patch("/v1/accounts/shop", &json!({ "chain": true })).expect(200);
    for api in [&carl, &rita, &admin] {
        let refused = buy(api, "client", "cheap").expect(422);
        assert_eq!(field(&refused), "product");
        assert!(refused.text().contains("sold by the house"), "{}", refused.text());
    }
    assert_eq!(names(&carl), [json!("services")]);
    buy(&carl, "client", "services").expect(201);
    let refused = carl.post("/v1/accounts/client/subscription", &json!({ "plan": "monthly" })).expect(422);
    assert_eq!(field(&refused), "plan");
    assert_eq!(carl.get("/v1/accounts/client/balance").expect(200).json["balance"], "0.98");
    // Who buys from the house buys its products, the reseller too; and an admin may give them to anybody.
    buy(&sven, "stranger", "cheap").expect(201);
    let granted = json!({ "product": "cheap", "grant": true });
    admin.post("/v1/accounts/client/bundles", &granted).expect(201);
    // On a commission the house sells to the account itself.
    let commission = json!({ "earning": { "kind": "commission", "percent": "10", "of": "charge" } });
    admin.patch("/v1/accounts/client", &commission).expect(200);
    buy(&carl, "client", "cheap").expect(201);
    daemon.stop();
    assert_eq!(sandbox.on_books(&["verify"]).code, Some(0));
}

#[test]
fn a_reseller_sells_bundles_of_its_own_to_those_who_buy_from_it() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let [rita, carl, sven] =
        ["rita", "carl", "sven"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));
    admin.patch("/v1/accounts/shop", &json!({ "chain": true })).expect(200);
    admin.patch("/v1/accounts/client", &json!({ "delivery": "charge_only" })).expect(200);
    let topup = json!({ "amount": "5.00", "reference": "r" });
    for account in ["shop", "client", "stranger"] {
        admin.post(&format!("/v1/accounts/{account}/topups"), &topup).expect(201);
    }
    let product = |name: &str, price: &str, seller: Value| {
        json!({ "name": name, "price": price, "currency": "USD", "units": 100, "unit": "segments",
                "countries": ["KE"], "validity": { "kind": "days", "days": 30 }, "seller": seller })
    };
    // A segment costs the shop 0.05 at most in Kenya, so that a hundred of them cost 5.00.
    let below = rita.post("/v1/bundle-products", &product("own", "1.99", Value::Null)).expect(422);
    assert_eq!(field(&below), "price");
    let made = rita.post("/v1/bundle-products", &product("own", "5.00", Value::Null)).expect(201).json;
    assert_eq!((&made["seller"], &made["warnings"]), (&json!("shop"), &json!([])));
    for (seller, status) in [("stranger", 422), ("client", 422), ("nobody", 422)] {
        let refused =
            rita.post("/v1/bundle-products", &product("other", "5.00", json!(seller))).expect(status);
        assert_eq!(field(&refused), "seller");
    }
    admin.patch("/v1/accounts/shop", &json!({ "below_cost": "warn" })).expect(200);
    let warned = rita.put("/v1/bundle-products/own", &product("own", "1.99", Value::Null)).expect(200).json;
    assert!(warned["warnings"][0].as_str().is_some_and(|told| told.starts_with("price: ")), "{warned}");
    admin.patch("/v1/accounts/shop", &json!({ "below_cost": "refuse" })).expect(200);
    let buy = |api: &Api, account: &str| {
        let keyed = api.header("Idempotency-Key", "once");
        keyed.post(&format!("/v1/accounts/{account}/bundles"), &json!({ "product": "own" }))
    };
    assert_eq!(field(&buy(&carl, "client").expect(422)), "product");
    rita.put("/v1/bundle-products/own", &product("own", "5.00", Value::Null)).expect(200);

    // Nobody else sees it, buys it or changes it.
    sven.get("/v1/bundle-products/own").expect(404);
    assert_eq!(field(&buy(&sven, "stranger").expect(422)), "product");
    carl.put("/v1/bundle-products/own", &product("own", "5.00", Value::Null)).expect(403);
    admin.post("/v1/bundle-products", &product("of_house", "5.00", Value::Null)).expect(201);
    rita.delete("/v1/bundle-products/of_house").expect(403);
    assert_eq!(carl.get("/v1/bundle-products").expect(200).json["items"][0]["name"], "own");

    // The price goes to the seller in the same change, once for each key.
    let bought = buy(&carl, "client").expect(201).json;
    assert_eq!(buy(&carl, "client").expect(201).json["id"], bought["id"]);
    let balance = |account: &str| {
        admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json["balance"].clone()
    };
    assert_eq!([balance("client"), balance("shop")], [json!("0.00"), json!("10.00")]);
    let income =
        admin.get("/v1/accounts/shop/transactions?kind=transfer_in").expect(200).json["items"][0].clone();
    assert_eq!((&income["amount"], &income["reference"]), (&json!("5.00"), &json!("own")));
    let message = json!({ "account": "client", "from": "ACME", "to": "254722000001", "text": "hello" });
    assert_eq!(admin.post("/v1/charges", &message).expect(201).json["price"], "0.00");
    assert_eq!([balance("client"), balance("shop")], [json!("0.00"), json!("9.98")]);
    daemon.stop();
    assert_eq!(sandbox.on_books(&["verify", "--rerate"]).code, Some(0));
}

#[test]
fn every_level_of_a_charged_chain_is_rated_again() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let reseller = json!({ "is_reseller": true, "chain": true });
    let make = |id: &str, parent: Value, settings: &Value| {
        let new = json!({ "id": id, "plan": "starter", "parent": parent, "settings": settings });
        admin.post("/v1/accounts", &new).expect(201);
        let topup = json!({ "amount": "10.00", "reference": "r" });
        admin.post(&format!("/v1/accounts/{id}/topups"), &topup).expect(201);
    };
    make("importer", Value::Null, &reseller);
    make("trader", json!("importer"), &reseller);
    for (name, owner, percent) in [("trade", "importer", "10"), ("retail", "trader", "25")] {
        let list = json!({ "name": name, "owner": owner, "currency": "USD",
                           "mark_ups": [{ "percent": percent, "per_segment": "0.001" }] });
        admin.post("/v1/price-lists", &list).expect(201);
    }
    admin.patch("/v1/accounts/trader", &json!({ "price_list": "trade" })).expect(200);
    let bought = json!({ "price_list": "retail", "delivery": "charge_only" });
    make("customer", json!("trader"), &bought);
    let commission = json!({ "kind": "commission", "percent": "50", "of": "margin" });
    let billed = json!({ "price_list": "retail", "delivery": "charge_only", "earning": commission });
    make("billed", json!("trader"), &billed);
    let send = |account: &str| {
        let message = json!({ "account": account, "from": "ACME", "to": "254722000001", "text": "hello" });
        admin.post("/v1/charges", &message).expect(201)
    };
    let balances = || {
        ["customer", "billed", "trader", "importer"].map(|id| {
            let balance = admin.get(&format!("/v1/accounts/{id}/balance")).expect(200).json;
            balance["balance"].as_str().expect("a balance").to_owned()
        })
    };
    // 0.02 for the importer, 0.02 x 1.1 + 0.001 for the trader, and 0.023 x 1.25 + 0.001 for its customers.
    send("customer");
    assert_eq!(balances(), ["9.97025", "10.00", "9.977", "9.98"]);
    // The trader earns half of 0.02975 - 0.023, and pays nothing.
    send("billed");
    assert_eq!(balances(), ["9.97025", "9.97025", "9.977", "9.96"]);
    // Another version of the prices, which the earlier messages are not rated by.
    let dearer = json!({ "name": "retail", "currency": "USD", "mark_ups": [{ "percent": "50" }] });
    admin.put("/v1/price-lists/retail", &dearer).expect(200);
    send("customer");
    assert_eq!(balances(), ["9.93575", "9.97025", "9.954", "9.94"]);
    daemon.stop();
    let verified = sandbox.on_books(&["verify", "--rerate"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert!(verified.stdout.contains('3'), "{}", verified.stdout);
}

#[test]
fn nobody_but_the_house_lets_accounts_out_of_a_chain() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let rita = Api::login(&daemon, "rita@example.com", PASSWORD);
    admin.patch("/v1/accounts/shop", &json!({ "chain": true, "credit_limit": "5.00" })).expect(200);
    for (id, parent, settings) in [
        ("branch", "shop", json!({ "is_reseller": true, "chain": true })),
        ("alone", "shop", json!({ "is_reseller": true })),
        ("leaf", "branch", json!({})),
    ] {
        let new = json!({ "id": id, "plan": "starter", "parent": parent, "settings": settings });
        admin.post("/v1/accounts", &new).expect(201);
    }
    // With this credit the accounts would be the house's risk, if they did not pay through the reseller's wallet.
    rita.patch("/v1/accounts/leaf", &json!({ "credit_limit": "5.00" })).expect(200);
    rita.patch("/v1/accounts/branch", &json!({ "chain": false })).expect(403);
    // The switch with its dry run is the same change by another route.
    for path in ["/v1/accounts/branch/chain", "/v1/accounts/branch/chain?dry_run=true"] {
        rita.post(path, &json!({ "chain": false })).expect(403);
    }
    assert_eq!(admin.get("/v1/accounts/branch").expect(200).json["chain"], true);
    for unknown in ["nobody", "new"] {
        let new = json!({ "id": "new", "plan": "starter", "parent": unknown });
        let refused = admin.post("/v1/accounts", &new).expect(422);
        assert_eq!(field(&refused), "parent");
        admin.get("/v1/accounts/new").expect(404);
    }
    // A change of a level's own price names the field that does it, though it is the account below that would buy below cost.
    let list =
        json!({ "name": "dear", "owner": "shop", "currency": "USD", "mark_ups": [{ "percent": "900" }] });
    admin.post("/v1/price-lists", &list).expect(201);
    let refused = rita.patch("/v1/accounts/branch", &json!({ "price_list": "dear" })).expect(422);
    assert_eq!(field(&refused), "price_list");
    assert!(refused.text().contains("leaf"), "{}", refused.text());
    let out = rita.patch("/v1/accounts/leaf", &json!({ "parent": "alone" })).expect(422);
    assert_eq!(field(&out), "parent");
    assert_eq!(rita.get("/v1/accounts/leaf").expect(200).json["parent"], "branch");
    rita.patch("/v1/accounts/leaf", &json!({ "parent": "shop" })).expect(200);
    rita.patch("/v1/accounts/branch", &json!({ "chain": false })).expect(200);
    rita.patch("/v1/accounts/branch", &json!({ "chain": true })).expect(200);
    admin.patch("/v1/accounts/leaf", &json!({ "parent": "alone" })).expect(200);

    let null = admin.patch("/v1/accounts/leaf", &json!({ "parent": null })).expect(400);
    assert_eq!(field(&null), "parent");
    // The list of another level is as one that there is not.
    let list = json!({ "name": "branch_list", "owner": "branch", "currency": "USD", "mark_ups": [{ "percent": "5" }] });
    admin.post("/v1/price-lists", &list).expect(201);
    rita.patch("/v1/accounts/client", &json!({ "chain": false })).expect(200);
    for name in ["branch_list", "nothing"] {
        let refused = rita.patch("/v1/accounts/client", &json!({ "price_list": name })).expect(422);
        let message = &refused.json["errors"][0]["message"];
        assert_eq!(*message, format!("the account's parent has no price list `{name}`"));
    }
    daemon.stop();
}
