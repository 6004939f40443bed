//! The values of the messages of a chunk or a block, for the filter that they will be in.

use tollgate_engine::network::NetworkCode;

use super::FilterKey;
use crate::cdr::CdrFields;

/// Everything that can be sought of some messages.
#[derive(Clone, Debug, Default)]
pub struct FilterKeys {
    keys: Vec<FilterKey>,
    messages: u64,
    /// The destination, the source and the network of the last message. The next one most often has one of them as well, which is
    /// in already.
    last: Option<(FilterKey, FilterKey, NetworkCode)>,
}

impl FilterKeys {
    /// Adds all that can be sought of a message.
    pub fn add(&mut self, fields: &CdrFields<'_>) {
        self.messages += 1;
        let destination = FilterKey::destination(fields.destination.as_bytes());
        let source = FilterKey::source(fields.source.address);
        let network = fields.network;
        let last = self.last.replace((destination, source, network));
        if last.is_none_or(|last| last.0 != destination) {
            self.keys.push(destination);
        }
        if last.is_none_or(|last| last.1 != source) {
            self.keys.push(source);
        }
        if last.is_none_or(|last| last.2 != network) {
            self.keys.extend([FilterKey::network(network), FilterKey::mcc(network.mcc)]);
        }
        self.keys.extend(fields.dispatch_id.map(FilterKey::dispatch));
        self.keys.extend(fields.idempotency_key.map(FilterKey::idempotency_key));
        self.keys.extend(fields.user_message_reference.map(FilterKey::user_message_reference));
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
