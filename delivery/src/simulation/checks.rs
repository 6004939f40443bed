//! The real course of things, which the state machine cannot know, and the promises that are judged by it.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;

use super::Violation;
use super::store::{Books, Stage};
use crate::{LinkNumber, Message, Now, Receipt};

/// Turns that a class may be passed over in a world where nothing fails.
const PASSED_MAX: u32 = 80;

/// The message that a receipt is really of, and the number of the receipt at its operator.
pub fn truth_of(receipt: &Receipt) -> (u64, u64) {
    let number = |from: usize| {
        let octets = receipt.detail.get(from..from + 8).and_then(|octets| octets.try_into().ok());
        octets.map_or(0, u64::from_be_bytes)
    };
    (number(0), number(8))
}

/// The detail of a receipt with its truth.
pub fn detail(message: u64, number: u64) -> Box<[u8]> {
    [message.to_be_bytes(), number.to_be_bytes()].concat().into()
}

#[derive(Clone, Debug, Default)]
struct Tries {
    /// Tries that an operator may have, by what the state machine was told.
    open: BTreeSet<(LinkNumber, u32)>,
    was_sent: bool,
    link: LinkNumber,
    is_in_flight: bool,
}

/// Everything that was sent.
#[derive(Debug, Default)]
pub struct Checks {
    sent: BTreeMap<u64, Tries>,
    passed: BTreeMap<(OperatorNumber, u8), u32>,
    pub sends: u64,
}

fn broken(what: String) -> Result<(), Violation> {
    Err(Violation(what))
}

impl Checks {
    /// A message is written to a link.
    pub fn sends(
        &mut self,
        (link, operator): (LinkNumber, OperatorNumber),
        message: &Message,
        attempt: u32,
        is_marked: bool,
        books: &Books,
        now: Now,
    ) -> Result<(), Violation> {
        self.sends += 1;
        let id = message.key.id;
        let Some(row) = books.rows.get(&id) else {
            return broken(format!("message {id} is sent and not durable"));
        };
        if !books.is_leased_to(id, operator) {
            return broken(format!("message {id} is sent without a durable lease"));
        }
        if row.stage != Stage::Waiting {
            return broken(format!("message {id} is sent though it is {:?}", row.stage));
        }
        if message.scheduled_at.is_some_and(|date| date > now.due) {
            return broken(format!("message {id} is sent before it is due"));
        }
        if message.row != row.message.row {
            return broken(format!("message {id} is sent as it was before it was replaced"));
        }
        self.keeps_order(link, message, books)?;
        let sent = self.sent.entry(id).or_default();
        if !sent.open.is_empty() && !is_marked {
            return broken(format!("message {id} is sent twice and not marked"));
        }
        sent.open.insert((link, attempt));
        (sent.was_sent, sent.link, sent.is_in_flight) = (true, link, true);
        Ok(())
    }

    fn keeps_order(&self, link: LinkNumber, message: &Message, books: &Books) -> Result<(), Violation> {
        let id = message.key.id;
        let was_sent = |id: u64| self.sent.get(&id).is_some_and(|sent| sent.was_sent);
        if message.scheduled_at.is_some() || was_sent(id) {
            return Ok(());
        }
        for (older, row) in books.rows.range(..id) {
            let other = &row.message;
            let is_before = row.stage == Stage::Waiting
                && other.account == message.account
                && other.key.class == message.key.class
                && other.key.first_choice == message.key.first_choice
                && other.scheduled_at.is_none()
                && other.addresses.destination() == message.addresses.destination();
            if !is_before {
                continue;
            }
            let sent = self.sent.get(older);
            if !was_sent(*older) {
                return broken(format!("message {id} overtakes message {older} to the same destination"));
            }
            if sent.is_some_and(|sent| sent.is_in_flight && sent.link != link) {
                return broken(format!("message {id} goes beside message {older} on another link"));
            }
        }
        Ok(())
    }

    /// A class is passed over, in a world where nothing fails.
    pub fn takes_turns(&mut self, message: &Message, books: &Books) -> Result<(), Violation> {
        let key = message.key;
        self.passed.remove(&(key.first_choice, key.class));
        for class in key.class + 1..crate::CLASSES {
            let waits = books.waiting().any(|row| {
                let other = row.message.key;
                other.first_choice == key.first_choice
                    && other.class == class
                    && other.id < key.id
                    && !self.sent.contains_key(&other.id)
            });
            let passed = self.passed.entry((key.first_choice, class)).or_default();
            *passed = if waits { *passed + 1 } else { 0 };
            if *passed > PASSED_MAX {
                return broken(format!("class {class} starves behind class {}", key.class));
            }
        }
        Ok(())
    }

    /// The state machine was told that a try is with nobody.
    pub fn refused(&mut self, id: u64, link: LinkNumber, attempt: u32) {
        if let Some(sent) = self.sent.get_mut(&id) {
            sent.open.remove(&(link, attempt));
        }
    }

    /// A message is not in flight any more.
    pub fn landed(&mut self, id: u64, link: LinkNumber) {
        if let Some(sent) = self.sent.get_mut(&id).filter(|sent| sent.link == link) {
            sent.is_in_flight = false;
        }
    }

    /// Nothing is in flight, as the process was killed. A start cannot know that a leased message was not sent.
    pub fn all_landed(&mut self, books: &Books) {
        for leased in books.leases.values().flat_map(|lease| &lease.messages) {
            self.sent.entry(leased.key.id).or_default().was_sent = true;
        }
        self.sent.values_mut().for_each(|sent| sent.is_in_flight = false);
    }

    /// Messages have come to an end or were accepted, durably.
    pub fn moved(&self, ids: &[u64], books: &Books) -> Result<(), Violation> {
        for id in ids {
            let Some(row) = books.rows.get(id) else { continue };
            let open = self.sent.get(id).map_or(0, |sent| sent.open.len());
            if row.refunds > 1 || row.ends > 1 {
                return broken(format!("message {id} has ended {} times, {} refunds", row.ends, row.refunds));
            }
            let is_sure = matches!(row.stage, Stage::Final(Outcome::Expired | Outcome::Rejected));
            if is_sure && open > 0 {
                return broken(format!("message {id} is {:?} though an operator may have it", row.stage));
            }
            if row.stage == Stage::Accepted && open > 1 && !row.is_possible_duplicate {
                return broken(format!("message {id} may be at two operators and is not marked"));
            }
        }
        Ok(())
    }

    /// Everything has come to its end.
    pub fn all_ended(submitted: &[u64], books: &Books) -> Result<(), Violation> {
        for id in submitted {
            let Some(row) = books.rows.get(id) else { return broken(format!("message {id} is lost")) };
            if row.ends > 1 || !row.is_over() {
                return broken(format!("message {id} has not ended: {:?}", row.stage));
            }
        }
        if let Some(receipt) = books.gateway_receipts.values().next() {
            return broken(format!("the receipt of message {} reached no gateway", receipt.message_id));
        }
        Ok(())
    }
}
