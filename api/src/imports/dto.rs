//! The bodies and parameters of requests about imported price lists.

use serde::{Deserialize, Serialize};
use tollgate_provisioning::import;
use utoipa::{IntoParams, ToSchema};

use super::profile::ImportProfile;
use crate::list_query;
use crate::rate_cards::{AddedRow, ChangedRow, DeckRow};
use crate::time::Time;

/// The purpose of an uploaded list, and its formats. Those that are given here come before those of the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The plan whose rates they are; `*` for every plan. One of plan, operator and account is given.
    #[serde(default)]
    pub plan: Option<String>,
    /// The operator whose costs they are.
    #[serde(default)]
    pub operator: Option<String>,
    /// The account whose own rates they are.
    #[serde(default)]
    pub account: Option<String>,
    /// The name of the list, by which messages call it; `list` if it is not given.
    #[serde(default)]
    #[param(max_length = 100)]
    pub name: Option<String>,
    /// The rate file of a plan; not needed if there is only one.
    #[serde(default)]
    pub rate_file: Option<String>,
    /// A profile by its name.
    #[serde(default)]
    pub profile: Option<String>,
    /// The beginning of prices for which the list has no date.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub effective: Option<Time>,
    /// `full` or `changes`.
    #[serde(default)]
    pub content: Option<String>,
    /// `point` or `comma`.
    #[serde(default)]
    pub decimal_mark: Option<String>,
    /// `day_first` or `month_first`.
    #[serde(default)]
    pub day_order: Option<String>,
    /// The sheet of a workbook.
    #[serde(default)]
    pub sheet: Option<String>,
    /// `unit`, `cents`, `thousandths` or `minor`.
    #[serde(default)]
    pub price_unit: Option<String>,
    /// `segment`, where the list says message and means segment.
    #[serde(default)]
    pub price_per: Option<String>,
    /// A price that moves by more percent than this, up or down, is flagged; 20 if it is not given.
    #[serde(default)]
    #[param(pattern = r"^[0-9]{1,6}(\.[0-9]{1,4})?$")]
    pub move_limit_percent: Option<String>,
    /// Rows of each kind that the answer shows at most; 100 if it is not given.
    #[serde(default)]
    #[param(maximum = 1000)]
    pub show: Option<u32>,
}

/// The part of a draft that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShowQuery {
    /// Rows of each kind that the answer shows at most; 100 if it is not given.
    #[serde(default)]
    #[param(maximum = 1000)]
    pub show: Option<u32>,
}

/// The way in which a draft is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConfirmQuery {
    /// Takes the list although prices are flagged.
    #[serde(default)]
    pub accept_flagged: bool,
}

list_query! {
    /// The filters of a list of imports.
    pub struct ImportsQuery {
        /// Only those in this state.
        #[param(inline)]
        pub status: Option<ImportStatus>,
    }
}

/// The state of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// It waits to be confirmed.
    Draft,
    /// It was confirmed, and its prices were put in force.
    Confirmed,
}

/// The facts of an import that its list and the import itself show alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportFacts {
    /// The id of it.
    #[schema(example = "imp_000642a1c2f3b4d5k7xw2m9q")]
    pub id: String,
    /// The name of the list.
    #[schema(example = "acme-2026-12.xlsx")]
    pub name: String,
    /// The state of the import.
    pub status: ImportStatus,
    /// The plan whose rates they are.
    pub plan: Option<String>,
    /// The operator whose costs they are.
    pub operator: Option<String>,
    /// The account whose own rates they are.
    pub account: Option<String>,
    /// The time at which it was uploaded.
    pub created_at: Time,
    /// The user or key that uploaded it.
    pub created_by: String,
}

/// An import in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportSummary {
    /// The facts that a list shows too.
    #[serde(flatten)]
    pub facts: ImportFacts,
    /// The rates that the list comes to.
    pub rates: u64,
}

/// A price list as it was read, and what it would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportDraft {
    /// The facts that a list shows too.
    #[serde(flatten)]
    pub facts: ImportFacts,
    /// The meaning that the list was read with.
    pub mapping: ImportMapping,
    /// The profile that says the same, to be kept for the sender's next list.
    pub profile: ImportProfile,
    /// Warnings for people to look at.
    pub warnings: Vec<ImportWarning>,
    /// The changes that it would make now; null once it is confirmed.
    pub difference: Option<ImportDifference>,
}

/// The meaning that a list was read with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportMapping {
    /// The encoding of a text table, or `xlsx`.
    #[schema(example = "UTF-8")]
    pub encoding: String,
    /// The delimiter of a text table.
    #[schema(example = ";")]
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The line of the header; 0 where there is none.
    pub header_line: u32,
    /// The columns, in their order.
    pub columns: Vec<ImportColumn>,
    /// `point` or `comma`; null where no price decides it.
    pub decimal_mark: Option<String>,
    /// `day_first` or `month_first`; null where no date decides it.
    pub day_order: Option<String>,
    /// The zone of days, where one is named.
    pub time_zone: Option<String>,
    /// The unit of prices.
    #[schema(example = "unit")]
    pub price_unit: String,
    /// The currency of prices.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The place that names the currency: `column`, `price`, `header`, `preamble` or `profile`; `target` where nothing does.
    #[schema(example = "column")]
    pub currency_from: String,
    /// `full` or `changes`.
    #[schema(example = "full")]
    pub content: String,
    /// `last_day` or `first_day_after`, where prices end.
    pub end_date: Option<String>,
    /// Rows that were read as prices.
    pub rows: u64,
    /// Lines that are no prices, such as titles and footers: the first of them.
    pub ignored_lines: Vec<u32>,
    /// The number of such lines.
    pub ignored: u64,
}

/// A column of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportColumn {
    /// Its header; its number where there is none.
    #[schema(example = "MCC")]
    pub header: String,
    /// The field that it is read as; null for a column that is left out.
    #[schema(example = "mcc")]
    pub field: Option<String>,
    /// The first cell that is filled.
    #[schema(example = "639")]
    pub sample: String,
}

/// Something in a list that people should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportWarning {
    /// The line; 0 for the whole list.
    pub line: u32,
    /// The warning in words.
    pub message: String,
}

/// The changes that a list would make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportDifference {
    /// The file that it goes into.
    #[schema(example = "rates/samples.csv")]
    pub file: String,
    /// Rows that the file has not.
    pub added: u64,
    /// Rows that go.
    pub removed: u64,
    /// Rows with something else in them.
    pub changed: u64,
    /// Rows that are the same.
    pub unchanged: u64,
    /// Prices that have to be accepted.
    pub flagged: u64,
    /// The first of the rows that the file has not.
    pub added_rows: Vec<AddedRow>,
    /// The first of the rows that go.
    pub removed_rows: Vec<DeckRow>,
    /// The first of the rows with something else in them.
    pub changed_rows: Vec<ChangedRow>,
    /// The first of the prices that have to be accepted.
    pub flagged_rows: Vec<ImportOutlier>,
}

/// The reason for which a price is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutlierKind {
    /// Ten times the price that holds, or a tenth of it.
    Tenfold,
    /// A price that moves by more than the limit.
    Moved,
    /// A price of zero.
    Zero,
    /// A price below the cheapest operator's cost, or a cost above a plan's price.
    BelowCost,
    /// A full list leaves out many networks.
    Removed,
    /// The list says what is not so, such as an increase where the price falls.
    Status,
    /// Another code of the same operator keeps another price.
    Alias,
    /// A list that is read as a full one seems to have changes only.
    ChangesOnly,
    /// The file is that of another owner too.
    SharedFile,
}

/// A price that people should look at before the list is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportOutlier {
    /// The reason for which it is flagged.
    pub kind: OutlierKind,
    /// The network; null for the whole list.
    #[schema(example = "639/02")]
    pub network: Option<String>,
    /// The line of the list; 0 for the whole list.
    pub line: u32,
    /// The reason in words.
    pub message: String,
}

impl From<import::Mapping> for ImportMapping {
    fn from(mapping: import::Mapping) -> Self {
        let columns = mapping.columns.into_iter().map(|column| {
            let import::MappedColumn { header, field, sample } = column;
            ImportColumn { header, field, sample }
        });
        Self {
            encoding: mapping.encoding,
            delimiter: mapping.delimiter,
            sheet: mapping.sheet,
            header_line: mapping.header_line,
            columns: columns.collect(),
            decimal_mark: mapping.decimal_mark,
            day_order: mapping.day_order,
            time_zone: mapping.time_zone,
            price_unit: mapping.price_unit,
            currency: mapping.currency,
            currency_from: mapping.currency_from,
            content: mapping.content,
            end_date: mapping.end_date,
            rows: mapping.rows,
            ignored_lines: mapping.ignored_lines,
            ignored: mapping.ignored,
        }
    }
}
