//! The end of a message's validity.

use tollgate_engine::time::UnixMicros;
use tollgate_storage::message::Message;

/// True if the message's time is over.
pub fn is_expired(message: &Message<'_>, max_validity_micros: u64, now: UnixMicros) -> bool {
    let latest = UnixMicros(message.ticket.submitted_at.0.saturating_add(max_validity_micros));
    now >= message.content.expires_at.map_or(latest, |at| at.min(latest))
}
