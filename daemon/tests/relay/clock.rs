//! A wall clock that jumps while the daemon runs, and one that is set while it is stopped. libfaketime stands in for it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use crate::support::api::{Api, create_admin};
use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::Scrape;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::ports::free_port;
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, Connection, Message, TLV_IDEMPOTENCY_KEY};
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;
use crate::support::wall_clock::WallClock;

const SAFARICOM: &str = "254722000001";
/// Relative times of SMPP 3.4 §7.1.1.
const IN_AN_HOUR: &str = "000000010000000R";
const IN_A_DAY: &str = "000001000000000R";

fn until_trusted(daemon: &Daemon, is_trusted: bool) {
    eventually("the clock to be judged", || {
        (Scrape::of(daemon).count("tollgate_clock_trusted") == u64::from(is_trusted)).then_some(())
    });
}

#[test]
fn a_clock_that_is_days_off_for_a_moment_ends_nothing() {
    let port = free_port();
    let sandbox = sandbox(&[Operator::new("absent", port)]);
    let clock = WallClock::of(&sandbox);
    let began = Timestamp::now();
    let daemon = clock.start(&sandbox);
    until_trusted(&daemon, true);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let mut sent = vec![
        gateway.accepted(&Sm::to(SAFARICOM)),
        gateway.accepted(&Sm { validity: IN_A_DAY.into(), ..Sm::to(SAFARICOM) }),
    ];
    let scheduled = gateway.accepted(&Sm { schedule: IN_AN_HOUR.into(), ..Sm::to(SAFARICOM) });
    let keyed = Message::to(SAFARICOM).tlv(TLV_IDEMPOTENCY_KEY, "order-1");
    let mut other = Connection::bound(daemon.smpp, BUSINESS_2);
    let first = other.submit(&keyed).message_id();
    sent.push(first.clone());

    for offset in ["+5d", "-5d"] {
        clock.set(offset);
        until_trusted(&daemon, false);
        assert_eq!(other.submit(&keyed).message_id(), first, "{offset}: the key is remembered");
        sent.push(gateway.accepted(&Sm::to(SAFARICOM)));
        let jumped = Instant::now();
        eventually("two looks for what expires", || {
            (jumped.elapsed() > Duration::from_millis(2_200)).then_some(())
        });
        clock.set("+0");
        until_trusted(&daemon, true);
    }
    assert_eq!(Scrape::of(&daemon).count("tollgate_clock_jumps_total"), 2);
    // Five days, less what passed between the looks at two clocks.
    daemon.logged("the jump", |line| {
        line.contains("the clock has jumped") && ["432000", "431999"].iter().any(|days| line.contains(days))
    });

    let operator = Smsc::accepting_on(port);
    operator.until_seen(sent.len());
    drop((gateway, other));
    daemon.stop();
    let (ended, outcomes) = (Timestamp::now(), outcomes::balanced(&sandbox));
    assert_eq!(outcomes.len(), sent.len() + 1, "nothing is charged twice");
    assert!(!outcomes[&scheduled].is_accepted(), "its time has not come");
    for id in &sent {
        assert_ne!(outcomes[id].state(), "expired");
        assert!(outcomes[id].is_accepted(), "{id} is sent");
    }
    for outcome in outcomes.values() {
        let at: Timestamp = outcome.column("submitted_at").parse().expect("a time");
        assert!((began..=ended).contains(&at), "{at}: the time goes on as if there had been no jump");
    }
}

#[test]
fn a_start_behind_the_last_commit_says_so_and_is_believed_on_request() {
    let sandbox = Sandbox::new();
    let clock = WallClock::of(&sandbox);
    clock.set("+2d");
    let daemon = clock.start(&sandbox);
    until_trusted(&daemon, true);
    let charge = |daemon: &Daemon, messages: usize| {
        let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
        (0..messages).map(|_| connection.submit(&Message::to(SAFARICOM)).message_id()).collect::<Vec<_>>()
    };
    let ahead = charge(&daemon, 3);
    daemon.stop();

    clock.set("+0");
    create_admin(&sandbox);
    let from = Timestamp::now();
    let daemon = clock.start(&sandbox);
    daemon.logged("the doubt", |line| line.contains("the clock is behind the last commit"));
    let after = charge(&daemon, 5);
    assert!(ahead.last() < after.first(), "ids only count up");
    let api = Api::admin(&daemon);
    eventually("the house to be told of the clock", || {
        let open = api.get("/v1/alerts?type=clock_in_doubt&active=true").expect(200).json;
        (open["items"].as_array().map(Vec::len) == Some(1)).then_some(())
    });
    let status = api.get("/v1/clock").expect(200).json;
    assert_eq!(
        (&status["trusted"], &status["doubt"]),
        (&false.into(), &"the clock is behind the last commit".into())
    );
    assert!(status["trusted_in_seconds"].as_u64().is_some_and(|left| (1..=600).contains(&left)));
    let trusted = api.order("/v1/clock/trust").expect(200).json;
    assert_eq!((&trusted["trusted"], &trusted["doubt"]), (&true.into(), &serde_json::Value::Null));
    until_trusted(&daemon, true);
    api.order("/v1/clock/trust").expect(200);
    let noted = api.get("/v1/audit?action=clock.trust").expect(200).json;
    assert_eq!(noted["items"].as_array().map(Vec::len), Some(1), "{noted}");

    let listed = api.get(&format!("/v1/cdrs?from={from}&to={}", Timestamp::now())).expect(200).json;
    let listed: Vec<&str> =
        listed["items"].as_array().unwrap().iter().filter_map(|item| item["message_id"].as_str()).collect();
    let newest_first: Vec<&str> = after.iter().rev().map(String::as_str).collect();
    assert_eq!(listed, newest_first, "what was submitted since, though ids are ahead");
    daemon.stop();
    assert_eq!(outcomes::balanced(&sandbox).len(), 8);
}

#[test]
fn bundles_give_and_get_back_until_the_clock_that_ends_them_is_believed() {
    let sandbox = Sandbox::new();
    let clock = WallClock::of(&sandbox);
    create_admin(&sandbox);
    let daemon = clock.start(&sandbox);
    let api = Api::admin(&daemon);
    for unit in ["segments", "tokens"] {
        let product = json!({ "name": unit, "price": "1.00", "currency": "USD", "units": 10, "unit": unit,
                              "validity": { "kind": "days", "days": 1 }, "late_refunds": { "kind": "forfeit" } });
        api.post("/v1/bundle-products", &product).expect(201);
        let grant = json!({ "product": unit, "grant": true });
        api.post("/v1/accounts/biz_test_001/bundles", &grant).expect(201);
    }
    let balance = api.get("/v1/accounts/biz_test_001/balance").expect(200).json["balance"].clone();
    daemon.stop();

    // Somebody sets the clock ahead, or it is right and the daemon was stopped for so long: both begin with a doubt.
    clock.set("+40d");
    let daemon = clock.start(&sandbox);
    daemon.logged("the doubt", |line| line.contains("more than an hour ahead of the last commit"));
    // The session of before has ended by that clock.
    let api = Api::admin(&daemon);
    let left = || {
        let listed = api.get("/v1/accounts/biz_test_001/bundles?state=active").expect(200).json;
        let items = listed["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["left"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    let now = || api.get("/v1/accounts/biz_test_001/balance").expect(200).json["balance"].clone();
    let new = json!({ "account": "biz_test_001", "from": "BANK", "to": SAFARICOM, "text": "one segment" });
    let quoted = api.post("/v1/quotes", &new).expect(200).json;
    assert_eq!(quoted["postings"][0]["covered_by_bundles"], 1, "{quoted}");
    let by_api = api.post("/v1/charges", &new).expect(201).json;
    assert_eq!(by_api["price"], "0.00");
    let mut gateway = Connection::bound(daemon.smpp, BUSINESS_1);
    gateway.submit(&Message::to(SAFARICOM)).message_id();
    let consume = json!({ "tokens": 4, "description": "a call" });
    assert_eq!(api.post("/v1/accounts/biz_test_001/bundles/consume", &consume).expect(201).json["left"], 6);
    assert_eq!((left(), now()), (vec![6, 8], balance.clone()), "nothing has ended");
    let refund = format!("/v1/charges/{}/refund", by_api["message_id"].as_str().expect("an id"));
    api.post(&refund, &json!({ "reason": "a test" })).expect(200);
    assert_eq!(left(), [6, 9], "a refund finds the bundle that gave");

    api.order("/v1/clock/trust").expect(200);
    eventually("the bundles to end", || left().is_empty().then_some(()));
    assert_eq!(
        api.post("/v1/accounts/biz_test_001/bundles/consume", &consume).expect(409).code(),
        "insufficient_tokens"
    );
    assert_ne!(api.post("/v1/charges", &new).expect(201).json["price"], "0.00");
    assert_ne!(now(), balance);
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}
