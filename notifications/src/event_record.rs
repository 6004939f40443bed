//! Events as the books keep them, and the keys under which they are found.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_api::events::Event;
use tollgate_api::time::Time;

/// Prefix of the keys of events.
pub const BY_ID: &str = "e/";
/// Prefix of the keys of those whose deliveries are still to be queued.
pub const NEW: &str = "n/";
/// Prefix of the keys of what is told once.
pub const ONCE: &str = "o/";

/// An event of the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRecord {
    /// The id of it.
    pub id: String,
    /// The name of its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The account that it is about.
    pub account: Option<String>,
    /// The time at which it happened.
    pub at: Time,
    /// The data of it.
    pub data: Value,
}

impl EventRecord {
    /// As it is shown and posted.
    pub fn view(self) -> Event {
        Event { id: self.id, kind: self.kind, timestamp: self.at, account: self.account, data: self.data }
    }
}

/// The key of an event.
pub fn id_key(id: &str) -> String {
    format!("{BY_ID}{id}")
}

/// The key under which an event waits for its deliveries to be queued.
pub fn new_key(id: &str) -> String {
    format!("{NEW}{id}")
}

/// The prefix of the keys of an account's events in lists. No account has a slash in its id.
pub fn list_prefix(account: &str) -> String {
    format!("a/{account}/")
}

/// The key of something that is told once.
pub fn once_key(what: &str) -> String {
    format!("{ONCE}{what}")
}
