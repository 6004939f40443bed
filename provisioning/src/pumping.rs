//! The search for traffic pumping: the settings of all accounts, and what a plan or an account sets.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use tollgate_engine::pumping::{PumpingOverrides, PumpingSettings};
use toml::de::DeValue;

use crate::bounds::pumping as bounds;
use crate::choice::Choice;
use crate::read::TableReader;
use crate::read::values::one_of;

/// The key of the mode.
const MODE: &str = "mode";

/// Reads the table of all accounts.
pub fn read_pumping(table: &mut TableReader) -> PumpingSettings {
    read_overrides(table).over(PumpingSettings::DEFAULT)
}

/// Reads what a plan or an account sets: the word of its mode, or a table.
pub fn read_pumping_overrides(table: &mut TableReader, key: &'static str) -> PumpingOverrides {
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
