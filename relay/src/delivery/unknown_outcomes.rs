//! Messages with an unknown outcome: they were written to a link that was lost before it answered.
//!
//! They are neither refunded nor sent again at once: until their time-out a receipt may still settle them.

use std::collections::{BTreeSet, HashMap};

use parking_lot::Mutex;
use tollgate_engine::operator::OperatorNumber;
use tollgate_storage::message::QueueKey;

use super::attempt::Attempt;

/// The messages of all operators.
#[derive(Debug, Default)]
pub struct UnknownOutcomes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    by_id: HashMap<u64, UnknownOutcome>,
    /// Deadline and message id.
    deadlines: BTreeSet<(u64, u64)>,
    /// Message ids by operator, destination and source.
    by_address: HashMap<Address, Vec<u64>>,
}

/// An operator with destination and source of a message.
type Address = (OperatorNumber, Vec<u8>, Vec<u8>);

/// A message with an unknown outcome.
#[derive(Debug)]
pub struct UnknownOutcome {
    /// The message, with what was tried.
    pub attempt: Attempt,
    /// The operator that may have it.
    pub operator: OperatorNumber,
    deadline: u64,
}

impl UnknownOutcomes {
    /// Adds a message that is given up at `deadline`.
    pub fn add(&self, attempt: Attempt, operator: OperatorNumber, deadline: u64) {
        let id = attempt.key.message_id;
        let address = address_of(&attempt, operator);
        let mut state = self.0.lock();
        state.deadlines.insert((deadline, id));
        if let Some(address) = address {
            state.by_address.entry(address).or_default().push(id);
        }
        state.by_id.insert(id, UnknownOutcome { attempt, operator, deadline });
    }

    /// Takes a message out by its id.
    pub fn take(&self, message_id: u64) -> Option<UnknownOutcome> {
        let mut state = self.0.lock();
        let unknown_outcome = state.by_id.remove(&message_id)?;
        state.deadlines.remove(&(unknown_outcome.deadline, message_id));
        if let Some(address) = address_of(&unknown_outcome.attempt, unknown_outcome.operator)
            && let Some(ids) = state.by_address.get_mut(&address)
        {
            ids.retain(|id| *id != message_id);
            if ids.is_empty() {
                state.by_address.remove(&address);
            }
        }
        Some(unknown_outcome)
    }

    /// Takes out a message whose deadline has passed.
    pub fn take_due(&self, now: u64) -> Option<UnknownOutcome> {
        let id =
            self.0.lock().deadlines.first().filter(|(deadline, _)| *deadline <= now).map(|(_, id)| *id)?;
        self.take(id)
    }

    /// Takes out the one message that this operator may have for these addresses. Where there are several none is taken,
    /// as it would be a guess which of them a receipt means.
    pub fn take_only(
        &self,
        operator: OperatorNumber,
        destination: &[u8],
        source: &[u8],
    ) -> Option<UnknownOutcome> {
        let address = (operator, digits(destination), source.to_vec());
        let id = match self.0.lock().by_address.get(&address).map(Vec::as_slice) {
            Some([id]) => *id,
            _ => return None,
        };
        self.take(id)
    }

    /// The messages, each with the operator that may have it.
    pub fn keys(&self) -> Vec<(OperatorNumber, QueueKey)> {
        self.0
            .lock()
            .by_id
            .values()
            .map(|unknown_outcome| (unknown_outcome.operator, unknown_outcome.attempt.key))
            .collect()
    }

    /// The number of messages.
    pub fn count(&self) -> usize {
        self.0.lock().by_id.len()
    }
}

fn address_of(attempt: &Attempt, operator: OperatorNumber) -> Option<Address> {
    let ticket = attempt.message()?.ticket;
    Some((operator, digits(ticket.destination.digits), ticket.source.digits.to_vec()))
}

/// The digits of a number, which operators write with or without a prefix before the country code.
fn digits(address: &[u8]) -> Vec<u8> {
    let plain = address.strip_prefix(b"+").or_else(|| address.strip_prefix(b"00")).unwrap_or(address);
    plain.to_vec()
}
