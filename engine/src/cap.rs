//! Caps: limits of the money and the messages of an account in a minute, hour, day or month of the calendar, for all its
//! traffic or a part of it. They are checked and counted in the step of the debit.

use std::ops::Deref;
use std::sync::Arc;

use crate::calendar::{Calendar, Span, SpanUnit};
use crate::money::{Amount, Total};
use crate::time::UnixMicros;
use crate::traffic::{Destination, TrafficScope};

/// The number that stands for a cap of an account on disk. It follows from the cap's name and span, so that a cap of another
/// span begins anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapNumber(pub u32);

impl CapNumber {
    /// The number of the cap with this name and span: FNV-1a of 32 bits, the same for every build.
    pub fn of(name: &str, span: SpanUnit) -> Self {
        let octets = name.bytes().chain([0]).chain(span.name().bytes());
        Self(octets.fold(0x811C_9DC5, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)))
    }
}

/// The name of a cap and the span that it counts in, with the number that follows from both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapId {
    name: Box<str>,
    span: SpanUnit,
    number: CapNumber,
}

impl CapId {
    /// The id of the cap with this name and span.
    pub fn new(name: &str, span: SpanUnit) -> Self {
        Self { name: name.into(), span, number: CapNumber::of(name, span) }
    }
}

/// A cap as it is provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Its name, which is unique within the account, and its span.
    pub id: CapId,
    /// The traffic that it limits.
    pub scope: TrafficScope,
    /// The most money that the wallet may pay in a span.
    pub max_amount: Option<Amount>,
    /// The most messages in a span.
    pub max_messages: Option<u64>,
    /// True if a message beyond it is refused; otherwise it is told only.
    pub is_hard: bool,
    /// True if a refund gives back what was counted.
    pub gives_back: bool,
}

/// The count of one cap in its present span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapCounter {
    /// The number of the cap.
    pub cap: CapNumber,
    /// The span that it counts.
    pub span: Span,
    /// Money paid in it.
    pub amount: Total,
    /// Messages in it.
    pub messages: u64,
}

/// One message in one cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapCount {
    /// The number of the cap.
    pub cap: CapNumber,
    /// The span that the message counts in.
    pub span: Span,
    /// True if a refund gives it back.
    pub gives_back: bool,
}

impl CapCount {
    fn of(cap: &Cap, counter: &CapCounter) -> Self {
        Self { cap: counter.cap, span: counter.span, gives_back: cap.gives_back }
    }
}

/// The caps that a message counts in. Messages that follow one another share one list, as most of them count in the same.
#[derive(Clone, Debug, Default)]
pub struct CapCounts(Option<Arc<[CapCount]>>);

impl CapCounts {
    /// True if both are one list in memory, and equal without a look at it.
    pub fn is_same_list(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Deref for CapCounts {
    type Target = [CapCount];

    fn deref(&self) -> &[CapCount] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl PartialEq for CapCounts {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_list(other) || **self == **other
    }
}

impl Eq for CapCounts {}

impl FromIterator<CapCount> for CapCounts {
    fn from_iter<T: IntoIterator<Item = CapCount>>(counts: T) -> Self {
        let counts: Vec<CapCount> = counts.into_iter().collect();
        Self((!counts.is_empty()).then(|| counts.into()))
    }
}

impl Cap {
    /// The name, unique within the account.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// The span that it counts in.
    pub fn span(&self) -> SpanUnit {
        self.id.span
    }

    /// The number that stands for it on disk.
    pub fn number(&self) -> CapNumber {
        self.id.number
    }

    /// True if so much is beyond it.
    pub fn is_exceeded(&self, amount: Total, messages: u64) -> bool {
        self.max_amount.is_some_and(|max| amount > Total::from(max))
            || self.max_messages.is_some_and(|max| messages > max)
    }
}

/// The counters of an account's caps.
#[derive(Clone, Debug, Default)]
pub struct CapCounters {
    counters: Vec<CapCounter>,
    /// The caps that the message before counted in.
    last: CapCounts,
}

/// The counters alone: the list that is kept for the next message says nothing more.
impl PartialEq for CapCounters {
    fn eq(&self, other: &Self) -> bool {
        self.counters == other.counters
    }
}

impl Eq for CapCounters {}

impl CapCounters {
    /// The count of a cap at an instant, with nothing in it where a new span has begun. A message that was read before the
    /// present span began counts in it all the same.
    pub fn current(&self, cap: &Cap, calendar: &Calendar, now: UnixMicros) -> CapCounter {
        let number = cap.number();
        let known = self.get(number).filter(|known| now < known.span.end);
        known.copied().unwrap_or_else(|| CapCounter {
            cap: number,
            span: calendar.span_at(cap.span(), now),
            amount: Total::ZERO,
            messages: 0,
        })
    }

    /// Finds the caps that a message of this price counts in, and tells those that it exceeds by their place among `caps`.
    /// The first hard one is the error, and the message is not to be charged. The list of the message before is given again
    /// where it is the same.
    pub(crate) fn check(
        &self,
        caps: &[Cap],
        message: (&Destination, Amount),
        (calendar, now): (&Calendar, UnixMicros),
        counts: &mut CapCounts,
        mut exceeded: impl FnMut(usize),
    ) -> Result<(), usize> {
        let (destination, amount) = message;
        let (mut last, mut is_last) = (self.last.iter(), true);
        for (at, cap) in caps.iter().enumerate() {
            if !cap.scope.contains(destination) {
                continue;
            }
            let counter = self.current(cap, calendar, now);
            is_last &= last.next() == Some(&CapCount::of(cap, &counter));
            if cap.is_exceeded(counter.amount.plus(amount), counter.messages + 1) {
                if cap.is_hard {
                    return Err(at);
                }
                exceeded(at);
            }
        }
        if !is_last || last.next().is_some() {
            let count = |cap: &Cap| CapCount::of(cap, &self.current(cap, calendar, now));
            *counts = caps.iter().filter(|cap| cap.scope.contains(destination)).map(count).collect();
        } else if !counts.is_same_list(&self.last) {
            *counts = self.last.clone();
        }
        Ok(())
    }

    /// Counts a message in its caps.
    pub(crate) fn count_message(&mut self, counts: &CapCounts, amount: Amount) {
        for count in &**counts {
            self.count(count, amount.into(), 1);
        }
        if !self.last.is_same_list(counts) {
            self.last = counts.clone();
        }
    }

    /// A counter by its cap.
    pub fn get(&self, cap: CapNumber) -> Option<&CapCounter> {
        self.counters.iter().find(|counter| counter.cap == cap)
    }

    /// Puts a counter in the place of the one of the same cap.
    pub fn set(&mut self, counter: CapCounter) {
        match self.counters.iter_mut().find(|known| known.cap == counter.cap) {
            Some(known) => *known = counter,
            None => self.counters.push(counter),
        }
    }

    /// Counts messages. Of two spans the later one stays.
    pub fn count(&mut self, count: &CapCount, amount: Total, messages: u64) {
        let CapCount { cap, span, .. } = *count;
        match self.counters.iter_mut().find(|known| known.cap == cap) {
            Some(known) if known.span == span => {
                known.amount += amount;
                known.messages += messages;
            }
            Some(known) if known.span < span => *known = CapCounter { cap, span, amount, messages },
            Some(_) => {}
            None => self.counters.push(CapCounter { cap, span, amount, messages }),
        }
    }

    /// Gives back messages of a span, if it is still the present one.
    pub fn give_back(&mut self, count: &CapCount, amount: Total, messages: u64) {
        let known = self.counters.iter_mut().find(|known| known.cap == count.cap);
        if let Some(known) = known.filter(|known| known.span == count.span) {
            known.amount -= amount;
            known.messages = crate::money::segments_left(known.messages, messages);
        }
    }

    /// Every counter, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &CapCounter> {
        self.counters.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cap(span: SpanUnit) -> Cap {
        let (max_amount, max_messages) = (Some(Amount::from_micros(100)), Some(3));
        Cap {
            id: CapId::new("daily", span),
            scope: TrafficScope::All,
            max_amount,
            max_messages,
            is_hard: true,
            gives_back: true,
        }
    }

    fn at(text: &str) -> UnixMicros {
        UnixMicros::parse(text).unwrap()
    }

    fn count(cap: &Cap, calendar: &Calendar, now: UnixMicros) -> CapCount {
        CapCount { cap: cap.number(), span: calendar.span_at(cap.span(), now), gives_back: true }
    }

    #[test]
    fn a_cap_is_reached_before_it_is_exceeded() {
        let cap = cap(SpanUnit::Day);
        let exceeded = |micros, messages| cap.is_exceeded(Amount::from_micros(micros).into(), messages);
        assert_eq!([exceeded(100, 3), exceeded(101, 3), exceeded(100, 4)], [false, true, true]);
    }

    #[test]
    fn a_new_span_begins_with_nothing_and_an_older_message_counts_in_it() {
        let (cap, calendar) = (cap(SpanUnit::Day), Calendar::of_zone("UTC").unwrap());
        let (today, tomorrow) = (at("2026-03-01T23:59:59Z"), at("2026-03-02T00:00:00Z"));
        let mut counters = CapCounters::default();
        counters.count(&count(&cap, &calendar, today), Total::from_micros(7), 1);
        assert_eq!(counters.current(&cap, &calendar, today).messages, 1);
        assert_eq!(counters.current(&cap, &calendar, tomorrow).messages, 0);
        counters.count(&count(&cap, &calendar, tomorrow), Total::from_micros(5), 1);
        assert_eq!(counters.current(&cap, &calendar, today).amount, Total::from_micros(5));
        counters.count(&count(&cap, &calendar, today), Total::from_micros(3), 1);
        assert_eq!(
            counters.current(&cap, &calendar, today).amount,
            Total::from_micros(5),
            "an ended span stays ended"
        );
    }

    #[test]
    fn only_the_present_span_takes_back() {
        let (cap, calendar) = (cap(SpanUnit::Day), Calendar::of_zone("UTC").unwrap());
        let (today, tomorrow) = (at("2026-03-01T10:00:00Z"), at("2026-03-02T10:00:00Z"));
        let mut counters = CapCounters::default();
        let (first, second) = (count(&cap, &calendar, today), count(&cap, &calendar, tomorrow));
        counters.count(&first, Total::from_micros(7), 1);
        counters.count(&second, Total::from_micros(5), 1);
        counters.give_back(&first, Total::from_micros(7), 1);
        assert_eq!(counters.get(cap.number()).unwrap().messages, 1);
        counters.give_back(&second, Total::from_micros(5), 1);
        assert_eq!(counters.get(cap.number()).unwrap().amount, Total::ZERO);
    }

    #[test]
    fn the_number_of_a_name_stays_the_same() {
        let numbers = SpanUnit::ALL.map(|span| CapNumber::of("daily", span).0);
        assert_eq!(numbers, [3_175_547_294, 2_417_658_856, 2_676_842_472, 2_673_904_668]);
    }
}
