//! Messages in the queue of an operator that is not there yet: they expire, wait for their time, go in order of priority,
//! and can be taken back or changed.

use std::time::{Duration, Instant};

use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::ports::free_port;
use crate::support::receipts::{DELETED, EXPIRED, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::{Sm, put_text};
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, CANCEL_SM, ESME_ROK, QUERY_SM, query_body};
use crate::support::smsc::Smsc;

const REPLACE_SM: u32 = 0x0000_0007;
const ESME_RCANCELFAIL: u32 = 0x11;
const ESME_RREPLACEFAIL: u32 = 0x13;
const ESME_RINVSCHED: u32 = 0x61;
const SAFARICOM: &str = "254722000001";

/// Relative times of SMPP 3.4 §7.1.1.
const IN_ONE_SECOND: &str = "000000000001000R";
const IN_TWO_SECONDS: &str = "000000000002000R";

/// Nobody listens on the operator's port.
fn without_operator() -> (Sandbox, u16) {
    let port = free_port();
    (sandbox(&[Operator::new("absent", port)]), port)
}

fn listening_on(port: u16) -> Smsc {
    Smsc::start_with(port, |_| None)
}

fn texts(messages: &[Sm]) -> Vec<String> {
    messages.iter().map(|message| String::from_utf8_lossy(&message.octets).into_owned()).collect()
}

fn cancel_body(message_id: &str, message: &Sm) -> Vec<u8> {
    let mut body = vec![0];
    put_text(&mut body, message_id);
    for party in [&message.source, &message.destination] {
        body.extend_from_slice(&[party.ton, party.npi]);
        put_text(&mut body, &party.digits);
    }
    body
}

fn replace_body(message_id: &str, message: &Sm) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, message_id);
    body.extend_from_slice(&[message.source.ton, message.source.npi]);
    put_text(&mut body, &message.source.digits);
    body.extend_from_slice(&[0, 0, 1, 0]); // schedule and validity as they were, a receipt, no default message
    body.push(u8::try_from(message.octets.len()).expect("a short message"));
    body.extend_from_slice(&message.octets);
    body
}

#[test]
fn what_expires_is_given_back_as_the_plan_says() {
    let (sandbox, port) = without_operator();
    sandbox.replace(
        "plans.toml",
        "name = \"professional\"",
        "name = \"professional\"\nrefund_on = [\"rejected\"]",
    );
    let daemon = sandbox.start();
    let gateways = [BUSINESS_1, BUSINESS_2].map(|login| Esme::transceiver(daemon.smpp, login));
    let brief = Sm { validity: IN_ONE_SECOND.into(), ..Sm::to(SAFARICOM) };
    let [refunded, kept] = gateways.each_ref().map(|gateway| gateway.accepted(&brief));
    let patient = gateways[0].accepted(&Sm::to(SAFARICOM));
    assert_eq!(gateways[0].receipt_of(&refunded).state, EXPIRED);
    assert_eq!(gateways[1].receipt_of(&kept).state, EXPIRED);

    let operator = listening_on(port);
    operator.next().accept("1");
    operator.deliver(&in_both(&operator.seen()[0], "1", 2));
    assert_eq!(gateways[0].receipt_of(&patient).state, 2);
    drop(gateways);
    daemon.stop();
    assert_eq!(operator.seen().len(), 1, "what has expired is not sent");
    let outcomes = outcomes::balanced(&sandbox);
    let of = |id: &str| (outcomes[id].state(), outcomes[id].is_refunded());
    assert_eq!(of(&refunded), ("expired", true));
    assert_eq!(of(&kept), ("expired", false));
    assert_eq!(of(&patient), ("delivered", false));
}

#[test]
fn what_is_scheduled_waits_for_its_time_also_across_a_restart() {
    let (sandbox, port) = without_operator();
    let operator = listening_on(port);
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    operator.until_bound();
    let submitted = Instant::now();
    let later = Sm { schedule: IN_TWO_SECONDS.into(), ..Sm::to(SAFARICOM).text("later") };
    let much_later = Sm { schedule: "000000010000000R".into(), ..Sm::to(SAFARICOM).text("much later") };
    gateway.accepted_all(&[later, much_later, Sm::to(SAFARICOM).text("now")]);
    operator.next().accept("1");
    drop(gateway);
    daemon.stop();

    let daemon = sandbox.start();
    let due = operator.next();
    assert!(submitted.elapsed() >= Duration::from_secs(1), "came after {:?}", submitted.elapsed());
    due.accept("2");
    daemon.stop();
    assert_eq!(texts(&operator.seen()), ["now", "later"]);
    outcomes::balanced(&sandbox);
}

#[test]
fn what_is_due_is_sent_though_younger_messages_went_before() {
    let operator = Smsc::start();
    let sandbox = sandbox(&[Operator::new("alpha", operator.port())]);
    let daemon = sandbox.start();
    operator.until_bound();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let younger = |text: &str| {
        gateway.accepted(&Sm::to(SAFARICOM).text(text));
        operator.next().accept(text);
    };
    younger("first");
    gateway.accepted(&Sm { schedule: IN_ONE_SECOND.into(), ..Sm::to(SAFARICOM).text("due") });
    younger("second");
    let due = operator.next();
    assert_eq!(due.sm.octets, b"due");
    due.accept("due");
    younger("third");
    drop(gateway);
    daemon.stop();
    assert_eq!(texts(&operator.seen()), ["first", "second", "due", "third"]);
    outcomes::balanced(&sandbox);
}

#[test]
fn a_schedule_beyond_what_a_message_may_wait_is_refused_before_the_debit() {
    let (sandbox, _) = without_operator();
    sandbox.set("delivery", "max_validity_hours = 2");
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let scheduled = |schedule: &str| Sm { schedule: schedule.into(), ..Sm::to(SAFARICOM) };
    for too_late in ["000000020000000R", "991231235959000+"] {
        assert_eq!(gateway.submit(&scheduled(too_late)).status, ESME_RINVSCHED, "{too_late}");
    }
    gateway.accepted(&scheduled("000000010000000R"));
    drop(gateway);
    daemon.stop();
    assert_eq!(outcomes::balanced(&sandbox).len(), 1);
}

#[test]
fn higher_priority_goes_first_and_equals_keep_their_order() {
    let operator = Smsc::start();
    let sandbox = sandbox(&[Operator::new("busy", operator.port()).smpp("window = 1")]);
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let message =
        |(at, priority_flag)| Sm { priority_flag, ..Sm::to(SAFARICOM).text(&format!("{priority_flag}{at}")) };
    // The first is at the operator and the second is about to be, whatever comes after them.
    let early = [('x', 0), ('y', 0)].map(message);
    let waiting =
        [('a', 0), ('b', 0), ('c', 3), ('d', 1), ('e', 2), ('f', 3), ('g', 0), ('h', 1)].map(message);
    for message in early.iter().chain(&waiting) {
        gateway.accepted(message);
    }
    for at in 0..early.len() + waiting.len() {
        operator.next().accept(&at.to_string());
    }
    daemon.stop();
    let mut texts = texts(&operator.seen());
    texts.retain(|text| !["0x", "0y"].contains(&text.as_str()));
    assert_eq!(texts, ["3c", "3f", "2e", "1d", "1h", "0a", "0b", "0g"]);
}

#[test]
fn what_still_waits_can_be_taken_back() {
    let (sandbox, port) = without_operator();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let [regretted, wanted] = ["regretted", "wanted"].map(|text| Sm::to(SAFARICOM).text(text));
    let ids = gateway.accepted_all(&[regretted.clone(), wanted.clone()]);
    assert_eq!(gateway.call(CANCEL_SM, cancel_body(&ids[0], &regretted)).status, ESME_ROK);
    assert_eq!(gateway.call(CANCEL_SM, cancel_body(&ids[0], &regretted)).status, ESME_RCANCELFAIL);

    let operator = listening_on(port);
    let sent = operator.next();
    assert_eq!(
        gateway.call(CANCEL_SM, cancel_body(&ids[1], &wanted)).status,
        ESME_RCANCELFAIL,
        "it is on its way"
    );
    sent.accept("1");
    operator.deliver(&in_both(&sent.sm, "1", 2));
    gateway.receipt_of(&ids[1]);
    let states = [0, 1].map(|at: usize| {
        let answer = gateway.call(QUERY_SM, query_body(&ids[at], "Tollgate"));
        answer.body[answer.body.len() - 2]
    });
    assert_eq!(states, [DELETED, 2]);
    drop(gateway);
    daemon.stop();
    assert_eq!(texts(&operator.seen()), ["wanted"]);
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!((outcomes[&ids[0]].state(), outcomes[&ids[0]].is_refunded()), ("deleted", true));
}

#[test]
fn what_is_scheduled_can_be_taken_back() {
    let operator = Smsc::start();
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let [regretted, wanted] = ["regretted", "wanted"]
        .map(|text| Sm { schedule: IN_ONE_SECOND.into(), ..Sm::to(SAFARICOM).text(text) });
    let id = gateway.accepted(&regretted);
    gateway.accepted(&wanted);
    assert_eq!(gateway.call(CANCEL_SM, cancel_body(&id, &regretted)).status, ESME_ROK);
    operator.next().accept("1");
    drop(gateway);
    daemon.stop();
    assert_eq!(texts(&operator.seen()), ["wanted"]);
    assert!(outcomes::balanced(&sandbox)[&id].is_refunded());
}

#[test]
fn what_still_waits_can_be_changed() {
    let (sandbox, port) = without_operator();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let [first, second] = ["first words", "second thoughts"].map(|text| Sm::to(SAFARICOM).text(text));
    let id = gateway.accepted(&first);
    assert_eq!(gateway.call(REPLACE_SM, replace_body(&id, &second)).status, ESME_ROK);

    let operator = listening_on(port);
    let sent = operator.next();
    assert_eq!(
        gateway.call(REPLACE_SM, replace_body(&id, &first)).status,
        ESME_RREPLACEFAIL,
        "it is on its way"
    );
    sent.accept("1");
    operator.deliver(&in_both(&sent.sm, "1", 2));
    gateway.receipt_of(&id);
    drop(gateway);
    daemon.stop();
    assert_eq!(texts(&operator.seen()), ["second thoughts"]);
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!((outcomes.len(), outcomes[&id].price_micros()), (1, 20_000), "charged once");
}
