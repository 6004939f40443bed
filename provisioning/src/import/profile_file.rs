//! Profiles as TOML files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use toml::de::DeValue;

use super::field::Field;
use super::profile::ImportProfile;
use crate::read::values::{boolean, integer, text};
use crate::read::{Document, Problems, SourceFile, TableReader};

/// Reads a profile of a file; `path` is what problems call it.
pub fn read_profile(path: &Path, octets: Vec<u8>) -> Result<ImportProfile, Problems> {
    let mut problems = Problems::default();
    let source = match SourceFile::new("profile", path, octets) {
        Ok(source) => source,
        Err(message) => {
            problems.add(&path.to_string_lossy().into(), 0, "", message);
            return Err(problems);
        }
    };
    let document = Document::parse(&source, &mut problems);
    let mut root = TableReader::of(&document, &mut problems);
    let profile = read_table(&mut root);
    for (key, message) in profile.formats().err().unwrap_or_default() {
        root.problem(&key, message);
    }
    root.finish();
    if problems.is_empty() { Ok(profile) } else { Err(problems) }
}

fn read_table(root: &mut TableReader) -> ImportProfile {
    let mut word = |key| root.optional(key, text(|word| Ok(word.to_owned())));
    let mut profile = ImportProfile {
        encoding: word("encoding"),
        delimiter: word("delimiter"),
        sheet: word("sheet"),
        decimal_mark: word("decimal_mark"),
        day_order: word("day_order"),
        time_zone: word("time_zone"),
        price_unit: word("price_unit"),
        price_per: word("price_per"),
        currency: word("currency"),
        content: word("content"),
        end_date: word("end_date"),
        ..ImportProfile::default()
    };
    profile.header_line = root.optional("header_line", integer(0..=u64::from(u16::MAX)));
    profile.fill_down = root.optional("fill_down", boolean);
    profile.columns = root.table("columns", read_columns).unwrap_or_default();
    profile
}

fn read_columns(table: &mut TableReader) -> BTreeMap<String, String> {
    let column = |value: &DeValue| match value {
        DeValue::Integer(_) => integer::<u16>(1..=256)(value).map(|number| number.to_string()),
        other => text(|name| Ok(name.to_owned()))(other),
    };
    let fields =
        Field::ALL.iter().filter_map(|(_, key)| Some(((*key).to_owned(), table.optional(key, column)?)));
    fields.collect()
}

/// A profile as the text of a file.
pub fn profile_text(profile: &ImportProfile) -> String {
    let mut file = String::from(
        "# The columns and formats of one sender's price lists, for `tollgate import --profile`.\n",
    );
    let words = [
        ("encoding", &profile.encoding),
        ("delimiter", &profile.delimiter),
        ("sheet", &profile.sheet),
        ("decimal_mark", &profile.decimal_mark),
        ("day_order", &profile.day_order),
        ("time_zone", &profile.time_zone),
        ("price_unit", &profile.price_unit),
        ("price_per", &profile.price_per),
        ("currency", &profile.currency),
        ("content", &profile.content),
        ("end_date", &profile.end_date),
    ];
    for (key, value) in words.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
        let _ = writeln!(file, "{key} = {}", quoted(value));
    }
    if let Some(line) = profile.header_line {
        let _ = writeln!(file, "header_line = {line}");
    }
    if let Some(fills) = profile.fill_down {
        let _ = writeln!(file, "fill_down = {fills}");
    }
    if !profile.columns.is_empty() {
        file.push_str("\n[columns]\n");
        for (key, name) in &profile.columns {
            let _ = writeln!(file, "{key} = {}", quoted(name));
        }
    }
    file
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let profile = ImportProfile {
            delimiter: Some(";".to_owned()),
            header_line: Some(5),
            columns: [("price", "Price \"net\" (EUR)"), ("mcc_mnc", "1")]
                .map(|(key, name)| (key.to_owned(), name.to_owned()))
                .into(),
            decimal_mark: Some("comma".to_owned()),
            fill_down: Some(true),
            ..ImportProfile::default()
        };
        let text = profile_text(&profile);
        assert_eq!(read_profile(Path::new("a.toml"), text.into_bytes()), Ok(profile));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let text = "delimiter = \"ab\"\ndecimal_mark = \"dot\"\ncolour = 1\n[columns]\nprize = \"Price\"\nmcc = \"\"\n";
        let problems = read_profile(Path::new("a.toml"), text.as_bytes().to_vec()).unwrap_err().to_string();
        for expected in [
            "a.toml:1: delimiter",
            "a.toml:2: decimal_mark",
            "a.toml:3: colour",
            "a.toml:5: columns.prize",
            "a.toml:6: columns.mcc",
        ] {
            assert!(problems.contains(expected), "{expected}: {problems}");
        }
    }
}
