//! Sender IDs and message templates: claimed by accounts, moderated by staff, in force for the next message.

mod claims;
mod listing;
mod sender_ids;
mod templates;

use tollgate_relay::core::Core;
use tollgate_storage::store::Unavailable;

use claims::{Claims, restore};
use sender_ids::SenderIdRecord;
use templates::TemplateRecord;

/// The service of sender IDs.
pub type SenderIds = Claims<SenderIdRecord>;
/// The service of message templates.
pub type Templates = Claims<TemplateRecord>;

/// Puts in force all that the books say is approved, before the first message is judged by it.
pub fn restore_approvals(core: &Core) -> Result<(), Unavailable> {
    restore::<SenderIdRecord>(core)?;
    restore::<TemplateRecord>(core)
}
