//! Octets of any kind from an operator, as ordinary tests.
//!
//! Whatever it sends, a link never panics, everything it writes is a PDU that rusmpp reads, every message is
//! accounted for exactly once, and what the link holds in memory stays within its limits. Each target runs
//! for a second; `BOLERO_RANDOM_TEST_TIME_MS` or `BOLERO_RANDOM_ITERATIONS` make that longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

mod support;

use std::collections::BTreeMap;

use bolero::TypeGenerator;
use rusmpp::CommandId;
use tollgate_engine::receipt_id::{ReceiptIdFormat, canonical_id, id_candidates};
use tollgate_smpp::link::LinkConfig;
use tollgate_smpp::pdu::Deliver;
use tollgate_smpp::receipt::Receipt;

use support::operator::{Operator, bind_resp, config, deliver_sm, submit_resp};
use support::peer::{body_of, raw_with_length};
use support::toy_link_handler::Event;

const WINDOW: u32 = 20;
/// The most octets that may wait to be written, with the last PDU that was still accepted.
const OUTPUT_LENGTH_MAX: usize = 257 * 1024;
const DELIVERS_MAX: usize = 4096;

/// One thing that happens to a link.
#[derive(Clone, Debug, TypeGenerator)]
enum Step {
    /// A whole PDU with an operation of the table below and any body.
    Pdu {
        operation: u8,
        status: u8,
        sequence: u8,
        body: Vec<u8>,
    },
    /// A whole and good submit_sm_resp.
    Answer {
        sequence: u8,
    },
    /// A good receipt, with one octet of its body changed.
    Spoiled {
        sequence: u8,
        place: u8,
        octet: u8,
    },
    /// Octets that need not be a PDU.
    Octets(Vec<u8>),
    Submit {
        count: u8,
    },
    Pass {
        seconds: u8,
    },
    HoldAcks(bool),
    StopReading(bool),
    Drain {
        seconds: u8,
    },
    End,
}

const OPERATIONS: [u32; 20] = [
    0x01,
    0x04,
    0x05,
    0x06,
    0x0B,
    0x15,
    0x102,
    0x103,
    0x8000_0000,
    0x8000_0001,
    0x8000_0004,
    0x8000_0005,
    0x8000_0006,
    0x8000_0009,
    0x8000_0015,
    0x8000_0021,
    0x8000_0103,
    0x0A,
    0x8000_0AAA,
    0xFFFF_FFFF,
];

const RECEIPT: &str =
    "id:42 sub:001 dlvrd:001 submit date:2611210000 done date:2611210001 stat:DELIVRD err:000 text:x";

/// A link, and a tally of what became of its messages.
struct Watched {
    operator: Operator,
    submitted: u64,
    /// The number of times that each was reported.
    told: BTreeMap<u64, u32>,
}

impl Watched {
    fn new() -> Self {
        let operator = Operator::new(LinkConfig { window: WINDOW, ..config() });
        Self { operator, submitted: 0, told: BTreeMap::new() }
    }

    fn step(&mut self, step: &Step) {
        let operator = &mut self.operator;
        match step {
            Step::Pdu { operation, status, sequence, body } => {
                let operation = OPERATIONS[usize::from(*operation) % OPERATIONS.len()];
                let length = u32::try_from(16 + body.len()).unwrap();
                let mut pdu = raw_with_length(length, operation, (*sequence).into(), body);
                pdu[11] = *status;
                operator.send(&pdu);
            }
            Step::Answer { sequence } => drop(operator.send(&submit_resp((*sequence).into(), "42"))),
            Step::Spoiled { sequence, place, octet } => {
                let mut pdu = deliver_sm((*sequence).into(), 4, RECEIPT);
                let places = pdu.len() - 16;
                pdu[16 + usize::from(*place) % places] = *octet;
                operator.send(&pdu);
            }
            Step::Octets(octets) => drop(operator.send(octets)),
            Step::Submit { count } => {
                let first = self.submitted;
                self.submitted += u64::from(*count);
                operator.submit(first..self.submitted);
            }
            Step::Pass { seconds } => drop(operator.pass((*seconds).into())),
            Step::HoldAcks(hold) => {
                operator.handler.lock().hold_acks = *hold;
                operator.drive();
            }
            Step::StopReading(stop) => operator.reads = stop.then_some(0),
            Step::Drain { seconds } => drop(operator.drain((*seconds).into())),
            Step::End => operator.end(),
        }
        self.watch();
    }

    fn watch(&mut self) {
        for event in self.operator.handler.take_events() {
            match event {
                Event::Answered(token, ..) | Event::TimedOut(token) => {
                    *self.told.entry(token).or_default() += 1;
                }
                Event::Unbound(_, tokens) => {
                    for token in tokens {
                        *self.told.entry(token).or_default() += 1;
                    }
                }
                _ => {}
            }
        }
        let session = &self.operator.session;
        assert!(session.output().len() <= OUTPUT_LENGTH_MAX);
        assert!(session.in_flight() <= WINDOW);
        assert!(self.operator.handler.lock().acks.len() <= DELIVERS_MAX);
    }

    /// Every message was told of exactly once, or was never taken from its queue.
    fn assert_all_accounted_for(mut self) {
        self.operator.reads = None;
        self.operator.end();
        self.watch();
        let queued = self.operator.handler.lock().queue.iter().map(|(token, _)| *token).collect::<Vec<_>>();
        let once = self.told.iter().map(|(token, count)| (*token, *count));
        let expected = (0..self.submitted).filter(|token| !queued.contains(token)).map(|token| (token, 1));
        assert!(once.eq(expected), "{:?}, and {queued:?} are queued", self.told);
    }
}

#[test]
fn any_octets_before_the_welcome() {
    bolero::check!().with_type::<Vec<u8>>().for_each(|octets| {
        let mut watched = Watched::new();
        watched.step(&Step::Submit { count: 5 });
        watched.step(&Step::Octets(octets.clone()));
        watched.assert_all_accounted_for();
    });
}

#[test]
fn any_octets_after_the_welcome_in_any_pieces() {
    bolero::check!().with_type::<Vec<Vec<u8>>>().for_each(|pieces| {
        let mut watched = Watched::new();
        watched.operator.send(&bind_resp(1));
        watched.step(&Step::Submit { count: 50 });
        for piece in pieces {
            watched.step(&Step::Octets(piece.clone()));
        }
        watched.assert_all_accounted_for();
    });
}

#[test]
fn any_story_of_a_bound_link() {
    bolero::check!().with_type::<Vec<Step>>().for_each(|steps| {
        let mut watched = Watched::new();
        watched.operator.send(&bind_resp(1));
        for step in steps {
            watched.step(step);
        }
        watched.assert_all_accounted_for();
    });
}

#[test]
fn any_body_of_a_deliver_sm_or_data_sm() {
    let good = body_of(&deliver_sm(1, 4, RECEIPT));
    bolero::check!().with_type::<(Vec<u8>, Vec<(u8, u8)>)>().for_each(|(octets, changes)| {
        let mut spoiled = good.clone();
        for (place, octet) in changes {
            let places = spoiled.len();
            spoiled[usize::from(*place) % places] = *octet;
        }
        for body in [octets, &spoiled] {
            for command in [CommandId::DeliverSm, CommandId::DataSm] {
                if let Ok(deliver) = Deliver::parse(command, 1, body) {
                    let receipt = deliver.receipt();
                    assert!(receipt.is_none() || deliver.is_receipt());
                    receipt.iter().for_each(check);
                    assert!(!format!("{deliver:?}").is_empty());
                }
            }
        }
    });
}

#[test]
fn any_text_of_a_receipt() {
    bolero::check!().with_type::<(Vec<u8>, Vec<(u8, u8)>)>().for_each(|(octets, changes)| {
        let mut spoiled = RECEIPT.as_bytes().to_vec();
        for (place, octet) in changes {
            spoiled[usize::from(*place) % RECEIPT.len()] = *octet;
        }
        for text in [octets, &spoiled] {
            Receipt::of_text(text).iter().for_each(check);
        }
    });
}

/// Checks the properties of every receipt, whatever it was read from.
fn check(receipt: &Receipt) {
    assert!((1..=255).contains(&receipt.id.len()));
    assert!(receipt.state.is_none_or(|state| state <= 9));
    for field in [&receipt.error, &receipt.submitted, &receipt.done].into_iter().flatten() {
        assert!((1..=32).contains(&field.len()));
    }
    for format in ReceiptIdFormat::ALL {
        let candidates = id_candidates(&receipt.id, format);
        assert!((1..=3).contains(&candidates.len()));
        assert!(candidates.iter().all(|id| canonical_id(id) == *id), "{candidates:?}");
    }
}
