//! Rows at rest that something other than a commit has changed: `verify` notices each, and names the place.

use tollgate_engine::health::HealthSample;
use tollgate_engine::money::Amount;
use tollgate_engine::price_list::Share;
use tollgate_engine::reselling::Earning;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::{AuditNote, DocumentChange, Expected, RequestUse};
use tollgate_storage::chunk::key_waiter;
use tollgate_storage::delivery::DeliveryEvent;
use tollgate_storage::keys::KeyCheck;
use tollgate_storage::rows::EntryKind;
use tollgate_storage::schema::{Collection, Family};
use tollgate_storage::store::Store;
use tollgate_storage::verify::verify;

use crate::support::chain::{LevelAbove, bundle, day_cap};
use crate::support::routed::{RoutedBooks, accepted, leased, receipt};
use crate::support::{FAR, Message, Raw, Route, crash_image, options, wait};

/// Far enough for no test to reach it.
const LATER: UnixMicros = UnixMicros(4_000_000_000_000_000);

/// Closed books with at least two rows in every family.
fn every_family() -> tempfile::TempDir {
    let routed = RoutedBooks::open();
    let other = routed.books.provision(&["a", "b"], 1_000)[1];
    wait(routed.books.start_provision(&["a", "b"], Amount::ZERO, "t2")).unwrap().unwrap();
    charge_only(&routed);
    // The first commit after a start takes the open cells of time series into their rows.
    let routed = routed.reopen();
    on_their_way(&routed);
    with_keys(&routed);
    let books = &routed.books;
    books.post(other, EntryKind::TopUp, Amount::from_micros(7)).unwrap();
    let mut chunk = books.session(other).chunk();
    books.session(other).charge(&mut chunk, &Message::default()).unwrap();
    books.committer.try_charge(chunk).unwrap();
    for key in [b"k1", b"k2"] {
        books
            .change(|change| {
                let (collection, body) = (Collection(3), Some(key.to_vec()));
                let (key, expected) = (key.to_vec(), Expected::Absent);
                change.request = Some(RequestUse { key: key.clone(), fingerprint: 1, expires_at: FAR });
                change.documents.push(DocumentChange { collection, key, expected, body });
                change.audit.push(AuditNote { actor: "clerk".to_owned(), ..AuditNote::default() });
            })
            .unwrap();
    }
    with_pockets(&routed);
    let report = books.prove();
    assert_eq!(report.audit, 2);
    let RoutedBooks { dir, books, .. } = routed;
    books.close();
    // After one more start all rows are in tables, so that those who open a copy need not write any.
    drop(Store::open(options(dir.path())).unwrap());
    dir
}

fn charge_only(routed: &RoutedBooks) {
    for dispatch in [&b"spring"[..], b"summer"] {
        let mut session = routed.books.session(routed.account);
        let mut chunk = session.chunk_with(UnixMicros(1), true);
        session.charge(&mut chunk, &Message { dispatch: Some(dispatch), ..Message::default() }).unwrap();
        routed.books.committer.try_charge(chunk).unwrap();
        session.first_id();
    }
}

/// Two messages in every place in which one can be.
fn on_their_way(routed: &RoutedBooks) {
    let (alpha, books) = (routed.alpha, &routed.books);
    let expires_at = Some(LATER);
    for (at, text) in [(1, b"one"), (2, b"two")] {
        let route = Route { expires_at, text, ..Route::to(alpha) };
        routed.send(&Message { route: Some(route), ..Message::default() });
        let scheduled_at = Some(UnixMicros(LATER.0 - 5));
        routed.charge(&Message { route: Some(Route { scheduled_at, ..route }), ..Message::default() });
        for is_delivered in [false, true] {
            let row = routed.send_plain();
            let id = format!("{at}{is_delivered}");
            books.tell(accepted(&row, alpha, id.as_bytes()));
            if is_delivered {
                books.tell(receipt(alpha, &[id.as_bytes()], ReceiptState::Delivered));
            }
        }
        books.tell(receipt(alpha, &[text], ReceiptState::Delivered));
        let under_lease = routed.send_plain();
        let sample = HealthSample { bound: true, ..HealthSample::default() };
        books.tell_all(vec![
            leased(at, alpha, &[under_lease.key]),
            DeliveryEvent::Health { operator: alpha, at: UnixMicros(LATER.0 + at), sample },
        ]);
    }
}

fn with_keys(routed: &RoutedBooks) {
    let mut session = routed.books.session(routed.account);
    for key in [b"k1", b"k2"] {
        let waiter = key_waiter(&session.commit_outcomes.0, 1);
        let checked = routed.books.keys.check(routed.account, key, 7, UnixMicros(1), waiter);
        assert_eq!(checked.unwrap(), KeyCheck::New);
        let mut chunk = session.chunk();
        session.charge(&mut chunk, &Message { key: Some(key), ..Message::default() }).unwrap();
        routed.books.committer.try_charge(chunk).unwrap();
        session.first_id();
    }
}

/// Two bundles, two caps, and two agents above one another.
fn with_pockets(routed: &RoutedBooks) {
    let agents = routed.books.provision(&["a", "b", "agent", "general agent"], 1)[2..].to_vec();
    let earning = Earning::CommissionOfCharge(Share::from_percent(10.into()).unwrap());
    let above: Vec<LevelAbove<'_>> = agents
        .iter()
        .map(|agent| LevelAbove { earning, ..LevelAbove::paying(routed.books.wallet(*agent), 1) })
        .collect();
    for name in ["one", "two"] {
        routed.books.buy(routed.account, bundle(1, 0, LATER));
        let (mut session, caps) = (routed.books.session(routed.account), [day_cap(name, 9, true)]);
        let mut chunk = session.chunk();
        let message = Message { segments: 2, ..Message::default() };
        session.charge_levels(&mut chunk, &message, (&caps, &above), UnixMicros(1)).unwrap();
        routed.books.committer.try_charge(chunk).unwrap();
        session.first_id();
    }
}

/// The fault that `verify` finds after a change.
fn fault_after(books: &tempfile::TempDir, change: impl FnOnce(&Raw)) -> Option<String> {
    let copy = crash_image(books.path());
    let raw = Raw::open(copy.path());
    change(&raw);
    drop(raw);
    match Store::open_read_only(copy.path()) {
        Ok(store) => verify(&store).err().map(|fault| fault.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn no_row_of_any_family_can_be_altered_removed_added_or_exchanged() {
    let books = every_family();
    let (mut kinds, mut unnoticed) = (0, Vec::new());
    // What was refused and the filters of messages are no part of the books.
    let beside_the_books = [Family::Refusals, Family::MessageFilters, Family::MessageTexts];
    for family in Family::ALL.iter().copied().filter(|family| !beside_the_books.contains(family)) {
        let rows = Raw::open(crash_image(books.path()).path()).rows(family);
        let [.., (other_key, other_value), (key, value)] = rows.as_slice() else {
            panic!("{} has not two rows", family.name());
        };
        let mut altered = value.clone();
        match altered.last_mut() {
            Some(last) => *last ^= 1,
            None => altered.push(0),
        }
        let mut expect = |what: &str, change: &dyn Fn(&Raw)| {
            kinds += 1;
            match fault_after(&books, change) {
                None => unnoticed.push(format!("{what} in {}", family.name())),
                // Seen with --nocapture: what a person is told of each.
                Some(fault) => println!("{what} in {}: {fault}", family.name()),
            }
        };
        expect("removed", &|raw| raw.delete(family, key));
        expect("altered", &|raw| raw.put(family, key, &altered));
        expect("added", &|raw| raw.put(family, [&key[..], b"x"].concat(), value));
        if value != other_value {
            expect("exchanged", &|raw| {
                raw.put(family, key, other_value);
                raw.put(family, other_key, value);
            });
        }
    }
    assert_eq!(unnoticed, Vec::<String>::new());
    assert!(kinds > 100, "{kinds}");
}
