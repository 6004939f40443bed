//! A check of what a batch says of the rows that it replaces: a wrong word would make every later sum wrong.

use std::collections::HashMap;

use super::place::Place;
use crate::batch::Batch;
use crate::database::{Database, Unavailable};
use crate::schema::Family;

/// Asserts that each row of the batch replaces what it says it does. It reads every row once more, so that only builds
/// with debug assertions, such as those that tests run, do it.
pub fn assert_befores(database: &Database, batch: &Batch, forgotten_hour: u32) -> Result<(), Unavailable> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    let mut changed: HashMap<(Family, &[u8]), Option<&[u8]>> = HashMap::new();
    for put in &batch.puts {
        let key = (put.family, put.key.as_slice());
        let on_disk = match changed.get(&key) {
            Some(value) => value.map(<[u8]>::to_vec),
            None => database.get(put.family, &put.key)?,
        };
        changed.insert(key, put.value.as_deref());
        if on_disk == put.before {
            continue;
        }
        // A row whose hour is forgotten counts as no row, whether compaction has dropped it or not.
        let counts = |value: &Option<Vec<u8>>| {
            value
                .as_ref()
                .is_some_and(|value| !Place::of(put.family, &put.key, value).is_forgotten(forgotten_hour))
        };
        assert!(
            !counts(&on_disk) && !counts(&put.before),
            "a commit says of a row in {} that it replaces {:?}, and there is {:?}",
            put.family.name(),
            put.before.as_ref().map(hex),
            on_disk.as_ref().map(hex),
        );
    }
    Ok(())
}

fn hex(octets: impl AsRef<[u8]>) -> String {
    octets.as_ref().iter().fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"))
}
