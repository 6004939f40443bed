//! All operators, by their numbers, and those that something may move for.

use std::collections::BTreeSet;

use tollgate_engine::breaker::BreakerConfig;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Condition, Conditions};
use tollgate_engine::time::UnixMicros;

use crate::country_breakers::Mcc;
use crate::operator::Operator;

/// The operators that are or were provisioned.
#[derive(Debug)]
pub struct Operators {
    by_number: Vec<Option<Box<Operator>>>,
    breaker: BreakerConfig,
    /// Those whose backlog is to be looked at.
    to_assign: BTreeSet<OperatorNumber>,
    /// Those whose links may be written to.
    to_send: BTreeSet<OperatorNumber>,
    /// Those that are tried out.
    probed: BTreeSet<OperatorNumber>,
}

impl Operators {
    /// No operator is known yet.
    pub fn new(breaker: BreakerConfig) -> Self {
        Self {
            by_number: Vec::new(),
            breaker,
            to_assign: BTreeSet::new(),
            to_send: BTreeSet::new(),
            probed: BTreeSet::new(),
        }
    }

    /// An operator by its number.
    pub fn get(&self, number: OperatorNumber) -> Option<&Operator> {
        self.by_number.get(usize::from(number.0))?.as_deref()
    }

    /// An operator, to change.
    pub fn get_mut(&mut self, number: OperatorNumber) -> Option<&mut Operator> {
        self.by_number.get_mut(usize::from(number.0))?.as_deref_mut()
    }

    /// An operator, which is new if nothing was heard of it before.
    pub fn known(&mut self, number: OperatorNumber) -> &mut Operator {
        let place = usize::from(number.0);
        if self.by_number.len() <= place {
            self.by_number.resize_with(place + 1, || None);
        }
        let Some(slot) = self.by_number.get_mut(place) else {
            unreachable!("the table was made long enough")
        };
        slot.get_or_insert_with(|| Box::new(Operator::new(number, self.breaker)))
    }

    /// The numbers of all operators.
    pub fn numbers(&self) -> Vec<OperatorNumber> {
        self.by_number.iter().flatten().map(|operator| operator.number).collect()
    }

    /// The backlog of an operator is to be looked at.
    pub fn look_at(&mut self, number: OperatorNumber) {
        self.to_assign.insert(number);
    }

    /// Every backlog is to be looked at.
    pub fn look_at_all(&mut self) {
        let numbers = self.by_number.iter().flatten().map(|operator| operator.number);
        self.to_assign.extend(numbers);
    }

    /// The links of an operator may be written to.
    pub fn stir(&mut self, number: OperatorNumber) {
        self.to_send.insert(number);
    }

    /// The next backlog to look at.
    pub fn next_to_assign(&mut self) -> Option<OperatorNumber> {
        self.to_assign.pop_first()
    }

    /// The next operator whose links may be written to.
    pub fn next_to_send(&mut self) -> Option<OperatorNumber> {
        self.to_send.pop_first()
    }

    /// Notes whether an operator is tried out.
    pub fn set_probed(&mut self, number: OperatorNumber, is_probed: bool) -> bool {
        if is_probed { self.probed.insert(number) } else { self.probed.remove(&number) }
    }

    /// True if an operator is tried out and wants more probes.
    pub fn any_wants_probes(&self, now: UnixMicros) -> bool {
        self.probed.iter().any(|number| self.probes(*number, now) > 0)
    }

    /// The probes that an operator wants.
    pub fn probes(&self, number: OperatorNumber, now: UnixMicros) -> u32 {
        self.get(number).map_or(0, |operator| operator.probes(now))
    }
}

/// The conditions of operators for a message to one country. One that is tried out counts as available as long as it
/// wants more probes: otherwise it would get no messages and never be found available again, as its messages have long
/// gone elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct CountryConditions<'a> {
    /// The operators in question.
    pub operators: &'a Operators,
    /// The country in question.
    pub country: Mcc,
    /// The time in question.
    pub at: UnixMicros,
    /// An operator that does not count, as it has too much waiting.
    pub without: Option<OperatorNumber>,
}

impl CountryConditions<'_> {
    /// True if the operator takes the message now.
    pub fn takes(&self, number: OperatorNumber) -> bool {
        let Some(operator) = self.operators.get(number) else { return false };
        self.without != Some(number)
            && (operator.is_available() || operator.probes(self.at) > 0)
            && !operator.countries.is_open(self.country, self.at)
    }
}

impl Conditions for CountryConditions<'_> {
    fn condition(&self, number: OperatorNumber) -> Condition {
        let score = self.operators.get(number).map_or(0, |operator| operator.condition().score);
        Condition { available: self.takes(number), score }
    }
}
