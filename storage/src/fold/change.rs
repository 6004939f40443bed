//! Changes that a request asks for: everything in it, or nothing.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;

use super::counters::check_balance;
use super::records::FirstUse;
use super::{Draft, FoldError};
use crate::change::{Change, ChangeError, Changed, EntryChange};
use crate::message_change::MessageChangeError;

impl Draft<'_> {
    /// Adds a change, or tells what its request came to before. What can be refused is looked at before anything is
    /// changed; an error of what comes then says that it is in the draft by half.
    pub(super) fn change(&mut self, change: &Change) -> Result<Changed, FoldError> {
        let mut known_before = None;
        if let Some(request) = &change.request {
            match self.first_use(request).map_err(refused)? {
                FirstUse::Before(changed) => return Ok(changed),
                FirstUse::Now { replaced } => known_before = replaced,
            }
        }
        let documents = self.document_writes(&change.documents).map_err(refused)?;
        self.check_entries(&change.entries).map_err(refused)?;
        for message in &change.messages {
            self.check_message_change(message).map_err(|error| refused(of_message(error)))?;
        }

        let revisions = documents.into_iter().map(|write| self.write_document(write)).collect();
        let entry = |entry: &EntryChange| {
            self.post(entry.wallet.number(), entry.kind, entry.amount, entry.text.clone())
        };
        let entries = change.entries.iter().map(entry).collect();
        // Two changes of one message have both been looked at before the first of them was made.
        let message = |message| self.change_message(message).map_err(|error| spoiled(of_message(error)));
        let messages = change.messages.iter().map(message).collect::<Result<_, _>>()?;
        change.audit.iter().for_each(|note| self.note(note));
        let changed = Changed { at: self.now, revisions, entries, messages, replayed: false };
        if let Some(request) = &change.request {
            self.remember(request, &changed, known_before.as_ref());
        }
        Ok(changed)
    }

    /// Every balance holds each of the entries that come to it.
    fn check_entries(&self, entries: &[EntryChange]) -> Result<(), ChangeError> {
        let mut balances: HashMap<AccountNumber, Amount> = HashMap::new();
        for entry in entries {
            let account = entry.wallet.number();
            let balance = balances.entry(account).or_insert_with(|| self.balance(account));
            let after = balance.checked_add(entry.amount);
            check_balance(after).map_err(|_| ChangeError::Balance)?;
            *balance = after.unwrap_or(*balance);
        }
        Ok(())
    }
}

/// Nothing is changed.
fn refused(error: ChangeError) -> FoldError {
    match error {
        ChangeError::Unavailable(error) => FoldError::Unavailable(error),
        error => FoldError::Change { error, halfway: false },
    }
}

/// A part is changed.
fn spoiled(error: ChangeError) -> FoldError {
    match refused(error) {
        FoldError::Change { error, .. } => FoldError::Change { error, halfway: true },
        other => other,
    }
}

fn of_message(error: MessageChangeError) -> ChangeError {
    match error {
        MessageChangeError::Unavailable(error) => ChangeError::Unavailable(error),
        error => ChangeError::Message(error),
    }
}
