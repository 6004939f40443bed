//! The content of a price list: rates, networks that it closes, and warnings; or problems.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;

use super::mapping::Mapping;
use super::profile::{ImportProfile, ListContent};
use super::status::RowStatus;
use super::wording::Wording;
use crate::read::Problems;

/// The purpose of reading a list.
#[derive(Clone, Debug)]
pub struct ReadOptions<'a> {
    /// The name of the file in problems.
    pub name: &'a str,
    /// The columns and formats that are known.
    pub profile: &'a ImportProfile,
    /// The currency that the prices are to be in.
    pub currency: Currency,
    /// The plan that the prices are for; `None` for costs and for rates of one account.
    pub plan: Option<&'a str>,
    /// The beginning of rows that name none.
    pub effective: Option<UnixMicros>,
    /// The names that messages have for what can be said about the list.
    pub wording: Wording,
}

/// A rate of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRate {
    /// The network, or the MCC alone.
    pub network: NetworkCode,
    /// The price of a segment.
    pub price: Amount,
    /// First instant at which it holds; zero for always.
    pub from: UnixMicros,
    /// True if the list itself says when it begins.
    pub is_dated: bool,
    /// First instant at which it no longer holds; `None` for an open end.
    pub to: Option<UnixMicros>,
    /// The fate of the network, as the list says it.
    pub status: RowStatus,
    /// For people; empty for none.
    pub note: String,
    /// The line that says so.
    pub line: u32,
}

/// A network that the list closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedNetwork {
    /// The network that closes.
    pub network: NetworkCode,
    /// The instant at which it closes; `None` for at once.
    pub at: Option<UnixMicros>,
    /// The line that says so.
    pub line: u32,
}

/// Something that people should look at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ListWarning {
    /// The line; zero for the whole list.
    pub line: u32,
    /// The warning in words.
    pub message: String,
}

/// A list that was understood.
#[derive(Clone, Debug)]
pub struct PriceList {
    /// The meaning that it was read with.
    pub mapping: Mapping,
    /// The profile that says the same.
    pub profile: ImportProfile,
    /// Its rates, by line.
    pub rates: Vec<ListedRate>,
    /// The networks that it closes.
    pub closed: Vec<ClosedNetwork>,
    /// The networks that it has: all, or those that change.
    pub content: ListContent,
    /// Warnings for people to look at.
    pub warnings: Vec<ListWarning>,
}

/// A list that is refused.
#[derive(Clone, Debug)]
pub struct RefusedList {
    /// Every fault with its line, up to a bound, and the number of all.
    pub problems: Problems,
    /// The meaning that the list was read with, where it came to that.
    pub mapping: Option<Box<Mapping>>,
}

impl From<Problems> for RefusedList {
    fn from(problems: Problems) -> Self {
        Self { problems, mapping: None }
    }
}
