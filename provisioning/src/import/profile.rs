//! Import profiles: the columns and formats of one sender's price lists, kept under a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_engine::time::ClockZone;

use super::days::DayOrder;
use super::field::Field;
use super::figures::DecimalMark;
use super::money_words::PriceUnit;
use super::text::encoding_of;
use super::wording::Wording;
use crate::read::texts::{self, Parsed, quoted};

/// Octets of the name of a column or sheet in a profile.
const NAME_OCTETS_MAX: usize = 200;

/// The columns and formats of a price list. What is absent is found out from the list itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportProfile {
    /// The encoding of a text file, by a label of the WHATWG's list.
    pub encoding: Option<String>,
    /// The delimiter of a text file: one character, or `tab`.
    pub delimiter: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The line of the header; zero where there is none.
    pub header_line: Option<u32>,
    /// Headers, or numbers from one, of the columns of fields.
    pub columns: BTreeMap<String, String>,
    /// `point` or `comma`.
    pub decimal_mark: Option<String>,
    /// `day_first` or `month_first`.
    pub day_order: Option<String>,
    /// The zone of times without an offset, and of days.
    pub time_zone: Option<String>,
    /// `unit`, `cents`, `thousandths` or `minor`.
    pub price_unit: Option<String>,
    /// `segment`: prices that are said to be of a message are of a segment.
    pub price_per: Option<String>,
    /// The currency of prices that name none.
    pub currency: Option<String>,
    /// `full` or `changes`.
    pub content: Option<String>,
    /// `last_day` or `first_day_after`.
    pub end_date: Option<String>,
    /// True if an empty MCC or country is that of the row above.
    pub fill_down: Option<bool>,
}

/// The networks that a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListContent {
    /// All: networks that it does not have are no longer priced.
    Full,
    /// Those that change: the others stay as they are.
    Changes,
}

/// The meaning of a day in a column of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndDate {
    /// The price still holds on it.
    LastDay,
    /// The price no longer holds on it.
    FirstDayAfter,
}

/// A profile whose values are understood.
#[derive(Clone, Debug, Default)]
pub struct Formats {
    /// The delimiter of a text table.
    pub delimiter: Option<u8>,
    /// The columns by their fields.
    pub columns: BTreeMap<Field, String>,
    /// The mark in front of decimals.
    pub decimal_mark: Option<DecimalMark>,
    /// The order of day and month.
    pub day_order: Option<DayOrder>,
    /// The zone of times without an offset.
    pub time_zone: Option<ClockZone>,
    /// The unit of prices.
    pub price_unit: Option<PriceUnit>,
    /// True if prices of a message are of a segment.
    pub is_per_segment: bool,
    /// The content of the list.
    pub content: Option<ListContent>,
    /// The meaning of ends.
    pub end_date: Option<EndDate>,
    /// The names that messages have for all this.
    pub wording: Wording,
}

impl ListContent {
    /// The word in profiles.
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Changes => "changes",
        }
    }
}

/// Finds the choice of a word, or says which there are.
fn choice<T: Copy>(word: &str, choices: &[(T, &str)]) -> Parsed<T> {
    choices.iter().find(|(_, known)| *known == word).map(|(choice, _)| *choice).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(_, known)| format!("`{known}`")).collect();
        format!("{} is not one of {}", quoted(word), words.join(", "))
    })
}

impl ImportProfile {
    /// A profile with the values of another one in front of its own.
    #[must_use]
    pub fn overridden_by(mut self, other: &Self) -> Self {
        fn take<T: Clone>(place: &mut Option<T>, value: Option<&T>) {
            if let Some(value) = value {
                *place = Some(value.clone());
            }
        }
        take(&mut self.encoding, other.encoding.as_ref());
        take(&mut self.delimiter, other.delimiter.as_ref());
        take(&mut self.sheet, other.sheet.as_ref());
        take(&mut self.header_line, other.header_line.as_ref());
        take(&mut self.decimal_mark, other.decimal_mark.as_ref());
        take(&mut self.day_order, other.day_order.as_ref());
        take(&mut self.time_zone, other.time_zone.as_ref());
        take(&mut self.price_unit, other.price_unit.as_ref());
        take(&mut self.price_per, other.price_per.as_ref());
        take(&mut self.currency, other.currency.as_ref());
        take(&mut self.content, other.content.as_ref());
        take(&mut self.end_date, other.end_date.as_ref());
        take(&mut self.fill_down, other.fill_down.as_ref());
        self.columns.extend(other.columns.clone());
        self
    }

    /// The profile with its values understood, or every fault as key and message.
    pub fn formats(&self) -> Result<Formats, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut check = Checks { faults: &mut faults };
        let formats = Formats {
            delimiter: check.read("delimiter", self.delimiter.as_deref(), delimiter),
            columns: check.columns(&self.columns),
            decimal_mark: check.read("decimal_mark", self.decimal_mark.as_deref(), |word| {
                choice(word, &[(DecimalMark::Point, "point"), (DecimalMark::Comma, "comma")])
            }),
            day_order: check
                .read("day_order", self.day_order.as_deref(), |word| choice(word, &DayOrder::ALL)),
            time_zone: check.read("time_zone", self.time_zone.as_deref(), texts::clock_zone),
            price_unit: check
                .read("price_unit", self.price_unit.as_deref(), |word| choice(word, &PriceUnit::ALL)),
            is_per_segment: check
                .read("price_per", self.price_per.as_deref(), |word| choice(word, &[((), "segment")]))
                .is_some(),
            content: check.read("content", self.content.as_deref(), |word| {
                choice(word, &[(ListContent::Full, "full"), (ListContent::Changes, "changes")])
            }),
            end_date: check.read("end_date", self.end_date.as_deref(), |word| {
                choice(word, &[(EndDate::LastDay, "last_day"), (EndDate::FirstDayAfter, "first_day_after")])
            }),
            wording: Wording::default(),
        };
        check.read("encoding", self.encoding.as_deref(), |name| {
            encoding_of(name).map(|_| ()).map_err(|fault| fault.message)
        });
        check.read("currency", self.currency.as_deref(), texts::currency);
        check.read("sheet", self.sheet.as_deref(), one_line);
        if faults.is_empty() { Ok(formats) } else { Err(faults) }
    }
}

struct Checks<'f> {
    faults: &'f mut Vec<(String, String)>,
}

impl Checks<'_> {
    fn read<T>(&mut self, key: &str, text: Option<&str>, parse: impl FnOnce(&str) -> Parsed<T>) -> Option<T> {
        match parse(text?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.faults.push((key.to_owned(), message));
                None
            }
        }
    }

    fn columns(&mut self, columns: &BTreeMap<String, String>) -> BTreeMap<Field, String> {
        let mut known = BTreeMap::new();
        for (key, name) in columns {
            match (Field::of_key(key), one_line(name)) {
                (Some(field), Ok(())) => drop(known.insert(field, name.trim().to_owned())),
                (Some(_), Err(message)) => self.faults.push((format!("columns.{key}"), message)),
                (None, _) => {
                    let keys: Vec<&str> = Field::ALL.iter().map(|(_, key)| *key).collect();
                    let message = format!("is not a field; the fields are {}", keys.join(", "));
                    self.faults.push((format!("columns.{}", texts::shortened(key)), message));
                }
            }
        }
        known
    }
}

fn one_line(text: &str) -> Parsed<()> {
    let is_line =
        !text.trim().is_empty() && text.len() <= NAME_OCTETS_MAX && !text.contains(char::is_control);
    if is_line {
        Ok(())
    } else {
        Err(format!("{} is not one line of at most {NAME_OCTETS_MAX} octets", quoted(text)))
    }
}

fn delimiter(text: &str) -> Parsed<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" | b"\t" => Ok(b'\t'),
        [octet] if octet.is_ascii_punctuation() && *octet != b'"' => Ok(*octet),
        _ => Err(format!("{} is not a delimiter: one of `,` `;` `|` or `tab`", quoted(text))),
    }
}
