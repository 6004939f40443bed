//! Networks, countries and settings as they are shown.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::list_query;

/// A mobile network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MobileNetwork {
    /// The mobile country code.
    #[schema(example = "641")]
    pub mcc: String,
    /// The mobile network code.
    #[schema(example = "10")]
    pub mnc: String,
    /// The operator or its brand, for people; empty where only the code is known.
    #[schema(example = "MTN")]
    pub operator: String,
    /// ISO 3166-1 alpha-2 of its country; null for international networks.
    #[schema(example = "UG")]
    pub country: Option<String>,
    /// The name of its country.
    #[schema(example = "Uganda")]
    pub country_name: Option<String>,
    /// ISO 3166-1 alpha-2 of the countries whose numbers lead to it: several where they share a mobile country code, as Guadeloupe,
    /// Martinique and French Guiana do.
    #[schema(example = json!(["UG"]))]
    pub number_countries: Vec<String>,
    /// Other codes of the same operator, such as `641/11`.
    pub aliases: Vec<String>,
    /// The number of prefixes of the numbering plan that lead to it.
    pub prefixes: u64,
}

/// A country or territory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "UG")]
    pub iso2: String,
    /// The name for people.
    #[schema(example = "Uganda")]
    pub name: String,
    /// The E.164 calling code; empty where none is known.
    #[schema(example = "256")]
    pub calling_code: String,
    /// The mobile country codes of its networks.
    pub mccs: Vec<String>,
    /// The number of its networks, those of other countries that its numbers lead to among them.
    pub networks: u64,
    /// The number of prefixes of its numbers in the numbering plan.
    pub prefixes: u64,
}

/// One key of the settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Setting {
    /// The table and the key, such as `smpp.window`.
    #[schema(example = "smpp.window")]
    pub name: String,
    /// The value in force; null for none.
    pub value: Value,
    /// The value where the file sets none; null where there is none.
    pub default: Value,
    /// True if the value is the default.
    pub is_default: bool,
    /// The moment at which a change takes effect.
    pub takes_effect: TakesEffect,
    /// The value that the next start brings, where the file says another by now; null where it does not.
    pub at_next_start: Option<Value>,
}

/// The moment at which a change of a setting takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakesEffect {
    /// With the reload that finds it.
    Reload,
    /// With the next start of the daemon.
    NextStart,
}

list_query! {
    /// The filters of a list of networks.
    pub struct NetworksQuery {
        /// Words that the operator, the country and the code have together, in upper or lower case.
        pub search: Option<String>,
        /// ISO 3166-1 alpha-2 of their country, in upper or lower case.
        pub country: Option<String>,
        /// Their mobile country code.
        pub mcc: Option<String>,
    }
}

list_query! {
    /// The filters of a list of countries.
    pub struct CountriesQuery {
        /// Words that the name, the ISO code, the calling code and the mobile country codes have together, in upper or lower case.
        pub search: Option<String>,
    }
}

list_query! {
    /// The filters of a list of settings.
    pub struct SettingsQuery {
        /// Part of the name, in upper or lower case.
        pub search: Option<String>,
        /// True for those that are not the default, or will not be at the next start; false for the others.
        pub changed: Option<bool>,
    }
}
