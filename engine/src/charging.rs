//! One message: from its addresses and octets to a charge or a refusal.
//!
//! [`rate`] is everything that needs no wallet; [`charge`] adds the throttle, the choice of an operator,
//! which is its caller's, and the debit. The checks stand in the order of precedence of [`Refusal`].

use crate::account::{NumberLengths, network_from_tlv};
use crate::money::Amount;
use crate::network::NetworkId;
use crate::number::Number;
use crate::number_lengths;
use crate::refusal::Refusal;
use crate::segments::{self, Body, SegmentError};
use crate::tables::{NetworkSource, Tables, Terms};
use crate::tariff::UnitPrice;
use crate::throttle::Throttle;
use crate::time::{Month, UnixMicros};
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
    /// The price of a segment before its tier.
    pub unit: UnitPrice,
    /// The month that the message counts in.
    pub month: Month,
}

/// A message that was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The rating that it was charged by.
    pub rated: Rated,
    /// The posting on the wallet.
    pub posting: Posting,
}

/// Rates a message: suspended, malformed, sender, template, destination, length, rate, in that order.
pub fn rate(
    tables: &Tables,
    terms: &Terms,
    message: &Message<'_>,
    now: UnixMicros,
) -> Result<Rated, Refusal> {
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
    let unit = terms.unit_price(network, now).ok_or(Refusal::NoRate)?;
    let month = terms.plan.months.month_at(now);
    Ok(Rated { number, network, network_source, has_odd_length, segments, unit, month })
}

/// Rates a message and debits the wallet in memory. The charge counts only once it is durable; until then
/// [`Wallet::undo`] takes it back.
///
/// Between the two `route` finds out where the message goes, or refuses it before any debit. It may ask what
/// the message costs as the wallet stands now ([`expected_price`]), which takes the wallet's lock.
pub fn charge<R>(
    tables: &Tables,
    terms: &Terms,
    throttle: &Throttle,
    wallet: &Wallet,
    message: &Message<'_>,
    now: UnixMicros,
    route: impl FnOnce(&Rated, &dyn Fn() -> Amount) -> Result<R, Refusal>,
) -> Result<(Charge, R), Refusal> {
    if terms.account.suspended {
        return Err(Refusal::Suspended);
    }
    if terms.account.rate_limit.is_some_and(|limit| !throttle.admit(limit, now)) {
        return Err(Refusal::Throttled);
    }
    let rated = rate(tables, terms, message, now)?;
    let routed = route(&rated, &|| expected_price(terms, wallet, &rated))?;
    let posting = Wallet::debit(&leg(terms, wallet, &rated))?;
    Ok((Charge { rated, posting }, routed))
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
        month: rated.month,
        segments: u32::from(rated.segments),
    }
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
    let named = message.network_tlv.filter(|_| terms.account.trusts_network_tlv);
    if let Some(network) = named.and_then(network_from_tlv).and_then(|code| tables.networks.id(code)) {
        return Some((number, network, NetworkSource::Tlv));
    }
    let (network, source) = tables.network_of(&number)?;
    Some((number, network, source))
}
