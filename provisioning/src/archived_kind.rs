//! The kinds of archived files. An archive has the names of its files, but not their kinds: these are found by the
//! content, the columns of a CSV file and the tables of a TOML file.

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::archive::{
    ACCOUNT_PLANS, ADDED_OPERATOR_TERMS, ADDED_PRICE_LISTS, ADDED_TERMS, OPERATOR_TERMS, PRICE_LISTS,
    RATES_ORDER, TERMS,
};

/// Earlier versions of the program kept only the SHA-256 of ported numbers.
const DIGEST_BYTES: usize = 32;

/// The purpose of an archived file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArchivedKind {
    /// The file of plans.
    Plans,
    /// Prices by plan and network.
    Rates,
    /// The catalogue of networks.
    Networks,
    /// The catalogue of countries.
    Countries,
    /// Prefix → network.
    Numbering,
    /// Costs of an operator.
    Costs,
    /// Exchange rates for costs.
    ExchangeRates,
    /// Prices and terms that accounts have of their own.
    AccountTerms,
    /// Costs of operators, except those in files.
    OperatorTerms,
    /// The order of the rate files.
    RatesOrder,
    /// Number → network, before the numbering plan.
    Ported,
    /// The plan of each account that is in a file.
    AccountPlans,
    /// The price lists of resellers.
    PriceLists,
    /// A file of which only the hash is kept, as an earlier version of the program did with ported numbers.
    HashOnly,
    /// Another kind of file.
    Other,
}

impl ArchivedKind {
    /// Returns true if the archived file is not made from a file, but from accounts or operators of the
    /// management API.
    pub fn is_added(name: &str) -> bool {
        [ADDED_TERMS, ADDED_OPERATOR_TERMS, ADDED_PRICE_LISTS].contains(&name)
    }

    /// The columns that no other kind of CSV file has together.
    const BY_COLUMNS: [(Self, &[&str]); 7] = [
        (Self::Rates, &["plan", "mcc", "mnc", "price"]),
        (Self::Numbering, &["prefix", "mcc", "mnc"]),
        (Self::Ported, &["number", "mcc", "mnc"]),
        (Self::Networks, &["mcc", "mnc", "country_iso2", "operator"]),
        (Self::Countries, &["country_iso2", "calling_code", "primary_mcc"]),
        (Self::Costs, &["mcc", "mnc", "cost"]),
        (Self::ExchangeRates, &["base", "quote", "rate"]),
    ];

    /// The kind of a file, by its name and content.
    pub fn of(name: &str, content: &[u8]) -> Self {
        match name {
            TERMS | ADDED_TERMS => return Self::AccountTerms,
            OPERATOR_TERMS | ADDED_OPERATOR_TERMS => return Self::OperatorTerms,
            RATES_ORDER => return Self::RatesOrder,
            ACCOUNT_PLANS => return Self::AccountPlans,
            PRICE_LISTS | ADDED_PRICE_LISTS => return Self::PriceLists,
            _ => {}
        }
        let columns = first_row(content);
        let has = |column: &&str| columns.iter().any(|cell| cell == *column);
        if let Some((kind, _)) = Self::BY_COLUMNS.iter().find(|(_, columns)| columns.iter().all(has)) {
            return *kind;
        }
        match std::str::from_utf8(content).ok().and_then(|text| text.parse::<toml::Table>().ok()) {
            Some(table) if table.contains_key("plan") => Self::Plans,
            _ if content.len() == DIGEST_BYTES => Self::HashOnly,
            _ => Self::Other,
        }
    }

    /// True if numbers become networks by such a file.
    pub const fn is_of_catalogue(self) -> bool {
        matches!(self, Self::Networks | Self::Countries | Self::Numbering | Self::Ported | Self::HashOnly)
    }

    /// True if plans and their rates are in such a file.
    pub const fn is_of_plans(self) -> bool {
        matches!(self, Self::Plans | Self::Rates | Self::RatesOrder)
    }

    /// True if what accounts have of their own is in such a file, or what they sell to one another by.
    pub const fn is_of_accounts(self) -> bool {
        matches!(self, Self::AccountTerms | Self::AccountPlans | Self::PriceLists | Self::ExchangeRates)
    }

    /// The name for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plans => "plans",
            Self::Rates => "rates",
            Self::Networks => "networks",
            Self::Countries => "countries",
            Self::Numbering => "numbering",
            Self::Costs => "costs",
            Self::ExchangeRates => "exchange_rates",
            Self::AccountTerms => "account_terms",
            Self::OperatorTerms => "operator_terms",
            Self::RatesOrder => "rates_order",
            Self::Ported => "ported",
            Self::AccountPlans => "account_plans",
            Self::PriceLists => "price_lists",
            Self::HashOnly => "hash_only",
            Self::Other => "other",
        }
    }
}

fn first_row(content: &[u8]) -> StringRecord {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#'));
    let mut row = StringRecord::new();
    // What is not text has no columns.
    if !matches!(builder.from_reader(content).read_record(&mut row), Ok(true)) {
        row.clear();
    }
    row
}
