//! Bundles of an account.

use std::sync::Arc;

use tollgate_engine::bundle::{Bundle, BundleNumber, BundleUnit};
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::TrafficScope;

use super::Row;
use crate::codec::{Reader, put_amount, put_bytes, put_micros, put_varint};

/// The most units that a bundle may ever hold.
pub const BUNDLE_UNITS_MAX: u64 = 1 << 53;

/// `bundles`: one bundle of an account, also after its end. Its number is the id of the ledger entry that it was given by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// The product's name.
    pub product: String,
    /// The meaning of one unit.
    pub unit: BundleUnit,
    /// The messages that may take from it.
    pub scope: Arc<TrafficScope>,
    /// Of bundles that end together the one with the smaller number is taken first.
    pub priority: u8,
    /// Every unit that was ever put into it.
    pub units: u64,
    /// The units that are left.
    pub left: u64,
    /// The time at which it was bought or granted.
    pub bought_at: UnixMicros,
    /// The first instant at which it gives nothing any more.
    pub expires_at: UnixMicros,
    /// The price paid for it; zero where it was granted.
    pub price: Amount,
    /// The treatment of units that a refund gives back after its end.
    pub late_refund: LateRefund,
    /// The part of the rest that is taken into a next period.
    pub rollover: Rollover,
    /// The length of a period.
    pub validity: Validity,
    /// The periods that it has rolled over into; zero in the first.
    pub period: u32,
    /// The subscription or action that it comes from, in words of whoever gave it; may be empty.
    pub origin: String,
}

/// The treatment of units that a refund gives back to a bundle that has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LateRefund {
    /// They are gone.
    #[default]
    Forfeit,
    /// The bundle is good again for so many days from then on.
    ExtendDays(u32),
}

/// The part of the rest that a bundle takes into a next period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rollover {
    /// Nothing: it ends.
    #[default]
    None,
    /// The whole rest.
    All,
    /// At most so many units.
    UpTo(u64),
}

/// The length of a bundle's period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// So many days of 24 hours.
    Days(u32),
    /// To the end of the calendar month in the plan's time zone.
    CalendarMonth,
}

impl LateRefund {
    /// The end of a bundle that units come back to now; `None` where they do not come back.
    pub fn extended_to(self, now: UnixMicros) -> Option<UnixMicros> {
        const DAY_MICROS: u64 = 86_400_000_000;
        match self {
            Self::Forfeit => None,
            Self::ExtendDays(days) => {
                Some(UnixMicros(now.0.saturating_add(DAY_MICROS.saturating_mul(days.into()))))
            }
        }
    }
}

impl Rollover {
    /// The units of a rest that stay in the bundle.
    pub fn kept_of(self, rest: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::All => rest,
            Self::UpTo(most) => rest.min(most),
        }
    }
}

impl BundleRow {
    /// The bundle as charging knows it.
    pub fn bundle(&self, number: BundleNumber) -> Bundle {
        let Self { unit, priority, expires_at, left, .. } = *self;
        Bundle { number, unit, scope: Arc::clone(&self.scope), priority, expires_at, left }
    }

    /// True if it is whole and gives something for a while.
    pub fn is_new(&self) -> bool {
        (1..=BUNDLE_UNITS_MAX).contains(&self.units)
            && self.left == self.units
            && self.period == 0
            && self.bought_at < self.expires_at
            && !self.price.is_negative()
    }
}

impl Row for BundleRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.product.as_bytes());
        out.extend_from_slice(&[self.unit as u8, self.priority]);
        put_scope(out, &self.scope);
        put_varint(out, self.units);
        put_varint(out, self.left);
        put_micros(out, self.bought_at);
        put_micros(out, self.expires_at);
        put_amount(out, self.price);
        let (late_refund, days) = match self.late_refund {
            LateRefund::Forfeit => (0, 0),
            LateRefund::ExtendDays(days) => (1, days),
        };
        put_choice(out, late_refund, days.into());
        match self.rollover {
            Rollover::None => put_choice(out, 0, 0),
            Rollover::All => put_choice(out, 1, 0),
            Rollover::UpTo(most) => put_choice(out, 2, most),
        }
        match self.validity {
            Validity::Days(days) => put_choice(out, 0, days.into()),
            Validity::CalendarMonth => put_choice(out, 1, 0),
        }
        put_varint(out, u64::from(self.period));
        put_bytes(out, self.origin.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            product: reader.text()?.to_owned(),
            unit: BundleUnit::from_byte(reader.u8()?)?,
            priority: reader.u8()?,
            scope: Arc::new(take_scope(reader)?),
            units: reader.varint()?,
            left: reader.varint()?,
            bought_at: reader.micros()?,
            expires_at: reader.micros()?,
            price: reader.amount()?,
            late_refund: match take_choice(reader)? {
                (0, 0) => LateRefund::Forfeit,
                (1, days) => LateRefund::ExtendDays(u32::try_from(days).ok()?),
                _ => return None,
            },
            rollover: match take_choice(reader)? {
                (0, 0) => Rollover::None,
                (1, 0) => Rollover::All,
                (2, most) => Rollover::UpTo(most),
                _ => return None,
            },
            validity: match take_choice(reader)? {
                (0, days) => Validity::Days(u32::try_from(days).ok()?),
                (1, 0) => Validity::CalendarMonth,
                _ => return None,
            },
            period: reader.varint_u32()?,
            origin: reader.text()?.to_owned(),
        })
    }
}

fn put_choice(out: &mut Vec<u8>, choice: u8, number: u64) {
    out.push(choice);
    put_varint(out, number);
}

fn take_choice(reader: &mut Reader<'_>) -> Option<(u8, u64)> {
    Some((reader.u8()?, reader.varint()?))
}

fn put_scope(out: &mut Vec<u8>, scope: &TrafficScope) {
    match scope {
        TrafficScope::All => put_choice(out, 0, 0),
        TrafficScope::Countries(countries) => {
            put_choice(out, 1, countries.len() as u64);
            countries.iter().for_each(|country| out.extend_from_slice(&country.to_bytes()));
        }
        TrafficScope::Networks(networks) => {
            put_choice(out, 2, networks.len() as u64);
            networks.iter().for_each(|network| put_varint(out, u64::from(network.to_bits())));
        }
        TrafficScope::Prefixes(prefixes) => {
            put_choice(out, 3, prefixes.len() as u64);
            prefixes.iter().for_each(|prefix| put_bytes(out, prefix.as_bytes()));
        }
    }
}

fn take_scope(reader: &mut Reader<'_>) -> Option<TrafficScope> {
    let (choice, count) = take_choice(reader)?;
    Some(match (choice, count) {
        (0, 0) => TrafficScope::All,
        (1, count) => {
            let country = |_| CountryCode::from_bytes(reader.take(2)?.try_into().ok()?);
            TrafficScope::Countries((0..count).map(country).collect::<Option<_>>()?)
        }
        (2, count) => {
            let network = |_| NetworkCode::from_bits(reader.varint_u32()?);
            TrafficScope::Networks((0..count).map(network).collect::<Option<_>>()?)
        }
        (3, count) => {
            let prefix = |_| Some(Box::from(reader.text()?));
            TrafficScope::Prefixes((0..count).map(prefix).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
