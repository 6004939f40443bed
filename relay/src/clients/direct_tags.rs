//! The tags of messages that come without a bind.

use tollgate_provisioning::TlvTags;

use super::parameters::OWN_USER_SMS_ID;

/// An account's tags, with one for the client's own id in any case.
pub fn direct_tags(tags: TlvTags) -> TlvTags {
    TlvTags { user_sms_id: tags.user_sms_id.or(Some(OWN_USER_SMS_ID)), ..tags }
}
