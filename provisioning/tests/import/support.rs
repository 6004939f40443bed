//! The shipped configuration, whose networks lists are read against.

use std::path::Path;

use tollgate_engine::money::Currency;
use tollgate_provisioning::import::{
    ImportProfile, NetworkDirectory, PriceList, ReadOptions, RefusedList, Wording, read_price_list,
};
use tollgate_provisioning::{Loaded, load};

/// The configuration that is shipped.
pub fn shipped() -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/tollgate.toml");
    load(&path).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Reads a list in US dollars with nothing said about it.
pub fn read_list(loaded: &Loaded, list: &str) -> Result<PriceList, RefusedList> {
    let options = ReadOptions {
        name: "list",
        profile: &ImportProfile::default(),
        currency: Currency::new("USD").unwrap(),
        plan: None,
        effective: None,
        wording: Wording::Fields,
    };
    read_price_list(list.as_bytes(), &options, &NetworkDirectory::of(&loaded.provisioning))
}

/// The rows of a file of the shipped numbering, each by its columns.
pub fn rows_of(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/numbering").join(file);
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(path).expect("a file");
    let rows = reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect());
    rows.collect()
}
