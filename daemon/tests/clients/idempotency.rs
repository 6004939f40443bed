//! Exactly once, when asked: a message that comes again with its idempotency key gets its first answer again and is not
//! charged again, whatever lies between.

use std::sync::Barrier;
use std::thread;

use crate::support::books;
use crate::support::metrics::Scrape;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, ESME_RSUBMITFAIL, Message, TLV_IDEMPOTENCY_KEY,
};

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
