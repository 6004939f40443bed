//! Every way in which the books can be off, put there by hand: none may pass.

mod by_hand;
mod delivery;
mod pockets;
mod usage;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::{Volume, WalletState};
use tollgate_storage::cdr::{BlockReader, BlockWriter, CdrFields};
use tollgate_storage::rows::{
    BatchRow, DispatchCounters, EntryKind, FileContent, KeyRow, LedgerEntry, Row, StateRow, TariffRow,
    content_digest,
};
use tollgate_storage::schema::{
    Family, account_id_key, account_key, account_name_key, short_id_key, volume_key,
};
use tollgate_storage::store::Store;
use tollgate_storage::verify::{Fault, Report, verify};

use crate::support::{Books, MONTH, Message, Raw, RawRow, crash_image, options};

const A: AccountNumber = AccountNumber(1);
const B: AccountNumber = AccountNumber(2);
const NEXT_MONTH: Month = Month(MONTH.0 + 1);

/// Books that nobody has open, to be changed behind everyone's back.
struct Closed(tempfile::TempDir);

impl Closed {
    /// The result of `verify` for a copy of the books after a change.
    fn after(&self, change: impl FnOnce(&Raw)) -> Result<Report, Fault> {
        let copy = crash_image(self.0.path());
        let raw = Raw::open(copy.path());
        change(&raw);
        drop(raw);
        verify(&Store::open_read_only(copy.path()).unwrap())
    }

    /// The same, where commits could have made the change.
    fn after_resummed(&self, change: impl FnOnce(&Raw)) -> Result<Report, Fault> {
        let copy = crash_image(self.0.path());
        let raw = Raw::open(copy.path());
        change(&raw);
        raw.resum();
        drop(raw);
        drop(Store::open(options(copy.path())).unwrap());
        verify(&Store::open_read_only(copy.path()).unwrap())
    }

    #[track_caller]
    fn expect(&self, message: &str, change: impl FnOnce(&Raw)) {
        match self.after(change) {
            Ok(report) => panic!("unnoticed: {message}\n{report:?}"),
            Err(fault) => assert!(fault.to_string().contains(message), "expected: {message}\nfound: {fault}"),
        }
    }

    fn rows(&self, family: Family) -> Vec<RawRow> {
        Raw::open(crash_image(self.0.path()).path()).rows(family)
    }

    /// Takes away each row of these families, one at a time.
    fn check_that_no_row_can_go_missing(&self, families: &[Family]) {
        for family in families {
            let rows = self.rows(*family);
            assert!(!rows.is_empty(), "{family:?}");
            for (key, _) in rows {
                let found = self.after(|raw| raw.delete(*family, &key));
                assert!(found.is_err(), "{family:?} without {key:?}");
            }
        }
    }

    /// Cuts and lengthens the first row of each of these families, and cuts its key.
    fn check_that_no_row_can_be_damaged(&self, families: &[Family]) {
        for family in families {
            let rows = self.rows(*family);
            let (key, value) = rows.first().expect("every family has rows");
            let damaged = [
                (key.clone(), value.split_last().map(|(_, value)| value.to_vec())),
                (key.clone(), Some([value.as_slice(), &[0]].concat())),
                (key[..1].to_vec(), Some(value.clone())),
            ];
            for (key, value) in damaged {
                let Some(value) = value else { continue };
                let fault = self.after(|raw| raw.put(*family, &key, &value)).expect_err(family.name());
                let fault = fault.to_string();
                let named = fault.contains("cannot be read") || fault.contains("a damaged row");
                assert!(named && fault.contains(family.name()), "{family:?}: {fault}");
            }
        }
    }
}

/// Closed books in which something of everything has happened that needs no operator.
struct Sound {
    closed: Closed,
    /// First ids of the plain block, of the dispatch's block, of the short-id block, and of the other
    /// account's.
    plain: u64,
    dispatch: u64,
    short: u64,
    other: u64,
}

impl Sound {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        assert_eq!(books.provision(&["a", "b"], 100), [A, B]);
        let mut session = books.session(A);
        let mut charge = |short_ids, messages: &[Message<'_>]| {
            let mut chunk = session.chunk_with(UnixMicros(1), short_ids);
            for message in messages {
                session.charge(&mut chunk, message).unwrap();
            }
            books.committer.try_charge(chunk).unwrap();
            session.first_id()
        };
        let spring =
            Message { dispatch: Some(b"spring"), key: Some(b"k1"), segments: 2, ..Message::default() };
        let plain = charge(false, &[Message::default(); 4]);
        let dispatch = charge(false, &[spring, Message { key: None, ..spring }]);
        let short = charge(true, &[Message { month: NEXT_MONTH, ..Message::default() }; 2]);
        let mut session = books.session(B);
        books.committer.try_charge(session.chunk_of(3)).unwrap();
        let other = session.first_id();
        books.post(A, EntryKind::TopUp, Amount::from_micros(7_000_000)).unwrap();
        books.cancel(A, dispatch + 1).unwrap();
        books.prove();
        drop(session);
        books.close();
        Self { closed: Closed(dir), plain, dispatch, short, other }
    }

    #[track_caller]
    fn expect(&self, message: &str, change: impl FnOnce(&Raw)) {
        self.closed.expect(message, change);
    }
}

/// Reads a row, changes it, and puts it back.
fn edit<R: Row>(raw: &Raw, family: Family, key: impl AsRef<[u8]>, change: impl FnOnce(&mut R)) {
    let mut row = R::read(&raw.get(family, &key)).unwrap();
    change(&mut row);
    raw.put(family, key, row.to_bytes());
}

/// Writes a block of CDRs again, with the first one changed.
fn edit_block(raw: &Raw, account: AccountNumber, first: u64, change: impl FnOnce(&mut CdrFields<'_>)) {
    let bytes = raw.get(Family::Cdrs, account_id_key(account, first));
    let block = BlockReader::new(account, first, &bytes).unwrap();
    let header = block.header();
    let mut fields: Vec<_> = block.map(|cdr| cdr.fields).collect();
    change(&mut fields[0]);
    let (mut writer, mut changed) = (BlockWriter::default(), Vec::new());
    for cdr in &fields {
        writer.push(cdr);
    }
    writer.write_to(&header, &mut changed);
    raw.put(Family::Cdrs, account_id_key(account, first), changed);
}

/// The ledger entries of an account, by kind.
fn entry(raw: &Raw, account: AccountNumber, wanted: EntryKind) -> (Vec<u8>, LedgerEntry) {
    raw.rows(Family::Ledger)
        .into_iter()
        .map(|(key, value)| (key, LedgerEntry::read(&value).unwrap()))
        .find(|(key, entry)| key.starts_with(&account_key(account)) && entry.kind == wanted)
        .unwrap()
}

fn cents(cents: i64) -> Amount {
    Amount::from_micros(cents * 10_000)
}

#[test]
fn sound_books_are_counted() {
    let report = Sound::new().closed.after(|_| ()).unwrap();
    assert_eq!((report.wallets, report.cdrs, report.dispatches, report.segments), (2, 11, 1, 11));
    let totals = report.totals["USD"];
    assert_eq!(totals.paid_in, cents(20_700));
    let cents = |count| Total::from(cents(count));
    assert_eq!((totals.charged, totals.refunded, totals.balance), (cents(65), cents(10), cents(20_645)));
}

#[test]
fn blocks_and_commits_that_are_off_are_named() {
    let sound = Sound::new();
    let Sound { plain, other, dispatch, .. } = sound;
    let block = |account, id| account_id_key(account, id);
    sound.expect(&format!("commit {plain}: 4 CDRs of account 1 are missing"), |raw| {
        raw.delete(Family::Cdrs, block(A, plain));
    });
    sound.expect("CDRs of account 2 are missing", |raw| raw.delete(Family::Cdrs, block(B, other)));
    sound.expect("belong to no commit", |raw| {
        raw.put(Family::Cdrs, block(A, other + 10), raw.get(Family::Cdrs, block(A, plain)));
    });
    sound.expect("belong to no commit", |raw| raw.delete(Family::Batches, other.to_be_bytes()));
    sound.expect("gives out ids that an earlier one gave out", |raw| {
        let row = BatchRow { blocks: Vec::new(), entries: 1 };
        raw.put(Family::Batches, (plain + 1).to_be_bytes(), row.to_bytes());
    });
    sound.expect(&format!("message {} has two CDRs", plain + 3), |raw| {
        raw.put(Family::Cdrs, block(A, plain + 3), raw.get(Family::Cdrs, block(A, plain)));
    });
    sound.expect(&format!("message {plain} has CDRs of two accounts"), |raw| {
        raw.put(Family::Cdrs, block(B, plain), raw.get(Family::Cdrs, block(A, plain)));
    });
    sound.expect("tariff 1 is not archived", |raw| raw.delete(Family::Tariffs, 1_u32.to_be_bytes()));
    let (digest, content) = sound.closed.rows(Family::TariffFiles).remove(0);
    sound.expect("tariff 1 has lost a file", |raw| raw.delete(Family::TariffFiles, &digest));
    sound.expect("an archived tariff file was changed after it was written", |raw| {
        raw.put(Family::TariffFiles, &digest, [&content[..], b"x"].concat());
    });
    sound.expect("an archived tariff file belongs to no version", |raw| {
        raw.put(Family::TariffFiles, content_digest(b"x"), b"x");
    });
    sound.expect("tariff 1 names another length of a file", |raw| {
        edit(raw, Family::Tariffs, 1_u32.to_be_bytes(), |row: &mut TariffRow| {
            row.files[0].content = FileContent::Stored { digest: content_digest(&content), octets: 9_999 };
        });
    });
    sound.expect("account a: its wallet holds", |raw| {
        edit_block(raw, A, plain, |cdr| cdr.amount = cents(4));
    });
    sound.expect("account 1 in 2026-11: 6 segments kept, 7 on CDRs", |raw| {
        edit_block(raw, A, plain, |cdr| cdr.segments += 1);
    });
    sound.expect("dispatch spring", |raw| edit_block(raw, A, dispatch, |cdr| cdr.dispatch_id = None));
}

#[test]
fn wallets_and_accounts_that_are_off_are_named() {
    let sound = Sound::new();
    let wallet =
        |change: fn(&mut WalletState)| move |raw: &Raw| edit(raw, Family::Wallets, account_key(A), change);
    sound.expect("account a has no wallet", |raw| raw.delete(Family::Wallets, account_key(A)));
    sound.expect("account a: its wallet holds 106.61", wallet(|state| state.balance = cents(10_661).into()));
    sound.expect("its wallet counts 9 segments, CDRs 2", wallet(|state| state.volumes[0].segments = 9));
    sound.expect("its wallet counts 9 segments, CDRs 6", wallet(|state| state.volumes[1].segments = 9));
    sound.expect(
        "in 2026-12: its wallet has lost 2 segments",
        wallet(|state| {
            state.volumes = [state.volumes[1], Volume::default()];
        }),
    );
    sound.expect(
        "in 2026-11: its wallet has lost 6 segments",
        wallet(|state| {
            state.volumes[1] = Volume::default();
        }),
    );
    sound.expect("wallet 9 belongs to no account", |raw| {
        raw.put(Family::Wallets, account_key(AccountNumber(9)), WalletState::default().to_bytes());
    });
    sound.expect("belongs to account 2, which does not exist", |raw| {
        raw.delete(Family::Accounts, account_key(B));
    });
}

#[test]
fn counters_that_are_off_are_named() {
    let sound = Sound::new();
    let spring = account_name_key(A, b"spring");
    let volume = volume_key(A, MONTH);
    sound.expect("account 1 in 2026-11: 5 segments kept, 6 on CDRs", |raw| {
        raw.put(Family::Volumes, volume, 5_u64.to_be_bytes());
    });
    sound.expect("account 1 in 2026-11: no segments kept, 6 on CDRs", |raw| {
        raw.delete(Family::Volumes, volume);
    });
    sound.expect("account 1 in 2027-01: 1 segments kept, 0 on CDRs", |raw| {
        raw.put(Family::Volumes, volume_key(A, Month(MONTH.0 + 2)), 1_u64.to_be_bytes());
    });
    let changes: [fn(&mut DispatchCounters); 4] = [
        |counters| counters.messages += 1,
        |counters| counters.segments -= 1,
        |counters| counters.cancelled = 0,
        |counters| counters.cost = cents(1).into(),
    ];
    for change in changes {
        sound.expect("dispatch spring: kept", |raw| edit(raw, Family::Dispatches, &spring, change));
    }
    sound.expect("dispatch spring: no counters kept", |raw| raw.delete(Family::Dispatches, &spring));
    sound.expect("dispatch autumn: kept", |raw| {
        raw.put(Family::Dispatches, account_name_key(A, b"autumn"), DispatchCounters::default().to_bytes());
    });
}

#[test]
fn entries_and_refunds_that_are_off_are_named() {
    let sound = Sound::new();
    let cancelled = account_id_key(A, sound.dispatch + 1);
    // The id of an entry may have been a receipt's, which goes; its money cannot.
    sound.expect("account a: its wallet holds", |raw| {
        raw.delete(Family::Ledger, entry(raw, A, EntryKind::TopUp).0);
    });
    sound.expect("belongs to no commit", |raw| {
        let (_, row) = entry(raw, A, EntryKind::TopUp);
        raw.put(Family::Ledger, account_id_key(A, 5), row.to_bytes());
    });
    sound.expect("is present twice", |raw| {
        let (key, row) = entry(raw, A, EntryKind::TopUp);
        raw.put(Family::Ledger, [&account_key(B), &key[4..]].concat(), row.to_bytes());
    });
    sound.expect("its ledger adds up to", |raw| {
        let (key, _) = entry(raw, A, EntryKind::TopUp);
        edit(raw, Family::Ledger, key, |row: &mut LedgerEntry| row.amount = cents(1));
    });
    sound.expect("says that 106.60 were left, it led to 106.50", |raw| {
        let (key, _) = entry(raw, A, EntryKind::TopUp);
        edit(raw, Family::Ledger, key, |row: &mut LedgerEntry| {
            row.balance_after = row.balance_after.map(|balance| balance.plus(cents(10)));
        });
    });
    sound.expect("is to be refunded but the ledger of account a has no entry", |raw| {
        raw.delete(Family::Ledger, entry(raw, A, EntryKind::Refund).0);
    });
    sound.expect("which asks for no such refund", |raw| raw.delete(Family::States, cancelled));
    sound.expect("which asks for no such refund", |raw| {
        let (key, _) = entry(raw, A, EntryKind::Refund);
        edit(raw, Family::Ledger, key, |row: &mut LedgerEntry| row.amount = cents(11));
    });
    sound.expect("charged 0.10, refunded 0.09", |raw| {
        edit(raw, Family::States, cancelled, |row: &mut StateRow| row.refunded = cents(9));
    });
    sound.expect("message 5 has a state but no CDR", |raw| {
        raw.put(Family::States, account_id_key(A, 5), raw.get(Family::States, cancelled));
    });
}

#[test]
fn keys_and_short_ids_that_name_the_wrong_message_are_named() {
    let sound = Sound::new();
    let key = account_name_key(A, b"k1");
    for wrong in [5, sound.dispatch + 1, sound.other] {
        sound.expect("an idempotency key of account 1 names message", |raw| {
            edit(raw, Family::Keys, &key, |row: &mut KeyRow| row.message_id = wrong);
        });
    }
    sound.expect("a short id names message 5, which has no CDR", |raw| {
        raw.put(Family::ShortIds, short_id_key(A, 1), 5_u64.to_be_bytes());
    });
    sound.expect("which has no CDR", |raw| {
        raw.put(Family::ShortIds, short_id_key(B, 1), sound.short.to_be_bytes());
    });
}

/// The families whose every row is accounted for. Keys go when they expire, and a short id is one way to a
/// message among two, so one that is not there proves nothing.
const COUNTED: [Family; 11] = [
    Family::Accounts,
    Family::Wallets,
    Family::Ledger,
    Family::Batches,
    Family::Cdrs,
    Family::States,
    Family::Volumes,
    Family::Dispatches,
    Family::Tariffs,
    Family::TariffFiles,
    Family::Usage,
];

#[test]
fn no_row_can_go_missing() {
    Sound::new().closed.check_that_no_row_can_go_missing(&COUNTED);
}

#[test]
fn no_row_can_be_cut_or_grow() {
    let mut families = [&COUNTED[..], &[Family::Keys, Family::ShortIds]].concat();
    // Every octet is part of a content, which can be read whatever it is.
    families.retain(|family| *family != Family::TariffFiles);
    Sound::new().closed.check_that_no_row_can_be_damaged(&families);
}
