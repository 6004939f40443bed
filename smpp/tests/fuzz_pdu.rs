//! Octets of any kind into a session, as ordinary tests.
//!
//! Whatever a peer sends, the session never panics, everything it writes is a PDU that rusmpp reads, no
//! request is answered twice, and what it holds in memory stays within its limits. Each target runs for a
//! second; `BOLERO_RANDOM_TEST_TIME_MS` or `BOLERO_RANDOM_ITERATIONS` make that longer. A case worth keeping
//! goes into `fuzz_corpus` as hex, with a line that says what it is, and is tried by every run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use bolero::TypeGenerator;
use rusmpp::{Command, CommandId};
use tollgate_smpp::frame::Frames;
use tollgate_smpp::session::SessionConfig;

use support::pair::Pair;
use support::peer::{self, bind, raw};
use support::toy_bind_handler::ToyBindHandler;

const OUTPUT_LENGTH_MAX: usize = 2000;
const WINDOW: u32 = 50;
/// A submit_multi_resp with 255 addresses of 20 digits.
const ANSWER_LENGTH_MAX: usize = 16 + 20 + 1 + 255 * (2 + 21 + 4);

/// One thing that happens to a session.
#[derive(Clone, Debug, TypeGenerator)]
enum Step {
    /// A whole PDU with an operation of the table below and any body.
    Pdu {
        operation: u8,
        sequence: u8,
        body: Vec<u8>,
    },
    /// A whole and good submit_sm.
    Submit {
        sequence: u8,
    },
    /// A good submit_sm with one octet of its body changed.
    Spoiled {
        sequence: u8,
        place: u8,
        octet: u8,
    },
    /// Octets that need not be a PDU.
    Octets(Vec<u8>),
    Pass {
        seconds: u8,
    },
    HoldAnswers(bool),
    FillHandler(bool),
    StopReading(bool),
    Drain,
    End,
}

const OPERATIONS: [u32; 22] = [
    0x01,
    0x02,
    0x09,
    0x03,
    0x04,
    0x05,
    0x06,
    0x07,
    0x08,
    0x0B,
    0x15,
    0x21,
    0x102,
    0x103,
    0x111,
    0x8000_0000,
    0x8000_0004,
    0x8000_0005,
    0x8000_0006,
    0x8000_0015,
    0x0A,
    0xFFFF_FFFF,
];

/// A session, and a tally of what it was asked and what it answered.
struct Watched {
    pair: Pair,
    sent: Vec<u8>,
    /// Answers minus requests, by sequence number.
    answered: HashMap<u32, u32>,
}

impl Watched {
    fn new() -> Self {
        let config = SessionConfig { output_length_max: OUTPUT_LENGTH_MAX, ..SessionConfig::default() };
        let pair = Pair::with_config(ToyBindHandler::with_window(WINDOW), config);
        Self { pair, sent: Vec::new(), answered: HashMap::new() }
    }

    fn send(&mut self, octets: &[u8]) {
        self.sent.extend_from_slice(octets);
        let commands = self.pair.send(octets);
        self.watch(&commands);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Pdu { operation, sequence, body } => {
                let operation = OPERATIONS[usize::from(*operation) % OPERATIONS.len()];
                self.send(&raw(operation, (*sequence).into(), body));
            }
            Step::Submit { sequence } => self.send(&peer::submit_sm((*sequence).into())),
            Step::Spoiled { sequence, place, octet } => {
                let mut pdu = peer::submit_sm((*sequence).into());
                let places = pdu.len() - 16;
                pdu[16 + usize::from(*place) % places] = *octet;
                self.send(&pdu);
            }
            Step::Octets(octets) => self.send(octets),
            Step::Pass { seconds } => {
                let commands = self.pair.pass((*seconds).into());
                self.watch(&commands);
            }
            Step::HoldAnswers(hold) => self.pair.toy.lock().hold = *hold,
            Step::FillHandler(full) => self.pair.toy.lock().full = *full,
            Step::StopReading(stop) => self.pair.reads = stop.then_some(0),
            Step::Drain => {
                let commands = self.pair.drain();
                self.watch(&commands);
            }
            Step::End => {
                let commands = self.pair.end();
                self.watch(&commands);
            }
        }
    }

    fn watch(&mut self, commands: &[Command]) {
        let ours = [CommandId::EnquireLink, CommandId::Unbind];
        for answer in commands.iter().filter(|command| !ours.contains(&command.id())) {
            assert!(answer.id().is_response(), "we ask for nothing else");
            *self.answered.entry(answer.sequence_number()).or_default() += 1;
        }
        let window = WINDOW as usize * ANSWER_LENGTH_MAX;
        assert!(self.pair.session.output().len() <= OUTPUT_LENGTH_MAX + ANSWER_LENGTH_MAX + window);
        assert!(self.pair.session.in_flight() <= WINDOW);
    }

    /// No sequence number was answered more often than it was used.
    fn assert_no_answer_twice(mut self) {
        self.pair.reads = None;
        self.pair.toy.release();
        let commands = self.pair.drive();
        self.watch(&commands);
        let mut asked: HashMap<u32, u32> = HashMap::new();
        for frame in Frames::new(&self.sent, SessionConfig::default().pdu_length_max) {
            let sequence = frame.map_or_else(|broken| broken.sequence, |frame| frame.header.sequence);
            *asked.entry(sequence).or_default() += 1;
            if frame.is_err() {
                break;
            }
        }
        for (sequence, answers) in self.answered {
            assert!(
                answers <= asked.get(&sequence).copied().unwrap_or(0),
                "{sequence} was answered {answers} times"
            );
        }
    }
}

#[test]
fn any_octets_before_a_bind() {
    bolero::check!().with_type::<Vec<u8>>().for_each(|octets| {
        let mut watched = Watched::new();
        watched.send(octets);
        watched.assert_no_answer_twice();
    });
}

#[test]
fn any_octets_after_a_bind_in_any_pieces() {
    bolero::check!().with_type::<Vec<Vec<u8>>>().for_each(|pieces| {
        let mut watched = Watched::new();
        watched.send(&bind(1));
        for piece in pieces {
            watched.send(piece);
        }
        watched.assert_no_answer_twice();
    });
}

#[test]
fn any_story_of_a_bound_session() {
    bolero::check!().with_type::<Vec<Step>>().for_each(|steps| {
        let mut watched = Watched::new();
        watched.send(&bind(1));
        for step in steps {
            watched.step(step);
        }
        watched.assert_no_answer_twice();
    });
}

#[test]
fn kept_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz_corpus");
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let octets = octets(&fs::read_to_string(&path).unwrap());
        for first in [Vec::new(), bind(1)] {
            let mut whole = Watched::new();
            whole.send(&first);
            whole.send(&octets);
            whole.assert_no_answer_twice();

            let mut piecemeal = Watched::new();
            piecemeal.send(&first);
            octets.chunks(1).for_each(|octet| piecemeal.send(octet));
            piecemeal.assert_no_answer_twice();
        }
        tried += 1;
    }
    assert!(tried >= 10, "the corpus is there");
}

/// Hex digits in pairs; spaces, line ends and lines that begin with `#` do not count.
fn octets(hex: &str) -> Vec<u8> {
    let lines = hex.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u32> = lines.flat_map(str::chars).filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}
