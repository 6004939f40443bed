//! Rows of ledgers, documents, audit notes and requests.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::{AuditRow, AuditTail, DocumentRow, EntryKind, LedgerEntry, RequestRow, Row};

use super::{amount, check, micros, octets};

fn kind() -> impl Strategy<Value = EntryKind> {
    proptest::sample::select(&EntryKind::ALL[..])
}

fn entry() -> impl Strategy<Value = LedgerEntry> {
    let units = vec((any::<u64>().prop_map(BundleNumber), any::<i64>()), 0..4);
    let moved = (amount(), prop_oneof![Just(Amount::ZERO), amount()], units);
    (kind(), moved, micros(), of(amount()), proptest::array::uniform4(".{0,20}")).prop_map(
        |(kind, (amount, commission, units), at, balance_after, [reference, actor, details, metadata])| {
            LedgerEntry {
                kind,
                amount,
                at,
                reference,
                balance_after: balance_after.map(Total::from),
                actor,
                details,
                metadata,
                units,
                commission,
            }
        },
    )
}

fn note() -> impl Strategy<Value = AuditRow> {
    let texts = proptest::array::uniform6(".{0,20}");
    (micros(), texts, any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(
        |(at, [actor, action, resource, before, after, request_id], previous, hash)| AuditRow {
            at,
            actor,
            action,
            resource,
            before,
            after,
            request_id,
            previous,
            hash,
        },
    )
}

proptest! {
    #[test]
    fn records_read_back_as_they_were_written(
        entry in entry(),
        note in note(),
        times in (micros(), micros()),
        numbers in (any::<u64>(), any::<u64>()),
        body in octets(60),
    ) {
        check(&entry);
        check(&note);
        check(&AuditTail { sequence: numbers.0, hash: note.hash });
        let (created_at, updated_at) = times;
        check(&DocumentRow { revision: numbers.0, created_at, updated_at, body: body.clone() });
        let request = RequestRow { expires_at: times.0, fingerprint: numbers.1, at: times.1, result: body };
        check(&request);
        // Compaction looks at the expiry alone.
        prop_assert_eq!(&request.to_bytes()[..8], &times.0.0.to_be_bytes());
    }

    #[test]
    fn noise_is_no_record(noise in vec(any::<u8>(), 0..200)) {
        let _ = (LedgerEntry::read(&noise), AuditRow::read(&noise), AuditTail::read(&noise));
        let _ = (DocumentRow::read(&noise), RequestRow::read(&noise));
    }
}

/// Version 2 wrote what an entry is, its amount, when and why.
#[test]
fn entries_of_version_2_are_read() {
    let entry = LedgerEntry::read(b"\x03\xC0\x9A\x0C\x07\x02ab").unwrap();
    let expected = LedgerEntry {
        kind: EntryKind::Refund,
        amount: Amount::from_micros(100_000),
        at: UnixMicros(7),
        reference: "ab".to_owned(),
        balance_after: None,
        actor: String::new(),
        details: String::new(),
        metadata: String::new(),
        units: Vec::new(),
        commission: Amount::ZERO,
    };
    assert_eq!(entry, expected);
    assert_eq!(LedgerEntry::read(b"\x03\xC0\x9A\x0C\x07\x02a"), None);
    assert_eq!(LedgerEntry::read(b"\x03\xC0\x9A\x0C\x07\x02ab\x00"), None);
}
