//! The search for traffic pumping: the settings of all accounts, and what an account sets for itself.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use tollgate_engine::pumping::{PumpingMode, PumpingSettings};
use toml::de::DeValue;

use crate::bounds::pumping as bounds;
use crate::choice::Choice;
use crate::read::TableReader;
use crate::read::values::one_of;

/// The key of the mode.
const MODE: &str = "mode";

/// The settings of one account that differ from those of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PumpingOverrides {
    /// The treatment of pumping.
    pub mode: Option<PumpingMode>,
    /// Different numbers in sequence from which on a range is found.
    pub sequence_numbers: Option<u32>,
    /// Different numbers close together from which on a range is found.
    pub narrow_numbers: Option<u32>,
    /// The share, in percent, from which on new and expensive networks are found.
    pub share_percent: Option<u32>,
    /// The price, in percent of the usual one, from which on a destination is expensive.
    pub expensive_percent: Option<u32>,
    /// The share of ended messages, in percent, up to which a range counts as not delivered.
    pub delivered_percent: Option<u32>,
    /// Messages that a range whose rate is stepped down may still have in a minute.
    pub step_down_per_minute: Option<u32>,
    /// Minutes without a sign after which a finding ends.
    pub quiet_minutes: Option<u32>,
}

impl PumpingOverrides {
    /// The account's settings, over those of all accounts.
    pub fn over(&self, of_all: PumpingSettings) -> PumpingSettings {
        PumpingSettings {
            mode: self.mode.unwrap_or(of_all.mode),
            sequence_numbers: self.sequence_numbers.unwrap_or(of_all.sequence_numbers),
            narrow_numbers: self.narrow_numbers.unwrap_or(of_all.narrow_numbers),
            share_percent: self.share_percent.unwrap_or(of_all.share_percent),
            expensive_percent: self.expensive_percent.unwrap_or(of_all.expensive_percent),
            delivered_percent: self.delivered_percent.unwrap_or(of_all.delivered_percent),
            step_down_per_minute: self.step_down_per_minute.unwrap_or(of_all.step_down_per_minute),
            quiet_minutes: self.quiet_minutes.unwrap_or(of_all.quiet_minutes),
        }
    }
}

/// Reads the table of all accounts.
pub fn read_pumping(table: &mut TableReader) -> PumpingSettings {
    read_overrides(table).over(PumpingSettings::DEFAULT)
}

/// Reads what an account sets: the word of its mode, or a table.
pub fn read_account_pumping(table: &mut TableReader, key: &'static str) -> PumpingOverrides {
    match table.value(key).map(toml::Spanned::get_ref) {
        Some(DeValue::String(_)) => {
            PumpingOverrides { mode: table.optional(key, one_of), ..PumpingOverrides::default() }
        }
        _ => table.table(key, read_overrides).unwrap_or_default(),
    }
}

fn read_overrides(table: &mut TableReader) -> PumpingOverrides {
    PumpingOverrides {
        mode: table.optional(MODE, one_of),
        sequence_numbers: table.optional_number(&bounds::SEQUENCE_NUMBERS.bounds),
        narrow_numbers: table.optional_number(&bounds::NARROW_NUMBERS.bounds),
        share_percent: table.optional_number(&bounds::SHARE_PERCENT.bounds),
        expensive_percent: table.optional_number(&bounds::EXPENSIVE_PERCENT.bounds),
        delivered_percent: table.optional_number(&bounds::DELIVERED_PERCENT.bounds),
        step_down_per_minute: table.optional_number(&bounds::STEP_DOWN_PER_MINUTE.bounds),
        quiet_minutes: table.optional_number(&bounds::QUIET_MINUTES.bounds),
    }
}

/// Writes settings by their keys.
pub fn by_key<S: Serializer>(settings: &PumpingSettings, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Value {
        Word(&'static str),
        Number(u32),
    }
    let numbers = [
        (bounds::SEQUENCE_NUMBERS, settings.sequence_numbers),
        (bounds::NARROW_NUMBERS, settings.narrow_numbers),
        (bounds::SHARE_PERCENT, settings.share_percent),
        (bounds::EXPENSIVE_PERCENT, settings.expensive_percent),
        (bounds::DELIVERED_PERCENT, settings.delivered_percent),
        (bounds::STEP_DOWN_PER_MINUTE, settings.step_down_per_minute),
        (bounds::QUIET_MINUTES, settings.quiet_minutes),
    ];
    let mut keys: BTreeMap<&str, Value> =
        numbers.into_iter().map(|(number, value)| (number.bounds.key, Value::Number(value))).collect();
    keys.insert(MODE, Value::Word(settings.mode.word()));
    keys.serialize(serializer)
}
