//! One submit_multi charges each destination by itself, lists the refused ones, and is known again by its key.

use crate::support::books;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BUSINESS_1, Connection, ESME_RINVDSTADR, ESME_ROK, Message, TLV_IDEMPOTENCY_KEY, TLV_PRICE_REQUEST,
};

const SUBMIT_MULTI: u32 = 0x0000_0021;
const TLV_REASON: u16 = 0x1452;
const SME_ADDRESS: u8 = 1;

/// A body for these destinations, with an idempotency key (SMPP 3.4 §4.5.1).
fn body(destinations: &[&str], key: &str) -> Vec<u8> {
    let mut body = b"\0\x05\0TOLLGATE\0".to_vec();
    body.push(u8::try_from(destinations.len()).expect("few destinations"));
    for destination in destinations {
        body.extend_from_slice(&[SME_ADDRESS, 1, 1]);
        body.extend_from_slice(destination.as_bytes());
        body.push(0);
    }
    body.extend_from_slice(b"\0\0\0\0\0\0\0\0\0\x05hello");
    body.extend_from_slice(&TLV_IDEMPOTENCY_KEY.to_be_bytes());
    body.extend_from_slice(&u16::try_from(key.len()).expect("a short key").to_be_bytes());
    body.extend_from_slice(key.as_bytes());
    body
}

#[test]
fn each_destination_is_charged_by_itself_and_once() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let destinations = ["254722000001", "99900000001", "256772000001"];
    let first = connection.call(SUBMIT_MULTI, body(&destinations, "campaign-1"));
    assert_eq!(first.status, ESME_ROK);
    let id: u64 = first.message_id().parse().expect("a decimal id");
    let unsuccessful = &first.body[first.message_id().len() + 1..];
    assert_eq!(unsuccessful[..3], [1, 1, 1], "one, with its TON and NPI");
    assert!(unsuccessful.ends_with(b"99900000001\0\0\0\0\x0B"), "{unsuccessful:?}");

    let again = connection.call(SUBMIT_MULTI, body(&destinations, "campaign-1"));
    assert_eq!((again.status, again.message_id()), (ESME_ROK, first.message_id()));
    assert_eq!(again.body, first.body, "the destinations that failed are listed again");
    let refused = connection.call(SUBMIT_MULTI, body(&["99900000001"], "campaign-2"));
    assert_eq!(refused.status, ESME_RINVDSTADR, "none could be charged");
    daemon.stop();

    let mut ids: Vec<_> = books::balanced(&sandbox).into_iter().map(|cdr| cdr.message_id).collect();
    ids.sort();
    assert_eq!(ids, [id.to_string(), (id + 1).to_string()]);
}

#[test]
fn whoever_asks_is_told_why_a_message_is_refused() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let mut connection = Connection::bound(daemon.smpp, BUSINESS_1);
    let refused = connection.submit(&Message::to("99900000001").tlv(TLV_PRICE_REQUEST, "1"));
    assert_eq!(refused.status, ESME_RINVDSTADR);
    assert_eq!(refused.tlv(TLV_REASON).as_deref(), Some("unknown_destination"));
    let silent = connection.submit(&Message::to("99900000001"));
    assert_eq!((silent.status, silent.body.len()), (ESME_RINVDSTADR, 0));
    daemon.stop();
}
