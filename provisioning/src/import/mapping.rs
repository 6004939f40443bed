//! The meaning that a price list was read with, which people look at before anything changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::header::Header;
use super::profile::ImportProfile;

/// Lines that are named of those which are no rates.
const IGNORED_SHOWN: usize = 50;

/// One column of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedColumn {
    /// The header; its number where there is none.
    pub header: String,
    /// The key of the field that it is read as; `None` for a column that is left out.
    pub field: Option<String>,
    /// The first cell that is filled.
    pub sample: String,
}

/// The meaning that a list was read with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The encoding of a text file, or `xlsx`.
    pub encoding: String,
    /// The delimiter of a text file.
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The line of the header; zero where there is none.
    pub header_line: u32,
    /// The columns, in their order.
    pub columns: Vec<MappedColumn>,
    /// `point` or `comma`, where a price decided it.
    pub decimal_mark: Option<String>,
    /// `day_first` or `month_first`, where a date decided it.
    pub day_order: Option<String>,
    /// The zone of days, where one is named.
    pub time_zone: Option<String>,
    /// The unit of prices.
    pub price_unit: String,
    /// The currency, as a code.
    pub currency: String,
    /// The place that says so: `column`, `price`, `header`, `preamble`, `profile`, or `target` where nothing does.
    pub currency_from: String,
    /// `full` or `changes`.
    pub content: String,
    /// `last_day` or `first_day_after`, where there are ends.
    pub end_date: Option<String>,
    /// True if empty cells are filled from above.
    pub fill_down: bool,
    /// Rows that were read as rates.
    pub rows: u64,
    /// Lines that are no rates, such as titles and footers: the first of them.
    pub ignored_lines: Vec<u32>,
    /// The number of such lines.
    pub ignored: u64,
}

impl Mapping {
    /// Notes a line that is no rate.
    pub fn ignore(&mut self, line: u32) {
        self.ignored += 1;
        if self.ignored_lines.len() < IGNORED_SHOWN {
            self.ignored_lines.push(line);
        }
    }

    /// The profile that says all this, for the next list of the same sender. The header's line is found by its names.
    pub fn profile(&self, header: &Header) -> ImportProfile {
        let mut columns = BTreeMap::new();
        for (field, column) in &header.columns {
            let name =
                header.names.get(*column).filter(|name| !name.is_empty() && name.parse::<u16>().is_err());
            let name = name.filter(|name| header.names.iter().filter(|other| other == name).count() == 1);
            columns.insert(field.key().to_owned(), name.cloned().unwrap_or_else(|| (column + 1).to_string()));
        }
        let is_text = self.delimiter.is_some();
        ImportProfile {
            encoding: is_text.then(|| self.encoding.clone()),
            delimiter: self.delimiter.clone(),
            sheet: self.sheet.clone(),
            header_line: header.row.is_none().then_some(0),
            columns,
            decimal_mark: self.decimal_mark.clone(),
            day_order: self.day_order.clone(),
            time_zone: self.time_zone.clone(),
            price_unit: Some(self.price_unit.clone()),
            price_per: header.price.is_per_message.then(|| "segment".to_owned()),
            currency: Some(self.currency.clone()),
            content: Some(self.content.clone()),
            end_date: self.end_date.clone(),
            fill_down: self.fill_down.then_some(true),
        }
    }
}
