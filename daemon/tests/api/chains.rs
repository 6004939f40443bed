//! A chain over the API: who sees which side of a message, the statement of commission and margin, and payouts.

use serde_json::{Value, json};

use super::auth::PASSWORD;
use crate::support::api::{Api, start_with_admin};
use crate::support::books;
use crate::support::sandbox::Sandbox;

/// The house sells to `top` at 0.02, which sells to `agent`'s customers at 0.02; `agent` earns 12.5 % of what they pay.
fn family() -> Sandbox {
    let sandbox = Sandbox::new();
    let reseller = "plan = \"enterprise\"\nis_reseller = true\nchain = true\nopening_balance = \"10.00\"\n";
    sandbox.add_account("top", reseller);
    sandbox.add_account("agent", &format!("{reseller}parent = \"top\"\n"));
    sandbox.add_account(
        "end",
        "plan = \"starter\"\nparent = \"agent\"\nopening_balance = \"5.00\"\n\
         earning = { commission_percent = \"12.5\", of = \"charge\" }\n",
    );
    sandbox
}

/// A key that sees an account, or it with those below it.
fn key(admin: &Api, account: &str, with_subaccounts: bool) -> Api {
    let new = json!({
        "name": account,
        "account": account,
        "include_subtree": with_subaccounts,
        "scopes": ["accounts:read", "billing:read", "messages:read", "messages:write"]
    });
    let made = admin.post("/v1/api-keys", &new).expect(201).json;
    admin.with_token(made["key"].as_str().unwrap())
}

fn charge(admin: &Api) -> String {
    let new = json!({ "account": "end", "from": "BANK", "to": "254722000001", "text": "Hello" });
    let charged = admin.post("/v1/charges", &new).expect(201).json;
    assert_eq!(charged["price"], "0.02");
    charged["message_id"].as_str().unwrap().to_owned()
}

fn accounts_of(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

fn balance(admin: &Api, account: &str) -> String {
    let balance = admin.get(&format!("/v1/accounts/{account}/balance")).expect(200).json;
    balance["balance"].as_str().unwrap().to_owned()
}

#[test]
fn each_level_sees_its_own_side_and_the_statement_agrees_with_the_wallets() {
    let sandbox = family();
    let (daemon, admin) = start_with_admin(&sandbox);
    let ids: Vec<String> = (0..3).map(|_| charge(&admin)).collect();
    assert_eq!(["end", "agent", "top"].map(|account| balance(&admin, account)), ["4.94", "10.00", "9.94"]);

    let quote = json!({ "account": "end", "to": "254722000001", "text": "Hello" });
    let (top, agent, end) = (key(&admin, "top", true), key(&admin, "agent", true), key(&admin, "end", false));
    for (caller, above) in [
        (&admin, vec!["agent", "top"]),
        (&top, vec!["agent", "top"]),
        (&agent, vec!["agent"]),
        (&end, vec![]),
    ] {
        let cdr = caller.get(&format!("/v1/cdrs/{}", ids[0])).expect(200).json;
        assert_eq!(accounts_of(&cdr["levels"], "account"), above);
        let listed = caller.get("/v1/cdrs?account=end").expect(200).json;
        assert_eq!(accounts_of(&listed["items"][0]["levels"], "account"), above);
        let quoted = caller.post("/v1/quotes", &quote).expect(200).json;
        assert_eq!(accounts_of(&quoted["postings"], "wallet")[1..], above);
    }

    // One of the three is given back, at every level.
    admin.post(&format!("/v1/charges/{}/refund", ids[2]), &json!({ "reason": "sent twice" })).expect(200);
    assert_eq!(["end", "agent", "top"].map(|account| balance(&admin, account)), ["4.96", "10.00", "9.96"]);
    let of_agent = agent.get("/v1/accounts/agent/resales").expect(200).json;
    let line = &of_agent["lines"][0];
    let told = ["child", "country", "network", "sold", "bought", "billed", "commission"]
        .map(|key| line[key].clone());
    assert_eq!(told, ["end", "KE", "639/02", "0.00", "0.00", "0.04", "0.005"]);
    assert_eq!((&line["messages"], &of_agent["commission_balance"]), (&json!(2), &json!("0.005")));
    let of_top = admin.get("/v1/accounts/top/resales").expect(200).json;
    assert_eq!(
        (&of_top["totals"][0]["bought"], &of_top["lines"][0]["child"]),
        (&json!("0.04"), &json!("agent"))
    );
    agent.get("/v1/accounts/top/resales").expect(404);
    end.get("/v1/accounts/end/resales").expect(403);

    let payout = |amount: &str| json!({ "amount": amount, "reference": "November" });
    let path = "/v1/accounts/agent/commission/payouts";
    let too_much = admin.post(path, &payout("0.005001")).expect(409);
    assert_eq!(too_much.code(), "insufficient_commission");
    let keyed = admin.header("Idempotency-Key", "november");
    for _ in 0..2 {
        let paid = keyed.post(path, &payout("0.005")).expect(201).json;
        assert_eq!(paid["commission_balance"], "0.00");
    }
    assert_eq!(balance(&admin, "agent"), "10.005");
    // A past balance has what the messages of accounts below have cost.
    let present = admin.get("/v1/cdrs?account=end").expect(200).json["items"][0]["state_at"].clone();
    let past =
        admin.get(&format!("/v1/accounts/top/balance?at={}", present.as_str().unwrap())).expect(200).json;
    assert_eq!(past["balance"], "9.94", "before the refund, which is of that instant");

    daemon.kill();
    let daemon = sandbox.start();
    let admin = admin.at_daemon(&daemon);
    assert_eq!(["end", "agent", "top"].map(|account| balance(&admin, account)), ["4.96", "10.005", "9.96"]);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 3);
}

#[test]
fn a_price_of_a_list_and_the_part_of_bundles_are_explained_as_they_were_charged() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let seller = json!({ "is_reseller": true, "chain": true });
    let new = |id: &str, parent: Option<&str>, settings: &Value| json!({ "id": id, "plan": "starter", "parent": parent, "opening_balance": "5.00", "settings": settings });
    admin.post("/v1/accounts", &new("top", None, &seller)).expect(201);
    admin.post("/v1/accounts", &new("shop", Some("top"), &seller)).expect(201);
    admin.post("/v1/accounts", &new("client", Some("shop"), &json!({}))).expect(201);
    let list = |name: &str, owner: &str, prices: &Value| {
        let mut list = json!({ "name": name, "owner": owner, "currency": "USD" });
        list.as_object_mut().unwrap().extend(prices.as_object().unwrap().clone());
        admin.post("/v1/price-lists", &list).expect(201);
    };
    list("trade", "top", &json!({ "rates": [{ "mcc": "639", "mnc": "02", "price": "0.03" }] }));
    list("retail", "shop", &json!({ "mark_ups": [{ "percent": "25", "per_segment": "0.001" }] }));
    // First the dearer prices of the client, which are never below what `shop` pays.
    admin.patch("/v1/accounts/client", &json!({ "price_list": "retail" })).expect(200);
    admin.patch("/v1/accounts/shop", &json!({ "price_list": "trade" })).expect(200);
    let pair = json!({ "name": "pair", "price": "1.00", "currency": "USD", "units": 2, "unit": "segments",
                       "validity": { "kind": "days", "days": 1 } });
    admin.post("/v1/bundle-products", &pair).expect(201);
    admin.post("/v1/accounts/client/bundles", &json!({ "product": "pair", "grant": true })).expect(201);

    let explained = |account: &str, segments: usize| {
        let text = "a".repeat(153 * segments);
        let new = json!({ "account": account, "from": "BANK", "to": "254722000001", "text": text });
        let id = admin.post("/v1/charges", &new).expect(201).json["message_id"].clone();
        admin.get(&format!("/v1/cdrs/{}/explain", id.as_str().unwrap())).expect(200).json
    };
    // 0.03 × 1.25 + 0.001 for the one segment of three that the bundle does not cover.
    let client = explained("client", 3);
    assert_eq!((&client["agrees"], &client["charged"]), (&json!(true), &json!("0.0385")), "{client}");
    assert_eq!((&client["rate"]["kind"], &client["rate"]["price"]), (&json!("mark_up"), &json!("0.0385")));
    assert_eq!((&client["covered_by_bundles"], &client["lines"][0]["segments"]), (&json!(2), &json!(1)));
    assert_eq!((&client["volume"]["before"], &client["volume"]["after"]), (&json!(0), &json!(1)));
    assert_eq!(accounts_of(&client["levels"], "account"), ["shop", "top"]);
    let text = client["text"].as_str().unwrap();
    assert!(text.contains("cover 2 of 3 segments") && text.contains("as worked out here"), "{text}");
    let own = key(&admin, "client", false);
    let id = client["message_id"].as_str().unwrap();
    let seen = own.get(&format!("/v1/cdrs/{id}/explain")).expect(200).json;
    assert_eq!((&seen["levels"], &seen["agrees"]), (&json!([]), &json!(true)));

    let shop = explained("shop", 2);
    let told = ["agrees", "charged", "covered_by_bundles"].map(|key| shop[key].clone());
    assert_eq!(told, [json!(true), json!("0.06"), json!(0)], "{shop}");
    assert_eq!(shop["rate"]["kind"], "price_list_rate");
    assert_eq!(explained("top", 1)["agrees"], true);
    daemon.stop();
}

#[test]
fn a_bundle_that_covers_all_of_a_message_needs_no_rate() {
    let sandbox = Sandbox::new();
    sandbox.replace("plans.toml", "base_price = \"0.03\"", "base_price = \"refuse\"");
    let (daemon, admin) = start_with_admin(&sandbox);
    let account = json!({ "id": "client", "plan": "enterprise", "opening_balance": "5.00" });
    admin.post("/v1/accounts", &account).expect(201);
    let trio = json!({ "name": "trio", "price": "1.00", "currency": "USD", "units": 3, "unit": "segments",
                       "validity": { "kind": "days", "days": 1 } });
    admin.post("/v1/bundle-products", &trio).expect(201);
    // A network of Germany, which no rate names.
    let new = |segments: usize| json!({ "account": "client", "from": "BANK", "to": "4915112345678", "text": "a".repeat(153 * segments) });
    assert_eq!(admin.post("/v1/charges", &new(2)).expect(422).code(), "no_rate");
    admin.post("/v1/accounts/client/bundles", &json!({ "product": "trio", "grant": true })).expect(201);

    let quoted = admin.post("/v1/quotes", &new(2)).expect(200).json;
    assert_eq!(quoted["price"], "0.00", "{quoted}");
    let charged = admin.post("/v1/charges", &new(2)).expect(201).json;
    assert_eq!(charged["price"], "0.00");
    // One unit is left for two segments, and the other has no price.
    assert_eq!(admin.post("/v1/charges", &new(2)).expect(422).code(), "no_rate");
    let id = charged["message_id"].as_str().unwrap();
    let explained = admin.get(&format!("/v1/cdrs/{id}/explain")).expect(200).json;
    let told = ["agrees", "charged", "total", "covered_by_bundles", "rate"].map(|key| explained[key].clone());
    assert_eq!(told, [json!(true), json!("0.00"), json!("0.00"), json!(2), Value::Null], "{explained}");
    assert_eq!(balance(&admin, "client"), "5.00");
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 1);
    let verified = sandbox.on_books(&["verify", "--rerate"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[test]
fn each_level_is_shown_the_mark_up_of_its_own_sale_and_of_no_other() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let seller = json!({ "is_reseller": true, "chain": true });
    let new = |id: &str, parent: Option<&str>, settings: &Value| json!({ "id": id, "plan": "starter", "parent": parent, "opening_balance": "5.00", "settings": settings });
    admin.post("/v1/accounts", &new("top", None, &seller)).expect(201);
    admin.post("/v1/accounts", &new("shop", Some("top"), &seller)).expect(201);
    admin.post("/v1/accounts", &new("client", Some("shop"), &json!({}))).expect(201);
    let list = |name: &str, owner: &str, mark_ups: &Value| {
        let list = json!({ "name": name, "owner": owner, "currency": "USD", "mark_ups": mark_ups });
        admin.post("/v1/price-lists", &list).expect(201);
    };
    list("trade", "top", &json!([{ "networks": ["639/02"], "percent": "17" }]));
    list(
        "retail",
        "shop",
        &json!([{ "countries": ["UG"], "percent": "90" }, { "countries": ["KE"], "percent": "31", "per_segment": "0.00113" }]),
    );
    admin.patch("/v1/accounts/client", &json!({ "price_list": "retail" })).expect(200);
    admin.patch("/v1/accounts/shop", &json!({ "price_list": "trade" })).expect(200);

    let people = [
        ("ada", "admin", None),
        ("tom", "reseller", Some("top")),
        ("rita", "reseller", Some("shop")),
        ("carl", "customer", Some("client")),
    ];
    for (name, role, account) in people {
        let user = json!({ "email": format!("{name}@example.com"), "name": name, "role": role, "account": account,
                           "password": PASSWORD });
        admin.post("/v1/users", &user).expect(201);
    }
    let user = |name: &str| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD);
    let message = json!({ "account": "client", "from": "BANK", "to": "254722000001", "text": "Hello" });
    let charged = admin.post("/v1/charges", &message).expect(201).json;
    let explain = format!("/v1/cdrs/{}/explain", charged["message_id"].as_str().unwrap());
    let quote = json!({ "account": "client", "from": "BANK", "to": "254722000001", "text": "Hello" });

    // 0.02 by the plan, times 1.17, then times 1.31 and 0.00113 on it.
    let all = ["shop", "top"];
    let of_house = json!({ "name": "house", "scopes": ["messages:read", "messages:write"] });
    let made = admin.post("/v1/api-keys", &of_house).expect(201).json;
    let house = admin.with_token(made["key"].as_str().unwrap());
    let callers = [
        ("admin", admin.clone(), &all[..]),
        ("an admin", user("ada"), &all[..]),
        ("a key of the house", house, &all[..]),
        ("the reseller at the top", user("tom"), &all[1..]),
        ("the reseller between", user("rita"), &all[..1]),
        ("the customer", user("carl"), &[]),
        ("a key of the top", key(&admin, "top", true), &all[1..]),
        ("a key of the shop", key(&admin, "shop", true), &all[..1]),
        ("a key of the client", key(&admin, "client", false), &[]),
    ];
    for (who, caller, sellers) in callers {
        let explained = caller.get(&explain).expect(200);
        let quoted = caller.post("/v1/quotes", &quote).expect(200);
        for reply in [&explained, &quoted] {
            let sales = &reply.json["sales"];
            assert_eq!(accounts_of(sales, "level"), sellers, "{who}: {}", reply.text());
            // The percentages stand nowhere else either: not in the text for a person, nor in the source of the price.
            for (level, percent) in [("shop", "31"), ("top", "17")] {
                let named = reply.text().contains(&format!("{percent} %"))
                    || reply.text().contains(&format!("\"{percent}\""));
                assert_eq!(named, sellers.contains(&level), "{who}, {level}: {}", reply.text());
            }
        }
        let sale_of = |level: &str| {
            let sales = explained.json["sales"].as_array().unwrap();
            sales.iter().find(|sale| sale["level"] == level).cloned()
        };
        if let Some(sale) = sale_of("shop") {
            assert_eq!(
                (&sale["buyer"], &sale["currency"], &sale["rate"]["price"], &sale["rate"]["kind"]),
                (&json!("client"), &json!("USD"), &json!("0.031784"), &json!("mark_up"))
            );
            let mark_up =
                json!({ "countries": ["KE"], "networks": null, "percent": "31", "per_segment": "0.00113" });
            assert_eq!((&sale["mark_up"], &sale["marked_up"]), (&mark_up, &json!("0.0234")));
        }
        if let Some(sale) = sale_of("top") {
            let mark_up =
                json!({ "countries": null, "networks": ["639/02"], "percent": "17", "per_segment": null });
            assert_eq!(
                (&sale["buyer"], &sale["mark_up"], &sale["marked_up"]),
                (&json!("shop"), &mark_up, &json!("0.02"))
            );
        }
    }
    user("rita").get("/v1/price-lists/trade").expect(404);
    daemon.stop();
}
