//! Operators that are made, changed, drained and taken away over the management API, while messages are charged over SMPP.

use crate::support::api::{Api, start_with_admin};
use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::pair::{destination, numbered};
use crate::support::sandbox::Sandbox;
use crate::support::sm::{Party, RECEIPT, RECEIPTED_MESSAGE_ID, Sm};
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;
use serde_json::{Value, json};

const PASSWORD: &str = "hunter22";

/// An operator on this machine that serves every network.
fn body(code: &str, smsc: &Smsc) -> Value {
    json!({
        "code": code, "name": "Ucell", "country": "UZ", "currency": "USD", "price_per_sms": "0.01",
        "smpp_config": {
            "host": "127.0.0.1", "port": smsc.port(), "system_id": "tollgate", "password": PASSWORD,
            "reconnect_min_ms": 50, "reconnect_max_ms": 200,
        },
    })
}

/// The same with other values: `changes` is merged into it.
fn with(mut body: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Object(inner) if body[key].is_object() => {
                body[key] = with(body[key].clone(), &json!(inner));
            }
            value => body[key] = value.clone(),
        }
    }
    body
}

/// A final receipt for a message that was taken under this id.
fn delivered(id: &str) -> Sm {
    let text = format!(
        "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:DELIVRD err:000 text:"
    );
    let sm = Sm { esm_class: RECEIPT, source: Party::number(&destination(0)), ..Sm::default() };
    sm.text(&text).tlv(RECEIPTED_MESSAGE_ID, format!("{id}\0").as_bytes())
}

/// A house whose accounts' messages go to operators, of which there are none yet.
fn delivering() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.set("routing", "default_delivery = \"operators\"");
    sandbox
}

fn until_available(api: &Api, code: &str) -> Value {
    eventually("the operator to be available", || {
        let health = api.get(&format!("/v1/operators/{code}/health")).expect(200).json;
        (health["available"] == true).then_some(health)
    })
}

#[test]
fn an_operator_gets_messages_at_once_and_survives_a_restart() {
    let (sandbox, smsc) = (delivering(), Smsc::accepting());
    let (daemon, api) = start_with_admin(&sandbox);
    let made = api.post("/v1/operators", &body("UZ_UCELL", &smsc)).expect(201);
    assert_eq!(made.header("location"), Some("/v1/operators/UZ_UCELL"));
    assert_eq!((&made.json["source"], &made.json["networks"]), (&json!("api"), &Value::Null));
    smsc.until_bound();
    let health = until_available(&api, "UZ_UCELL");
    assert_eq!((&health["links_bound"], &health["breaker"]), (&json!(1), &json!("closed")));
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..3));
    smsc.until_seen(3);
    let links = api.get("/v1/operators/UZ_UCELL/links").expect(200).json;
    assert_eq!((&links["links"][0]["state"], &links["links"][0]["binds"]), (&json!("bound"), &json!(1)));
    for path in ["/v1/operators", "/v1/operators/UZ_UCELL", "/v1/audit"] {
        let text = api.get(path).expect(200).text();
        assert!(text.contains("UZ_UCELL") && !text.contains(PASSWORD), "{text}");
    }
    drop(gateway);
    let log = daemon.stop();
    assert!(!log.contains(PASSWORD), "no log has the password");

    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    eventually("the link to be bound again", || (smsc.binds() == 2).then_some(()));
    until_available(&api, "UZ_UCELL");
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(3..5));
    smsc.until_seen(5);
    eventually("the operator to be idle, and gone", || {
        (api.delete("/v1/operators/UZ_UCELL").status == 204).then_some(())
    });
    eventually("its link to be closed", || (smsc.bound() == 0).then_some(()));
    assert_eq!(api.get("/v1/operators/UZ_UCELL").expect(404).code(), "not_found");
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!(outcomes.len(), 5);
    assert!(outcomes.values().all(|outcome| outcome.column("operator_code") == "UZ_UCELL"));
}

#[test]
fn a_drained_operator_empties_its_queue_and_may_go_then() {
    let (sandbox, first, second) = (delivering(), Smsc::start(), Smsc::accepting());
    let (daemon, api) = start_with_admin(&sandbox);
    let narrow = json!({ "priority": 1, "smpp_config": { "window": 5 } });
    api.post("/v1/operators", &with(body("first", &first), &narrow)).expect(201);
    api.post("/v1/operators", &body("second", &second)).expect(201);
    for code in ["first", "second"] {
        until_available(&api, code);
    }
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..20));
    first.until_seen(5);
    assert_eq!(api.delete("/v1/operators/first").expect(409).code(), "wrong_state");
    let drained = api.order("/v1/operators/first/drain").expect(200);
    assert_eq!(drained.json["status"], "draining");
    gateway.accepted_all(&numbered(20..30));
    second.until_seen(10);
    let queued = api.get("/v1/operators/first/health").expect(200).json["queued"].as_u64().unwrap();
    assert!((1..=20).contains(&queued), "{queued}");
    for _ in 0..20 {
        let submit = first.next();
        submit.accept(&submit.sm.destination.digits);
    }
    eventually("the queue to be empty", || (api.delete("/v1/operators/first").status == 204).then_some(()));
    assert_eq!(first.seen().len(), 20, "nothing came after it was drained, and nothing was lost");
    gateway.accepted_all(&numbered(30..32));
    second.until_seen(12);
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn what_changes_holds_at_once_and_only_links_that_have_to_are_made_anew() {
    let (sandbox, smsc) = (delivering(), Smsc::accepting());
    let (daemon, api) = start_with_admin(&sandbox);
    let made = api.post("/v1/operators", &body("alpha", &smsc)).expect(201);
    smsc.until_bound();
    let first_tag = made.header("etag").unwrap().to_owned();
    // Without the password, which stays.
    let mut changed =
        with(body("alpha", &smsc), &json!({ "priority": 7, "smpp_config": { "throughput": 50 } }));
    changed["smpp_config"].as_object_mut().unwrap().remove("password");
    let put = api.header("If-Match", &first_tag).put("/v1/operators/alpha", &changed).expect(200);
    assert_eq!((&put.json["priority"], &put.json["smpp_config"]["throughput"]), (&json!(7), &json!(50)));
    assert_ne!(put.header("etag"), Some(first_tag.as_str()));
    let stale = api.header("If-Match", &first_tag).put("/v1/operators/alpha", &changed).expect(412);
    assert_eq!(stale.code(), "precondition_failed");
    assert_eq!(smsc.binds(), 1, "what a link carries is no reason to bind again");
    let wider = with(changed, &json!({ "smpp_config": { "window": 7 } }));
    api.put("/v1/operators/alpha", &wider).expect(200);
    eventually("the link to be made anew", || (smsc.binds() == 2).then_some(()));

    assert_eq!(api.order("/v1/operators/alpha/disable").expect(200).json["status"], "disabled");
    eventually("the link to be closed", || (smsc.bound() == 0).then_some(()));
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    assert_ne!(gateway.submit(&Sm::to(&destination(1))).status, 0, "there is no route");
    assert_eq!(api.order("/v1/operators/alpha/resume").expect(200).json["status"], "active");
    gateway.accepted(&Sm::to(&destination(2)));
    smsc.until_seen(1);
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    let (file, smsc) = (Smsc::accepting(), Smsc::accepting());
    let sandbox = sandbox(&[Operator::new("of_file", file.port())]);
    let (_daemon, api) = start_with_admin(&sandbox);
    let wrong = [
        (json!({ "networks": ["639/99"] }), 422, "networks"),
        (json!({ "mcc": "434", "networks": ["434"] }), 422, "mcc"),
        (json!({ "accounts": { "only": ["nobody"] } }), 422, "accounts.only"),
        (json!({ "smpp_config": { "window": 0 } }), 422, "smpp_config.window"),
        (json!({ "smpp_config": { "password": null } }), 422, "smpp_config.password"),
        (json!({ "smpp_config": { "tls": { "ca_file": "/nowhere.pem" } } }), 422, "smpp_config.tls.ca_file"),
        (json!({ "price_per_sms": "-0.01" }), 422, "price_per_sms"),
        (json!({ "colour": "red" }), 400, "colour"),
        (json!({ "code": "of_file" }), 409, ""),
    ];
    for (changes, status, field) in wrong {
        let reply = api.post("/v1/operators", &with(body("beta", &smsc), &changes)).expect(status);
        assert!(!reply.text().contains(PASSWORD));
        assert_eq!(reply.json["errors"][0]["field"].as_str().unwrap_or_default(), field, "{changes}");
    }
    let listed = api.get("/v1/operators").expect(200).json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["source"], "file");
    for reply in
        [api.delete("/v1/operators/of_file"), api.put("/v1/operators/of_file", &body("of_file", &smsc))]
    {
        assert_eq!(reply.expect(409).code(), "provisioned_by_file");
    }
    assert_eq!(api.order("/v1/operators/nobody/drain").expect(404).code(), "not_found");
    let other = api.put("/v1/operators/beta", &body("gamma", &smsc)).expect(422);
    assert_eq!(other.json["errors"][0]["field"], "code");
}

#[test]
fn an_operator_of_the_file_is_drained_and_resumed_over_restarts_and_reloads() {
    let smsc = Smsc::accepting();
    let sandbox = sandbox(&[Operator::new("of_file", smsc.port())]);
    let (daemon, api) = start_with_admin(&sandbox);
    let status = |api: &Api| api.get("/v1/operators/of_file").expect(200).json["status"].clone();
    let order = |api: &Api, word: &str| api.order(&format!("/v1/operators/of_file/{word}"));
    let tried = order(&api, "drain?dry_run=true").expect(200).json;
    assert_eq!((&tried["status"], tried["unrouted"].is_array()), (&json!("draining"), true));
    assert_eq!(status(&api), "active", "nothing was changed");
    let drained = order(&api, "drain").expect(200).json;
    assert_eq!((&drained["status"], &drained["source"]), (&json!("draining"), &json!("file")));
    order(&api, "drain").expect(200);
    api.order("/v1/reload").expect(200);
    assert_eq!(status(&api), "draining", "a reload of the file leaves it so");
    let noted = api.get("/v1/audit?action=operator.drain").expect(200).text();
    assert!(noted.contains("operator/of_file"), "{noted}");
    daemon.stop();

    let daemon = sandbox.start();
    let api = api.at_daemon(&daemon);
    assert_eq!(status(&api), "draining", "and so does a restart");
    assert_eq!(order(&api, "disable").expect(200).json["status"], "disabled");
    assert_eq!(order(&api, "resume").expect(200).json["status"], "active");
    order(&api, "resume").expect(200);
    daemon.stop();

    sandbox.replace("operators.toml", "code = ", "status = \"draining\"\ncode = ");
    let daemon = sandbox.start();
    let api = api.at_daemon(&daemon);
    let refused = order(&api, "resume").expect(409);
    assert_eq!(refused.code(), "provisioned_by_file");
    assert!(refused.text().contains("`draining` in operators.toml"), "{}", refused.text());
    assert_eq!(order(&api, "disable").expect(200).json["status"], "disabled", "the stricter of the two");
    daemon.stop();
}

#[test]
fn its_statistics_are_those_of_its_messages() {
    let (sandbox, smsc) = (delivering(), Smsc::start());
    let (daemon, api) = start_with_admin(&sandbox);
    let costs = json!({ "costs": [{ "mcc": "639", "mnc": "02", "cost": "0.0123" }] });
    api.post("/v1/operators", &with(body("alpha", &smsc), &costs)).expect(201);
    until_available(&api, "alpha");
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..4));
    for at in 0..4 {
        let submit = smsc.next();
        if at < 3 { submit.accept(&format!("10{at}")) } else { submit.refuse(0x0B) }
    }
    let status = eventually("a receipt to be taken", || {
        Some(smsc.deliver(&delivered("100"))).filter(|status| *status == 0)
    });
    assert_eq!(status, 0);
    let stats = eventually("all to be counted", || {
        let stats = api.get("/v1/operators/alpha/stats").expect(200).json;
        (stats["delivered"] == 1 && stats["submitted"] == 3 && stats["failed"] == 1).then_some(stats)
    });
    assert_eq!((&stats["messages"], &stats["pending"]), (&json!(4), &json!(2)));
    assert_eq!((&stats["success_rate"], &stats["currency"]), (&json!("50"), &json!("USD")));
    assert_eq!(stats["cost"], "0.0369", "three segments of 0.0123 each");
    let long_ago = "/v1/operators/alpha/stats?from=2020-01-01&to=2020-01-02";
    assert_eq!(api.get(long_ago).expect(200).json["messages"], 0);
    assert_eq!(api.get("/v1/operators/alpha/stats?from=2019-01-01").expect(422).code(), "unprocessable");
}

#[test]
fn the_first_operator_takes_no_message_of_a_house_that_only_charges() {
    let (sandbox, smsc) = (Sandbox::new(), Smsc::accepting());
    let (daemon, api) = start_with_admin(&sandbox);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..2));
    let narrow = with(body("alpha", &smsc), &json!({ "networks": ["434/05"] }));
    api.post("/v1/operators", &narrow).expect(201);
    gateway.accepted_all(&numbered(2..4));
    api.order("/v1/operators/alpha/drain").expect(200);
    gateway.accepted_all(&numbered(4..6));
    api.order("/v1/operators/alpha/disable").expect(200);
    gateway.accepted_all(&numbered(6..8));
    drop(gateway);
    daemon.stop();

    // What held at the first start holds after a restart, with an operator that takes everything.
    let daemon = sandbox.start();
    let api = Api::admin(&daemon);
    api.post("/v1/operators", &body("beta", &smsc)).expect(201);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(8..10));
    let checked = sandbox.on_books(&["check"]);
    assert!(checked.stdout.contains("by default charge_only (kept in the data directory)"), "{checked:?}");

    // An account that is said to use operators does.
    sandbox.replace(
        "accounts.toml",
        "opening_balance = \"1000.00\"",
        "opening_balance = \"1000.00\"\ndelivery = \"operators\"\n#",
    );
    eventually("the account to be delivered", || {
        gateway.accepted_all(&numbered(10..11));
        (!smsc.seen().is_empty()).then_some(())
    });
    drop(gateway);
    daemon.stop();
}

#[test]
fn a_plan_says_if_messages_are_delivered_unless_its_account_does() {
    let (sandbox, smsc) = (delivering(), Smsc::accepting());
    let (daemon, api) = start_with_admin(&sandbox);
    api.post("/v1/operators", &body("alpha", &smsc)).expect(201);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    let plan = |delivery: &Value| {
        let mut plan = api.get("/v1/plans/starter").expect(200).json;
        plan.as_object_mut().unwrap().remove("rates");
        plan["delivery"] = delivery.clone();
        api.put("/v1/plans/starter", &plan)
    };
    let is_charged_only = |from: usize| {
        let id = gateway.accepted_all(&numbered(from..from + 1)).remove(0);
        api.get(&format!("/v1/cdrs/{id}")).expect(200).json["charge_only"].as_bool().unwrap()
    };
    assert_eq!(api.get("/v1/plans/starter").expect(200).json["delivery"], "routed");
    assert!(!is_charged_only(0), "the default is operators");
    assert_eq!(plan(&json!("charge_only")).expect(200).json["delivery"], "charge_only");
    assert!(is_charged_only(1));
    sandbox.replace("accounts.toml", "plan = \"starter\"", "plan = \"starter\"\ndelivery = \"operators\"");
    api.order("/v1/reload").expect(200);
    assert!(!is_charged_only(2), "the account goes before its plan");
    sandbox.replace("accounts.toml", "delivery = \"operators\"", "delivery = \"routed\"");
    api.order("/v1/reload").expect(200);
    assert!(is_charged_only(3));
    assert_eq!(plan(&Value::Null).expect(200).json["delivery"], "routed");
    assert!(!is_charged_only(4));
    let wrong = plan(&json!("never")).expect(400).json;
    assert!(wrong.to_string().contains("unknown variant `never`"), "{wrong}");
    drop(gateway);
    daemon.stop();
    // A wrong word in the file is named with its line.
    sandbox.replace("plans.toml", "name = \"starter\"", "name = \"starter\"\ndelivery = \"sometimes\"");
    let checked = sandbox.on_books(&["check"]);
    assert!(checked.stderr.contains("plan.delivery: `sometimes` is not one of"), "{checked:?}");
}

#[test]
fn a_change_says_which_traffic_finds_no_route() {
    let (sandbox, smsc) = (delivering(), Smsc::accepting());
    let (daemon, api) = start_with_admin(&sandbox);
    api.post("/v1/operators", &body("alpha", &smsc)).expect(201);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..3));
    let asked = api.order("/v1/operators/alpha/drain?dry_run=true").expect(200).json;
    assert_eq!(asked["status"], "draining");
    let unrouted = asked["unrouted"].as_array().unwrap();
    let messages: u64 = unrouted.iter().map(|traffic| traffic["messages"].as_u64().unwrap()).sum();
    assert_eq!(messages, 3, "{asked}");
    assert!(unrouted.iter().all(|traffic| traffic["account"] == "biz_test_001" && traffic["is_new"] == true));
    let shown = api.get("/v1/operators/alpha").expect(200).json;
    assert_eq!((&shown["status"], &shown["unrouted"]), (&json!("active"), &Value::Null), "nothing was done");
    gateway.accepted_all(&numbered(3..4));

    let second = with(body("beta", &smsc), &json!({ "networks": ["434/05"] }));
    let asked = api.post("/v1/operators?dry_run=true", &second).expect(200).json;
    assert_eq!((&asked["code"], &asked["unrouted"]), (&json!("beta"), &json!([])));
    assert_eq!(api.get("/v1/operators/beta").status, 404);
    let made = api.order("/v1/operators/alpha/disable").expect(200).json;
    assert_eq!(
        made["unrouted"].as_array().unwrap().len(),
        unrouted.len(),
        "the answer of the change itself: {made}"
    );
    let made = api.post("/v1/operators", &second).expect(201).json;
    assert!(made["unrouted"].as_array().unwrap().iter().all(|traffic| traffic["is_new"] == false), "{made}");
    drop(gateway);
    daemon.stop();
}
