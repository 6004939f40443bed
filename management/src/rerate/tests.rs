//! Books that are rated again: as they were charged, and after somebody altered them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;

use tollgate_engine::money::Amount;
use tollgate_engine::tables::NetworkSource;
use tollgate_provisioning::{ArchivedKind, Loaded, version_of};
use tollgate_storage::batch::Batch;
use tollgate_storage::cdr::{BlockHeader, BlockReader, BlockWriter, CdrFields};
use tollgate_storage::journal::{Journal, RocksJournal};
use tollgate_storage::rows::{FileContent, Row, TariffFileRow, TariffRow, content_digest};
use tollgate_storage::schema::{Family, account_id_key};
use tollgate_storage::store::Durability;

use super::{Rerated, rerate};
use crate::tariff_files::tests::support::{Books, Folder, amount, at};

const SAFARICOM: &str = "254722000001";
const AIRTEL: &str = "254733000005";
const PORTED: &str = "254733000001";
const ELSEWHERE: &str = "12125550100";
const SUMMER: &str = "2026-07-01T12:00:00Z";

fn small_books() -> (Folder, Books) {
    let (folder, mut books) = (Folder::small(), Books::open());
    books.apply(&folder.load());
    (folder, books)
}

fn again(books: &Books) -> Rerated {
    let one = rerate(&books.store, 1).unwrap();
    assert_eq!(rerate(&books.store, 2).unwrap(), one, "whatever the number of threads");
    one
}

fn assert_all_agree(books: &Books, cdrs: u64) {
    let Rerated { rated_again, not_rated_again, unreadable, differing, first } = again(books);
    assert_eq!((differing, first), (0, None));
    assert_eq!((rated_again, not_rated_again, unreadable.len()), (cdrs, 0, 0));
}

/// The words for the only CDR that differs.
fn only_difference(books: &Books) -> String {
    let rerated = again(books);
    assert_eq!(rerated.differing, 1, "{rerated:?}");
    rerated.first.unwrap().to_string()
}

/// Puts another row in the place of one.
fn put(books: &Books, family: Family, key: &[u8], value: Vec<u8>) {
    let before = books.store.get(family, key).unwrap();
    let mut batch = Batch::default();
    batch.replace(family, key, value, before);
    let last = books.store.last_commit().unwrap().unwrap();
    RocksJournal::new(Arc::clone(&books.store), Durability::Os).append(&batch, &last).unwrap();
}

/// Alters the CDR of a message that is alone in its block.
fn alter(
    books: &Books,
    account: &str,
    message_id: u64,
    change: impl FnOnce(&mut BlockHeader<'_>, &mut CdrFields<'_>),
) {
    let account = books.number(account);
    let key = account_id_key(account, message_id);
    let bytes = books.store.get(Family::Cdrs, &key).unwrap().unwrap();
    let mut block = BlockReader::new(account, message_id, &bytes).unwrap();
    let (mut header, mut fields) = (block.header(), block.next().unwrap().fields);
    change(&mut header, &mut fields);
    let (mut writer, mut altered) = (BlockWriter::default(), Vec::new());
    writer.push(&fields);
    writer.write_to(&header, &mut altered);
    put(books, Family::Cdrs, &key, altered);
}

/// Alters the row of the only tariff version.
fn alter_tariff(books: &Books, change: impl FnOnce(&mut TariffRow)) {
    let mut row = books.store.provisioned().tariff(1).unwrap().unwrap();
    change(&mut row);
    put(books, Family::Tariffs, &1_u32.to_be_bytes(), row.to_bytes());
}

fn content(books: &Books, file: &TariffFileRow) -> Vec<u8> {
    books.store.provisioned().tariff_content(&file.content).unwrap()
}

#[test]
fn charges_of_every_kind_are_rated_as_they_were() {
    let (folder, mut books) = small_books();
    for account in ["first", "second"] {
        // The account's own rate begins in December, a rate of the plans ends in June.
        for now in [SUMMER, "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z", "2027-05-31T23:59:59Z"] {
            for to in [SAFARICOM, PORTED] {
                books.charge(account, to, 3, now);
            }
        }
        books.charge(account, AIRTEL, 2, SUMMER);
    }
    books.charge("first", ELSEWHERE, 1, SUMMER);
    books.charge_with("first", AIRTEL, 1, at(SUMMER), Some(b"63902"));
    assert_all_agree(&books, 20);
    // A reload in the middle: other rates, other tiers, other ported numbers.
    folder.edit("rates.csv", "*,639,02,0.02,,", "*,639,02,0.09,,").edit("plans.toml", "12.5", "50");
    folder.edit("ported.csv", PORTED, AIRTEL).edit("accounts.toml", "\"0.015\"", "\"0.016\"");
    books.apply(&folder.load());
    for to in [SAFARICOM, PORTED, AIRTEL, ELSEWHERE] {
        books.charge("first", to, 250, "2026-12-02T00:00:00Z");
    }
    assert_all_agree(&books, 24);
}

#[test]
fn tiers_begin_anew_at_a_months_end_in_the_plans_time_zone() {
    let (_folder, books) = small_books();
    for _ in 0..4 {
        books.charge("first", AIRTEL, 250, "2026-11-30T20:59:59Z");
    }
    books.charge("first", AIRTEL, 2, "2026-11-30T20:59:59Z");
    let next = books.charge("first", AIRTEL, 2, "2026-11-30T21:00:00Z");
    assert_all_agree(&books, 6);
    alter(&books, "first", next, |header, _| header.month.0 -= 1);
    let said = only_difference(&books);
    assert!(said.ends_with("month 2026-11, would be 2026-12"), "{said}");
}

#[test]
fn another_destination_is_another_network_and_price() {
    let (_folder, books) = small_books();
    let id = books.charge("first", SAFARICOM, 1, SUMMER);
    books.charge("first", SAFARICOM, 1, SUMMER);
    alter(&books, "first", id, |_, cdr| {
        cdr.destination = tollgate_engine::number::Number::from_digits(AIRTEL.as_bytes()).unwrap();
    });
    assert_eq!(
        only_difference(&books),
        format!(
            "message {id} of account first: charged 0.02 USD, would be 0.018 USD; \
             network 639/02 by 5 digits, would be 639/03 by 5 digits"
        )
    );
}

#[test]
fn a_ported_number_is_looked_up_again() {
    let (_folder, books) = small_books();
    let id = books.charge("first", PORTED, 1, SUMMER);
    assert_all_agree(&books, 1);
    alter(&books, "first", id, |_, cdr| cdr.network_source = NetworkSource::Prefix(5));
    let said = only_difference(&books);
    assert!(said.contains("network 639/02 by 5 digits, would be 639/02 by ported numbers"), "{said}");
    alter(&books, "first", id, |_, cdr| {
        cdr.network_source = NetworkSource::Ported;
        cdr.destination = tollgate_engine::number::Number::from_digits(AIRTEL.as_bytes()).unwrap();
    });
    let said = only_difference(&books);
    assert!(said.contains("network 639/02 by ported numbers, would be 639/03 by 5 digits"), "{said}");
}

#[test]
fn another_place_in_the_volume_is_another_tier() {
    let (_folder, books) = small_books();
    let mut last = 0;
    for _ in 0..5 {
        last = books.charge("first", AIRTEL, 250, SUMMER);
    }
    assert_all_agree(&books, 5);
    alter(&books, "first", last, |_, cdr| cdr.counted_before = 0);
    assert_eq!(
        only_difference(&books),
        format!("message {last} of account first: charged 3.9375 USD, would be 4.50 USD")
    );
    for beyond in [1 << 40, u64::MAX] {
        alter(&books, "first", last, |_, cdr| {
            cdr.counted_before = beyond;
            cdr.amount = amount("4.50");
        });
        let said = only_difference(&books);
        assert!(said.ends_with(&format!("{beyond} segments before it, which no CDRs have")), "{said}");
    }
}

#[test]
fn a_cent_that_was_moved_between_two_messages_is_found() {
    let (_folder, books) = small_books();
    let ids: Vec<u64> = (0..3).map(|_| books.charge("second", SAFARICOM, 2, SUMMER)).collect();
    let cent = Amount::from_micros(10_000);
    alter(&books, "second", ids[2], |_, cdr| cdr.amount = cdr.amount.checked_sub(cent).unwrap());
    alter(&books, "second", ids[1], |_, cdr| cdr.amount = cdr.amount.checked_add(cent).unwrap());
    let rerated = again(&books);
    assert_eq!((rerated.rated_again, rerated.differing), (3, 2));
    assert_eq!(
        rerated.first.unwrap().to_string(),
        format!("message {} of account second: charged 0.03 USD, would be 0.02 USD", ids[1])
    );
}

#[test]
fn another_plan_or_currency_is_found() {
    let (_folder, books) = small_books();
    let id = books.charge("first", SAFARICOM, 1, SUMMER);
    alter(&books, "first", id, |header, cdr| {
        (header.plan, cdr.amount) = ("enterprise", amount("0.01"));
    });
    let said = only_difference(&books);
    assert!(said.ends_with("would be 0.02 USD; plan enterprise, would be starter"), "{said}");
    let key = tollgate_storage::schema::account_key(books.number("first"));
    let mut row = books.store.provisioned().accounts().unwrap().remove(0).1;
    row.currency = "UZS".to_owned();
    put(&books, Family::Accounts, &key, row.to_bytes());
    let said = only_difference(&books);
    assert!(said.ends_with("currency of plan starter is USD"), "{said}");
}

#[test]
fn accounts_of_the_api_have_their_rates_and_may_change_plans() {
    let (folder, mut books) = (Folder::small(), Books::open());
    let with = |rate: &str| -> Loaded {
        let mut loaded = folder.load();
        let mut added = loaded.provisioning.accounts[0].clone();
        (added.account.id, added.system_id) = ("added".into(), "added".into());
        added.account.rates[0].price = amount(rate);
        loaded.provisioning = loaded.provisioning.with(vec![added], Vec::new(), &[]);
        loaded
    };
    books.apply(&with("0.011"));
    books.charge("added", SAFARICOM, 1, "2026-12-05");
    books.apply(&with("0.012"));
    let id = books.charge("added", SAFARICOM, 1, "2026-12-05");
    assert_all_agree(&books, 2);
    alter(&books, "added", id, |_, cdr| cdr.amount = amount("0.011"));
    assert!(only_difference(&books).contains("would be 0.012 USD"));
    // Over the API it may have been on another plan at that time; the price follows from that one.
    alter(&books, "added", id, |header, cdr| {
        (header.plan, cdr.amount) = ("enterprise", amount("0.012"));
    });
    assert_all_agree(&books, 2);
    alter(&books, "added", id, |header, _| header.plan = "gone");
    let said = only_difference(&books);
    assert!(said.ends_with("would have no price; plan gone is not in the tariff version"), "{said}");
}

#[test]
fn an_archive_that_was_altered_under_its_hash_is_found() {
    let (_folder, books) = small_books();
    let id = books.charge("first", SAFARICOM, 1, SUMMER);
    alter(&books, "first", id, |_, cdr| cdr.amount = amount("0.01"));
    let altered = |row: &TariffRow| {
        let rates = row.files.iter().find(|file| file.name == "rates.csv").unwrap();
        String::from_utf8(content(&books, rates)).unwrap().replace("*,639,02,0.02,", "*,639,02,0.01,")
    };
    // The new content stands under its own hash, and the version keeps its name.
    alter_tariff(&books, |row| {
        let content = altered(row).into_bytes();
        let digest = content_digest(&content);
        let octets = content.len() as u64;
        put(&books, Family::TariffFiles, &digest, content);
        let rates = row.files.iter_mut().find(|file| file.name == "rates.csv").unwrap();
        rates.content = FileContent::Stored { digest, octets };
    });
    let said = only_difference(&books);
    assert!(said.ends_with("are not those that it is named after"), "{said}");
    alter_tariff(&books, |row| row.version = "0123456789abcdef".to_owned());
    let said = only_difference(&books);
    assert!(said.contains("the files of tariff version 0123456789abcdef are not those"), "{said}");
}

/// Writes the archive as an earlier version did: every content in the row, of ported numbers the hash, no plans of accounts.
fn as_earlier_version(books: &Books) {
    alter_tariff(books, |row| {
        row.files.retain(|file| file.name != "account plans");
        for file in &mut row.files {
            let kept = content(books, file);
            let is_ported = ArchivedKind::of(&file.name, &kept) == ArchivedKind::Ported;
            let kept = if is_ported { content_digest(&kept).to_vec() } else { kept };
            file.content = FileContent::Inline(kept);
        }
        let digests: Vec<(String, [u8; 32])> = row
            .files
            .iter()
            .map(|file| match &file.content {
                FileContent::Inline(kept) if file.name == "ported.csv" => kept[..].try_into().unwrap(),
                FileContent::Inline(kept) => content_digest(kept),
                FileContent::Stored { .. } => unreachable!("all are inline"),
            })
            .zip(row.files.iter().map(|file| file.name.clone()))
            .map(|(digest, name)| (name, digest))
            .collect();
        row.version = version_of(digests.iter().map(|(name, digest)| (&**name, digest))).to_string();
    });
}

#[test]
fn an_archive_of_an_earlier_version_is_rated_as_far_as_it_goes() {
    let (_folder, books) = small_books();
    books.charge("first", PORTED, 1, SUMMER);
    let id = books.charge("first", SAFARICOM, 1, SUMMER);
    books.charge_with("first", AIRTEL, 1, at(SUMMER), Some(b"63902"));
    as_earlier_version(&books);
    let rerated = again(&books);
    assert_eq!((rerated.rated_again, rerated.not_rated_again, rerated.differing), (1, 2, 0), "{rerated:?}");
    alter(&books, "first", id, |_, cdr| cdr.amount = amount("0.03"));
    assert!(only_difference(&books).contains("charged 0.03 USD, would be 0.02 USD"));
}

#[test]
fn an_archive_that_cannot_be_read_any_more_is_no_difference() {
    let (_folder, books) = small_books();
    books.charge("first", SAFARICOM, 1, SUMMER);
    alter_tariff(&books, |row| {
        row.files.retain(|file| file.name != "plans.toml");
        let digests: Vec<_> = row
            .files
            .iter()
            .map(|file| match &file.content {
                FileContent::Stored { digest, .. } => (file.name.clone(), *digest),
                FileContent::Inline(_) => unreachable!("none is inline"),
            })
            .collect();
        row.version = version_of(digests.iter().map(|(name, digest)| (&**name, digest))).to_string();
    });
    let rerated = again(&books);
    assert_eq!((rerated.rated_again, rerated.not_rated_again, rerated.differing), (0, 1, 0));
    assert!(rerated.unreadable[0].contains("has no plans"), "{:?}", rerated.unreadable);
}

#[test]
fn a_content_is_kept_once_for_all_versions() {
    let (folder, mut books) = small_books();
    let count = |books: &Books| {
        let mut contents = 0;
        books
            .store
            .scan(Family::TariffFiles, &[], |_, _| {
                contents += 1;
                true
            })
            .unwrap();
        contents
    };
    let before = count(&books);
    for price in ["0.03", "0.04", "0.02"] {
        let rates = folder.text("rates.csv");
        let line = rates.lines().nth(1).unwrap();
        folder.edit("rates.csv", line, &format!("*,639,02,{price},,,common"));
        books.apply(&folder.load());
    }
    assert_eq!(books.store.provisioned().tariffs().unwrap().len(), 3, "the last one is the first");
    assert_eq!(count(&books), before + 2);
    tollgate_storage::verify::verify(&books.store).unwrap();
}
