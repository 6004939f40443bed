//! Import profiles as the API writes and reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_provisioning::import;
use utoipa::ToSchema;

use crate::list_query;

/// The columns and formats of one sender's price lists. A field that is null is found out from each list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImportProfile {
    /// The encoding of a text table, such as `utf-8` or `windows-1251`.
    #[schema(max_length = 200)]
    pub encoding: Option<String>,
    /// The delimiter of a text table: one character, or `tab`.
    #[schema(max_length = 3, example = ";")]
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    #[schema(max_length = 200)]
    pub sheet: Option<String>,
    /// The line of the header; 0 for a list without one.
    #[schema(maximum = 65535)]
    pub header_line: Option<u32>,
    /// The columns of fields, by their headers or by numbers from one. The fields are `mcc`, `mnc`, `mcc_mnc`, `prefix`,
    /// `country`, `network`, `price`, `currency`, `effective_from`, `effective_to`, `status`, `plan` and `note`.
    #[schema(example = json!({"price": "Rate EUR"}))]
    pub columns: BTreeMap<String, String>,
    /// `point` or `comma`.
    #[schema(example = "comma")]
    pub decimal_mark: Option<String>,
    /// `day_first` or `month_first`.
    #[schema(example = "day_first")]
    pub day_order: Option<String>,
    /// The zone of days and of times without an offset.
    #[schema(example = "Africa/Nairobi")]
    pub time_zone: Option<String>,
    /// `unit`, `cents`, `thousandths` or `minor`.
    #[schema(example = "cents")]
    pub price_unit: Option<String>,
    /// `segment`, where prices are said to be of a message and are of a segment.
    #[schema(example = "segment")]
    pub price_per: Option<String>,
    /// The currency of a list that names none.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// `full` or `changes`.
    #[schema(example = "full")]
    pub content: Option<String>,
    /// The meaning of a day on which a price ends: `last_day` or `first_day_after`.
    #[schema(example = "last_day")]
    pub end_date: Option<String>,
    /// True if an empty MCC or country is that of the row above.
    pub fill_down: Option<bool>,
}

/// The place where a profile is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfileSource {
    /// A file in the folder `import-profiles`.
    File,
    /// The books, by this API.
    Api,
}

/// A profile under its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedImportProfile {
    /// The name of the profile.
    #[schema(example = "acme")]
    pub name: String,
    /// The place where it is kept. A file's name comes first.
    pub source: ProfileSource,
    /// The profile itself.
    pub profile: ImportProfile,
}

list_query! {
    /// The filters of a list of profiles.
    pub struct ImportProfilesQuery {
    }
}

impl From<import::ImportProfile> for ImportProfile {
    fn from(profile: import::ImportProfile) -> Self {
        let import::ImportProfile {
            encoding,
            delimiter,
            sheet,
            header_line,
            columns,
            decimal_mark,
            day_order,
            ..
        } = profile;
        let import::ImportProfile {
            time_zone,
            price_unit,
            price_per,
            currency,
            content,
            end_date,
            fill_down,
            ..
        } = profile;
        Self {
            encoding,
            delimiter,
            sheet,
            header_line,
            columns,
            decimal_mark,
            day_order,
            time_zone,
            price_unit,
            price_per,
            currency,
            content,
            end_date,
            fill_down,
        }
    }
}

impl From<ImportProfile> for import::ImportProfile {
    fn from(profile: ImportProfile) -> Self {
        let ImportProfile {
            encoding, delimiter, sheet, header_line, columns, decimal_mark, day_order, ..
        } = profile;
        let ImportProfile {
            time_zone, price_unit, price_per, currency, content, end_date, fill_down, ..
        } = profile;
        Self {
            encoding,
            delimiter,
            sheet,
            header_line,
            columns,
            decimal_mark,
            day_order,
            time_zone,
            price_unit,
            price_per,
            currency,
            content,
            end_date,
            fill_down,
        }
    }
}
