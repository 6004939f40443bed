//! Reading CDRs by account and time.

use std::ops::ControlFlow;
use std::time::{SystemTime, UNIX_EPOCH};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::batch::Batch;
use tollgate_storage::export::{CdrRange, cdrs};
use tollgate_storage::rows::MessageState;
use tollgate_storage::schema::{Family, account_id_key};
use tollgate_storage::store::Unavailable;

use crate::support::{Books, Message, write_unsummed};

fn now() -> UnixMicros {
    UnixMicros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros().try_into().unwrap())
}

/// The fields of a message that the tests look at: account, id, true if it was cancelled.
type Shown = (AccountNumber, u64, bool);

fn export(
    books: &Books,
    account: Option<AccountNumber>,
    from: u64,
    to: u64,
) -> Result<Vec<Shown>, Unavailable> {
    let mut shown = Vec::new();
    let range = CdrRange { account, from: UnixMicros(from), to: UnixMicros(to) };
    let broken = cdrs(&books.store, &range, |cdr, state| {
        let cancelled = state.is_some_and(|row| row.state == MessageState::Deleted);
        shown.push((cdr.account, cdr.message_id, cancelled));
        ControlFlow::<()>::Continue(())
    })?;
    assert_eq!(broken, None);
    Ok(shown)
}

/// Two accounts that charge two messages each at three instants, and the first message of each; the instants
/// too.
fn business(books: &Books) -> (Vec<AccountNumber>, Vec<u64>, Vec<Shown>) {
    let accounts = books.provision(&["a", "b"], 1_000);
    let (mut instants, mut all) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let submitted_at = now();
        instants.push(submitted_at.0);
        for account in &accounts {
            let mut session = books.session(*account);
            let mut chunk = session.chunk_with(submitted_at, false);
            session.charge(&mut chunk, &Message::default()).unwrap();
            session.charge(&mut chunk, &Message::default()).unwrap();
            books.committer.try_charge(chunk).unwrap();
            let first = session.first_id();
            all.extend([(*account, first, false), (*account, first + 1, false)]);
        }
    }
    all.sort_unstable();
    (accounts, instants, all)
}

#[test]
fn ranges_hold_what_was_submitted_in_them_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let (accounts, at, all) = business(&books);
    assert!(at.is_sorted_by(|left, right| left < right), "the clock moves between two commits");
    let of = |account: usize, rounds: std::ops::Range<usize>| {
        all[account * 6..][rounds.start * 2..rounds.end * 2].to_vec()
    };
    assert_eq!(export(&books, None, 0, u64::MAX).unwrap(), all);
    assert_eq!(export(&books, Some(accounts[1]), 0, u64::MAX).unwrap(), of(1, 0..3));
    assert_eq!(export(&books, Some(accounts[0]), at[1], at[2]).unwrap(), of(0, 1..2), "the end is not in it");
    assert_eq!(export(&books, Some(accounts[0]), at[1], at[2] + 1).unwrap(), of(0, 1..3), "the beginning is");
    assert_eq!(export(&books, None, at[2], u64::MAX).unwrap(), [of(0, 2..3), of(1, 2..3)].concat());
    assert!(export(&books, None, at[2] + 1, u64::MAX).unwrap().is_empty());
    assert!(export(&books, None, 0, at[0]).unwrap().is_empty());
    assert!(export(&books, Some(AccountNumber(99)), 0, u64::MAX).unwrap().is_empty());
    books.close();
}

#[test]
fn cancelled_messages_are_shown_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let (_, at, mut all) = business(&books);
    for position in [1, 6, 11] {
        books.cancel(all[position].0, all[position].1).unwrap();
        all[position].2 = true;
    }
    assert_eq!(export(&books, None, 0, u64::MAX).unwrap(), all);
    assert_eq!(export(&books, None, at[2], u64::MAX).unwrap(), [&all[4..6], &all[10..]].concat());
    books.close();
}

#[test]
fn a_visitor_can_break_off() {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    let (_, _, all) = business(&books);
    let everything = CdrRange { account: None, from: UnixMicros(0), to: UnixMicros(u64::MAX) };
    let mut left = 8;
    let broken = cdrs(&books.store, &everything, |cdr, _| {
        left -= 1;
        if left == 0 { ControlFlow::Break(cdr.message_id) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(broken.unwrap(), Some(all[7].1));
    books.close();
}

#[test]
fn an_export_leaves_nothing_out_in_silence() {
    for family in [Family::Cdrs, Family::States] {
        let dir = tempfile::tempdir().unwrap();
        let books = Books::open(dir.path());
        let (_, _, all) = business(&books);
        books.cancel(all[2].0, all[2].1).unwrap();
        let key = account_id_key(all[2].0, all[2].1);
        let mut row = books.store.get(family, &key).unwrap().unwrap();
        row.truncate(row.len() - 1);
        let mut damage = Batch::default();
        damage.insert(family, key, row);
        write_unsummed(&books.store, &damage);
        let error = export(&books, None, 0, u64::MAX).unwrap_err();
        assert!(error.to_string().contains(&format!("a damaged row in {}", family.name())), "{error}");
        books.close();
    }
}
