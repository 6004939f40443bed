//! Time series: counters of the traffic by minute, hour and day, each by country, network, operator, plan and account alone, and
//! by account and network and account and country.
//!
//! A message counts at the time of its submit, for ever: what becomes of it later changes the same counters. What a message adds
//! is one function of its CDR and state (`contributions.rs`), which the fold, `tollgate verify` and the upgrade of an older
//! directory share. A commit does not write to the dozens of rows that its messages count in. It adds to their **cell** (`cell.rs`), which
//! is one row of `series_open`. A cell that has been open for a minute is taken into the rows that it counts in, a few cells with
//! each commit (`fold/series.rs`). Readers add the open cells to the rows, so that nobody sees the delay.

pub mod cell;
pub(crate) mod charges;
pub(crate) mod contributions;
pub(crate) mod refusals;

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;

const MICROS_PER_MINUTE: u64 = 60_000_000;
/// Time for which minutes are kept.
const MINUTES_KEPT: u32 = 48 * 60;
/// Time for which hours are kept, in minutes.
const HOURS_KEPT: u32 = 90 * 24 * 60;

/// A minute, counted from 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(pub u32);

/// The span of time that a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Step {
    /// Rows of minutes, which are kept for 48 hours.
    Minute = 0,
    /// Rows of hours, which are kept for 90 days.
    Hour = 1,
    /// Rows of days in UTC, which are kept for good.
    Day = 2,
}

/// The part of the traffic that a row counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeriesOf {
    /// Messages to numbers of a country; `None` where the numbering plan does not say it.
    Country(Option<CountryCode>),
    /// Messages to numbers of a network.
    Network(NetworkCode),
    /// Messages that an operator has, or refused last.
    Operator(OperatorNumber),
    /// Messages of accounts that had a plan when they submitted them.
    Plan(Arc<str>),
    /// Messages that an account submitted.
    Account(AccountNumber),
    /// Messages of an account to numbers of a network.
    AccountNetwork(AccountNumber, NetworkCode),
    /// Messages of an account to numbers of a country.
    AccountCountry(AccountNumber, Option<CountryCode>),
    /// Messages of accounts below that an account sold as a level of their chain.
    Sales(AccountNumber),
    /// The same, to numbers of a network, which is the one that the account pays for.
    SalesNetwork(AccountNumber, NetworkCode),
    /// The same, to numbers of a country.
    SalesCountry(AccountNumber, Option<CountryCode>),
    /// Messages refused for one reason.
    Refusals(Refusal),
    /// Messages of an account that were refused for one reason.
    AccountRefusals(AccountNumber, Refusal),
}

/// The kind of such a part, as keys begin with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Dimension {
    /// Keys of [`SeriesOf::Country`].
    Country = 0,
    /// Keys of [`SeriesOf::Network`].
    Network = 1,
    /// Keys of [`SeriesOf::Operator`].
    Operator = 2,
    /// Keys of [`SeriesOf::Plan`].
    Plan = 3,
    /// Keys of [`SeriesOf::Account`].
    Account = 4,
    /// Keys of [`SeriesOf::AccountNetwork`].
    AccountNetwork = 5,
    /// Keys of [`SeriesOf::AccountCountry`].
    AccountCountry = 6,
    /// Keys of [`SeriesOf::Sales`].
    Sales = 7,
    /// Keys of [`SeriesOf::SalesNetwork`].
    SalesNetwork = 8,
    /// Keys of [`SeriesOf::SalesCountry`].
    SalesCountry = 9,
    /// Keys of [`SeriesOf::Refusals`].
    Refusals = 10,
    /// Keys of [`SeriesOf::AccountRefusals`].
    AccountRefusals = 11,
}

/// The messages that a row of `series` counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// The length of the span.
    pub step: Step,
    /// The span, counted in its own length from 1970 in UTC.
    pub at: u32,
    /// The part of the traffic.
    pub of: SeriesOf,
}

/// The first minutes whose rows are kept, by minute and by hour. They only move on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptFrom {
    /// The first minute that has rows of its own.
    pub minute: Minute,
    /// The first minute of the first hour that has rows.
    pub hour: Minute,
}

impl Minute {
    /// The one that this instant lies in; what no calendar holds lies in the last of all.
    pub fn of(at: UnixMicros) -> Self {
        Self(u32::try_from(at.0 / MICROS_PER_MINUTE).unwrap_or(u32::MAX))
    }

    /// Its first instant.
    pub fn starts_at(self) -> UnixMicros {
        UnixMicros(u64::from(self.0) * MICROS_PER_MINUTE)
    }
}

impl Step {
    /// Every length of time that is counted.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// Its length in minutes.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Minute => 1,
            Self::Hour => 60,
            Self::Day => 24 * 60,
        }
    }

    /// The span that a minute lies in.
    pub const fn of(self, minute: Minute) -> u32 {
        minute.0 / self.minutes()
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step as u8 == byte)
    }
}

impl Dimension {
    /// Every kind there is.
    pub const ALL: [Self; 12] = [
        Self::Country,
        Self::Network,
        Self::Operator,
        Self::Plan,
        Self::Account,
        Self::AccountNetwork,
        Self::AccountCountry,
        Self::Sales,
        Self::SalesNetwork,
        Self::SalesCountry,
        Self::Refusals,
        Self::AccountRefusals,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| *dimension as u8 == byte)
    }
}

impl SeriesOf {
    /// The kind that it is of.
    pub const fn dimension(&self) -> Dimension {
        match self {
            Self::Country(_) => Dimension::Country,
            Self::Network(_) => Dimension::Network,
            Self::Operator(_) => Dimension::Operator,
            Self::Plan(_) => Dimension::Plan,
            Self::Account(_) => Dimension::Account,
            Self::AccountNetwork(..) => Dimension::AccountNetwork,
            Self::AccountCountry(..) => Dimension::AccountCountry,
            Self::Sales(_) => Dimension::Sales,
            Self::SalesNetwork(..) => Dimension::SalesNetwork,
            Self::SalesCountry(..) => Dimension::SalesCountry,
            Self::Refusals(_) => Dimension::Refusals,
            Self::AccountRefusals(..) => Dimension::AccountRefusals,
        }
    }

    /// The account in it, which stands in front in keys.
    pub const fn account(&self) -> Option<AccountNumber> {
        match self {
            Self::Account(account)
            | Self::AccountNetwork(account, _)
            | Self::AccountCountry(account, _)
            | Self::Sales(account)
            | Self::SalesNetwork(account, _)
            | Self::SalesCountry(account, _)
            | Self::AccountRefusals(account, _) => Some(*account),
            Self::Country(_) | Self::Network(_) | Self::Operator(_) | Self::Plan(_) | Self::Refusals(_) => {
                None
            }
        }
    }

    fn write_to(&self, out: &mut Vec<u8>) {
        if let Some(account) = self.account() {
            out.extend_from_slice(&account.0.to_be_bytes());
        }
        match self {
            Self::Country(country) | Self::AccountCountry(_, country) | Self::SalesCountry(_, country) => {
                out.extend_from_slice(&country.map_or([0; 2], CountryCode::to_bytes));
            }
            Self::Network(network) | Self::AccountNetwork(_, network) | Self::SalesNetwork(_, network) => {
                out.extend_from_slice(&network.to_bits().to_be_bytes());
            }
            Self::Operator(operator) => out.extend_from_slice(&operator.0.to_be_bytes()),
            Self::Plan(plan) => out.extend_from_slice(plan.as_bytes()),
            Self::Account(_) | Self::Sales(_) => {}
            Self::Refusals(refusal) | Self::AccountRefusals(_, refusal) => {
                out.extend_from_slice(refusal.name().as_bytes());
            }
        }
    }

    fn read(dimension: Dimension, mut rest: &[u8]) -> Option<Self> {
        let mut account = || {
            let (number, behind) = rest.split_first_chunk()?;
            rest = behind;
            Some(AccountNumber(u32::from_be_bytes(*number)))
        };
        Some(match dimension {
            Dimension::Country => Self::Country(country(rest)?),
            Dimension::Network => Self::Network(network(rest)?),
            Dimension::Operator => Self::Operator(OperatorNumber(u16::from_be_bytes(rest.try_into().ok()?))),
            Dimension::Plan => Self::Plan(std::str::from_utf8(rest).ok()?.into()),
            Dimension::Account => Self::Account(account()?),
            Dimension::AccountNetwork => Self::AccountNetwork(account()?, network(rest)?),
            Dimension::AccountCountry => Self::AccountCountry(account()?, country(rest)?),
            Dimension::Sales => Self::Sales(account()?),
            Dimension::SalesNetwork => Self::SalesNetwork(account()?, network(rest)?),
            Dimension::SalesCountry => Self::SalesCountry(account()?, country(rest)?),
            Dimension::Refusals => Self::Refusals(refusal(rest)?),
            Dimension::AccountRefusals => Self::AccountRefusals(account()?, refusal(rest)?),
        })
    }
}

impl SeriesKey {
    /// The key in `series`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = span_key(self.step, self.of.dimension(), self.at);
        self.of.write_to(&mut out);
        out
    }

    /// Reads such a key.
    pub fn from_bytes(key: &[u8]) -> Option<Self> {
        let ([step, dimension], rest) = key.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let of = SeriesOf::read(Dimension::from_byte(*dimension)?, rest)?;
        Some(Self { step: Step::from_byte(*step)?, at: u32::from_be_bytes(*at), of })
    }
}

/// The beginning of the keys of one kind in one span.
pub fn span_key(step: Step, dimension: Dimension, at: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    key.extend_from_slice(&[step as u8, dimension as u8]);
    key.extend_from_slice(&at.to_be_bytes());
    key
}

impl KeptFrom {
    /// The same at this instant, by a clock that is known not to be ahead. It never goes back.
    #[must_use]
    pub fn moved_to(self, now: UnixMicros) -> Self {
        let now = Minute::of(now).0;
        let (minute, hour) = (now.saturating_sub(MINUTES_KEPT), now.saturating_sub(HOURS_KEPT));
        Self {
            minute: Minute(minute).max(self.minute),
            hour: Minute(hour - hour % Step::Hour.minutes()).max(self.hour),
        }
    }

    /// The first minute that rows of this length count.
    pub fn of(self, step: Step) -> Minute {
        match step {
            Step::Minute => self.minute,
            Step::Hour => self.hour,
            Step::Day => Minute(0),
        }
    }

    /// The row in `meta`.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.minute.0.to_be_bytes(), self.hour.0.to_be_bytes()].concat()
    }

    /// Reads such a row.
    pub fn from_bytes(row: &[u8]) -> Option<Self> {
        let (minute, rest) = row.split_first_chunk()?;
        let (minute, hour) = (u32::from_be_bytes(*minute), u32::from_be_bytes(rest.try_into().ok()?));
        Some(Self { minute: Minute(minute), hour: Minute(hour) })
    }
}

#[expect(clippy::option_option, reason = "what was read, if anything could be, may be no country")]
fn country(code: &[u8]) -> Option<Option<CountryCode>> {
    match code {
        [0, 0] => Some(None),
        code => CountryCode::from_bytes(code.try_into().ok()?).map(Some),
    }
}

fn network(bits: &[u8]) -> Option<NetworkCode> {
    NetworkCode::from_bits(u32::from_be_bytes(bits.try_into().ok()?))
}

fn refusal(name: &[u8]) -> Option<Refusal> {
    Refusal::from_name(std::str::from_utf8(name).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back() {
        let (account, kenya) = (AccountNumber(7), CountryCode::new("KE"));
        let network = NetworkCode::new("639", "02").expect("a network");
        let of = [
            SeriesOf::Country(kenya),
            SeriesOf::Country(None),
            SeriesOf::Network(network),
            SeriesOf::Operator(OperatorNumber(3)),
            SeriesOf::Plan("standard".into()),
            SeriesOf::Account(account),
            SeriesOf::AccountNetwork(account, network),
            SeriesOf::AccountCountry(account, kenya),
            SeriesOf::Sales(account),
            SeriesOf::SalesNetwork(account, network),
            SeriesOf::SalesCountry(account, None),
            SeriesOf::Refusals(Refusal::Throttled),
            SeriesOf::AccountRefusals(account, Refusal::NoRate),
        ];
        for step in Step::ALL {
            for of in &of {
                let key = SeriesKey { step, at: 9, of: of.clone() };
                assert_eq!(SeriesKey::from_bytes(&key.to_bytes()), Some(key));
            }
        }
        assert_eq!(SeriesKey::from_bytes(&[0; 5]), None);
        assert_eq!(SeriesKey::from_bytes(&[9; 12]), None);
    }

    #[test]
    fn what_is_kept_never_goes_back() {
        let day = 24 * 60 * MICROS_PER_MINUTE;
        let kept = KeptFrom::default().moved_to(UnixMicros(100 * day + 30 * MICROS_PER_MINUTE));
        assert_eq!((kept.minute, kept.hour), (Minute(98 * 1_440 + 30), Minute(10 * 1_440)));
        assert_eq!(kept.moved_to(UnixMicros(day)), kept);
        assert_eq!(KeptFrom::from_bytes(&kept.to_bytes()), Some(kept));
        assert_eq!(KeptFrom::default().moved_to(UnixMicros(0)), KeptFrom::default());
    }
}
