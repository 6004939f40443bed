//! The search for messages, charged and refused, their timelines, and the counts of what was refused.

use serde_json::{Value, json};

use crate::support::api::{Api, create_admin, start_with_admin};
use crate::support::books;
use crate::support::esme::{Esme, Taking};
use crate::support::operator::{Operator, sandbox};
use crate::support::receipts::{DELIVERED, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{
    BUSINESS_1, BUSINESS_2, Connection, ESME_RINVDSTADR, ESME_ROK, Login, Message, TLV_DISPATCH_ID,
};
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;

const KENYA: &str = "254722000001";
const AIRTEL: &str = "254733000001";
const FRANCE: &str = "33612345678";
/// A number that the numbering plan does not know.
const NOWHERE: &str = "999000000000";
const PASSWORD: &str = "a long enough 1 password";

fn submit(connection: &mut Connection, message: &Message) -> String {
    let response = connection.submit(message);
    assert_eq!(response.status, ESME_ROK);
    response.message_id()
}

fn list(api: &Api, query: &str) -> Value {
    api.get(&format!("/v1/messages?{query}")).expect(200).json
}

/// All pages of a search, three messages each, and the total of the first.
fn ids(api: &Api, query: &str) -> Vec<String> {
    let (mut ids, mut cursor, mut total) = (Vec::new(), String::new(), None);
    loop {
        let page = list(api, &format!("limit=3&{query}{cursor}"));
        let items = page["items"].as_array().expect("items");
        ids.extend(items.iter().map(|message| message["id"].as_str().unwrap().to_owned()));
        let said = (page["total"].clone(), page["total_is_exact"].clone(), page["to"].clone());
        assert_eq!(*total.get_or_insert(said.clone()), said, "every page says the same");
        let Some(next) = page["next_cursor"].as_str() else {
            let (count, is_exact, _) = total.unwrap();
            assert_eq!((count.as_u64(), is_exact), (Some(ids.len() as u64), json!(true)), "{query}");
            return ids;
        };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn messages_of_all_accounts_are_found_by_what_they_are() {
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    let mut first = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut second = Connection::bound(daemon.smpp, BUSINESS_2);
    let sale = |to: &str| Message::to(to).tlv(TLV_DISPATCH_ID, "sale");
    // In turns, so that the order is that of time and not of accounts.
    let charged = [
        submit(&mut first, &Message::to(KENYA)),
        submit(&mut second, &sale(FRANCE)),
        submit(&mut first, &sale(AIRTEL)),
        submit(&mut second, &Message::to(KENYA)),
    ];
    assert_eq!(first.submit(&sale(NOWHERE)).status, ESME_RINVDSTADR);
    let refused = ids(&api, "state=refused");
    assert_eq!(refused.len(), 1, "it is there as soon as somebody looks");
    let last = submit(&mut second, &Message::to(AIRTEL));

    let newest: Vec<String> = charged.iter().chain(&refused).chain([&last]).rev().cloned().collect();
    assert_eq!(ids(&api, ""), newest, "the newest first, whoever sent them");
    let found = |query: &str, of: &[&String]| {
        let mut expected: Vec<String> = of.iter().map(|id| (*id).clone()).collect();
        expected.reverse();
        assert_eq!(ids(&api, query), expected, "{query}");
    };
    let [a, b, c, d] = &charged;
    let refusal = &refused[0];
    found("account=biz_test_001", &[a, c, refusal]);
    found(&format!("destination={KENYA}"), &[a, d]);
    found(&format!("destination=%2B{KENYA}&account=biz_test_002"), &[d]);
    found(&format!("destination=00{KENYA}"), &[a, d]);
    found("destination_prefix=25473", &[c, &last]);
    found("destination_prefix=999", &[refusal]);
    found(&format!("destination={NOWHERE}"), &[refusal]);
    found("dispatch_id=sale", &[b, c, refusal]);
    found("dispatch_id=sale&outcome=charged", &[b, c]);
    found("outcome=refused", &[refusal]);
    found("reason=unknown_destination", &[refusal]);
    found("reason=no_rate", &[]);
    found("sender=Tollgate", &[a, b, c, d, refusal, &last]);
    found("sender=tollgate", &[]);
    found("mcc=639&mnc=03", &[c, &last]);
    found("country=fr", &[b]);
    found("state=enroute", &[a, b, c, d, &last]);
    found("state=delivered", &[]);
    found(&format!("message_id={c}"), &[c]);
    found(&format!("message_id={refusal}"), &[refusal]);
    found("message_id=7", &[]);
    found("operator=nobody", &[]);
    found("operator_message_id=7f", &[]);
    found("to=2020-01-01", &[]);
    found("from=2020-01-01", &[a, b, c, d, refusal, &last]);

    let page = list(&api, "limit=2&offset=1");
    assert_eq!((&page["items"][0]["id"], &page["items"][1]["id"]), (&json!(refusal), &json!(d)));
    for (query, field) in [
        ("destination=x", "destination"),
        ("destination_prefix=%2B2", "destination_prefix"),
        ("message_id=x", "message_id"),
        ("reason=nonsense", "reason"),
        ("country=France", "country"),
        ("mcc=63", "mcc"),
        ("cursor=MQ", "cursor"),
        ("from=2026-01-02&to=2026-01-01", "from"),
    ] {
        let problem = api.get(&format!("/v1/messages?{query}")).expect(422).json;
        assert_eq!(problem["errors"][0]["field"], field, "{query}");
    }
    api.get("/v1/messages?account=nobody").expect(404);

    let message = api.get(&format!("/v1/messages/{refusal}")).expect(200).json;
    assert_eq!(
        ["outcome", "state", "reason", "command_status", "destination", "segments", "price"]
            .map(|field| message[field].clone()),
        [
            json!("refused"),
            json!("refused"),
            json!("unknown_destination"),
            json!(11),
            json!(NOWHERE),
            json!(1),
            json!(null)
        ]
    );
    let timeline = api.get(&format!("/v1/messages/{refusal}/timeline")).expect(200).json;
    assert_eq!(kinds(&timeline), ["submitted", "refused"]);
    assert!(timeline["remedy"].as_str().unwrap().contains("numbering plan"));
    let counts = api.get("/v1/refusals").expect(200).json;
    let (counted, total) = (&counts["items"][0], &counts["total"]);
    assert_eq!(
        (&counted["account"], &counted["reason"], &counted["count"], &counted["kept"], total),
        (&json!("biz_test_001"), &json!("unknown_destination"), &json!(1), &json!(1), &json!(1))
    );

    // A cursor goes on below what it was given out for, whatever comes meanwhile.
    let page = list(&api, "limit=2");
    submit(&mut first, &Message::to(KENYA));
    let next = list(&api, &format!("limit=2&cursor={}", page["next_cursor"].as_str().unwrap()));
    assert_eq!((&next["items"][0]["id"], &next["items"][1]["id"]), (&json!(d), &json!(c)));
    assert_eq!(next["total"], 6);

    visibility(&api, &daemon, (b, refusal));
    drop((first, second));
    daemon.stop();
    books::balanced(&sandbox);
}

/// A customer finds its own messages and no others, and is shown no operators.
fn visibility(api: &Api, daemon: &crate::support::daemon::Daemon, (own, other): (&str, &str)) {
    let user = json!({ "email": "two@example.com", "name": "two", "role": "customer", "account": "biz_test_002",
        "password": PASSWORD });
    api.post("/v1/users", &user).expect(201);
    let customer = Api::login(daemon, "two@example.com", PASSWORD);
    assert_eq!(ids(&customer, "").len(), 3);
    assert_eq!(ids(&customer, &format!("message_id={other}")), Vec::<String>::new());
    customer.get(&format!("/v1/messages/{own}/timeline")).expect(200);
    customer.get(&format!("/v1/messages/{other}/timeline")).expect(404);
    customer.get(&format!("/v1/messages/{other}")).expect(404);
    customer.get("/v1/messages?operator=first").expect(422);
    customer.get("/v1/messages?operator_message_id=1").expect(422);
    customer.get("/v1/messages?account=biz_test_001").expect(404);
    assert_eq!(customer.get("/v1/refusals").expect(200).json["total"], 0);
}

fn kinds(timeline: &Value) -> Vec<&str> {
    timeline["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn a_message_is_followed_from_submit_to_receipt() {
    const ESME_RSYSERR: u32 = 0x08;
    let refusing = Smsc::start_with(0, |_| Some(Reply::Refuse(ESME_RSYSERR)));
    let smsc = Smsc::accepting();
    let sandbox = sandbox(&[
        Operator::new("first", refusing.port()).with("priority = 1"),
        Operator::new("second", smsc.port()).with("priority = 2"),
    ]);
    create_admin(&sandbox);
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    refusing.until_bound();
    smsc.until_bound();
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    let id = submit(&mut gateway, &Message::to(KENYA));
    let timeline = |kind: &str| {
        eventually(kind, || {
            let timeline = api.get(&format!("/v1/messages/{id}/timeline")).expect(200).json;
            kinds(&timeline).contains(&kind).then_some(timeline)
        })
    };
    let accepted = timeline("accepted");
    assert_eq!(kinds(&accepted)[..5], ["submitted", "rated", "charged", "queued", "attempt"]);
    let event = |kind: &str| {
        let events = accepted["events"].as_array().unwrap();
        events.iter().find(|event| event["event"] == kind).unwrap().clone()
    };
    assert_eq!(event("rated")["link"], format!("/v1/cdrs/{id}/explain"));
    assert_eq!(
        (&event("charged")["account"], &event("charged")["amount"]),
        (&json!("biz_test_001"), &json!("0.02"))
    );
    let attempt = event("attempt");
    assert_eq!((&attempt["operator_code"], &attempt["command_status"]), (&json!("first"), &json!(8)));
    assert!(
        attempt["status_text"].as_str().unwrap().starts_with("ESME_RSYSERR") && attempt["at"].is_string()
    );
    assert_eq!(event("accepted")["operator_code"], "second");
    let operators_id = event("accepted")["operator_message_id"].as_str().unwrap().to_owned();
    assert_eq!(ids(&api, &format!("operator_message_id={operators_id}")), std::slice::from_ref(&id));
    assert_eq!(ids(&api, "operator=second"), std::slice::from_ref(&id));

    let user = json!({ "email": "one@example.com", "name": "one", "role": "customer", "account": "biz_test_001",
        "password": PASSWORD });
    api.post("/v1/users", &user).expect(201);
    let customer = Api::login(&daemon, "one@example.com", PASSWORD);
    let shown = customer.get(&format!("/v1/messages/{id}/timeline")).expect(200).json;
    assert_eq!(kinds(&shown), kinds(&accepted));
    let shown = shown.to_string();
    assert!(
        !shown.contains("\"first\"") && !shown.contains("ESME") && !shown.contains(&operators_id),
        "{shown}"
    );
    drop(gateway);
    daemon.stop();
}

#[test]
fn a_timeline_says_when_the_gateway_answered_the_receipt() {
    let operator = Smsc::start_with(0, |message| Some(Reply::Accept(message.destination.digits.clone())));
    let sandbox = sandbox(&[Operator::new("only", operator.port())]);
    sandbox.set("delivery", "receipt_retry_ms = 100");
    let (daemon, api) = start_with_admin(&sandbox);
    let transmitter = Esme::transmitter(daemon.smpp, BUSINESS_1);
    // Sends a message, which is delivered, and gives its id.
    let sent = |gateway: &Esme, number: usize| {
        gateway.accepted(&Sm::to(&format!("25472200000{number}")));
        let message = operator.until_seen(number).remove(number - 1);
        assert_eq!(operator.deliver(&in_both(&message, &message.destination.digits, DELIVERED)), 0);
        list(&api, "limit=1")["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let told = |id: &str, kind: &str| {
        eventually(kind, || {
            let timeline = api.get(&format!("/v1/messages/{id}/timeline")).expect(200).json;
            let event = timeline["events"].as_array().unwrap().last().unwrap().clone();
            let came = timeline["message"]["submitted_at"].as_str().unwrap();
            (event["event"] == kind).then(|| {
                assert!(event["at"].as_str().expect("its time is kept") > came, "{event}");
                event
            })
        })
    };
    let first = sent(&transmitter, 1);
    told(&first, "receipt_waiting");
    let receiver = Esme::receiver(daemon.smpp, BUSINESS_1, Taking::All);
    assert_eq!(told(&first, "receipt_handed_over")["command_status"], Value::Null);

    receiver.take_receipts(Taking::Refused(ESME_RINVDSTADR));
    let refused = told(&sent(&transmitter, 2), "receipt_handed_over");
    assert_eq!(refused["command_status"], ESME_RINVDSTADR);
    assert!(refused["status_text"].as_str().unwrap().starts_with("ESME_RINVDSTADR"), "{refused}");
    drop(receiver);
    // The client of an SMPP 3.3 bind knows its message by an id of 32 bits.
    let [old, taking] = Esme::old_pair(daemon.smpp, BUSINESS_1);
    taking.take_receipts(Taking::Refused(0x08));
    let last = sent(&old, 3);
    told(&last, "receipt_waiting");
    taking.take_receipts(Taking::All);
    assert_eq!(told(&last, "receipt_handed_over")["command_status"], Value::Null);
    drop((old, taking, transmitter));
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn a_flood_of_refusals_is_counted_and_some_are_kept() {
    const LOGIN: Login = Login { system_id: "poor", password: "secret01" };
    const FLOOD: u64 = 1_000;
    let sandbox = Sandbox::new();
    sandbox.add_account(LOGIN.system_id, "plan = \"starter\"\nopening_balance = \"0.00\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let mut gateway = Connection::bound(daemon.smpp, LOGIN);
    for _ in 0..FLOOD {
        assert_eq!(gateway.submit(&Message::to(KENYA)).status, 0x45);
    }
    let counted = eventually("the counts of what is not kept", || {
        let counts = api.get("/v1/refusals?account=poor&reason=insufficient_funds").expect(200).json;
        (counts["total"] == FLOOD).then(|| counts["items"][0].clone())
    });
    let kept = counted["kept"].as_u64().unwrap();
    assert!((200..300).contains(&kept), "{counted}");
    assert_eq!(list(&api, "account=poor&limit=1")["total"], kept);
    let listed = &list(&api, "account=poor&limit=1")["items"][0];
    assert_eq!(
        (&listed["network"]["mnc"], &listed["segments"], &listed["reason"]),
        (&json!("02"), &json!(1), &json!("insufficient_funds"))
    );
    drop(gateway);
    daemon.kill();
    // What was written down is there after a crash.
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    assert_eq!(api.get("/v1/refusals?account=poor").expect(200).json["total"], FLOOD);
    let series = api.get("/v1/series?measure=refusals&account=poor").expect(200).json;
    assert_eq!(series["totals"]["refusals"], FLOOD, "the list and the series are one");
    daemon.stop();
    books::balanced(&sandbox);
}

#[test]
fn a_submit_multi_that_is_refused_as_a_whole_counts_with_each_destination() {
    const SUBMIT_MULTI: u32 = 0x0000_0021;
    let sandbox = Sandbox::new();
    let (daemon, api) = start_with_admin(&sandbox);
    // SMPP 3.4 §4.5.1, with three destinations and a dispatch that is empty.
    let mut body = b"\0\x05\0TOLLGATE\0\x03".to_vec();
    (0..3).for_each(|_| body.extend_from_slice(b"\x01\x01\x01254722000001\0"));
    body.extend_from_slice(b"\0\0\0\0\0\0\0\0\0\x05hello");
    body.extend([TLV_DISPATCH_ID.to_be_bytes(), [0, 0]].concat());
    let refused = Connection::bound(daemon.smpp, BUSINESS_1).call(SUBMIT_MULTI, body);
    assert_ne!(refused.status, ESME_ROK);
    eventually("the refused messages", || (list(&api, "state=refused")["total"] == 3).then_some(()));
    assert_eq!(api.get("/v1/refusals").expect(200).json["total"], 3);
    let series = api.get("/v1/series?measure=refusals").expect(200).json;
    assert_eq!(series["totals"]["refusals"], 3);
    daemon.stop();
    books::balanced(&sandbox);
}
