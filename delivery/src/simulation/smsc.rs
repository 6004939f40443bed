//! Operators as they are: some take what they say they refuse, answer late or never, and send receipts too early, twice,
//! in any order, with other forms of ids and numbers.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;

use super::checks::detail;
use super::random::Random;
use crate::{Answer, Message, Receipt};

/// The way in which ids in responses and receipts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ids {
    Alike,
    HexInReceipts,
    DecimalInReceipts,
}

/// The way in which numbers in receipts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    AsSubmitted,
    National,
    Rewritten,
}

/// One simulated operator.
#[derive(Debug)]
pub struct Smsc {
    pub number: OperatorNumber,
    ids: Ids,
    numbers: Numbers,
    /// True if each destination has ids of its own, so that one id is of several messages.
    reuses_ids: bool,
    pub latency: u64,
    /// Share of messages that something odd happens to, in percent.
    oddness: u64,
    taken: u64,
    taken_by_destination: std::collections::BTreeMap<Vec<u8>, u64>,
    pub receipts: Vec<PlannedReceipt>,
}

/// A receipt that an operator sends until it is acknowledged.
#[derive(Clone, Debug)]
pub struct PlannedReceipt {
    pub receipt: Receipt,
    pub is_acknowledged: bool,
    pub tries: u32,
    pub repeats: u32,
}

/// The reaction of an operator to a message.
#[derive(Debug, Default)]
pub struct Reaction {
    /// The answer, and after what time it is sent.
    pub answer: Option<(Answer, u64)>,
    /// The receipts, by their places, and after what time each is sent.
    pub receipts: Vec<(usize, u64)>,
}

fn response(status: u32, upstream_id: Vec<u8>) -> Answer {
    Answer::Response { status, upstream_id }
}

impl Smsc {
    pub fn new(number: u16, random: &mut Random, oddness: u64) -> Self {
        let ids = [Ids::Alike, Ids::HexInReceipts, Ids::DecimalInReceipts]
            [usize::try_from(random.range(0, 3)).unwrap()];
        let reuses_ids = random.one_in(4);
        let numbers = match random.range(0, 6) {
            0 => Numbers::National,
            1 if !reuses_ids => Numbers::Rewritten,
            _ => Numbers::AsSubmitted,
        };
        Self {
            number: OperatorNumber(number),
            ids,
            numbers,
            reuses_ids,
            latency: random.range(500, 30_000),
            oddness,
            taken: 0,
            taken_by_destination: std::collections::BTreeMap::new(),
            receipts: Vec::new(),
        }
    }

    /// A message has arrived.
    pub fn takes(&mut self, message: &Message, random: &mut Random, is_kind: bool) -> Reaction {
        let after = self.latency / 2 + random.range(0, self.latency);
        if is_kind || !random.percent(self.oddness) {
            return self.accept(message, Some(after), random, is_kind);
        }
        match random.range(0, 12) {
            0 | 1 => Reaction { answer: Some((response(0x58, Vec::new()), after)), ..Reaction::default() },
            2 | 3 => Reaction { answer: Some((response(0x08, Vec::new()), after)), ..Reaction::default() },
            4 => Reaction { answer: Some((response(0x0B, Vec::new()), after)), ..Reaction::default() },
            // It has the message and never says so.
            5..=7 => self.accept(message, None, random, false),
            // It does not have it, and never says so either.
            8 => Reaction::default(),
            // It says so long after its time is over.
            9 | 10 => {
                let late = random.range(900_000, 3_500_000);
                self.accept(message, Some(late), random, false)
            }
            // It takes the message, and says that it does not.
            _ => {
                let _ = self.accept(message, None, random, false);
                Reaction { answer: Some((response(0x08, Vec::new()), after)), ..Reaction::default() }
            }
        }
    }

    fn accept(
        &mut self,
        message: &Message,
        after: Option<u64>,
        random: &mut Random,
        is_kind: bool,
    ) -> Reaction {
        self.taken += 1;
        let destination = message.addresses.destination();
        let of_destination = self.taken_by_destination.entry(destination.to_vec()).or_default();
        *of_destination += 1;
        // So large that no id reads like another one in another form.
        let id = 3_000_000_000 + if self.reuses_ids { *of_destination } else { self.taken * 7 };
        let (decimal, hex) = (id.to_string(), format!("{id:X}"));
        let (in_response, in_receipt) = match self.ids {
            Ids::Alike => (hex.clone(), format!("00{}", hex.to_lowercase())),
            Ids::HexInReceipts => (decimal, hex),
            Ids::DecimalInReceipts => (hex, decimal),
        };
        let mut receipts = Vec::new();
        if is_kind || !random.percent(5) {
            if random.percent(10) {
                receipts
                    .push((self.plan(message, &in_receipt, ReceiptState::Enroute), random.range(0, 60_000)));
            }
            let state =
                if random.percent(80) { ReceiptState::Delivered } else { ReceiptState::Undeliverable };
            let soon = random.percent(30);
            let delay = if soon { random.range(0, 40_000) } else { random.range(0, 3_000_000) };
            receipts.push((self.plan(message, &in_receipt, state), delay));
        }
        Reaction { answer: after.map(|after| (response(0, in_response.into_bytes()), after)), receipts }
    }

    fn plan(&mut self, message: &Message, id: &str, state: ReceiptState) -> usize {
        let destination = message.addresses.destination();
        let source: Vec<u8> = match self.numbers {
            Numbers::AsSubmitted => destination.to_vec(),
            Numbers::National => [b"0", destination.get(3..).unwrap_or_default()].concat(),
            Numbers::Rewritten => format!("99900{:07}", self.receipts.len()).into_bytes(),
        };
        let receipt = Receipt {
            id: id.as_bytes().to_vec(),
            other_id: None,
            state,
            is_intermediate: !state.is_final(),
            source: source.into(),
            destination: message.addresses.source().into(),
            detail: detail(message.key.id, self.receipts.len() as u64),
        };
        self.receipts.push(PlannedReceipt { receipt, is_acknowledged: false, tries: 0, repeats: 0 });
        self.receipts.len() - 1
    }
}
