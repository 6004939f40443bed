//! The arguments of `tollgate import`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use tollgate_management::tariff_files::ImportTarget;
use tollgate_provisioning::import::{Field, ImportProfile};

/// The arguments of `tollgate import`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group = ArgGroup::new("target").required(true).args(["plan", "operator", "account"]))]
pub struct ImportArguments {
    /// The price list: a text table or an .xlsx workbook; `-` for standard input
    #[arg(value_name = "LIST")]
    pub list: PathBuf,
    /// Rates of this plan, or of every plan for `*`
    #[arg(long, value_name = "NAME")]
    pub plan: Option<String>,
    /// Costs of this operator
    #[arg(long, value_name = "CODE")]
    pub operator: Option<String>,
    /// Rates of this account's own
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// The rate file of a plan, where there are several
    #[arg(long, value_name = "FILE")]
    pub rate_file: Option<String>,
    /// Columns and formats that are kept under this name
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Keep the columns and formats, as they were understood, under this name
    #[arg(long, value_name = "NAME")]
    pub save_profile: Option<String>,
    /// The beginning of prices for which the list has no date: a date, or a time with an offset
    #[arg(long, value_name = "TIME")]
    pub effective: Option<String>,
    /// Only show what would change, which is what happens without --apply
    #[arg(long, conflicts_with = "apply")]
    pub dry_run: bool,
    /// Write the changes
    #[arg(long)]
    pub apply: bool,
    /// Write them although prices are flagged
    #[arg(long)]
    pub accept_flagged: bool,
    /// Flag a price that moves by more percent than this
    #[arg(long, value_name = "PERCENT", default_value = "20")]
    pub move_limit: String,
    /// Rows of each kind to show
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub show: usize,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Columns and formats of the list, each of which is found out where it is not named.
    #[command(flatten)]
    pub formats: FormatArguments,
}

/// Formats that the command line names.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns and formats, found out where they are not named")]
pub struct FormatArguments {
    /// The column of a field, by its header or its number, such as `price=Rate EUR`; repeatable. The fields are mcc, mnc,
    /// mcc_mnc, prefix, country, network, price, currency, effective_from, effective_to, status, plan, note
    #[arg(long = "column", value_name = "FIELD=HEADER")]
    pub columns: Vec<String>,
    /// The line of the header; 0 for a list without one
    #[arg(long, value_name = "LINE")]
    pub header_line: Option<u32>,
    /// The sheet of a workbook
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// The encoding of a text table, such as utf-8 or windows-1251
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// The delimiter of a text table: `,` `;` `|` or tab
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<String>,
    /// `point` or `comma`
    #[arg(long, value_name = "MARK")]
    pub decimal_mark: Option<String>,
    /// `day_first` or `month_first`
    #[arg(long, value_name = "ORDER")]
    pub day_order: Option<String>,
    /// The zone of days and of times without an offset, such as Africa/Nairobi or +03:00
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// The unit of prices: `unit`, `cents`, `thousandths`, or `minor` for the smallest one of the currency
    #[arg(long, value_name = "UNIT")]
    pub price_unit: Option<String>,
    /// `segment`, where the list says message and means segment
    #[arg(long, value_name = "WHAT")]
    pub price_per: Option<String>,
    /// The currency of a list that names none
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// `full` if the list has all networks, `changes` if only those that change
    #[arg(long, value_name = "CONTENT")]
    pub content: Option<String>,
    /// The meaning of a day on which a price ends: `last_day` or `first_day_after`
    #[arg(long, value_name = "MEANING")]
    pub end_date: Option<String>,
    /// Take an empty MCC or country for that of the row above
    #[arg(long)]
    pub fill_down: bool,
}

impl ImportArguments {
    /// The owner of the prices; clap has seen to it that there is one.
    pub fn target(&self) -> ImportTarget {
        match (&self.plan, &self.operator, &self.account) {
            (_, Some(code), _) => ImportTarget::Operator(code.clone()),
            (_, _, Some(id)) => ImportTarget::Account(id.clone()),
            (plan, None, None) => ImportTarget::Plan(plan.clone().unwrap_or_default()),
        }
    }
}

impl FormatArguments {
    /// The formats that are named, as a profile.
    pub fn profile(&self) -> Result<ImportProfile, String> {
        let mut profile = ImportProfile {
            encoding: self.encoding.clone(),
            delimiter: self.delimiter.clone(),
            sheet: self.sheet.clone(),
            header_line: self.header_line,
            decimal_mark: self.decimal_mark.clone(),
            day_order: self.day_order.clone(),
            time_zone: self.time_zone.clone(),
            price_unit: self.price_unit.clone(),
            price_per: self.price_per.clone(),
            currency: self.currency.clone(),
            content: self.content.clone(),
            end_date: self.end_date.clone(),
            fill_down: self.fill_down.then_some(true),
            ..ImportProfile::default()
        };
        for column in &self.columns {
            let (field, header) =
                column.split_once('=').filter(|(field, _)| Field::of_key(field).is_some()).ok_or_else(
                    || format!("--column {column} is not a field and its header, such as price=Rate"),
                )?;
            profile.columns.insert(field.to_owned(), header.to_owned());
        }
        Ok(profile)
    }
}
