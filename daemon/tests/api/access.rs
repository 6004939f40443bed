//! Access rules: every route of the served document for every kind of caller, held against a table that is written by
//! hand. A route without a line in the table fails, and a line without a route.

use std::collections::BTreeMap;

use crate::support::api::{Api, Reply, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::sandbox::Sandbox;
use serde_json::{Value, json};

/// `METHOD path who…`, where who is `anybody`, or some of `admin reseller customer`, and the scope that an API key needs.
const TABLE: &str = include_str!("access.txt");

const PASSWORD: &str = "a long enough 1 password";

/// Every scope. In the test a caller of this name is an API key with that scope alone that reaches everybody's things.
const SCOPES: [&str; 12] = [
    "accounts:read",
    "accounts:write",
    "billing:read",
    "billing:write",
    "messages:read",
    "messages:write",
    "content:read",
    "content:write",
    "operators:read",
    "operators:write",
    "tariff:read",
    "tariff:write",
];

/// Routes that end the session of the caller, so that each caller gets one of its own.
const ENDING: [&str; 3] = ["/v1/auth/logout", "/v1/auth/change-password", "/v1/session"];

fn table() -> BTreeMap<(String, String), Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let method = words.next().expect("a method").to_owned();
            let path = words.next().expect("a path").to_owned();
            ((method, path), words.collect())
        })
        .collect()
}

/// Every method and path of the served document.
fn served(api: &Api) -> Vec<(String, String)> {
    let document = api.get("/openapi.json").expect(200).json;
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, methods): (&String, &Value)| -> Vec<(String, String)> {
        let methods = methods.as_object().expect("methods").keys();
        methods.map(|method| (method.to_uppercase(), path.clone())).collect()
    };
    paths.iter().flat_map(methods).collect()
}

/// A path with something in the place of its parameters that is nobody's.
fn somewhere(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "999999999999" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

/// The request with a body that nothing can be made of, so that who is let in changes nothing.
fn ask(api: &Api, method: &str, path: &str) -> Reply {
    let body = matches!(method, "POST" | "PUT" | "PATCH")
        .then(|| (br#"{"no_such_field":1}"#.to_vec(), "application/json"));
    // A stream would have no end; with a parameter that is not known it has no beginning.
    let query = if path == "/v1/stream" { "?no_such_parameter=1" } else { "" };
    api.send(method, &format!("{}{query}", somewhere(path)), body)
}

/// One login of a role.
fn login(daemon: &Daemon, role: &str) -> Api {
    match role {
        "admin" => Api::admin(daemon),
        role => Api::login(daemon, &format!("{role}@example.com"), PASSWORD),
    }
}

fn make_callers(daemon: &Daemon, admin: &Api) -> BTreeMap<&'static str, Api> {
    admin
        .post(
            "/v1/accounts",
            &json!({ "id": "reseller_1", "plan": "starter", "settings": { "is_reseller": true } }),
        )
        .expect(201);
    admin
        .post("/v1/accounts", &json!({ "id": "below_1", "plan": "starter", "parent": "reseller_1" }))
        .expect(201);
    for (role, account) in [("reseller", "reseller_1"), ("customer", "below_1")] {
        let user = json!({
            "email": format!("{role}@example.com"), "name": role, "role": role, "account": account,
            "password": PASSWORD,
        });
        admin.post("/v1/users", &user).expect(201);
    }
    let key = |scopes: &[&str], account: Value| {
        let key = admin.post("/v1/api-keys", &json!({ "name": "k", "scopes": scopes, "account": account }));
        let key = key.expect(201).json["key"].as_str().expect("the key is shown once").to_owned();
        Api::anonymous(daemon).with_token(&key)
    };
    let mut callers = BTreeMap::from([
        ("admin", admin.clone()),
        ("reseller", login(daemon, "reseller")),
        ("customer", login(daemon, "customer")),
        ("customer's key", key(&SCOPES, json!("below_1"))),
        ("invalid token", Api::anonymous(daemon).with_token("tg_key_nothing_nothing")),
    ]);
    callers.extend(SCOPES.map(|scope| (scope, key(&[scope], Value::Null))));
    callers
}

#[test]
fn every_route_lets_in_whom_the_table_names_and_nobody_else() {
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    let (daemon, admin) = start_with_admin(&sandbox);
    let (table, served) = (table(), served(&Api::anonymous(&daemon)));
    let lines: Vec<_> = table.keys().cloned().collect();
    let missing: Vec<_> = served.iter().filter(|route| !lines.contains(route)).collect();
    assert!(missing.is_empty(), "routes without a line in api/access.txt: {missing:#?}");
    let stray: Vec<_> = lines.iter().filter(|route| !served.contains(route)).collect();
    assert!(stray.is_empty(), "lines of api/access.txt without a route: {stray:#?}");

    let callers = make_callers(&daemon, &admin);
    let mut wrong = Vec::new();
    for ((method, path), who) in &table {
        for (name, caller) in &callers {
            let ends = ENDING.contains(&&**path) && ["admin", "reseller", "customer"].contains(name);
            let own = ends.then(|| login(&daemon, name));
            let reply = ask(own.as_ref().unwrap_or(caller), method, path);
            let admitted = match *name {
                _ if who.contains(&"anybody") => true,
                "customer's key" => {
                    who.contains(&"customer") && SCOPES.iter().any(|scope| who.contains(scope))
                }
                "invalid token" => false,
                name => who.contains(&name),
            };
            let turned_away = reply.code() == "forbidden" || reply.code() == "unauthenticated";
            if admitted == turned_away || reply.status >= 500 {
                wrong.push(format!("{method} {path} as {name}: {} {}", reply.status, reply.text()));
            }
        }
        let anonymous = ask(&Api::anonymous(&daemon), method, path);
        let open = who.contains(&"anybody");
        if open == (anonymous.code() == "unauthenticated") {
            wrong.push(format!("{method} {path} as nobody: {} {}", anonymous.status, anonymous.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(callers);
    daemon.stop();
}

#[test]
fn nobody_reaches_the_accounts_of_others() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let callers = make_callers(&daemon, &admin);
    let ids = |api: &Api| -> Vec<String> {
        let page = api.get("/v1/accounts").expect(200).json;
        let items = page["items"].as_array().expect("items").clone();
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&callers["admin"]), ["below_1", "biz_test_001", "biz_test_002", "reseller_1"]);
    assert_eq!(ids(&callers["reseller"]), ["below_1", "reseller_1"]);
    assert_eq!(ids(&callers["customer"]), ["below_1"]);
    assert_eq!(ids(&callers["customer's key"]), ["below_1"]);
    for (caller, account, status) in [
        ("reseller", "below_1", 200),
        ("reseller", "biz_test_001", 404),
        ("customer", "reseller_1", 404),
        ("customer", "biz_test_001", 404),
        ("customer's key", "reseller_1", 404),
        ("customer's key", "below_1", 200),
    ] {
        for path in ["", "/balance", "/wallet", "/transactions", "/usage"] {
            let reply = callers[caller].get(&format!("/v1/accounts/{account}{path}"));
            assert_eq!(reply.status, status, "{caller} reads {account}{path}: {}", reply.text());
        }
    }
    // A reseller makes accounts below itself and nowhere else, and gives nobody credit.
    let reseller = &callers["reseller"];
    let made = reseller.post("/v1/accounts", &json!({ "id": "below_2", "plan": "starter" })).expect(201);
    assert_eq!(made.json["account"]["parent"], "reseller_1");
    let elsewhere = json!({ "id": "below_3", "plan": "starter", "parent": "biz_test_001" });
    let refused = reseller.post("/v1/accounts", &elsewhere).expect(422);
    assert_eq!(refused.json["errors"][0]["field"], "parent");
    reseller.patch("/v1/accounts/below_2", &json!({ "credit_limit": "5.00" })).expect(403);
    reseller.post("/v1/accounts/below_2/topups", &json!({ "amount": "5.00", "reference": "r" })).expect(403);
    callers["customer"].patch("/v1/accounts/below_1", &json!({ "name": "me" })).expect(403);
    daemon.stop();
}
