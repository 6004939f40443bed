//! Receipts as real operators get them wrong: whatever has a message settles it, once, and what has none is counted.

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, as_text, as_tlvs, in_both, text};
use crate::support::sandbox::Sandbox;
use crate::support::sm::{MESSAGE_STATE, RECEIPTED_MESSAGE_ID, SAR_PART, SAR_REFERENCE, SAR_TOTAL, Sm};
use crate::support::smpp::{BUSINESS_1, SUBMIT_SM};
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;

/// The way in which an operator writes a receipt for a message under an id of its own.
type Write = fn(&Sm, &str) -> Sm;

/// The cases of the matching: the id in the response, the id in the receipt, and the form of the receipt.
const FORMS: &[(&str, &str, &str, Write)] = &[
    ("the same id, in text and TLVs", "1000001", "1000001", |sm, id| in_both(sm, id, DELIVERED)),
    ("the same id, in text only", "1000002", "1000002", |sm, id| as_text(sm, &text(id, DELIVERED))),
    ("the same id, in TLVs only", "1000003", "1000003", |sm, id| as_tlvs(sm, id, DELIVERED)),
    ("hexadecimal, then decimal", "F4244", "1000004", |sm, id| in_both(sm, id, DELIVERED)),
    ("decimal, then hexadecimal", "1000005", "f4245", |sm, id| as_text(sm, &text(id, DELIVERED))),
    ("decimal, then padded hexadecimal", "1000006", "000F4246", |sm, id| as_tlvs(sm, id, DELIVERED)),
    ("padded hexadecimal, then decimal", "000f4247", "1000007", |sm, id| in_both(sm, id, DELIVERED)),
    ("zeros in the receipt", "1000008", "0000001000008", |sm, id| as_text(sm, &text(id, DELIVERED))),
    ("zeros in the response", "0000001000009", "1000009", |sm, id| as_tlvs(sm, id, DELIVERED)),
    ("upper case in the receipt", "beef00c0ffee", "BEEF00C0FFEE", |sm, id| in_both(sm, id, DELIVERED)),
    ("upper case in the response", "DEAD00BEEF", "dead00beef", |sm, id| as_text(sm, &text(id, DELIVERED))),
    ("a UUID", "6F1C7A3E-90A1-4D6F-8A55-0C5E3B1D2F4A", "6f1c7a3e-90a1-4d6f-8a55-0c5e3b1d2f4a", |sm, id| {
        in_both(sm, id, DELIVERED)
    }),
    ("neither sub nor dlvrd nor text", "1000013", "1000013", |sm, id| {
        as_text(sm, &format!("id:{id} submit date:2611210000 done date:2611210001 stat:DELIVRD err:000"))
    }),
    ("twelve-digit dates and run-together keys", "1000014", "1000014", |sm, id| {
        as_text(
            sm,
            &format!(
                "id:{id} sub:1 dlvrd:1 submitdate:261121000000 donedate:261121000130 stat:DELIVRD err:0 Text:Your code"
            ),
        )
    }),
    ("keys and state in the wrong case", "1000015", "1000015", |sm, id| {
        as_text(
            sm,
            &format!(
                "ID:{id} SUB:001 DLVRD:001 SUBMIT DATE:2611210000 DONE DATE:2611210001 STAT:delivrd ERR:000"
            ),
        )
    }),
    ("another order", "1000016", "1000016", |sm, id| {
        as_text(sm, &format!("stat:DELIVRD err:000 done date:2611210001 submit date:2611210000 id:{id}"))
    }),
    ("an error that is no number, and empty fields", "1000017", "1000017", |sm, id| {
        as_text(sm, &format!("id:{id} sub: dlvrd: submit date: done date: stat:DELIVRD err:OK text:"))
    }),
    ("an id in the TLV without its NUL", "1000018", "1000018", |sm, id| {
        as_text(sm, "").tlv(RECEIPTED_MESSAGE_ID, id.as_bytes()).tlv(MESSAGE_STATE, &[DELIVERED])
    }),
    ("esm_class zero, where the TLVs say what it is", "1000019", "1000019", |sm, id| Sm {
        esm_class: 0,
        ..as_tlvs(sm, id, DELIVERED)
    }),
    ("esm_class zero, where the text says what it is", "1000020", "1000020", |sm, id| Sm {
        esm_class: 0,
        ..as_text(sm, &text(id, DELIVERED))
    }),
    ("a NUL behind the text", "1000021", "1000021", |sm, id| {
        as_text(sm, &format!("{}\0", text(id, DELIVERED)))
    }),
    ("the message's own words in the text", "1000022", "1000022", |sm, id| {
        as_text(sm, &format!("{}id:999 stat:REJECTD", text(id, DELIVERED)))
    }),
];

/// Receipts that name a message which nobody has.
const STRANGERS: &[Write] = &[
    |sm, _| as_text(sm, &text("4711", DELIVERED)),
    |sm, _| as_tlvs(sm, "nobody's", DELIVERED),
    |sm, _| as_text(sm, &format!("id:{} stat:DELIVRD", "9".repeat(65))),
    |sm, _| as_text(sm, "id:garbled s\u{1}at:DELIV"),
];

/// Receipts that name no message at all.
const UNREADABLE: &[Write] = &[
    |sm, _| as_text(sm, ""),
    |sm, _| as_text(sm, "message delivered, thank you"),
    |sm, _| as_text(sm, "id: stat:DELIVRD"),
    |sm, _| Sm { octets: vec![0xFF; 100], ..as_text(sm, "") },
];

const UNMATCHED: &str = "tollgate_unmatched_receipts_total{operator=\"hand\"}";
const REFUSED: &str = "tollgate_operator_messages_refused_total{operator=\"hand\"}";
/// ESME_RX_P_APPN, so that the operator does not send it again.
const NEVER: u32 = 0x65;

/// An operator, the daemon bound to it, and a gateway bound to the daemon.
struct Chain {
    gateway: Esme,
    daemon: Daemon,
    sandbox: Sandbox,
    operator: Smsc,
}

impl Chain {
    fn start() -> Self {
        let operator = Smsc::start();
        let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
        let daemon = sandbox.start();
        operator.until_bound();
        let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
        Self { gateway, daemon, sandbox, operator }
    }

    /// Submits a message and has it taken under the id; gives its `message_id` and what the operator got.
    fn taken(&self, message: &Sm, upstream_id: &str) -> (String, Sm) {
        let message_id = self.gateway.accepted(message);
        let submit = self.operator.next();
        submit.accept(upstream_id);
        (message_id, submit.sm)
    }

    fn until_accepted(&self, messages: usize) {
        let series = "tollgate_operator_submits_total{operator=\"hand\",outcome=\"accepted\"}";
        until_count(&self.daemon, series, messages as u64);
    }

    /// The gateway has one receipt for each of the messages and no other, and so have the books.
    fn expect_delivered(self, message_ids: &[String]) {
        for id in message_ids {
            assert_eq!(self.gateway.receipt_of(id).state, DELIVERED);
        }
        assert_eq!(self.gateway.receipts().len(), message_ids.len(), "one receipt for each message");
        drop(self.gateway);
        self.daemon.stop();
        let outcomes = outcomes::balanced(&self.sandbox);
        assert_eq!(outcomes.len(), message_ids.len());
        assert!(outcomes.values().all(|outcome| outcome.state() == "delivered"), "{outcomes:#?}");
    }
}

#[test]
fn every_form_finds_its_message() {
    let chain = Chain::start();
    let mut message_ids = Vec::new();
    for (what, upstream_id, receipt_id, write) in FORMS {
        println!("{what}");
        let (message_id, sm) = chain.taken(&Sm::to("254722000001"), upstream_id);
        assert_eq!(chain.operator.deliver(&write(&sm, receipt_id)), 0, "{what}");
        assert_eq!(chain.gateway.receipt_of(&message_id).state, DELIVERED, "{what}");
        message_ids.push(message_id);
    }
    assert_eq!(Scrape::of(&chain.daemon).count(UNMATCHED), 0);
    chain.expect_delivered(&message_ids);
}

#[test]
fn every_form_finds_its_message_before_the_response() {
    let chain = Chain::start();
    let mut message_ids = Vec::new();
    for (what, upstream_id, receipt_id, write) in FORMS {
        println!("{what}");
        let sequence = chain.gateway.send(SUBMIT_SM, Sm::to("254722000001").body());
        let submit = chain.operator.next();
        assert_eq!(chain.operator.deliver(&write(&submit.sm, receipt_id)), 0, "{what}");
        submit.accept(upstream_id);
        let message_id = chain.gateway.answer(sequence).message_id();
        assert_eq!(chain.gateway.receipt_of(&message_id).state, DELIVERED, "{what}");
        message_ids.push(message_id);
    }
    chain.expect_delivered(&message_ids);
}

#[test]
fn every_form_finds_its_message_after_a_restart() {
    let before = Chain::start();
    let taken: Vec<(String, Sm)> =
        FORMS.iter().map(|(_, id, _, _)| before.taken(&Sm::to("254722000001"), id)).collect();
    before.until_accepted(FORMS.len());
    let Chain { gateway, daemon, sandbox, operator } = before;
    drop(gateway);
    daemon.stop();
    eventually("the daemon's link to be gone", || (operator.bound() == 0).then_some(()));

    let daemon = sandbox.start();
    operator.until_bound();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let after = Chain { gateway, daemon, sandbox, operator };
    for ((_, sm), (what, _, receipt_id, write)) in taken.iter().zip(FORMS) {
        assert_eq!(after.operator.deliver(&write(sm, receipt_id)), 0, "{what}");
    }
    let message_ids: Vec<String> = taken.into_iter().map(|(message_id, _)| message_id).collect();
    after.expect_delivered(&message_ids);
}

#[test]
fn what_comes_again_changes_nothing() {
    let chain = Chain::start();
    let (message_id, sm) = chain.taken(&Sm::to("254722000001"), "77");
    for _ in 0..3 {
        assert_eq!(chain.operator.deliver(&in_both(&sm, "77", DELIVERED)), 0);
    }
    assert_eq!(
        chain.operator.deliver(&as_text(&sm, &text("77", crate::support::receipts::UNDELIVERABLE))),
        0
    );
    let (other, sm) = chain.taken(&Sm::to("254722000002"), "78");
    assert_eq!(chain.operator.deliver(&in_both(&sm, "78", DELIVERED)), 0);
    chain.gateway.receipt_of(&other);
    assert_eq!(Scrape::of(&chain.daemon).count(UNMATCHED), 0, "it has a message, which is settled already");
    chain.expect_delivered(&[message_id, other]);
}

#[test]
fn each_part_of_a_long_message_has_its_own() {
    let chain = Chain::start();
    let part = |number: u8| {
        let part = Sm::to("254722000001").text(&format!("part {number}"));
        part.tlv(SAR_REFERENCE, &[0, 7]).tlv(SAR_TOTAL, &[3]).tlv(SAR_PART, &[number])
    };
    let taken = [1, 2, 3].map(|number| chain.taken(&part(number), &format!("500{number}")));
    // In another order than the parts were sent in.
    for at in [2, 0, 1] {
        let receipt = in_both(&taken[at].1, &format!("500{}", at + 1), DELIVERED);
        assert_eq!(chain.operator.deliver(&receipt), 0);
    }
    chain.expect_delivered(&taken.map(|(message_id, _)| message_id));
}

#[test]
fn what_belongs_to_no_message_is_counted_and_settles_nothing() {
    let chain = Chain::start();
    let (message_id, sm) = chain.taken(&Sm::to("254722000001"), "1000001");
    chain.until_accepted(1);
    for stranger in STRANGERS {
        assert_eq!(chain.operator.deliver(&stranger(&sm, "")), 0, "it is kept");
    }
    for unreadable in UNREADABLE {
        assert_eq!(chain.operator.deliver(&unreadable(&sm, "")), NEVER);
    }
    let scrape = until_count(&chain.daemon, UNMATCHED, STRANGERS.len() as u64);
    let counted = (scrape.count(UNMATCHED), scrape.count(REFUSED));
    assert_eq!(counted, (STRANGERS.len() as u64, UNREADABLE.len() as u64));
    assert!(chain.gateway.receipts().is_empty(), "nothing is settled by them");
    assert_eq!(chain.operator.deliver(&in_both(&sm, "1000001", DELIVERED)), 0, "the link has come through");
    chain.expect_delivered(&[message_id]);
}
