//! Cells: the finest parts of the traffic of a minute, each with the rows that it counts in.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::refusal::Refusal;

use super::{KeptFrom, Minute, SeriesKey, SeriesOf, Step};
use crate::codec::{Reader, put_bytes, put_varint};
use crate::rows::SeriesRow;

const OF_MESSAGES: u8 = 0;
const OF_SALES: u8 = 1;
const OF_REFUSALS: u8 = 2;

/// A part of the traffic of one minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// Messages of an account.
    Messages(MessageCell),
    /// Messages of accounts below that an account sold.
    Sales(SalesCell),
    /// Messages of an account that were refused.
    Refusals(RefusalCell),
}

/// Messages of an account that were submitted in a minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageCell {
    /// The minute of their submit.
    pub minute: Minute,
    /// The account that submitted them.
    pub account: AccountNumber,
    /// Its plan at that time.
    pub plan: Arc<str>,
    /// The network of their numbers.
    pub network: NetworkCode,
    /// The country of their numbers.
    pub country: Option<CountryCode>,
    /// The operator that has them, or refused them last; zero for none.
    pub operator: OperatorNumber,
}

/// Messages of accounts below that an account above sold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SalesCell {
    /// The minute of their submit.
    pub minute: Minute,
    /// The account that sold them.
    pub account: AccountNumber,
    /// The network that it pays for.
    pub network: NetworkCode,
    /// The country of their numbers.
    pub country: Option<CountryCode>,
}

/// Messages of an account that were refused in a minute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefusalCell {
    /// The minute in which they were refused.
    pub minute: Minute,
    /// The account that submitted them.
    pub account: AccountNumber,
    /// The reason of the refusal.
    pub refusal: Refusal,
}

/// Cells and what is to be added to the rows that they count in. Accounts, networks and plans are ours, so that nobody can choose
/// cells that collide.
pub type Cells = FxHashMap<Cell, SeriesRow>;

impl Cell {
    /// The minute that it counts in.
    pub const fn minute(&self) -> Minute {
        match self {
            Self::Messages(cell) => cell.minute,
            Self::Sales(cell) => cell.minute,
            Self::Refusals(cell) => cell.minute,
        }
    }

    /// Calls `add` with every row that the cell counts in and that is kept, and with what the row is given.
    pub fn rows(&self, added: &SeriesRow, kept: KeptFrom, mut add: impl FnMut(SeriesKey, &SeriesRow)) {
        let minute = self.minute();
        let without_own = SeriesRow { beside: BTreeMap::default(), ..added.clone() };
        let is_own_alone = without_own.is_empty();
        let steps = Step::ALL.into_iter().filter(|step| minute >= kept.of(*step));
        for step in steps {
            for of in self.parts() {
                let key = SeriesKey { step, at: step.of(minute), of };
                // What an account pays itself is told in rows of the account alone.
                match &key.of {
                    of if of.account().is_some() => add(key, added),
                    _ if is_own_alone => {}
                    _ => add(key, &without_own),
                }
            }
        }
    }

    fn parts(&self) -> Vec<SeriesOf> {
        match self {
            Self::Messages(cell) => {
                let MessageCell { account, network, country, operator, .. } = *cell;
                let mut parts = vec![
                    SeriesOf::Country(country),
                    SeriesOf::Network(network),
                    SeriesOf::Plan(Arc::clone(&cell.plan)),
                    SeriesOf::Account(account),
                    SeriesOf::AccountNetwork(account, network),
                    SeriesOf::AccountCountry(account, country),
                ];
                if operator != OperatorNumber::default() {
                    parts.push(SeriesOf::Operator(operator));
                }
                parts
            }
            Self::Sales(cell) => {
                let SalesCell { account, network, country, .. } = *cell;
                vec![
                    SeriesOf::Sales(account),
                    SeriesOf::SalesNetwork(account, network),
                    SeriesOf::SalesCountry(account, country),
                ]
            }
            Self::Refusals(RefusalCell { account, refusal, .. }) => {
                vec![SeriesOf::Refusals(*refusal), SeriesOf::AccountRefusals(*account, *refusal)]
            }
        }
    }

    fn write_to(&self, out: &mut Vec<u8>) {
        let begin = |out: &mut Vec<u8>, kind, account: AccountNumber| {
            out.push(kind);
            put_varint(out, u64::from(self.minute().0));
            put_varint(out, u64::from(account.0));
        };
        match self {
            Self::Messages(cell) => {
                begin(out, OF_MESSAGES, cell.account);
                put_bytes(out, cell.plan.as_bytes());
                put_place(out, cell.network, cell.country);
                put_varint(out, u64::from(cell.operator.0));
            }
            Self::Sales(cell) => {
                begin(out, OF_SALES, cell.account);
                put_place(out, cell.network, cell.country);
            }
            Self::Refusals(cell) => {
                begin(out, OF_REFUSALS, cell.account);
                put_bytes(out, cell.refusal.name().as_bytes());
            }
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let kind = reader.u8()?;
        let (minute, account) = (Minute(reader.varint_u32()?), AccountNumber(reader.varint_u32()?));
        Some(match kind {
            OF_MESSAGES => {
                let plan = reader.text()?.into();
                let (network, country) = take_place(reader)?;
                let operator = OperatorNumber(u16::try_from(reader.varint()?).ok()?);
                Self::Messages(MessageCell { minute, account, plan, network, country, operator })
            }
            OF_SALES => {
                let (network, country) = take_place(reader)?;
                Self::Sales(SalesCell { minute, account, network, country })
            }
            OF_REFUSALS => {
                let refusal = Refusal::from_name(reader.text()?)?;
                Self::Refusals(RefusalCell { minute, account, refusal })
            }
            _ => return None,
        })
    }
}

impl Cell {
    /// The key in `series_open`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        self.write_to(&mut out);
        out
    }

    /// Reads such a key.
    pub fn from_bytes(key: &[u8]) -> Option<Self> {
        let mut reader = Reader(key);
        let cell = Self::take(&mut reader)?;
        reader.is_empty().then_some(cell)
    }
}

fn put_place(out: &mut Vec<u8>, network: NetworkCode, country: Option<CountryCode>) {
    put_varint(out, u64::from(network.to_bits()));
    out.extend_from_slice(&country.map_or([0; 2], CountryCode::to_bytes));
}

fn take_place(reader: &mut Reader<'_>) -> Option<(NetworkCode, Option<CountryCode>)> {
    let network = NetworkCode::from_bits(reader.varint_u32()?)?;
    Some((network, super::country(reader.take(2)?)?))
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::{Amount, Currency};

    use super::*;
    use crate::rows::SeriesMoney;

    fn cells() -> Cells {
        let (minute, account) = (Minute(3 * 1_440 + 61), AccountNumber(7));
        let network = NetworkCode::new("639", "02").expect("a network");
        let country = CountryCode::new("KE");
        let messages = Cell::Messages(MessageCell {
            minute,
            account,
            plan: "standard".into(),
            network,
            country,
            operator: OperatorNumber(2),
        });
        let sales = Cell::Sales(SalesCell { minute, account, network, country: None });
        let refusals = Cell::Refusals(RefusalCell { minute, account, refusal: Refusal::NoRate });
        let euro = Currency::new("EUR").expect("a currency");
        let money = SeriesMoney { charged: Amount::from_micros(9).into(), ..SeriesMoney::default() };
        let row = SeriesRow { messages: 2, money: [(euro, money)].into(), ..SeriesRow::default() };
        let own = SeriesRow { beside: [(euro, money)].into(), ..row.clone() };
        [(messages, own), (sales, row), (refusals, SeriesRow { messages: 1, ..SeriesRow::default() })]
            .into_iter()
            .collect()
    }

    #[test]
    fn keys_come_back() {
        for cell in cells().keys() {
            let key = cell.to_bytes();
            assert_eq!(Cell::from_bytes(&key).as_ref(), Some(cell));
            for cut in 0..key.len() {
                assert_eq!(Cell::from_bytes(&key[..cut]), None, "{cut}");
            }
        }
    }

    #[test]
    fn a_cell_counts_in_every_row_that_is_kept() {
        let kept_all = KeptFrom::default();
        let kept_days = KeptFrom { minute: Minute(u32::MAX), hour: Minute(u32::MAX) };
        for (kept, steps) in [(kept_all, 3), (kept_days, 1)] {
            let mut rows = Vec::new();
            for (cell, added) in cells() {
                cell.rows(&added, kept, |key, row| rows.push((key, row.clone())));
            }
            assert_eq!(rows.len(), steps * (7 + 3 + 2));
            for (key, row) in rows {
                let is_own = matches!(
                    key.of,
                    SeriesOf::Account(_) | SeriesOf::AccountNetwork(..) | SeriesOf::AccountCountry(..)
                );
                assert_eq!(row.beside.is_empty(), !is_own, "{:?}", key.of);
                assert!(kept != kept_all || key.step != Step::Hour || key.at == 3 * 24 + 1);
            }
        }
    }
}
