//! The judge of the whole chain: what gateways were told, what operators got, and what the books say must be one story.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::outcomes::Outcome;

/// The record of one message at a gateway. Its destination is its own among all messages of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub destination: String,
    /// The `message_id` it was acknowledged with.
    pub acknowledged: Option<String>,
}

/// The strictness of the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Something was just killed: messages may be anywhere on their way.
    Crash,
    /// All have come to where they are going.
    Rest,
}

/// The counts of the judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub acknowledged: usize,
    /// Charged, and the gateway was cut off before it was told.
    pub unanswered: usize,
    /// Not settled, nor known to be with an operator.
    pub waiting: usize,
    pub with_operator: usize,
    pub refunded: usize,
    /// Messages that operators got more than once.
    pub duplicates: usize,
    /// Messages of which the daemon said so itself, or that only may have been.
    pub possible_duplicates: usize,
}

/// The verdict on a whole data directory; the first offence as an error. `arrivals` are the destinations of all messages
/// that operators took, as often as they took them.
pub fn judge(
    sent: &[Sent],
    outcomes: &BTreeMap<String, Outcome>,
    arrivals: &[String],
    moment: Moment,
) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let charged = by_destination(outcomes)?;
    for message in sent {
        let found = charged.get(message.destination.as_str()).map(|(id, _)| *id);
        match &message.acknowledged {
            Some(id) if found == Some(id.as_str()) => verdict.acknowledged += 1,
            Some(_) => return Err(format!("acknowledged, and the books have {found:?}: {message:?}")),
            None => verdict.unanswered += usize::from(found.is_some()),
        }
    }
    let known: HashSet<&str> = sent.iter().map(|message| message.destination.as_str()).collect();
    if let Some(stranger) = charged.keys().find(|destination| !known.contains(*destination)) {
        return Err(format!("charged, and nobody sent it: {stranger}"));
    }
    let arrived = counted(arrivals);
    if let Some(free) = arrived.keys().find(|destination| !charged.contains_key(*destination)) {
        return Err(format!("handed to an operator, and nobody paid for it: {free}"));
    }
    for (destination, (_, outcome)) in &charged {
        verdict.weigh(outcome, arrived.get(destination).copied().unwrap_or_default(), moment)?;
    }
    Ok(verdict)
}

impl Verdict {
    /// Holds the end of one message against how often operators took it.
    fn weigh(&mut self, outcome: &Outcome, arrivals: usize, moment: Moment) -> Result<(), String> {
        let offence = |what: &str| Err(format!("{what}, having arrived {arrivals} times: {outcome:?}"));
        match Place::of(outcome) {
            Place::Waiting if moment == Moment::Rest => return offence("still waiting"),
            Place::Waiting => self.waiting += 1,
            Place::WithOperator if arrivals == 0 => return offence("with an operator"),
            Place::WithOperator => self.with_operator += 1,
            Place::Nowhere if !outcome.is_refunded() => return offence("with nobody, and not refunded"),
            Place::Nowhere if arrivals > 0 => return offence("refunded"),
            Place::Nowhere => self.refunded += 1,
        }
        self.possible_duplicates += usize::from(outcome.is_possible_duplicate());
        if arrivals > 1 {
            self.duplicates += 1;
            // A second try whose answer was lost with the daemon is not in the books yet.
            let may_come = moment == Moment::Crash && Place::of(outcome) == Place::Waiting;
            if !outcome.is_possible_duplicate() && !may_come {
                return offence("a duplicate that nobody owned up to");
            }
        }
        Ok(())
    }
}

/// The place of a message, by its state in the books.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a queue, or on its way to an operator.
    Waiting,
    WithOperator,
    /// No operator took it.
    Nowhere,
}

impl Place {
    fn of(outcome: &Outcome) -> Self {
        match outcome.state() {
            _ if outcome.is_accepted() => Self::WithOperator,
            "enroute" => Self::Waiting,
            _ => Self::Nowhere,
        }
    }
}

/// Each message with its id, by its destination.
fn by_destination(outcomes: &BTreeMap<String, Outcome>) -> Result<HashMap<&str, (&str, &Outcome)>, String> {
    let mut charged = HashMap::with_capacity(outcomes.len());
    for (id, outcome) in outcomes {
        if charged.insert(outcome.destination(), (id.as_str(), outcome)).is_some() {
            return Err(format!("charged twice: {outcome:?}"));
        }
    }
    Ok(charged)
}

fn counted(destinations: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::with_capacity(destinations.len());
    for destination in destinations {
        *counts.entry(destination.as_str()).or_default() += 1;
    }
    counts
}
