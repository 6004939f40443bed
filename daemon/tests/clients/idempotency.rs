//! Exactly once, when asked: a message that comes again with its idempotency key gets its first answer again and is not
//! charged again, whatever lies between.

use std::sync::Barrier;
use std::thread;

use crate::support::books;
use crate::support::daemon::Daemon;
use crate::support::metrics::Scrape;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BIND_TRANSMITTER, BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, ESME_RSUBMITFAIL, Login, Message,
    QUERY_SM, TLV_IDEMPOTENCY_KEY, TLV_PRICE, TLV_PRICE_REQUEST, bind_body, query_body,
};

const USER_MESSAGE_REFERENCE: u16 = 0x0204;
const SAR_REFERENCE: u16 = 0x020C;
const SAR_TOTAL: u16 = 0x020E;
const SAR_NUMBER: u16 = 0x020F;

const DESTINATION: &str = "254722000001";

fn keyed(key: &str) -> Message {
    Message::to(DESTINATION).tlv(TLV_IDEMPOTENCY_KEY, key)
}

#[test]
fn a_resend_after_a_reconnect_and_after_a_crash_is_the_same_message() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let first = Connection::bound(daemon.smpp, BUSINESS_1).submit(&keyed("order-1"));
    assert_eq!(first.status, ESME_ROK);
    let reconnected = Connection::bound(daemon.smpp, BUSINESS_1).submit(&keyed("order-1"));
    assert_eq!(reconnected.message_id(), first.message_id());
    let scrape = Scrape::of(&daemon);
    assert_eq!(scrape.count("tollgate_submits_total{outcome=\"charged\"}"), 1);
    assert_eq!(scrape.count("tollgate_submits_total{outcome=\"replayed\"}"), 1);
    daemon.kill();

    let daemon = sandbox.start();
    let restarted = Connection::bound(daemon.smpp, BUSINESS_1).submit(&keyed("order-1"));
    assert_eq!(restarted.message_id(), first.message_id());
    daemon.stop();

    let cdrs = books::balanced(&sandbox);
    assert_eq!(cdrs.len(), 1);
    assert_eq!((&cdrs[0].message_id, cdrs[0].idempotency_key.as_str()), (&first.message_id(), "order-1"));
}

#[test]
fn two_binds_that_send_one_key_at_once_get_one_message() {
    const KEYS: usize = 100;
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let together = Barrier::new(2);
    let submit_all = || {
        let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
        let one = |key: usize| {
            together.wait();
            connection.submit(&keyed(&format!("order-{key}"))).message_id()
        };
        (0..KEYS).map(one).collect::<Vec<_>>()
    };
    let (ids, others) = thread::scope(|scope| {
        let other = scope.spawn(submit_all);
        (submit_all(), other.join().expect("the other bind's thread"))
    });
    daemon.stop();

    assert_eq!(ids, others);
    let cdrs = books::by_id(books::balanced(&sandbox));
    assert_eq!(cdrs.len(), KEYS);
    assert!(ids.iter().all(|id| cdrs.contains_key(id)));
}

/// A bind of SMPP 3.3, which has a place for 32 bits in ids.
fn bound_as_3_3(daemon: &Daemon) -> Connection {
    let mut connection = Connection::open(daemon.smpp);
    let mut body = bind_body(BUSINESS_1);
    let version = body.len() - 4;
    body[version] = 0x33;
    assert_eq!(connection.call(BIND_TRANSMITTER, body).status, ESME_ROK);
    connection
}

#[test]
fn the_first_answer_comes_again_in_the_form_of_the_bind() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut new = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut old = bound_as_3_3(&daemon);
    let priced = keyed("order-1").tlv(TLV_PRICE_REQUEST, "1");
    let first = new.submit(&priced);
    assert!(first.tlv(TLV_PRICE).is_some());
    assert_eq!(new.submit(&priced).body, first.body, "price and balance come again");
    // Over SMPP 3.3 the message has a short id, under which it is found.
    let short = old.submit(&keyed("order-1")).message_id();
    assert_eq!(old.submit(&keyed("order-1")).message_id(), short);
    assert!(u32::from_str_radix(&short, 16).is_ok_and(|id| id < 1_000), "{short} is given, not cut off");
    assert_eq!(old.call(QUERY_SM, query_body(&short, "Tollgate")).status, ESME_ROK);
    assert_eq!(new.submit(&keyed("order-1")).message_id(), first.message_id());
    // And the other way round.
    let short = old.submit(&keyed("order-2")).message_id();
    assert_eq!(new.submit(&keyed("order-2")).message_id(), short, "an id has one form");
    assert_eq!(new.call(QUERY_SM, query_body(&short, "Tollgate")).status, ESME_ROK);
    drop((new, old));
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 2);
}

#[test]
fn parts_of_a_long_message_are_told_apart_where_its_reference_is_the_key() {
    let sandbox = Sandbox::new();
    sandbox.add_account("parts", "plan = \"starter\"\nopening_balance = \"10.00\"\nidempotency_by_user_message_reference_seconds = 600");
    let daemon = sandbox.start();
    let mut gateway = Connection::bound(daemon.smpp, Login { system_id: "parts", password: "secret01" });
    let part = |number: u8| {
        let part = Message::to(DESTINATION).text("the same words in each");
        let part =
            part.tlv(USER_MESSAGE_REFERENCE, "\0\x07").tlv(SAR_REFERENCE, "\0\x05").tlv(SAR_TOTAL, "\x02");
        part.tlv(SAR_NUMBER, std::str::from_utf8(&[number]).expect("ASCII"))
    };
    let ids = [1, 2].map(|number| gateway.submit(&part(number)).message_id());
    assert_ne!(ids[0], ids[1]);
    assert_eq!([1, 2].map(|number| gateway.submit(&part(number)).message_id()), ids);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 2);
}

#[test]
fn a_key_belongs_to_one_account_and_one_message() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut ours = Connection::bound(daemon.smpp, BUSINESS_1);
    let mut theirs = Connection::bound(daemon.smpp, BUSINESS_2);
    let our_id = ours.submit(&keyed("order-1")).message_id();
    let their_id = theirs.submit(&keyed("order-1")).message_id();
    assert_ne!(our_id, their_id);

    let mut other_text = keyed("order-1");
    other_text.text = b"Another text".to_vec();
    assert_eq!(ours.submit(&other_text).status, ESME_RSUBMITFAIL);
    drop((ours, theirs));
    daemon.stop();

    let cdrs = books::by_id(books::balanced(&sandbox));
    assert_eq!(cdrs.len(), 2, "what was refused is not charged");
    assert!(cdrs.contains_key(&our_id) && cdrs.contains_key(&their_id));
}
