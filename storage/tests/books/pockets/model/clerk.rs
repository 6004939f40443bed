//! The clerk, who keeps lists and maps and shares no rule with the engine.

use std::collections::BTreeMap;

use super::calendar::{month_at, span_at};
use super::tree::{EXCHANGE, ahead_of, caps_of, chain_of, currency_of, earns_of_margin, is_agent, price_of};

const DAY: u64 = 86_400_000_000;

/// Everything that one message moved in one account.
#[derive(Clone, Debug, Default)]
pub struct Part {
    pub account: usize,
    pub amount: i128,
    /// The month, the segments counted in it before, and those that this message counts.
    pub month: u32,
    pub counted_before: u64,
    pub counted: u64,
    pub covered: u64,
    pub takes: Vec<(u64, u64)>,
    pub commission: i128,
    /// The span of each cap that it counts in, in the order of the account's caps.
    pub spans: Vec<(u64, u64)>,
    /// Paid by the level below, in the currency of that one.
    pub sold: i128,
    pub is_agent: bool,
}

/// A message that was charged.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: u64,
    pub account: usize,
    pub segments: u64,
    pub network: usize,
    pub parts: Vec<Part>,
}

/// A cap's present span, with the messages and the money in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    pub span: (u64, u64),
    pub messages: u64,
    pub amount: i128,
}

/// Seller, month, child and network of what was sold.
pub type Sale = (usize, u32, usize, usize);

/// The clerk's books.
#[derive(Default)]
pub struct Clerk {
    pub balances: BTreeMap<usize, i128>,
    /// By account and month.
    pub counted: BTreeMap<(usize, u32), u64>,
    pub commissions: BTreeMap<usize, i128>,
    /// By account and number: what is left and the end.
    pub bundles: BTreeMap<(usize, u64), (u64, u64)>,
    /// By account and the position of the cap.
    pub counters: BTreeMap<(usize, usize), Counter>,
    /// Messages, segments, sold, bought, billed and commission.
    pub sales: BTreeMap<Sale, [i128; 6]>,
    /// Messages that can be given back.
    pub sent: Vec<Sent>,
    /// Messages whose CDRs nobody has looked at.
    pub unread: Vec<Sent>,
}

/// A level and the position of a cap there.
pub type CapAt = (usize, usize);

/// Everything that a message moves at every level, and the soft caps that it exceeds.
pub type Priced = (Vec<Part>, Vec<CapAt>);

impl Clerk {
    /// Prices a message and enters nothing. `Err` is the hard cap that it would exceed.
    pub fn price(&self, account: usize, segments: u64, now: u64) -> Result<Priced, CapAt> {
        let (mut parts, mut exceeded) = (Vec::new(), Vec::new());
        // What the nearest paying level below pays, in the currency of the level below.
        let (mut paid, mut currency) = (0, currency_of(account));
        for (level, of) in chain_of(account).into_iter().enumerate() {
            let month = month_at(ahead_of(of), now);
            let counted_before = self.counted.get(&(of, month)).copied().unwrap_or(0);
            let mut part = Part { account: of, month, counted_before, sold: paid, ..Part::default() };
            if level > 0 && is_agent(of) {
                paid = convert(paid, currency, currency_of(of), now);
                let own = if earns_of_margin(of) { price(of, counted_before, segments) } else { 0 };
                (part.counted, part.is_agent) = (segments, true);
                part.commission = half_even((paid - own).max(0), 10);
            } else {
                self.pay(&mut part, segments, now);
                for (at, (cap, span)) in caps_of(of).iter().zip(&part.spans).enumerate() {
                    let counter = self.counters.get(&(of, at)).filter(|counter| counter.span == *span);
                    let Counter { messages, amount, .. } = counter.copied().unwrap_or_default();
                    let too_much = cap.max_messages.is_some_and(|max| messages + 1 > max)
                        || cap.max_amount.is_some_and(|max| amount + part.amount > max);
                    if too_much && cap.is_hard {
                        return Err((level, at));
                    }
                    if too_much {
                        exceeded.push((level, at));
                    }
                }
                paid = part.amount;
            }
            currency = currency_of(of);
            parts.push(part);
        }
        Ok((parts, exceeded))
    }

    /// From bundles first, those that end soonest, and then from the wallet.
    fn pay(&self, part: &mut Part, segments: u64, now: u64) {
        let of = part.account;
        let of_account = self.bundles.range((of, 0)..=(of, u64::MAX));
        let mut open: Vec<_> = of_account.filter(|(_, (left, end))| *left > 0 && *end > now).collect();
        open.sort_by_key(|((_, number), (_, end))| (*end, *number));
        for ((_, number), (left, _)) in open {
            let units = (segments - part.covered).min(*left);
            if units > 0 {
                part.covered += units;
                part.takes.push((*number, units));
            }
        }
        part.counted = segments - part.covered;
        part.amount = price(of, part.counted_before, part.counted);
        part.spans = caps_of(of).iter().map(|cap| span_at(cap.unit, ahead_of(of), now)).collect();
    }

    pub fn enter(&mut self, sent: Sent) {
        for part in &sent.parts {
            self.count(part, 1);
            for (number, units) in &part.takes {
                self.bundles.get_mut(&(part.account, *number)).unwrap().0 -= units;
            }
            for (at, span) in part.spans.iter().enumerate() {
                let counter = self.counters.entry((part.account, at)).or_default();
                if counter.span != *span {
                    *counter = Counter { span: *span, ..Counter::default() };
                }
                counter.messages += 1;
                counter.amount += part.amount;
            }
        }
        self.sell(&sent, 1);
        self.unread.push(sent.clone());
        self.sent.push(sent);
    }

    /// Gives a message back; its account and id.
    pub fn give_back(&mut self, at: usize, now: u64) -> (usize, u64) {
        let sent = self.sent.swap_remove(at);
        for part in &sent.parts {
            self.count(part, -1);
            for (number, units) in &part.takes {
                let (left, end) = self.bundles.get_mut(&(part.account, *number)).unwrap();
                // Bundles of even accounts are good again for a day, the others keep nothing.
                if *end <= now && part.account % 2 == 0 {
                    *end = now + DAY;
                }
                *left += if *end > now { *units } else { 0 };
            }
            for (at, (cap, span)) in caps_of(part.account).iter().zip(&part.spans).enumerate() {
                let counter = self.counters.get_mut(&(part.account, at)).unwrap();
                if cap.gives_back && counter.span == *span {
                    counter.messages -= 1;
                    counter.amount -= part.amount;
                }
            }
        }
        self.sell(&sent, -1);
        (sent.account, sent.id)
    }

    fn count(&mut self, part: &Part, sign: i64) {
        *self.balances.entry(part.account).or_default() -= part.amount * i128::from(sign);
        *self.commissions.entry(part.account).or_default() += part.commission * i128::from(sign);
        let counted = self.counted.entry((part.account, part.month)).or_default();
        *counted = counted.checked_add_signed(part.counted.cast_signed() * sign).unwrap();
    }

    fn sell(&mut self, sent: &Sent, sign: i128) {
        for pair in sent.parts.windows(2) {
            let [child, seller] = pair else { unreachable!() };
            let (sold, billed) = if seller.is_agent { (0, seller.sold) } else { (seller.sold, 0) };
            let more = [1, sent.segments.into(), sold, seller.amount, billed, seller.commission];
            let key = (seller.account, seller.month, child.account, sent.network);
            let row = self.sales.entry(key).or_default();
            row.iter_mut().zip(more).for_each(|(sum, more)| *sum += more * sign);
        }
    }
}

/// So many segments behind those that were counted, one by one: the first twenty of a month cost the full price.
fn price(account: usize, counted_before: u64, segments: u64) -> i128 {
    let full = price_of(account);
    let positions = counted_before + 1..=counted_before + segments;
    positions.map(|position| if position <= 20 { full } else { half_even(full * 4, 5) }).sum()
}

pub fn convert(amount: i128, from: &str, to: &str, now: u64) -> i128 {
    if from == to {
        return amount;
    }
    let holding = EXCHANGE.iter().rev().filter(|(.., day, _)| day * DAY <= now);
    let find = |one, other| {
        let row = holding.clone().find(|(base, quote, ..)| (*base, *quote) == (one, other));
        row.map(|(.., rate)| i128::from(*rate))
    };
    match (find(from, to), find(to, from)) {
        (Some(rate), _) => half_even(amount * rate, 1_000_000),
        (None, Some(rate)) => half_even(amount * 1_000_000, rate),
        (None, None) => panic!("no rate from {from} to {to}"),
    }
}

/// The nearest whole number, the even one of two.
fn half_even(amount: i128, over: i128) -> i128 {
    let (whole, rest) = (amount / over, amount % over);
    whole + i128::from(rest * 2 > over || (rest * 2 == over && whole % 2 == 1))
}
