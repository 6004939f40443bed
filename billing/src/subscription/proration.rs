//! The part of a period's price that was not used: by time or by units, whichever took more.

use tollgate_engine::money::Amount;

/// The use of a period so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The days of the period that are over; the present one belongs to what follows.
    pub days_used: i64,
    /// All days of the period.
    pub days: i64,
    /// The units that were used.
    pub units_used: u64,
    /// All units of the period; zero where it has none.
    pub units: u64,
}

/// The one of two that took more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The days that are over.
    Time,
    /// The units that were used.
    Units,
}

/// The price of a period, taken apart. `used` and `credit` add up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unused {
    /// The part that the days have used, rounded up to a millionth.
    pub by_time: Amount,
    /// The part that the units have used, rounded up to a millionth.
    pub by_units: Amount,
    /// The one that took more.
    pub basis: Basis,
    /// The larger of both.
    pub used: Amount,
    /// The rest, which is given back.
    pub credit: Amount,
}

impl Use {
    /// Takes the price of the period apart. A price below zero counts as none.
    pub fn unused(&self, price: Amount) -> Unused {
        let price = price.max(Amount::ZERO);
        let by_time = if self.days <= 0 {
            price
        } else {
            part(price, i128::from(self.days_used.clamp(0, self.days)), i128::from(self.days))
        };
        let by_units = if self.units == 0 {
            Amount::ZERO
        } else {
            part(price, i128::from(self.units_used.min(self.units)), i128::from(self.units))
        };
        let basis = if by_units > by_time { Basis::Units } else { Basis::Time };
        let used = by_time.max(by_units);
        Unused { by_time, by_units, basis, used, credit: price.minus(used) }
    }
}

/// `price × used / of`, rounded up to a millionth; `used` is from 0 to `of`.
fn part(price: Amount, used: i128, of: i128) -> Amount {
    let product = i128::from(price.micros()) * used;
    let micros = product / of + i128::from(product % of != 0);
    i64::try_from(micros).map_or(price, Amount::from_micros)
}
