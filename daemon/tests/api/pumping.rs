//! Traffic pumping over SMPP: numbers in sequence at an expensive network are found and stepped down for all binds of the account,
//! wanted traffic goes on, and the finding outlives a restart until somebody lifts it.

use serde_json::{Value, json};

use super::auth::{PASSWORD, make_people};
use crate::support::api::{Api, start_with_admin};
use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox as with_operators};
use crate::support::receipts::{DELIVERED, UNDELIVERABLE, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, ESME_ROK, Login};
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;

/// The status of `traffic_pumping`: ESME_RSUBMITFAIL.
const STEPPED_DOWN: u32 = 0x45;
/// Numbers in Guinea, which cost the base price, more than twice as much as those in Kenya.
const RANGE: &str = "22462601xxxx";

fn pumped(place: u32) -> String {
    format!("22462601{:04}", 2_000 + place)
}

/// A number in Kenya, anywhere.
fn wanted(place: u32) -> String {
    format!("25472{:07}", u64::from(place) * 7_919_777 % 10_000_000)
}

fn unlimited(sandbox: Sandbox) -> Sandbox {
    for setting in ["requests_per_second = 100000", "requests_burst = 100000"] {
        sandbox.set("api", setting);
    }
    sandbox
}

fn statuses(gateway: &Esme, numbers: impl IntoIterator<Item = String>) -> Vec<u32> {
    numbers.into_iter().map(|number| gateway.submit(&Sm::to(&number)).status).collect()
}

fn refused(statuses: &[u32]) -> usize {
    assert!(statuses.iter().all(|status| [ESME_ROK, STEPPED_DOWN].contains(status)), "{statuses:?}");
    statuses.iter().filter(|status| **status == STEPPED_DOWN).count()
}

fn findings(api: &Api, query: &str) -> Vec<Value> {
    let items = api.get(&format!("/v1/pumping-findings?{query}")).expect(200).json["items"].clone();
    items.as_array().expect("items").clone()
}

fn until_finding(api: &Api, query: &str) -> Value {
    eventually(&format!("a finding of {query}"), || findings(api, query).into_iter().next())
}

fn balance(api: &Api, account: Login) -> Value {
    api.get(&format!("/v1/accounts/{}/balance", account.system_id)).expect(200).json["balance"].clone()
}

fn has_alert(api: &Api, severity: &str, active: bool) -> Option<Value> {
    let path = format!("/v1/alerts?type=traffic_pumping&severity={severity}&active={active}");
    api.get(&path).expect(200).json["items"].as_array().expect("items").first().cloned()
}

/// Codes for people in Kenya and then numbers in sequence far away: all but a few of these are refused.
fn inflate(daemon: &Daemon, api: &Api) -> usize {
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    assert_eq!(refused(&statuses(&gateway, (0..80).map(wanted))), 0);
    let found = statuses(&gateway, (0..200).map(pumped));
    assert!(found.iter().take(16).all(|status| *status == ESME_ROK), "not before there is evidence");
    let refused_first = refused(&found);
    assert!(refused_first >= 180, "{refused_first} of 200 are refused");
    let before = balance(api, BUSINESS_1);
    let other_bind = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let more = refused(&statuses(&other_bind, (200..220).map(pumped)));
    assert!(more >= 19, "all binds of the account share one pace");
    if more == 20 {
        assert_eq!(balance(api, BUSINESS_1), before, "a refused message costs nothing");
    }
    assert_eq!(refused(&statuses(&other_bind, (80..160).map(wanted))), 0, "wanted traffic goes on");
    refused_first + more
}

#[test]
fn numbers_in_sequence_are_stepped_down_and_campaigns_are_not() {
    let sandbox = unlimited(Sandbox::new());
    sandbox.set("traffic_pumping", "mode = \"step_down\"");
    let (daemon, api) = start_with_admin(&sandbox);
    let campaign = Esme::transceiver(daemon.smpp, BUSINESS_2);
    assert_eq!(refused(&statuses(&campaign, (0..400).map(wanted))), 0);
    let refused = inflate(&daemon, &api);

    let found = until_finding(&api, "account=biz_test_001&is_stepped_down=true");
    assert_eq!((&found["type"], &found["range"]), (&json!("sequential_numbers"), &json!(RANGE)));
    assert_eq!(found["refused"], json!(refused));
    let evidence = &found["evidence"];
    assert_eq!(evidence["numbers"][0], json!({ "number": pumped(0), "messages": 1 }));
    assert!(evidence["different_numbers"].as_u64() >= Some(16) && evidence["messages"].as_u64() >= Some(16));
    assert_eq!((&evidence["price"], &evidence["usual_price"]), (&json!("0.05"), &json!("0.02")));
    assert_eq!(evidence["is_new_destination"], json!(true));
    assert_eq!(findings(&api, "account=biz_test_002"), Vec::<Value>::new());
    let alert = eventually("a critical alert", || has_alert(&api, "critical", true));
    assert_eq!((&alert["account"], &alert["subject"]), (&json!("biz_test_001"), &json!(RANGE)));
    assert!(alert["message"].as_str().is_some_and(|text| text.contains(&pumped(0))), "{alert}");
    let scrape = until_count(&daemon, "tollgate_pumping_ranges_stepped_down", 1);
    assert_eq!(scrape.count("tollgate_refusals_total{reason=\"traffic_pumping\"}"), refused as u64);
    assert_eq!(scrape.count("tollgate_pumping_step_downs_total"), 1);
    daemon.stop();
    lifted_after_a_restart(&sandbox, &api, &found["id"]);
}

/// The step-down goes on after a restart, until it is lifted.
fn lifted_after_a_restart(sandbox: &Sandbox, api: &Api, id: &Value) {
    let daemon = sandbox.start();
    let api = api.at_daemon(&daemon);
    let id = id.as_str().expect("an id");
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let still = refused(&statuses(&gateway, (300..320).map(pumped)));
    assert!(still >= 18, "{still} of 20 are refused");
    api.order(&format!("/v1/pumping-findings/{id}x/lift")).expect(404);
    let lifted = api.order(&format!("/v1/pumping-findings/{id}/lift")).expect(200).json;
    assert_eq!((&lifted["is_stepped_down"], &lifted["ended_by"]), (&json!(false), &json!("lifted")));
    assert_eq!(api.order(&format!("/v1/pumping-findings/{id}/lift")).expect(409).code(), "wrong_state");
    assert_eq!(refused(&statuses(&gateway, (400..460).map(pumped))), 0, "it is left alone for a day");
    eventually("the end of the alert", || has_alert(&api, "critical", true).is_none().then_some(()));
    let log = api.get("/v1/audit?limit=100").expect(200).text();
    assert!(log.contains("pumping_finding.lift"), "{log}");
    until_ended(&daemon);
}

fn until_ended(daemon: &Daemon) {
    eventually("no range that is stepped down", || {
        (Scrape::of(daemon).count("tollgate_pumping_ranges_stepped_down") == 0).then_some(())
    });
}

/// Receipts are looked at: random numbers of one block at home of which none arrives are stepped down; a block of company phones
/// that arrives is not.
#[test]
fn what_becomes_of_messages_is_weighed() {
    let operator = Smsc::start_with(0, |message| Some(Reply::Accept(message.destination.digits.clone())));
    let sandbox = unlimited(with_operators(&[Operator::new("hand", operator.port())]));
    for account in ["biz_test_001", "biz_test_002"] {
        let id = format!("system_id = \"{account}\"");
        sandbox.replace("accounts.toml", &id, &format!("{id}\ntraffic_pumping = \"step_down\""));
    }
    let (daemon, api) = start_with_admin(&sandbox);
    let mut reported = 0;
    let mut report = |messages: usize, state: u8| {
        for message in &operator.until_seen(messages)[reported..] {
            assert_eq!(operator.deliver(&in_both(message, &message.destination.digits, state)), 0);
        }
        reported = messages;
    };
    let company = Esme::transceiver(daemon.smpp, BUSINESS_2);
    let phone = |place: u32| format!("254733{:06}", 400_100 + place);
    assert_eq!(refused(&statuses(&company, (0..30).map(phone))), 0);
    report(30, DELIVERED);
    assert_eq!(refused(&statuses(&company, (30..200).map(phone))), 0);
    report(200, DELIVERED);

    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let anywhere = |place: u32| format!("25471555{:04}", u64::from(place) * 3_917 % 10_000);
    assert_eq!(refused(&statuses(&gateway, (0..24).map(anywhere))), 0);
    report(224, UNDELIVERABLE);
    let found = until_finding(&api, "account=biz_test_001&is_stepped_down=true");
    assert_eq!((&found["type"], &found["range"]), (&json!("narrow_range"), &json!("25471555xxxx")));
    assert!(found["evidence"]["undelivered"].as_u64() >= Some(10), "{found}");
    assert!(refused(&statuses(&gateway, (24..60).map(anywhere))) >= 35);
}

/// Whoever sees the account sees its findings; the level above it lifts them.
#[test]
fn findings_are_shown_to_those_who_see_the_account() {
    const PUMPED: Login = Login { system_id: "pumped", password: "secret01" };
    let sandbox = unlimited(Sandbox::new());
    let (daemon, admin) = start_with_admin(&sandbox);
    make_people(&admin);
    let account = json!({
        "id": PUMPED.system_id, "plan": "starter", "parent": "shop", "password": PUMPED.password,
        "opening_balance": "50.00",
        "settings": { "delivery": "charge_only", "traffic_pumping": { "mode": "step_down", "quiet_minutes": 60 } },
    });
    let made = admin.post("/v1/accounts", &account).expect(201).json["account"]["traffic_pumping"].clone();
    assert_eq!((&made["mode"], &made["quiet_minutes"]), (&json!("step_down"), &json!(60)));
    assert_eq!(made["sequence_numbers"], json!(16), "that of all accounts");
    let wrong = json!({ "traffic_pumping": { "share_percent": 5 } });
    let wrong = admin.patch("/v1/accounts/pumped", &wrong).expect(422).text();
    assert!(wrong.contains("traffic_pumping.share_percent"), "{wrong}");
    let petra = json!({
        "email": "petra@example.com", "name": "petra", "role": "customer", "account": "pumped", "password": PASSWORD,
    });
    admin.post("/v1/users", &petra).expect(201);

    let gateway = Esme::transceiver(daemon.smpp, PUMPED);
    assert!(refused(&statuses(&gateway, (0..150).map(pumped))) > 30, "many numbers in sequence are enough");
    let id = until_finding(&admin, "is_stepped_down=true")["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/pumping-findings/{id}");
    let [petra, carl, rita] =
        ["petra", "carl", "rita"].map(|name| Api::login(&daemon, &format!("{name}@example.com"), PASSWORD));
    assert_eq!(findings(&petra, "active=true").len(), 1);
    assert_eq!(findings(&carl, "active=true").len(), 0);
    carl.get(&path).expect(404);
    carl.get("/v1/pumping-findings?account=pumped").expect(404);
    petra.get(&path).expect(200);
    petra.order(&format!("{path}/lift")).expect(403);
    rita.order(&format!("{path}/lift")).expect(200);
    assert_eq!(refused(&statuses(&gateway, (200..230).map(pumped))), 0);
    let off = json!({ "traffic_pumping": null });
    assert_eq!(
        admin.patch("/v1/accounts/pumped", &off).expect(200).json["traffic_pumping"]["mode"],
        json!("off")
    );
}

/// A plan as a request has it.
fn plan_input(api: &Api, name: &str) -> Value {
    let mut plan = api.get(&format!("/v1/plans/{name}")).expect(200).json;
    plan.as_object_mut().expect("a plan").remove("rates");
    plan
}

#[test]
fn a_plan_says_what_is_looked_for_and_reports_of_charged_messages_are_evidence() {
    let sandbox = unlimited(Sandbox::new());
    sandbox.set("traffic_pumping", "quiet_minutes = 7");
    let (daemon, api) = start_with_admin(&sandbox);
    let mode = |account: &str| {
        let set = api.get(&format!("/v1/accounts/{account}")).expect(200).json["traffic_pumping"].clone();
        ["mode", "sequence_numbers", "quiet_minutes"].map(|key| set[key].clone())
    };
    let mut plan = plan_input(&api, "starter");
    assert_eq!(plan["traffic_pumping"]["mode"], Value::Null);
    plan["traffic_pumping"] = json!({ "mode": "alert", "sequence_numbers": 7 });
    let refused = api.put("/v1/plans/starter", &plan).expect(422).json;
    assert_eq!(refused["errors"][0]["field"], "traffic_pumping.sequence_numbers");
    plan["traffic_pumping"]["sequence_numbers"] = json!(12);
    plan["bundle_segments_count"] = json!(true);
    let put = api.put("/v1/plans/starter", &plan).expect(200).json;
    assert_eq!(put["traffic_pumping"]["sequence_numbers"], 12);
    assert_eq!(
        (&put["bundle_segments_count"], &put["traffic_pumping"]["mode"]),
        (&json!(true), &json!("alert"))
    );
    let same = plan_input(&api, "starter");
    assert_eq!(api.put("/v1/plans/starter", &same).expect(200).json, put, "what is shown can be put again");
    assert_eq!(mode("biz_test_001"), [json!("alert"), json!(12), json!(7)]);
    assert_eq!(mode("biz_test_002"), [json!("off"), json!(16), json!(7)], "on another plan");
    let own = json!({ "id": "own", "plan": "starter", "settings": { "traffic_pumping": { "mode": "off" } } });
    api.post("/v1/accounts", &own).expect(201);
    assert_eq!(mode("own"), [json!("off"), json!(12), json!(7)], "its own setting holds");

    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    assert_eq!(refused_none(&statuses(&gateway, (0..40).map(wanted).chain((0..20).map(pumped)))), 60);
    let found = until_finding(&api, "account=biz_test_001");
    assert_eq!((&found["range"], &found["evidence"]["undelivered"]), (&json!(RANGE), &json!(0)));
    let sent = api.get("/v1/cdrs?account=biz_test_001&mcc=611&limit=100").expect(200).json;
    let sent = sent["items"].as_array().expect("messages");
    assert_eq!(sent.len(), 20);
    for (place, message) in sent.iter().enumerate() {
        let status = ["undelivered", "accepted", "rejected", "expired"][place % 4];
        let path = format!("/v1/cdrs/{}/status", message["message_id"].as_str().expect("an id"));
        for _ in 0..2 {
            api.put(&path, &json!({ "status": status })).expect(200);
        }
    }
    let counted = eventually("the ends of five undelivered and five rejected messages", || {
        let evidence = until_finding(&api, "account=biz_test_001")["evidence"].clone();
        (evidence["undelivered"] == 10).then_some(evidence)
    });
    assert_eq!(counted["delivered"], 0);
    daemon.stop();
}

/// The number of messages, none of which is refused.
fn refused_none(statuses: &[u32]) -> usize {
    assert_eq!(refused(statuses), 0);
    statuses.len()
}
