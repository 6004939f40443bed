//! The values of the messages of a chunk or a block, for the filter that they will be in. Their networks are not among them, as a
//! chunk adds up its charges by network in any case.

use super::FilterKey;
use crate::cdr::CdrFields;

/// All that can be sought of some messages, their networks aside.
#[derive(Clone, Debug, Default)]
pub struct FilterKeys {
    keys: Vec<FilterKey>,
    messages: u64,
    /// The destination and the source of the last message. Where the next one has one of them as well, it is in already.
    last: Option<(FilterKey, FilterKey)>,
}

impl FilterKeys {
    /// Adds a message.
    pub fn add(&mut self, fields: &CdrFields<'_>) {
        self.messages += 1;
        let destination = FilterKey::destination(&fields.destination);
        let source = FilterKey::source(fields.source.address);
        let last = self.last.replace((destination, source));
        if last.is_none_or(|last| last.0 != destination) {
            self.keys.push(destination);
        }
        if last.is_none_or(|last| last.1 != source) {
            self.keys.push(source);
        }
        self.keys.extend(fields.dispatch_id.map(FilterKey::dispatch));
        self.keys.extend(fields.idempotency_key.map(FilterKey::idempotency_key));
        self.keys.extend(fields.user_message_reference.map(FilterKey::user_message_reference));
        self.keys.extend(fields.user_sms_id.map(FilterKey::user_sms_id));
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.messages = 0;
        self.last = None;
    }

    /// The values. Some may be more than once among them.
    pub fn keys(&self) -> &[FilterKey] {
        &self.keys
    }

    /// The number of messages.
    pub fn messages(&self) -> u64 {
        self.messages
    }
}

#[cfg(test)]
impl FilterKeys {
    /// These values, each of a message.
    pub fn of_test(keys: impl Iterator<Item = FilterKey>) -> Self {
        let keys: Vec<_> = keys.collect();
        Self { messages: keys.len() as u64, keys, last: None }
    }
}
