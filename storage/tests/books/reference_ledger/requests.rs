//! Requests over HTTP in a random day: entries, a document and an audit note in one change, with or without a
//! key.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tollgate_engine::money::Amount;
use tollgate_storage::change::{
    AuditNote, ChangeError, Changed, DocumentChange, EntryChange, EntryText, Expected, RequestUse,
};
use tollgate_storage::rows::EntryKind;
use tollgate_storage::schema::Collection;

use super::{NAMES, Pair};
use crate::support::FAR;

/// A request over HTTP: with a key, several entries and a document that may not be as it is expected to be.
#[derive(Clone, Debug)]
pub struct Asked {
    key: Option<u8>,
    entries: Vec<(usize, i64)>,
    document: u8,
    /// The revision that the client has seen, as far as it errs from the one that is there.
    stale_by: u64,
}

pub fn asked() -> impl Strategy<Value = Asked> {
    let entries = vec((0..NAMES.len(), -1_500_000..2_000_000_i64), 0..3);
    let stale_by = prop_oneof![4 => Just(0_u64), 1 => 1..3_u64];
    (of(0..4_u8), entries, 0..3_u8, stale_by).prop_map(|(key, entries, document, stale_by)| Asked {
        key,
        entries,
        document,
        stale_by,
    })
}

impl Pair {
    /// Asks for a change that the wallets can pay for.
    pub fn change(&mut self, asked: &Asked) {
        let known = asked.key.and_then(|key| self.model.requests.get(&key).cloned());
        let revision = self.model.documents.get(&asked.document).copied().unwrap_or(0);
        let entry = |(account, micros): &(usize, i64)| {
            let (wallet, text) = (self.books.wallet(self.accounts[*account]), EntryText::reference("asked"));
            let (kind, amount) = (EntryKind::Adjustment, Amount::from_micros(micros.abs()));
            if micros.is_negative() {
                EntryChange::debit(wallet, kind, amount, Amount::ZERO, text)
            } else {
                EntryChange::credit(wallet, kind, amount, text)
            }
        };
        let Ok(entries) = asked.entries.iter().map(entry).collect::<Result<Vec<_>, _>>() else {
            // Whoever cannot pay does not ask, and has back what was taken before that was seen.
            return;
        };
        let outcome = self.books.change(|change| {
            change.entries = entries;
            let expected = match revision + asked.stale_by {
                0 => Expected::Absent,
                revision => Expected::Revision(revision),
            };
            let (collection, key) = (Collection(1), vec![asked.document]);
            change.documents.push(DocumentChange { collection, key, expected, body: Some(vec![1]) });
            change.audit.push(AuditNote::default());
            change.request =
                asked.key.map(|key| RequestUse { key: vec![key], fingerprint: 1, expires_at: FAR });
        });
        match (known, outcome) {
            (Some(known), Ok(changed)) => assert_eq!(changed, Changed { replayed: true, ..known }),
            (None, Err(ChangeError::Conflict { document: 0 })) => assert_ne!(asked.stale_by, 0),
            (None, Ok(changed)) => self.changed(asked, revision, changed),
            other => panic!("{asked:?}: {other:?}"),
        }
    }

    fn changed(&mut self, asked: &Asked, revision: u64, changed: Changed) {
        assert_eq!((changed.revisions.as_slice(), asked.stale_by), (&[revision + 1][..], 0));
        for ((account, micros), posted) in asked.entries.iter().zip(&changed.entries) {
            let balance = self.model.balances.entry(*account).or_default();
            *balance += micros;
            assert_eq!(posted.balance_after.micros(), i128::from(*balance));
        }
        self.model.documents.insert(asked.document, revision + 1);
        self.model.notes += 1;
        if let Some(key) = asked.key {
            self.model.requests.insert(key, changed);
        }
    }
}
