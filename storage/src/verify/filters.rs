//! Filters of messages, asked for all that the messages of their commits have.
//!
//! This reads every block of the filters once more, and is no part of what proves that the books balance: a filter that denies
//! what is there hides messages from a search, and moves no money.

use super::fault::{Fault, damaged, off, scan};
use crate::cdr::Cdr;
use crate::message_filter::{FilterKey, MessageFilterRow};
use crate::rows::Row;
use crate::schema::Family;
use crate::store::Store;

/// The counts of filters that deny nothing of what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilterReport {
    /// The number of filters.
    pub filters: u64,
    /// The number of messages that they were asked for.
    pub messages: u64,
}

/// Asks every filter for all that the messages of its commits have.
pub fn verify_filters(store: &Store) -> Result<FilterReport, Fault> {
    let (mut report, mut before) = (FilterReport::default(), 0);
    scan(store, Family::MessageFilters, |key, value| {
        let first = key.try_into().map(u64::from_be_bytes);
        let first = first.map_err(|_| damaged(Family::MessageFilters, key))?;
        let filter = MessageFilterRow::read(value).ok_or_else(|| damaged(Family::MessageFilters, key))?;
        if first < before || filter.end <= first {
            return off(format!(
                "the filter of the messages from {first} to before {} is none of a span behind {before}",
                filter.end
            ));
        }
        report.messages += ask(store, first, &filter)?;
        report.filters += 1;
        before = filter.end;
        Ok(())
    })?;
    Ok(report)
}

/// Asks a filter for the messages of its commits; returns their number.
fn ask(store: &Store, first: u64, filter: &MessageFilterRow) -> Result<u64, Fault> {
    let (mut messages, mut denied) = (0, None);
    store.commits().blocks_of(first..filter.end, |_, mut block| {
        for cdr in block.by_ref() {
            messages += 1;
            if denied.is_none() {
                denied = denied_of(filter, &cdr).map(|what| (what, cdr.message_id));
            }
        }
        block.is_sound()
    })?;
    if let Some((what, message)) = denied {
        return off(format!(
            "the filter of the messages from {first} on denies the {what} of message {message}"
        ));
    }
    if messages != filter.messages {
        let counted = filter.messages;
        return off(format!(
            "the filter of the messages from {first} on has {counted}, and there are {messages}"
        ));
    }
    Ok(messages)
}

/// The first of a message's values that a filter denies.
fn denied_of(filter: &MessageFilterRow, cdr: &Cdr<'_>) -> Option<&'static str> {
    let fields = &cdr.fields;
    let values = [
        ("destination", Some(FilterKey::destination(&fields.destination))),
        ("sender", Some(FilterKey::source(fields.source.address))),
        ("network", Some(FilterKey::network(fields.network))),
        ("country code", Some(FilterKey::mcc(fields.network.mcc))),
        ("dispatch", fields.dispatch_id.map(FilterKey::dispatch)),
        ("idempotency key", fields.idempotency_key.map(FilterKey::idempotency_key)),
        ("number of the client's own", fields.user_message_reference.map(FilterKey::user_message_reference)),
    ];
    let denied = |key: &Option<FilterKey>| key.is_some_and(|key| !filter.may_have(key));
    values.into_iter().find(|(_, key)| denied(key)).map(|(what, _)| what)
}
