//! Counts the usage of all messages again, for a data directory whose version has no usage counters, or has
//! lost count.

use std::collections::HashMap;

use crate::batch::Batch;
use crate::cdr::BlockReader;
use crate::commits::CommitRows;
use crate::countries::NumberCountries;
use crate::database::{Database, Unavailable, damaged, rows};
use crate::rows::{Row, UsageRow};
use crate::schema::{Family, USAGE_COUNTED_KEY, parse_account_id_key, usage_key};
use crate::states::States;
use crate::store_options::Durability;
use crate::usage::{ChargeFacts, UsageKey, contributions};

/// Rows that are counted in memory before they are written.
pub const ROWS_AT_ONCE: usize = 50_000;

/// Counts the usage of every message again and writes its rows, whatever rows there are. Where it is broken
/// off, it is done once more from the beginning. In memory are about `rows_at_once` rows.
pub fn build(
    database: &Database,
    countries: &NumberCountries,
    rows_at_once: usize,
) -> Result<(), Unavailable> {
    clear(database, rows_at_once)?;
    let mut counted = HashMap::new();
    database.with(|db| {
        let mut states = States::new(rows(db, Family::States, &[])?);
        for row in rows(db, Family::Cdrs, &[])? {
            let (key, value) = row?;
            let (account, first) = parse_account_id_key(&key).ok_or_else(|| damaged(Family::Cdrs))?;
            let block = BlockReader::new(account, first, &value).ok_or_else(|| damaged(Family::Cdrs))?;
            count_block(block, countries, &mut states, &mut counted)?;
            if counted.len() >= rows_at_once {
                add(database, &mut counted)?;
            }
        }
        add(database, &mut counted)
    })?;
    let next_id = CommitRows { database }.next_id()?;
    let mut batch = Batch::default();
    // Without an id there is no row: a commit takes zero for that.
    batch.put(Family::Meta, USAGE_COUNTED_KEY, (next_id > 0).then(|| next_id.to_be_bytes().to_vec()), None);
    database.write(&batch, Durability::Sync)
}

/// Adds what was counted to the rows that there are.
fn add(database: &Database, counted: &mut HashMap<UsageKey, UsageRow>) -> Result<(), Unavailable> {
    let mut batch = Batch::default();
    for (key, added) in counted.drain() {
        let key = usage_key(&key);
        let before = database.get(Family::Usage, &key)?;
        let row = before.as_ref().map_or_else(|| Some(UsageRow::default()), |before| UsageRow::read(before));
        let mut row = row.ok_or_else(|| damaged(Family::Usage))?;
        row.add(&added);
        batch.replace(Family::Usage, key, row.to_bytes(), before);
    }
    database.write(&batch, Durability::Sync)
}

fn clear(database: &Database, rows_at_once: usize) -> Result<(), Unavailable> {
    loop {
        let mut batch = Batch::default();
        database.scan(Family::Usage, &[], |key, value| {
            batch.delete(Family::Usage, key, value.to_vec());
            batch.puts.len() < rows_at_once
        })?;
        if batch.is_empty() {
            return Ok(());
        }
        database.write(&batch, Durability::Sync)?;
    }
}

fn count_block(
    mut block: BlockReader<'_>,
    countries: &NumberCountries,
    states: &mut States<'_>,
    counted: &mut HashMap<UsageKey, UsageRow>,
) -> Result<(), Unavailable> {
    for cdr in block.by_ref() {
        let state = states.of(cdr.account, cdr.message_id)?;
        for (key, added) in contributions(&ChargeFacts::of(&cdr, countries), state) {
            counted.entry(key).or_default().add(&added);
        }
    }
    if block.is_sound() { Ok(()) } else { Err(damaged(Family::Cdrs)) }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::account::AccountNumber;
    use tollgate_engine::money::{Amount, Currency};
    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::number::Number;
    use tollgate_engine::operator::OperatorNumber;
    use tollgate_engine::tables::NetworkSource;
    use tollgate_engine::time::{Month, UnixMicros};

    use super::*;
    use crate::cdr::{BlockHeader, BlockWriter, CdrFields, Source};
    use crate::rows::{MessageState, StateRow};
    use crate::schema::account_id_key;
    use crate::store::{Store, StoreOptions};
    use crate::usage::QUARTER_MICROS;

    /// Six messages in one block, each to another network; every second one is with an operator.
    fn put_block(batch: &mut Batch, account: AccountNumber, first: u64, quarter: u64) {
        let mut writer = BlockWriter::default();
        for index in 0..6_u16 {
            writer.push(&CdrFields {
                destination: Number::from_digits(b"254722000001").expect("a number"),
                network: NetworkCode { mcc: 600 + index, mnc: None },
                network_source: NetworkSource::Tlv,
                segments: 2,
                data_coding: 0,
                esm_class: 0,
                registered_delivery: 0,
                amount: Amount::from_micros(7),
                counted_before: 0,
                source: Source::default(),
                dispatch_id: None,
                idempotency_key: None,
                user_message_reference: None,
                user_sms_id: None,
                route: None,
                beside: None,
            });
            if index % 2 == 1 {
                let state = StateRow {
                    state: MessageState::Delivered,
                    operator: OperatorNumber(index),
                    cost: Amount::from_micros(3),
                    cost_currency: Currency::new("EUR"),
                    accepted_at: Some(UnixMicros(1)),
                    ..StateRow::default()
                };
                let key = account_id_key(account, first + u64::from(index));
                batch.insert(Family::States, key, state.to_bytes());
            }
        }
        let submitted_at = UnixMicros(quarter * QUARTER_MICROS);
        let header = BlockHeader { submitted_at, tariff: 1, month: Month(1), plan: "p" };
        let mut block = Vec::new();
        writer.write_to(&header, &mut block);
        batch.insert(Family::Cdrs, account_id_key(account, first), block);
    }

    fn all(store: &Store) -> Vec<(Vec<u8>, UsageRow)> {
        let mut rows = Vec::new();
        let visit = |key: &[u8], value: &[u8]| {
            rows.push((key.to_vec(), UsageRow::read(value).unwrap_or_default()));
            true
        };
        store.scan(Family::Usage, &[], visit).expect("it can be read");
        rows
    }

    #[test]
    fn rows_are_the_same_however_many_are_counted_at_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let options = StoreOptions::at(dir.path().to_owned());
        let store = Store::open(options).expect("it opens");
        let mut batch = Batch::default();
        for account in 1..=3 {
            for block in 0..8 {
                put_block(&mut batch, AccountNumber(account), 1_000 + 10 * block, block % 3);
            }
        }
        store.database().write(&batch, Durability::Os).expect("it is written");
        build(store.database(), &NumberCountries::default(), usize::MAX).expect("it is counted");
        let rows = all(&store);
        // Three quarters: of each account six networks and three operators, and three operators over all.
        assert_eq!(rows.len(), 3 * (3 * 9 + 3));
        let sent: u64 = rows.iter().filter(|(key, _)| key[..4] == [0; 4]).map(|(_, row)| row.messages).sum();
        assert_eq!(sent, 3 * 8 * 3);
        for at_once in [1, 7, 20] {
            build(store.database(), &NumberCountries::default(), at_once).expect("it is counted");
            assert_eq!(all(&store), rows, "{at_once} at once");
        }
    }
}
