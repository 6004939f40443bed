//! The settings in force, one by one: a table of `tollgate.toml` that a reload applies is that of the files, every other one
//! is that of the start.

use std::collections::BTreeSet;

use serde_json::Value;
use tollgate_provisioning::Settings;

use super::dto::{Setting, SettingsQuery, TakesEffect};
use crate::answer::Answer;
use crate::page::Page;

/// The tables that a reload applies.
const RELOADED: [&str; 5] = ["tariff", "operators", "tlv", "refusals", "traffic_pumping"];

/// A page of settings, by name.
pub(super) fn settings(
    started_with: &Settings,
    loaded: &Settings,
    query: &SettingsQuery,
) -> Answer<Page<Setting>> {
    let paging = query.paging()?;
    let (started, loaded, default) = (tree(started_with), tree(loaded), tree(&Settings::default()));
    let mut all_names = BTreeSet::new();
    for values in [&started, &loaded, &default] {
        collect_names(values, String::new(), &mut all_names);
    }
    // A table that one of them has is shown by its keys, also where another has none.
    let is_table = |name: &String| {
        let beginning = format!("{name}.");
        all_names.iter().any(|other| other.starts_with(&beginning))
    };
    let search = query.search.as_deref().map(str::to_lowercase);
    let wanted = all_names
        .iter()
        .filter(|name| !is_table(name))
        .filter(|name| search.as_ref().is_none_or(|search| name.contains(search)))
        .map(|name| setting(name.clone(), &started, &loaded, &default))
        .filter(|setting| {
            let is_changed = !setting.is_default || setting.at_next_start.is_some();
            query.changed.is_none_or(|changed| changed == is_changed)
        });
    Ok(paging.sorted(wanted.map(|setting| (setting.name.clone(), setting)).collect(), false))
}

/// The settings as JSON, in which a secret has no form.
fn tree(settings: &Settings) -> Value {
    let value = serde_json::to_value(settings);
    assert!(value.is_ok(), "settings are plain values");
    value.unwrap_or_default()
}

/// The names of every value that is not a table, and of tables that are empty.
fn collect_names(value: &Value, name: String, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                collect_names(value, name, names);
            }
        }
        _ => {
            names.insert(name);
        }
    }
}

fn value_of(tree: &Value, name: &str) -> Value {
    name.split('.').try_fold(tree, |value, key| value.get(key)).cloned().unwrap_or_default()
}

fn setting(name: String, started: &Value, loaded: &Value, default: &Value) -> Setting {
    let table = name.split_once('.').map_or("", |(table, _)| table);
    let is_reloaded = RELOADED.contains(&table);
    let by_file = value_of(loaded, &name);
    let value = if is_reloaded { by_file.clone() } else { value_of(started, &name) };
    let default = value_of(default, &name);
    Setting {
        is_default: value == default,
        default,
        takes_effect: if is_reloaded { TakesEffect::Reload } else { TakesEffect::NextStart },
        at_next_start: (by_file != value).then_some(by_file),
        name,
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(started: &Settings, loaded: &Settings, query: &SettingsQuery) -> Vec<Setting> {
        let query = SettingsQuery { limit: Some(1_000), ..query.clone() };
        settings(started, loaded, &query).unwrap().items
    }

    #[test]
    fn each_setting_is_that_in_force_and_says_what_the_next_start_brings() {
        let started = Settings::default();
        let mut loaded = started.clone();
        loaded.smpp.window = 77;
        loaded.tlv.price = 0x1500;
        let all = listed(&started, &loaded, &SettingsQuery::default());
        let names: Vec<&str> = all.iter().map(|setting| &*setting.name).collect();
        assert!(names.is_sorted() && names.contains(&"watch_files") && names.len() > 100, "{names:?}");
        let changed = SettingsQuery { changed: Some(true), ..SettingsQuery::default() };
        let changed = listed(&started, &loaded, &changed);
        let [window, price] = &changed[..] else { panic!("{changed:?}") };
        assert_eq!(
            (&*window.name, window.is_default, window.takes_effect),
            ("smpp.window", true, TakesEffect::NextStart)
        );
        assert_eq!(window.at_next_start, Some(Value::from(77)));
        assert_eq!((&*price.name, &price.value), ("tlv.price", &Value::from("0x1500")));
        assert_eq!((price.is_default, &price.at_next_start), (false, &None));
        let search = SettingsQuery { search: Some("SMPP.win".to_owned()), ..SettingsQuery::default() };
        assert_eq!(listed(&started, &loaded, &search).len(), 1);
    }
}
