//! Directories that cannot be opened, each with an error that a person can act on.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rocksdb::{DB, Options};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::batch::Batch;
use tollgate_storage::committer::Committer;
use tollgate_storage::journal::{Journal, JournalError, RocksJournal};
use tollgate_storage::rows::{MessageState, StateRow};
use tollgate_storage::schema::{
    Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY, account_id_key, account_key, account_name_key, volume_key,
};
use tollgate_storage::store::{Durability, OpenError, Store, StoreOptions, holds_books};
use tollgate_storage::verify::verify;

use crate::support::routed::{RoutedBooks, accepted, receipt};
use crate::support::{Books, LIMITS, MONTH, Message, Raw, RawRow, crash_image, options, write_unsummed};

fn error_of(opened: Result<Store, OpenError>, path: &Path) -> String {
    let text = opened.expect_err("it cannot be opened").to_string();
    assert!(text.contains(path.to_str().unwrap()), "it names the directory: {text}");
    text
}

#[test]
fn another_schema_version_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(options(dir.path())).unwrap());
    let mut batch = Batch::default();
    batch.insert(Family::Meta, SCHEMA_VERSION_KEY, (SCHEMA_VERSION + 6).to_be_bytes().to_vec());
    write_unsummed(&store, &batch);
    drop(store);
    for opened in [Store::open(options(dir.path())), Store::open_read_only(dir.path())] {
        let text = error_of(opened, dir.path());
        let (later, ours) = (SCHEMA_VERSION + 6, SCHEMA_VERSION);
        assert!(text.contains(&format!("schema version {later}, this build reads {ours}")), "{text}");
    }
}

#[test]
fn a_directory_in_use_is_not_opened_twice_but_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    books.provision(&["a"], 3);
    let text = error_of(Store::open(options(dir.path())), dir.path());
    assert!(text.contains("in use by another process"), "{text}");
    let reader = Store::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.provisioned().accounts().unwrap().len(), 1);
    let report = verify(&reader).unwrap();
    assert_eq!(report.totals["USD"].balance.micros(), 3_000_000);
    books.close();
}

/// Names and modes of the files in a folder, and that of the folder.
fn state_of(folder: &Path) -> Vec<(String, u32)> {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries.map(|path| (path.display().to_string(), mode(&path))).collect();
    all.sort();
    all.push((String::new(), mode(folder)));
    all
}

#[test]
fn a_database_of_another_program_is_not_touched() {
    for families in [&["default"][..], &["default", "theirs"]] {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Options::default();
        settings.create_if_missing(true);
        settings.create_missing_column_families(true);
        let theirs = DB::open_cf(&settings, dir.path(), families).unwrap();
        theirs.put(b"key", b"value").unwrap();
        drop(theirs);
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let before = state_of(dir.path());
        let text = error_of(Store::open(options(dir.path())), dir.path());
        assert!(text.contains("a RocksDB database of another program"), "{text}");
        assert_eq!(state_of(dir.path()), before);
        assert!(!holds_books(dir.path()));
    }
    let ours = tempfile::tempdir().unwrap();
    drop(Store::open(options(ours.path())).unwrap());
    assert!(holds_books(ours.path()));
}

#[test]
fn a_file_is_not_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    std::fs::write(&file, "not a directory").unwrap();
    let text = error_of(Store::open(options(&file)), &file);
    assert!(text.contains("is not a directory"), "{text}");
    let text = error_of(Store::open_read_only(&file), &file);
    assert!(text.contains("is not a data directory"), "{text}");
}

#[test]
fn reading_makes_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    for path in [missing.as_path(), dir.path()] {
        let text = error_of(Store::open_read_only(path), path);
        assert!(text.contains("is not a data directory"), "{text}");
    }
    assert!(!missing.exists() && dir.path().read_dir().unwrap().next().is_none());
}

#[test]
fn nothing_is_written_below_the_free_room_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let no_room = StoreOptions { minimum_free_bytes: u64::MAX, ..options(dir.path()) };
    let store = Arc::new(Store::open(no_room).unwrap());
    let mut batch = Batch::default();
    batch.insert(Family::Meta, *b"test", vec![1]);
    let mut journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
    let last = store.last_commit().unwrap().unwrap();
    let Err(JournalError::NotWritten(reason)) = journal.append(&batch, &last) else {
        panic!("it has to be refused")
    };
    assert!(reason.contains("bytes free, less than the minimum of"), "{reason}");
    assert_eq!(store.get(Family::Meta, b"test").unwrap(), None);
}

#[test]
fn a_directory_with_a_damaged_row_does_not_start_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(options(dir.path())).unwrap());
    let mut batch = Batch::default();
    batch.insert(Family::Wallets, 1_u32.to_be_bytes(), vec![0xFF]);
    write_unsummed(&store, &batch);
    let journal = RocksJournal::new(Arc::clone(&store), Durability::Sync);
    let error = Committer::start(store, journal, LIMITS, Arc::new(())).unwrap_err();
    assert!(error.to_string().contains("a damaged row in wallets"), "{error}");
}

/// The families of version 1.
const FAMILIES_OF_1: [&str; 12] = [
    "meta",
    "accounts",
    "wallets",
    "ledger",
    "batches",
    "cdrs",
    "states",
    "volumes",
    "dispatches",
    "keys",
    "short_ids",
    "tariffs",
];

const A: AccountNumber = AccountNumber(1);

/// The id of the first message in the directory of version 1.
const FIRST: u64 = 170_000_000_000_000_000;

/// One block of version 1: two messages of one segment at 0.05 in the dispatch `spring`.
fn block_of_1() -> Vec<u8> {
    let cdr = |flags: u8, expected: u8, rest: &[u8]| {
        let fixed = [flags | 2, 12, 0x25, 0x47, 0x22, 0, 0, 1, 0x82, 0xF0, 0x9F, 1, 6, 1, 0, 0, 1];
        let amount = [0xA0, 0x8D, 0x06]; // 50,000, signed
        [&fixed[..], &amount, &[expected], rest, b"\x06spring"].concat()
    };
    let header = [&[1, 2, 5, 1][..], &[0x82, 0xBE, 1], b"\x07starter"].concat();
    [header, cdr(0, 0, b"\x05\x00\x08TOLLGATE"), cdr(1, 0, b"")].concat()
}

/// A directory as version 1 left it: an account with 100 paid in, two messages, the second cancelled. The rows are
/// written octet by octet, so that no later change of what this build writes can change them.
fn directory_of_version_1(path: &Path) {
    let mut made = Options::default();
    made.create_if_missing(true);
    made.create_missing_column_families(true);
    let db = DB::open_cf(&made, path, FAMILIES_OF_1).unwrap();
    let put = |family: &str, key: &[u8], value: &[u8]| {
        db.put_cf(db.cf_handle(family).unwrap(), key, value).unwrap();
    };
    let entry = |kind: u8, amount: &[u8], reference: &str| {
        let reference = [&[u8::try_from(reference.len()).unwrap()], reference.as_bytes()].concat();
        [&[kind][..], amount, &[9], &reference].concat()
    };
    put("meta", b"schema_version", &1_u32.to_be_bytes());
    put("accounts", &account_key(A), b"\x01a\x03USD\x05");
    // 100 − 0.10 + 0.05 = 99.95, and one segment in the month.
    put("wallets", &account_key(A), &[0xE0, 0xF6, 0xA8, 0x5F, 0x82, 0xBE, 1, 1, 0, 0]);
    put("batches", &(FIRST - 1_000).to_be_bytes(), &[0, 1]);
    put("ledger", &account_id_key(A, FIRST - 1_000), &entry(1, &[0x80, 0x84, 0xAF, 0x5F], "provisioned"));
    put("batches", &FIRST.to_be_bytes(), &[1, 1, 2, 0]);
    put("cdrs", &account_id_key(A, FIRST), &block_of_1());
    put("batches", &(FIRST + 1_000).to_be_bytes(), &[0, 1]);
    let refund = entry(3, &[0xA0, 0x8D, 0x06], &(FIRST + 1).to_string());
    put("ledger", &account_id_key(A, FIRST + 1_000), &refund);
    put("states", &account_id_key(A, FIRST + 1), &[4, 9, 0xA0, 0x8D, 0x06]);
    put("volumes", &volume_key(A, MONTH), &1_u64.to_be_bytes());
    put("dispatches", &account_name_key(A, b"spring"), &[2, 1, 1, 0xA0, 0x8D, 0x06]);
    put("tariffs", &1_u32.to_be_bytes(), b"\x02t1\x05\x00");
}

fn version_of(path: &Path) -> u32 {
    let mut families = DB::list_cf(&Options::default(), path).unwrap();
    families.retain(|name| name == "meta");
    let db = DB::open_cf_for_read_only(&Options::default(), path, families, false).unwrap();
    let version = db.get_cf(db.cf_handle("meta").unwrap(), SCHEMA_VERSION_KEY).unwrap().unwrap();
    u32::from_be_bytes(version.try_into().unwrap())
}

#[test]
fn a_directory_of_version_1_is_brought_up_to_date_when_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    directory_of_version_1(dir.path());
    // Whoever only reads changes nothing, and says who does.
    let text = error_of(Store::open_read_only(dir.path()), dir.path());
    let expected =
        format!("schema version 1, this build reads {SCHEMA_VERSION}: start `tollgate run` on it once");
    assert!(text.contains(&expected), "{text}");
    assert_eq!(version_of(dir.path()), 1);
    assert_eq!(DB::list_cf(&Options::default(), dir.path()).unwrap().len(), 1 + FAMILIES_OF_1.len());

    let books = Books::open(dir.path());
    let state = books.store.messages().state(A, FIRST + 1).unwrap().unwrap();
    assert_eq!(state, StateRow::cancelled(UnixMicros(9), Amount::from_micros(50_000)));
    assert_eq!(books.store.messages().state(A, FIRST).unwrap(), None);
    assert_eq!(books.store.messages().cdr(A, FIRST + 1, |cdr| cdr.fields.route).unwrap(), Some(None));
    let report = books.prove();
    assert_eq!(report.usage_rows, 1, "counted from what was there");
    assert_eq!((report.cdrs, report.dispatches, report.refunds, report.segments), (2, 1, 1, 1));
    assert_eq!((report.queued, report.awaited, report.ended), (0, 0, 1));

    // Old and new rows stand side by side from now on.
    let mut session = books.session(A);
    books.committer.try_charge(session.chunk_of(3)).unwrap();
    assert!(session.first_id() > FIRST);
    books.cancel(A, FIRST).unwrap();
    assert_eq!(books.store.messages().state(A, FIRST).unwrap().unwrap().state, MessageState::Deleted);
    let counters = books.store.dispatches().counters(A, b"spring").unwrap().unwrap();
    assert_eq!((counters.messages, counters.cancelled, counters.segments, counters.pending()), (2, 2, 0, 0));
    assert_eq!(books.prove().segments, 3);
    drop(session);
    books.close();
    assert_eq!(version_of(dir.path()), SCHEMA_VERSION);
    verify(&Store::open_read_only(dir.path()).unwrap()).unwrap();
}

/// A crash may come between the making of the new families and the new version.
#[test]
fn an_upgrade_that_was_broken_off_is_finished() {
    for made in 0..=Family::ALL.len() - FAMILIES_OF_1.len() {
        let dir = tempfile::tempdir().unwrap();
        directory_of_version_1(dir.path());
        let mut db = DB::open_cf(&Options::default(), dir.path(), FAMILIES_OF_1).unwrap();
        for family in &Family::ALL[FAMILIES_OF_1.len()..][..made] {
            db.create_cf(family.name(), &Options::default()).unwrap();
        }
        drop(db);
        let text = error_of(Store::open_read_only(dir.path()), dir.path());
        assert!(text.contains("start `tollgate run` on it once"), "{made}: {text}");
        drop(Store::open(options(dir.path())).unwrap());
        assert_eq!(version_of(dir.path()), SCHEMA_VERSION, "{made}");
        verify(&Store::open_read_only(dir.path()).unwrap()).unwrap();
    }
}

/// A version to come may have families that we do not know: nothing is made or removed in its directory.
#[test]
fn a_later_version_with_other_families_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let mut made = Options::default();
    made.create_if_missing(true);
    made.create_missing_column_families(true);
    let db = DB::open_cf(&made, dir.path(), ["meta", "from_the_future"]).unwrap();
    db.put_cf(db.cf_handle("meta").unwrap(), SCHEMA_VERSION_KEY, (SCHEMA_VERSION + 1).to_be_bytes()).unwrap();
    drop(db);
    for opened in [Store::open(options(dir.path())), Store::open_read_only(dir.path())] {
        let text = error_of(opened, dir.path());
        let (later, ours) = (SCHEMA_VERSION + 1, SCHEMA_VERSION);
        assert!(text.contains(&format!("schema version {later}, this build reads {ours}")), "{text}");
    }
    let families = DB::list_cf(&Options::default(), dir.path()).unwrap();
    assert_eq!(families, ["default", "meta", "from_the_future"]);
}

/// A crash while a directory is made leaves some of its families and no version.
#[test]
fn a_directory_whose_making_was_broken_off_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut made = Options::default();
    made.create_if_missing(true);
    made.create_missing_column_families(true);
    drop(DB::open_cf(&made, dir.path(), &FAMILIES_OF_1[..5]).unwrap());
    drop(Store::open(options(dir.path())).unwrap());
    assert_eq!(version_of(dir.path()), SCHEMA_VERSION);
}

/// Books in which messages have come to several ends, as version 2 left them: the same rows, and none of usage.
fn directory_of_version_2(path: &Path) -> Vec<RawRow> {
    let routed = RoutedBooks::open();
    let rows = [routed.send_plain(), routed.send_plain(), routed.send_plain()];
    routed.charge(&Message { network: NetworkCode::new("310", "").unwrap(), ..Message::default() });
    routed.books.tell(accepted(&rows[0], routed.alpha, b"1"));
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    routed.books.tell(accepted(&rows[1], routed.beta, b"2"));
    routed.books.cancel(routed.account, rows[2].key.message_id).unwrap();
    routed.books.prove();
    let image = crash_image(routed.dir.path());
    routed.close();
    // What charges add to usage is in its rows at the latest when a writer ends.
    Books::open(image.path()).close();
    let usage = Raw::open(image.path()).rows(Family::Usage);
    let names = Family::ALL.iter().map(|family| family.name());
    let mut db = DB::open_cf(&Options::default(), image.path(), names).unwrap();
    db.put_cf(db.cf_handle("meta").unwrap(), SCHEMA_VERSION_KEY, 2_u32.to_be_bytes()).unwrap();
    for family in [Family::Usage, Family::Documents, Family::Audit, Family::Requests] {
        db.drop_cf(family.name()).unwrap();
    }
    drop(db);
    for file in image.path().read_dir().unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), path.join(file.file_name())).unwrap();
    }
    usage
}

#[test]
fn a_directory_of_version_2_gets_its_usage_counted() {
    let dir = tempfile::tempdir().unwrap();
    let usage = directory_of_version_2(dir.path());
    // Two networks, and two operators each within the account and over all.
    assert_eq!(usage.len(), 6);
    let text = error_of(Store::open_read_only(dir.path()), dir.path());
    let expected =
        format!("schema version 2, this build reads {SCHEMA_VERSION}: start `tollgate run` on it once");
    assert!(text.contains(&expected), "{text}");
    assert_eq!(version_of(dir.path()), 2);

    let books = Books::open(dir.path());
    assert_eq!(books.prove().usage_rows, 6);
    let mut session = books.session(A);
    books.committer.try_charge(session.chunk_of(3)).unwrap();
    session.first_id();
    assert_eq!(books.prove().usage_rows, 6, "old and new messages count together");
    drop(session);
    books.close();
    assert_eq!(version_of(dir.path()), SCHEMA_VERSION);
}

/// A crash may come after any of the new rows: what it has left is not counted on.
#[test]
fn counting_that_was_broken_off_begins_anew() {
    for left in 0..4 {
        let dir = tempfile::tempdir().unwrap();
        let usage = directory_of_version_2(dir.path());
        drop(Store::open(options(dir.path())).unwrap());
        let raw = Raw::open(dir.path());
        assert_eq!(raw.rows(Family::Usage), usage);
        for (key, _) in &usage[left..] {
            raw.delete(Family::Usage, key);
        }
        raw.put(Family::Meta, SCHEMA_VERSION_KEY, 2_u32.to_be_bytes());
        drop(raw);
        let text = error_of(Store::open_read_only(dir.path()), dir.path());
        assert!(text.contains("schema version 2"), "{text}");
        drop(Store::open(options(dir.path())).unwrap());
        assert_eq!(version_of(dir.path()), SCHEMA_VERSION);
        assert_eq!(Raw::open(dir.path()).rows(Family::Usage), usage, "{left}");
    }
}
