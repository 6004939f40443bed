//! The prices that each role is told: every route that shows money of messages, for every role, before and after the account that
//! sends moves below another reseller.

use serde_json::{Value, json};

use super::auth::PASSWORD;
use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;

/// The prices that the client, the shop and the importer pay for one segment.
const CLIENT: &str = "0.0577";
const SHOP: &str = "0.0311";
const IMPORTER: &str = "0.0173";

/// The house sells to the importer, which sells to the shop and to its rival; the shop sells to the client.
fn family(admin: &Api) {
    let seller = json!({ "is_reseller": true, "chain": true });
    let new = |id: &str, parent: Option<&str>, settings: &Value| {
        let account = json!({ "id": id, "plan": "starter", "parent": parent, "opening_balance": "5.00",
                              "settings": settings });
        admin.post("/v1/accounts", &account).expect(201);
    };
    new("importer", None, &seller);
    new("shop", Some("importer"), &seller);
    new("rival", Some("importer"), &seller);
    new("client", Some("shop"), &json!({}));
    for (name, owner, price) in [("retail", "shop", CLIENT), ("trade", "importer", SHOP)] {
        let rates = json!([{ "mcc": "639", "mnc": "02", "price": price }]);
        let list = json!({ "name": name, "owner": owner, "currency": "USD", "rates": rates });
        admin.post("/v1/price-lists", &list).expect(201);
    }
    admin.patch("/v1/accounts/client", &json!({ "price_list": "retail" })).expect(200);
    admin.patch("/v1/accounts/shop", &json!({ "price_list": "trade" })).expect(200);
    let own = json!({ "rates": [{ "mcc": "639", "mnc": "02", "price": IMPORTER }] });
    admin.patch("/v1/accounts/importer", &own).expect(200);
}

/// Everybody who looks, by the names of the tables below.
struct People(Vec<(&'static str, Api)>);

impl People {
    fn of(daemon: &Daemon, admin: &Api) -> Self {
        let mut people = vec![("admin", admin.clone())];
        let scopes = ["accounts:read", "billing:read", "messages:read", "messages:write"];
        let made =
            admin.post("/v1/api-keys", &json!({ "name": "billing", "scopes": scopes })).expect(201).json;
        people.push(("billing", admin.with_token(made["key"].as_str().unwrap())));
        for account in ["importer", "shop", "rival", "client"] {
            let role = if account == "client" { "customer" } else { "reseller" };
            let email = format!("{account}@example.com");
            let user = json!({ "email": email, "name": account, "role": role, "account": account,
                               "password": PASSWORD });
            admin.post("/v1/users", &user).expect(201);
            people.push((account, Api::login(daemon, &email, PASSWORD)));
        }
        Self(people)
    }

    fn get(&self, name: &str) -> &Api {
        &self.0.iter().find(|(known, _)| *known == name).unwrap().1
    }
}

/// The prices that an answer has anywhere in it, by their levels.
fn told(reply: &Reply) -> String {
    let text = reply.text();
    let prices = [(CLIENT, 'C'), (SHOP, 'S'), (IMPORTER, 'I')];
    prices.into_iter().filter(|(price, _)| text.contains(price)).map(|(_, letter)| letter).collect()
}

/// A route, and the prices that each of them is told: the house, the importer, the shop, its rival and the client.
type Row = (&'static str, [&'static str; 5]);

fn check(people: &People, when: &str, id: &str, rows: &[Row]) {
    for (route, expected) in rows {
        let path = route.replace("{id}", id);
        let roles = [&["admin", "billing"][..], &["importer"], &["shop"], &["rival"], &["client"]];
        for (names, expected) in roles.into_iter().zip(expected) {
            for name in names {
                let reply = people.get(name).get(&path);
                assert!(
                    [200, 403, 404, 422].contains(&reply.status),
                    "{when}, {name}, {path}: {}",
                    reply.text()
                );
                assert_eq!(told(&reply), *expected, "{when}, {name}, {path}: {}", reply.text());
            }
        }
    }
}

/// Of single messages and of lists of them, where what each level is told stands in the CDR and so outlives a move.
const OF_MESSAGES: &[Row] = &[
    ("/v1/cdrs/{id}", ["CSI", "SI", "CS", "", "C"]),
    ("/v1/cdrs", ["CSI", "SI", "CS", "", "C"]),
    ("/v1/cdrs?account=client", ["CSI", "SI", "CS", "", "C"]),
    ("/v1/cdrs/export?format=csv", ["CI", "SI", "CS", "", "C"]),
    ("/v1/cdrs/export?format=csv&account=client", ["CI", "SI", "CS", "", "C"]),
    ("/v1/cdrs/{id}/explain", ["CSI", "SI", "CS", "", "C"]),
    ("/v1/messages/{id}", ["C", "", "C", "", "C"]),
    ("/v1/messages", ["C", "", "C", "", "C"]),
    ("/v1/messages?account=client", ["C", "", "C", "", "C"]),
    ("/v1/messages/{id}/timeline", ["CSI", "SI", "CS", "", "C"]),
    ("/v1/usage?whose=below", ["SI", "SI", "S", "", ""]),
    ("/v1/accounts/shop/usage?whose=below", ["S", "S", "S", "", ""]),
    ("/v1/accounts/importer/usage?whose=below", ["I", "I", "", "", ""]),
    ("/v1/accounts/shop/transactions", ["S", "S", "S", "", ""]),
    ("/v1/accounts/shop/transactions?format=csv", ["S", "S", "S", "", ""]),
    ("/v1/accounts/shop/transactions/{id}", ["S", "S", "S", "", ""]),
    ("/v1/accounts/importer/transactions", ["I", "I", "", "", ""]),
    ("/v1/accounts/shop/resales", ["CS", "S", "CS", "", ""]),
    ("/v1/accounts/importer/resales", ["SI", "SI", "", "", ""]),
    ("/v1/accounts/rival/resales", ["", "", "", "", ""]),
    ("/v1/series?measure=revenue,cost&step=day", ["I", "SI", "CS", "", ""]),
    ("/v1/series?measure=revenue,cost&step=day&account=shop", ["", "", "CS", "", ""]),
];

/// Of the account that sends, whose parent of today is told what it pays.
const OF_THE_CLIENT: &[Row] = &[
    ("/v1/usage", ["C", "", "C", "", ""]),
    ("/v1/usage?format=csv", ["C", "", "C", "", ""]),
    ("/v1/accounts/client/usage", ["C", "", "C", "", "C"]),
    ("/v1/accounts/client/usage?format=csv&table=daily_usage", ["C", "", "C", "", "C"]),
    ("/v1/series?measure=spend&step=day", ["C", "", "C", "", "C"]),
    ("/v1/series?measure=spend&step=day&account=client", ["C", "", "C", "", "C"]),
    ("/v1/accounts/client/transactions", ["C", "", "C", "", "C"]),
    ("/v1/accounts/client/transactions?max_amount=-0.05", ["C", "", "C", "", "C"]),
    ("/v1/accounts/client/transactions?format=csv", ["C", "", "C", "", "C"]),
    ("/v1/accounts/client/transactions/{id}", ["C", "", "C", "", "C"]),
    ("/v1/dispatches?account=client", ["C", "", "C", "", "C"]),
    ("/v1/dispatches/campaign-7?account=client", ["C", "", "C", "", "C"]),
];

#[test]
fn each_role_is_told_its_own_purchase_and_sale_on_every_route_and_after_a_move() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    family(&admin);
    let people = People::of(&daemon, &admin);
    let message = json!({ "account": "client", "from": "BANK", "to": "254722000001", "text": "Hello",
                          "dispatch_id": "campaign-7" });
    let charged = admin.post("/v1/charges", &message).expect(201);
    assert_eq!(told(&charged), "C");
    let id = charged.json["message_id"].as_str().unwrap().to_owned();

    check(&people, "at first", &id, OF_MESSAGES);
    check(&people, "at first", &id, OF_THE_CLIENT);
    let quote = json!({ "account": "client", "to": "254722000001", "text": "Hello" });
    for (name, expected) in [
        ("admin", "CSI"),
        ("billing", "CSI"),
        ("importer", "SI"),
        ("shop", "CS"),
        ("rival", ""),
        ("client", "C"),
    ] {
        let quoted = people.get(name).post("/v1/quotes", &quote);
        assert_eq!(told(&quoted), expected, "{name}: {}", quoted.text());
    }
    // The importer may send for an account two levels below, and is not told what that pays either.
    let sent = people.get("importer").post("/v1/charges", &message).expect(201);
    assert_eq!((told(&sent), &sent.json["price"]), (String::new(), &Value::Null), "{}", sent.text());
    admin
        .post(
            &format!("/v1/charges/{}/refund", sent.json["message_id"].as_str().unwrap()),
            &json!({ "reason": "a test" }),
        )
        .expect(200);

    // Nothing that the shop has paid or sold is hidden from it by the move, and its rival is told nothing of it.
    let moved = json!({ "parent": "rival", "price_list": null });
    people.get("importer").patch("/v1/accounts/client", &moved).expect(200);
    people.get("rival").get("/v1/accounts/client").expect(200);
    check(&people, "after the move", &id, OF_MESSAGES);
    people.get("rival").get(&format!("/v1/cdrs/{id}/explain")).expect(404);
    for (route, [of_house, ..]) in OF_THE_CLIENT {
        let path = route.replace("{id}", &id);
        for name in ["importer", "shop", "rival"] {
            let reply = people.get(name).get(&path);
            assert_eq!(told(&reply), "", "after the move, {name}, {path}: {}", reply.text());
        }
        let reply = people.get("admin").get(&path);
        assert_eq!(told(&reply), *of_house, "after the move, admin, {path}: {}", reply.text());
    }
    daemon.stop();
}
