//! The audit log: a chain that goes on across restarts, and that nobody changes unnoticed.

use tollgate_storage::change::AuditNote;
use tollgate_storage::rows::{AuditRow, AuditTail, Row};
use tollgate_storage::schema::{Family, LAST_AUDIT_KEY};
use tollgate_storage::store::{Order, Store};
use tollgate_storage::verify::verify;

use crate::support::{Books, Raw, crash_image};

fn note(count: usize) -> AuditNote {
    AuditNote {
        actor: format!("clerk {count}"),
        action: "account.update".to_owned(),
        resource: format!("account/{count}"),
        before: r#"{"limit":1}"#.to_owned(),
        after: r#"{"limit":2}"#.to_owned(),
        request_id: format!("request {count}"),
    }
}

/// Closed books with five notes, made in three commits and two lives of the committer.
fn log() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let books = Books::open(dir.path());
    books.change(|change| change.audit = vec![note(1), note(2)]).unwrap();
    books.close();
    let books = Books::open(dir.path());
    books.change(|change| change.audit = vec![note(3)]).unwrap();
    books.change(|change| change.audit = vec![note(4), note(5)]).unwrap();
    assert_eq!(books.prove().audit, 5);
    books.close();
    dir
}

fn notes(store: &Store, sequences: std::ops::RangeInclusive<u64>, order: Order) -> Vec<(u64, AuditRow)> {
    let mut notes = Vec::new();
    store
        .audit()
        .notes(sequences, order, |sequence, row| {
            notes.push((sequence, row));
            true
        })
        .unwrap();
    notes
}

#[track_caller]
fn expect(dir: &tempfile::TempDir, message: &str, change: impl FnOnce(&Raw)) {
    let copy = crash_image(dir.path());
    let raw = Raw::open(copy.path());
    change(&raw);
    drop(raw);
    match verify(&Store::open_read_only(copy.path()).unwrap()) {
        Ok(report) => panic!("unnoticed: {message}\n{report:?}"),
        Err(fault) => assert!(fault.to_string().contains(message), "expected: {message}\nfound: {fault}"),
    }
}

fn key(sequence: u64) -> [u8; 8] {
    sequence.to_be_bytes()
}

fn edit(raw: &Raw, sequence: u64, change: impl FnOnce(&mut AuditRow)) {
    let mut row = AuditRow::read(&raw.get(Family::Audit, key(sequence))).unwrap();
    change(&mut row);
    raw.put(Family::Audit, key(sequence), row.to_bytes());
}

#[test]
fn notes_are_read_in_either_order() {
    let dir = log();
    let store = Store::open_read_only(dir.path()).unwrap();
    let all = notes(&store, 1..=u64::MAX, Order::Ascending);
    assert_eq!(all.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(all[0].1.previous, [0; 32]);
    assert!(all.windows(2).all(|pair| pair[1].1.previous == pair[0].1.hash));
    let third = &all[2].1;
    assert_eq!((third.actor.as_str(), third.request_id.as_str()), ("clerk 3", "request 3"));
    assert_eq!((third.before.as_str(), third.after.as_str()), (r#"{"limit":1}"#, r#"{"limit":2}"#));
    let mut newest = notes(&store, 2..=4, Order::Descending);
    newest.reverse();
    assert_eq!(newest, all[1..4]);
    assert_eq!(store.audit().tail().unwrap(), AuditTail { sequence: 5, hash: all[4].1.hash });
    assert_eq!(notes(&store, 6..=9, Order::Ascending), []);
}

#[test]
fn no_note_can_be_changed() {
    let dir = log();
    let changes: [fn(&mut AuditRow); 8] = [
        |row| row.at.0 += 1,
        |row| row.actor.push('x'),
        |row| row.action.clear(),
        |row| row.resource.push('x'),
        |row| row.before.clear(),
        |row| row.after.push('x'),
        |row| row.request_id.push('x'),
        // Text that moves from one place to the next is a change too.
        |row| {
            let last = row.actor.pop().unwrap();
            row.action.insert(0, last);
        },
    ];
    for sequence in [1, 3, 5] {
        for change in changes {
            let message = format!("audit note {sequence} was changed after it was written");
            expect(&dir, &message, |raw| edit(raw, sequence, change));
        }
    }
    // Whoever computes the hash anew breaks the chain behind it, and at its end the one that is kept.
    let forge = |sequence| {
        move |raw: &Raw| {
            edit(raw, sequence, |row| {
                row.actor.push('x');
                row.hash = row.hash_at(sequence);
            });
        }
    };
    expect(&dir, "audit note 4 does not follow the one before it", forge(3));
    expect(&dir, "audit note 5 is not the one that was written last", forge(5));
}

#[test]
fn no_note_can_go_missing_or_be_added() {
    let dir = log();
    for sequence in 1..5 {
        let message = format!("audit note {sequence} is missing");
        expect(&dir, &message, |raw| raw.delete(Family::Audit, key(sequence)));
    }
    expect(&dir, "the audit log ends with note 4, and ended with note 5", |raw| {
        raw.delete(Family::Audit, key(5));
    });
    expect(&dir, "the audit log ends with note 0, and ended with note 5", |raw| {
        (1..=5).for_each(|sequence| raw.delete(Family::Audit, key(sequence)));
    });
    expect(&dir, "the audit log ends with note 5, and ended with note 0", |raw| {
        raw.delete(Family::Meta, LAST_AUDIT_KEY);
    });
    expect(&dir, "the audit log ends with note 6, and ended with note 5", |raw| {
        let last = AuditRow::read(&raw.get(Family::Audit, key(5))).unwrap();
        let mut row = AuditRow { previous: last.hash, ..AuditRow::default() };
        row.hash = row.hash_at(6);
        raw.put(Family::Audit, key(6), row.to_bytes());
    });
    expect(&dir, "audit: the row with key", |raw| raw.put(Family::Audit, key(2), b"noise"));
    expect(&dir, "documents: the row with key", |raw| raw.put(Family::Documents, b"\x01k", b"noise"));
    expect(&dir, "requests: the row with key", |raw| raw.put(Family::Requests, b"k", b"noise"));
}

/// A log that was cut off is not made whole by what comes after.
#[test]
fn a_cut_stays_visible_when_the_log_goes_on() {
    let dir = log();
    let raw = Raw::open(dir.path());
    raw.delete(Family::Audit, key(4));
    raw.delete(Family::Audit, key(5));
    drop(raw);
    let books = Books::open(dir.path());
    books.change(|change| change.audit = vec![note(6)]).unwrap();
    let fault = verify(&books.store).unwrap_err();
    assert!(fault.to_string().contains("audit note 4 is missing"), "{fault}");
    books.close();
}
