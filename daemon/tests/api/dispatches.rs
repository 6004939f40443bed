//! Dispatches: counted as their messages are charged and delivered over SMPP, and named over HTTP.

use std::collections::BTreeSet;

use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::http::escaped;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, UNDELIVERABLE, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, Message, TLV_DISPATCH_ID};
use crate::support::smsc::{Reply, Smsc};
use serde_json::{Value, json};

const PASSWORD: &str = "a long enough 1 password";
const ESME_RINVDSTADR: u32 = 0x0B;

/// Destinations, each named by the outcome of messages to it. One costs 0.02, and the operator wants 0.01 for it.
const DELIVERED_TO: &str = "254722000001";
const UNDELIVERABLE_TO: &str = "254722000002";
const REFUSED_TO: &str = "254722000003";
const LATE_TO: &str = "254722000004";

fn customer(daemon: &Daemon, admin: &Api, account: &str) -> Api {
    let email = format!("{account}@example.com");
    let user = json!({ "email": email, "name": account, "role": "customer", "account": account,
        "password": PASSWORD });
    admin.post("/v1/users", &user).expect(201);
    Api::login(daemon, &email, PASSWORD)
}

fn submit(connection: &mut Connection, dispatch: &str) -> String {
    let answer = connection.submit(&Message::to(DELIVERED_TO).tlv(TLV_DISPATCH_ID, dispatch));
    assert_eq!(answer.status, ESME_ROK);
    answer.message_id()
}

/// The counters, by name.
fn counts(dispatch: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| dispatch["counters"][name].as_u64().expect("a number")).collect()
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[test]
fn counters_follow_the_messages() {
    let operator = Smsc::start_with(0, move |message| {
        Some(match message.destination.digits.as_str() {
            REFUSED_TO => Reply::Refuse(ESME_RINVDSTADR),
            id => Reply::Accept(id.into()),
        })
    });
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    let (daemon, admin) = start_with_admin(&sandbox);
    let customer = customer(&daemon, &admin, BUSINESS_1.system_id);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let destinations = [DELIVERED_TO, UNDELIVERABLE_TO, REFUSED_TO, LATE_TO];
    let of_dispatch = destinations.map(|to| Sm::to(to).tlv(TLV_DISPATCH_ID, b"autumn offers/7"));
    let messages = gateway.accepted_all(&of_dispatch);
    gateway.accepted(&Sm::to("254722000005"));

    let seen = operator.until_seen(5);
    let deliver = |to: &str, state: u8| {
        let message = seen.iter().find(|message| message.destination.digits == to).expect("it was sent");
        assert_eq!(operator.deliver(&in_both(message, to, state)), 0);
    };
    deliver(DELIVERED_TO, DELIVERED);
    deliver(UNDELIVERABLE_TO, UNDELIVERABLE);
    for id in &messages[..3] {
        gateway.receipt_of(id);
    }
    let path = format!("/v1/dispatches/{}", escaped("autumn offers/7"));
    let status = customer.get(&format!("{path}/status")).expect(200).json;
    assert_eq!((&status["status"], &status["id"]), (&json!("processing"), &json!("autumn offers/7")));
    let names =
        ["messages", "segments", "submitted", "delivered", "failed", "cancelled", "unconfirmed", "pending"];
    assert_eq!(counts(&status, &names), [4, 3, 3, 1, 2, 0, 0, 1]);
    assert_eq!(status["counters"]["success_rate"], "25.00");
    assert_eq!(status["counters"]["cost"], "0.06", "what no operator took is given back");
    assert_eq!(
        (&status["counters"]["currency"], &status["counters"]["cost_operators"]),
        (&json!("USD"), &Value::Null)
    );

    deliver(LATE_TO, DELIVERED);
    gateway.receipt_of(&messages[3]);
    let of = format!("{path}?account={}", BUSINESS_1.system_id);
    let dispatch = admin.get(&of).expect(200).json;
    assert_eq!((&dispatch["status"], &dispatch["name"]), (&json!("completed"), &Value::Null));
    assert_eq!(counts(&dispatch, &names), [4, 3, 3, 2, 2, 0, 0, 0]);
    assert_eq!(dispatch["counters"]["cost_operators"], "0.03");

    let listed = |query: &str| {
        let page = customer.get(&format!("{path}/messages?{query}")).expect(200).json;
        let items = page["items"].as_array().unwrap().clone();
        let id = |item: &Value| item["message_id"].as_str().unwrap().to_owned();
        (items.iter().map(id).collect::<Vec<_>>(), page["next_cursor"].as_str().map(ToOwned::to_owned))
    };
    let mut newest_first = messages.clone();
    newest_first.reverse();
    let (first, cursor) = listed("limit=3");
    assert_eq!(first, newest_first[..3]);
    assert_eq!(listed(&format!("cursor={}", cursor.unwrap())), (newest_first[3..].to_vec(), None));
    assert_eq!(listed("state=undeliverable").0, [messages[1].clone()]);
    let cdr = admin.get(&format!("/v1/cdrs/{}", messages[0])).expect(200).json;
    assert_eq!(cdr["dispatch_id"], "autumn offers/7");

    assert_eq!(customer.delete(&path).expect(409).code(), "wrong_state");
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn dispatches_are_named_before_or_after_their_messages() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let customer = customer(&daemon, &admin, BUSINESS_1.system_id);
    let new = json!({ "id": "spring/1", "name": "Spring", "planned_messages": 2 });
    let made = customer.post("/v1/dispatches", &new).expect(201);
    assert_eq!((&made.json["status"], &made.json["counters"]["messages"]), (&json!("processing"), &json!(0)));
    let path = made.header("location").expect("where it is").to_owned();
    assert_eq!(path, format!("/v1/dispatches/spring%2F1?account={}", BUSINESS_1.system_id));
    assert_eq!(customer.post("/v1/dispatches", &new).expect(409).code(), "already_exists");
    let tag = made.header("etag").expect("a version").to_owned();
    let change = json!({ "name": "Early spring" });
    let changed = customer.header("If-Match", &tag).put(&path, &change).expect(200).json;
    assert_eq!((&changed["name"], &changed["planned_messages"]), (&json!("Early spring"), &Value::Null));
    customer.header("If-Match", &tag).put(&path, &change).expect(412);
    assert_eq!(
        customer.put(&path, &json!({ "name": "x", "counters": {} })).expect(400).code(),
        "invalid_request"
    );
    customer.delete(&path).expect(204);
    customer.get(&path).expect(404);

    customer.post("/v1/dispatches", &new).expect(201);
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    submit(&mut gateway, "spring/1");
    customer.delete(&path).expect(409);
    assert_eq!(customer.get(&path).expect(200).json["counters"]["messages"], 1);

    submit(&mut gateway, "only counted");
    let counted = "/v1/dispatches/only%20counted";
    let read = customer.get(counted).expect(200);
    assert_eq!((&read.json["name"], read.header("etag")), (&Value::Null, Some("\"0\"")));
    let named = customer.header("If-Match", "\"0\"").put(counted, &json!({ "name": "Now named" }));
    let named = named.expect(200).json;
    assert_eq!((&named["name"], &named["counters"]["messages"]), (&json!("Now named"), &json!(1)));
    customer.header("If-Match", "\"0\"").put(counted, &json!({ "name": "Twice" })).expect(412);
    customer.put("/v1/dispatches/nothing", &json!({ "name": "x" })).expect(404);
    for id in ["", ".", " x", "a\\b", "ä", &"x".repeat(65)] {
        let wrong = customer.post("/v1/dispatches", &json!({ "id": id, "name": "x" })).expect(422);
        assert_eq!(wrong.json["errors"][0]["field"], "id", "{id}");
    }
    daemon.kill();

    let daemon = sandbox.start();
    let customer = Api::login(&daemon, &format!("{}@example.com", BUSINESS_1.system_id), PASSWORD);
    assert_eq!(customer.get(counted).expect(200).json["name"], "Now named");
    daemon.stop();
}

#[test]
fn two_accounts_have_each_their_own() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let [first, second] = [BUSINESS_1, BUSINESS_2].map(|login| customer(&daemon, &admin, login.system_id));
    let [mut one, mut two] = [BUSINESS_1, BUSINESS_2].map(|login| Connection::bound(daemon.smpp, login));
    submit(&mut one, "same");
    submit(&mut one, "same");
    submit(&mut two, "same");
    for (api, messages) in [(&first, 2), (&second, 1)] {
        assert_eq!(api.get("/v1/dispatches/same").expect(200).json["counters"]["messages"], messages);
    }
    assert_eq!(admin.get("/v1/dispatches/same").expect(422).json["errors"][0]["field"], "account");
    let of_second = format!("/v1/dispatches/same?account={}", BUSINESS_2.system_id);
    assert_eq!(admin.get(&of_second).expect(200).json["counters"]["messages"], 1);
    first.get(&of_second).expect(404);
    first.put(&of_second, &json!({ "name": "x" })).expect(404);
    let messages = format!("/v1/dispatches/same/messages?account={}", BUSINESS_2.system_id);
    first.get(&messages).expect(404);
    assert_eq!(admin.get(&messages).expect(200).json["items"].as_array().unwrap().len(), 1);
    assert_eq!(ids(&first.get("/v1/dispatches").expect(200).json), ["same"]);
    assert_eq!(ids(&admin.get("/v1/dispatches").expect(200).json), ["same", "same"]);
    daemon.stop();
}

#[test]
fn lists_have_what_is_counted_and_what_is_named() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let customer = customer(&daemon, &admin, BUSINESS_1.system_id);
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    for dispatch in ["b", "d", "both", "no\u{7}text"] {
        submit(&mut gateway, dispatch);
    }
    for (id, name) in [("c", "Third"), ("a", "First"), ("both", "Counted and named"), ("e", "Fifth")] {
        customer.post("/v1/dispatches", &json!({ "id": id, "name": name })).expect(201);
    }
    let all = |query: &str| -> Vec<String> {
        let (mut all, mut path) = (Vec::new(), format!("/v1/dispatches?limit=2&{query}"));
        loop {
            let page = customer.get(&path).expect(200).json;
            all.extend(ids(&page).into_iter().map(ToOwned::to_owned));
            let Some(cursor) = page["next_cursor"].as_str() else { return all };
            path = format!("/v1/dispatches?limit=2&{query}&cursor={cursor}");
        }
    };
    assert_eq!(all(""), ["a", "b", "both", "c", "d", "e", r"no\x07text"]);
    assert_eq!(all("search=COUNTED"), ["both"]);
    assert_eq!(all("search=text"), [r"no\x07text"]);
    assert_eq!(all("sort=-created_at"), ["e", "both", "a", "c"]);
    assert_eq!(all("status=completed"), [""; 0]);
    assert_eq!(all("status=processing").len(), 7);
    let offset = customer.get("/v1/dispatches?limit=2&offset=5").expect(200).json;
    assert_eq!((ids(&offset), &offset["next_cursor"]), (vec!["e", r"no\x07text"], &Value::Null));
    let odd = format!("/v1/dispatches/{}", escaped(r"no\x07text"));
    assert_eq!(customer.get(&odd).expect(200).json["counters"]["messages"], 1);
    customer.put(&odd, &json!({ "name": "Odd" })).expect(200);
    let of_odd = customer.get(&format!("{odd}/messages")).expect(200).json;
    assert_eq!(of_odd["items"][0]["dispatch_id"], r"no\x07text");
    daemon.stop();
}

/// More of each kind than are read at once, and neither kind has all of them.
#[test]
fn long_lists_leave_nothing_out() {
    let sandbox = Sandbox::new();
    let (daemon, admin) = start_with_admin(&sandbox);
    let customer = customer(&daemon, &admin, BUSINESS_1.system_id);
    let id = |number: usize| format!("n{number:04}");
    let counted: BTreeSet<String> = (0..600).map(|number| id(2 * number)).collect();
    let named: BTreeSet<String> = (0..300).map(|number| id(3 * number)).collect();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let messages: Vec<Sm> =
        counted.iter().map(|id| Sm::to(DELIVERED_TO).tlv(TLV_DISPATCH_ID, id.as_bytes())).collect();
    for some in messages.chunks(50) {
        gateway.accepted_all(some);
    }
    for id in &named {
        customer.post("/v1/dispatches", &json!({ "id": id, "name": "named" })).expect(201);
    }
    let expected: Vec<&str> = counted.union(&named).map(String::as_str).collect();
    let page = customer.get("/v1/dispatches?limit=1000").expect(200).json;
    assert_eq!((ids(&page), &page["next_cursor"]), (expected.clone(), &Value::Null));
    for item in page["items"].as_array().expect("items") {
        let id = item["id"].as_str().expect("an id");
        assert_eq!(item["counters"]["messages"] == 1, counted.contains(id), "{id}");
        assert_eq!(item["name"] == "named", named.contains(id), "{id}");
    }
    let (mut paged, mut path) = (0, "/v1/dispatches?limit=100".to_owned());
    loop {
        let page = customer.get(&path).expect(200).json;
        let found = ids(&page);
        assert_eq!(found, expected[paged..paged + found.len()]);
        paged += found.len();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/dispatches?limit=100&cursor={cursor}");
    }
    assert_eq!(paged, expected.len());
    drop(gateway);
    daemon.stop();
}
