//! One message: from its addresses and octets to a charge or a refusal.
//!
//! [`rate`] is everything that needs no wallet; [`charge`] adds the throttle, the choice of an operator,
//! which is its caller's, and the debit. The checks stand in the order of precedence of [`Refusal`].

use std::cell::Cell;

use arrayvec::ArrayVec;

use crate::account::{Account, NumberLengths, network_from_tlv};
use crate::beside::Beside;
use crate::chain::{self, LEVELS_MAX, LevelLeg, LevelRefusal};
use crate::money::{Amount, Currency};
use crate::network::NetworkId;
use crate::number::Number;
use crate::number_lengths;
use crate::refusal::Refusal;
use crate::reselling::Earning;
use crate::segments::{self, Body, SegmentError};
use crate::tables::{NetworkSource, Tables, Terms};
use crate::tariff::UnitPrice;
use crate::throttle::Throttle;
use crate::time::{Moment, Month, UnixMicros};
use crate::traffic::Destination;
use crate::wallet::{Leg, Posting, Wallet};

/// A message as far as its price depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Source address as submitted.
    pub source: &'a [u8],
    /// Destination address as submitted.
    pub destination: &'a [u8],
    /// The destination's type of number (SMPP 3.4 §5.2.5).
    pub destination_ton: u8,
    /// The destination's numbering plan indicator (SMPP 3.4 §5.2.6).
    pub destination_npi: u8,
    /// The value of the account's network TLV, where the message has one.
    pub network_tlv: Option<&'a [u8]>,
    /// The text and header to be sent.
    pub body: Body<'a>,
}

/// A message with everything known about its price but its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rated {
    /// The destination in international form.
    pub number: Number,
    /// The network that the number belongs to.
    pub network: NetworkId,
    /// The way in which the network was found.
    pub network_source: NetworkSource,
    /// True if no number of its country has as many digits, and the account only wants to be warned.
    pub has_odd_length: bool,
    /// The number of segments charged.
    pub segments: u8,
    /// The price of a segment before its tier; nothing where there is no rate, and bundles have to cover the message.
    pub unit: UnitPrice,
    /// False where there is no rate.
    pub has_rate: bool,
    /// The month that the message counts in.
    pub month: Month,
}

/// The account that sends, with the accounts above it that pay or earn.
#[derive(Clone, Copy, Debug)]
pub struct Payer<'a> {
    /// The terms of the account.
    pub terms: &'a Terms,
    /// Its limit of messages per second.
    pub throttle: &'a Throttle,
    /// The wallet of the account.
    pub wallet: &'a Wallet,
    /// The levels above, from its parent up to the house's child.
    pub above: &'a [Level<'a>],
}

/// An account above the one that sends.
#[derive(Clone, Copy, Debug)]
pub struct Level<'a> {
    /// The terms at which it buys.
    pub terms: &'a Terms,
    /// The wallet of the account.
    pub wallet: &'a Wallet,
}

/// A message as the levels above buy it, from the parent up.
pub type RatedAbove = ArrayVec<Rated, LEVELS_MAX>;

/// Every level of a message, the sender's first.
pub type LevelLegs<'a> = ArrayVec<LevelLeg<'a>, LEVELS_MAX>;

/// A message that was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The rating that it was charged by.
    pub rated: Rated,
    /// The posting on the wallet.
    pub posting: Posting,
    /// The changes beside the wallet; `None` where there are none.
    pub beside: Option<Box<Beside>>,
}

/// The facts about one number by which a message belongs to a part of the traffic. Levels nearly always believe in the same
/// network, for which they are found once.
#[derive(Debug)]
pub struct Destinations<'a> {
    tables: &'a Tables,
    number: Number,
    last: Cell<Option<(NetworkId, Destination)>>,
}

impl<'a> Destinations<'a> {
    fn new(tables: &'a Tables, number: Number) -> Self {
        Self { tables, number, last: Cell::new(None) }
    }

    /// The facts for a level that believes in this network.
    pub fn get(&self, network: NetworkId) -> Destination {
        match self.last.get() {
            Some((known, destination)) if known == network => destination,
            _ => {
                let destination = self.tables.destination(&self.number, network);
                self.last.set(Some((network, destination)));
                destination
            }
        }
    }
}

/// Rates a message: suspended, malformed, sender, template, destination, length, rate, in that order. Prices that follow
/// from what accounts above pay are not known here; [`rate_levels`] knows them.
pub fn rate(
    tables: &Tables,
    terms: &Terms,
    message: &Message<'_>,
    now: UnixMicros,
) -> Result<Rated, Refusal> {
    let unpriced = examine(tables, terms, message)?;
    let unit = terms.unit_price(unpriced.network, now).ok_or(Refusal::NoRate)?;
    Ok(unpriced.priced(terms, Some(unit), now))
}

/// Rates a message at every level: first as the sender's, then as the levels above buy it, each by its own network, segments
/// and month. Prices are found from the highest level down, as a price list may put a mark-up on what its owner pays. A level
/// without a rate takes the message where its bundles cover all of it at this moment.
pub fn rate_levels<'a>(
    tables: &'a Tables,
    payer: &Payer<'_>,
    message: &Message<'_>,
    at: Moment,
    rated_above: &mut RatedAbove,
) -> Result<(Rated, Destinations<'a>), LevelRefusal> {
    let Payer { terms, wallet, above, .. } = *payer;
    let (sender, unpriced) = (terms, examine(tables, terms, message)?);
    let destinations = Destinations::new(tables, unpriced.number);
    let mut seller = None;
    for (index, level) in above.iter().enumerate().rev() {
        let refused = |refusal| LevelRefusal::at(index + 1, refusal);
        let unpriced = examine_above(tables, level.terms, message, (sender, &unpriced)).map_err(refused)?;
        let below =
            index.checked_sub(1).and_then(|index| above.get(index)).map_or(terms, |below| below.terms);
        let pays = below.account.reselling.earning == Earning::Wholesale;
        let unit = unpriced.unit(&destinations, *level, seller, pays, at).map_err(refused)?;
        seller = unit.map(|unit| (level.terms.account.currency, unit.price));
        rated_above.push(unpriced.priced(level.terms, unit, at.now));
    }
    rated_above.reverse();
    let unit = unpriced.unit(&destinations, Level { terms, wallet }, seller, true, at)?;
    Ok((unpriced.priced(terms, unit, at.now), destinations))
}

/// Rates a message and debits the wallet in memory, and those of the levels above. The charge counts only once it is durable;
/// until then [`Wallet::undo`] and [`Wallet::undo_postings`] take it back.
///
/// Between the two `route` finds out where the message goes, or refuses it before any debit. It may ask what
/// the message costs as the wallet stands now ([`expected_price`]), which takes the wallet's lock. `spare` is the memory that
/// an earlier charge used for what it moved beside the wallet.
pub fn charge<R>(
    tables: &Tables,
    payer: &Payer<'_>,
    message: &Message<'_>,
    at: Moment,
    spare: Option<Box<Beside>>,
    route: impl FnOnce(&Rated, &dyn Fn() -> Amount) -> Result<R, Refusal>,
) -> Result<(Charge, R), LevelRefusal> {
    let Payer { terms, throttle, wallet, above } = *payer;
    if terms.account.suspended {
        return Err(Refusal::Suspended.into());
    }
    if terms.account.rate_limit.is_some_and(|limit| !throttle.admit(limit, at.now)) {
        return Err(Refusal::Throttled.into());
    }
    if above.is_empty() && terms.account.caps.is_empty() && !wallet.has_pockets() {
        let rated = rate(tables, terms, message, at.now)?;
        let routed = route(&rated, &|| expected_price(terms, wallet, &rated))?;
        let posting = Wallet::debit(&leg(terms, wallet, &rated))?;
        return Ok((Charge { rated, posting, beside: None }, routed));
    }
    charge_levels(tables, payer, message, at, spare, route)
}

/// Charges a message that may move more than one wallet. The room that its levels take is no part of the usual charge.
#[inline(never)]
fn charge_levels<R>(
    tables: &Tables,
    payer: &Payer<'_>,
    message: &Message<'_>,
    at: Moment,
    spare: Option<Box<Beside>>,
    route: impl FnOnce(&Rated, &dyn Fn() -> Amount) -> Result<R, Refusal>,
) -> Result<(Charge, R), LevelRefusal> {
    let Payer { terms, wallet, .. } = *payer;
    let (mut rated_above, mut levels) = (RatedAbove::new(), LevelLegs::new());
    let (rated, destinations) = rate_levels(tables, payer, message, at, &mut rated_above)?;
    let routed = route(&rated, &|| expected_price(terms, wallet, &rated))?;
    level_legs(&destinations, payer, &rated, &rated_above, at.now, &mut levels);
    let mut beside = spare.unwrap_or_default();
    chain::debit(&levels, at, &mut beside)?;
    beside.country = destinations.get(rated.network).country;
    let posting = beside.own.posting;
    Ok((Charge { rated, posting, beside: Some(beside) }, routed))
}

/// Every level of a rated message, the sender's first, before it is priced.
pub fn level_legs<'a>(
    destinations: &Destinations<'_>,
    payer: &Payer<'a>,
    rated: &Rated,
    rated_above: &[Rated],
    now: UnixMicros,
    legs: &mut LevelLegs<'a>,
) {
    let own = Level { terms: payer.terms, wallet: payer.wallet };
    legs.push(level_leg(destinations, own, rated, None, now));
    let mut below = payer.terms;
    for (level, rated) in payer.above.iter().zip(rated_above) {
        legs.push(level_leg(destinations, *level, rated, Some(below), now));
        below = level.terms;
    }
}

fn level_leg<'a>(
    destinations: &Destinations<'_>,
    Level { terms, wallet }: Level<'a>,
    rated: &Rated,
    below: Option<&Terms>,
    now: UnixMicros,
) -> LevelLeg<'a> {
    let looks_beside = wallet.has_pockets() || !terms.account.caps.is_empty();
    let earning = below.map(|below| below.account.reselling.earning).unwrap_or_default();
    // Who buys asks nothing of what the level below pays.
    let paid_below = below.filter(|_| earning != Earning::Wholesale);
    let exchange = &destinations.tables.exchange;
    let in_own = |below: &Terms| exchange.at(below.account.currency, terms.account.currency, now);
    LevelLeg {
        leg: leg(terms, wallet, rated),
        network: destinations.tables.networks.get(rated.network).code,
        earning,
        from_below: paid_below.and_then(in_own),
        destination: looks_beside.then(|| destinations.get(rated.network)),
        caps: &terms.account.caps,
        calendar: &terms.plan.calendar,
    }
}

/// The price of a rated message at the wallet's volume of this moment. Another message may come first, so
/// that the debit takes the price of the next tier. A price that cannot be held is [`Amount::MAX`]; the debit
/// refuses it.
pub fn expected_price(terms: &Terms, wallet: &Wallet, rated: &Rated) -> Amount {
    let counted = wallet.state().counted(rated.month);
    let price = terms.plan.plan.price(rated.unit, counted, u32::from(rated.segments));
    price.unwrap_or(Amount::MAX)
}

/// The debit that a rated message asks of its account's wallet.
pub fn leg<'a>(terms: &'a Terms, wallet: &'a Wallet, rated: &Rated) -> Leg<'a> {
    Leg {
        wallet,
        credit_limit: terms.account.credit_limit,
        plan: &terms.plan.plan,
        unit: rated.unit,
        has_rate: rated.has_rate,
        month: rated.month,
        segments: u32::from(rated.segments),
    }
}

/// A message of which everything but its price is known.
struct Unpriced {
    number: Number,
    network: NetworkId,
    network_source: NetworkSource,
    has_odd_length: bool,
    segments: u8,
}

impl Unpriced {
    /// The price of a segment for a level; `None` where there is no rate and its bundles cover the whole message.
    fn unit(
        &self,
        destinations: &Destinations<'_>,
        level: Level<'_>,
        seller: Option<(Currency, Amount)>,
        pays: bool,
        at: Moment,
    ) -> Result<Option<UnitPrice>, Refusal> {
        let destination = || destinations.get(self.network);
        let unit = destinations.tables.price_from(level.terms, &destination, self.network, seller, at.now);
        let is_covered = || {
            pays && level.wallet.has_pockets()
                && level.wallet.covers(&destination(), u32::from(self.segments), at.due)
        };
        if unit.is_none() && !is_covered() { Err(Refusal::NoRate) } else { Ok(unit) }
    }

    fn priced(self, terms: &Terms, unit: Option<UnitPrice>, now: UnixMicros) -> Rated {
        let Self { number, network, network_source, has_odd_length, segments } = self;
        let (month, has_rate) = (terms.plan.months.month_at(now), unit.is_some());
        let unit = unit.unwrap_or(UnitPrice { price: Amount::ZERO, is_base: false });
        Rated { number, network, network_source, has_odd_length, segments, unit, has_rate, month }
    }
}

/// Everything about a message that the account which sends it is asked for.
fn examine(tables: &Tables, terms: &Terms, message: &Message<'_>) -> Result<Unpriced, Refusal> {
    if terms.account.suspended {
        return Err(Refusal::Suspended);
    }
    let counted = segments::count(&message.body, terms.account.default_coding);
    if counted == Err(SegmentError::Malformed) {
        return Err(Refusal::Malformed);
    }
    if !terms.account.allows_sender(message.source) {
        return Err(Refusal::SenderNotAllowed);
    }
    if !terms.account.allows_text(&message.body) {
        return Err(Refusal::TemplateNotAllowed);
    }
    let (number, network, network_source) =
        resolve(tables, terms, message).ok_or(Refusal::UnknownDestination)?;
    let has_odd_length = !number_lengths::is_possible(&number);
    if has_odd_length && terms.account.number_lengths == NumberLengths::Refuse {
        return Err(Refusal::UnknownDestination);
    }
    let segments = counted.map_err(|_| Refusal::TooLong)?.segments;
    Ok(Unpriced { number, network, network_source, has_odd_length, segments })
}

/// The same message as a level above buys it: by the network that it believes, and by its own default coding. What the
/// sender's terms say alike is not found once more.
fn examine_above(
    tables: &Tables,
    terms: &Terms,
    message: &Message<'_>,
    (sender, of_sender): (&Terms, &Unpriced),
) -> Result<Unpriced, Refusal> {
    let Account { suspended, default_coding, trusts_network_tlv, .. } = &terms.account;
    if *suspended {
        return Err(Refusal::Suspended);
    }
    let segments = if *default_coding == sender.account.default_coding {
        of_sender.segments
    } else {
        segments::count(&message.body, *default_coding).map_err(|_| Refusal::TooLong)?.segments
    };
    let is_same = message.network_tlv.is_none() || *trusts_network_tlv == sender.account.trusts_network_tlv;
    let (network, network_source) = if is_same {
        (of_sender.network, of_sender.network_source)
    } else {
        network_for(tables, terms, message, &of_sender.number).ok_or(Refusal::UnknownDestination)?
    };
    Ok(Unpriced { network, network_source, segments, ..*of_sender })
}

fn resolve(
    tables: &Tables,
    terms: &Terms,
    message: &Message<'_>,
) -> Option<(Number, NetworkId, NetworkSource)> {
    let number = Number::normalise(
        message.destination,
        message.destination_ton,
        message.destination_npi,
        terms.account.default_calling_code.as_deref(),
    )?;
    let (network, source) = network_for(tables, terms, message, &number)?;
    Some((number, network, source))
}

/// The network of a number for one account: the one that the message names, where the account is trusted to.
fn network_for(
    tables: &Tables,
    terms: &Terms,
    message: &Message<'_>,
    number: &Number,
) -> Option<(NetworkId, NetworkSource)> {
    let named = message.network_tlv.filter(|_| terms.account.trusts_network_tlv);
    if let Some(network) = named.and_then(network_from_tlv).and_then(|code| tables.networks.id(code)) {
        return Some((network, NetworkSource::Tlv));
    }
    tables.network_of(number)
}
