//! Approvals of one account: the sender IDs that it may send from and the templates of its texts.
//!
//! Approvals come and go while messages are charged, more often than the configuration is loaded. So the
//! accounts of one configuration after another share one [`Approvals`] with whoever decides, and what is
//! decided holds from the next message on.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::template::Template;

/// The approved sender IDs and templates of an account. Nothing is approved at first.
#[derive(Debug, Default)]
pub struct Approvals {
    senders: RwLock<HashSet<Box<[u8]>>>,
    /// Behind a pointer, so that no lock is held while a text is matched.
    templates: RwLock<Arc<[Template]>>,
}

impl Approvals {
    /// Approves these sender IDs and no others.
    pub fn replace_senders(&self, senders: impl IntoIterator<Item = Box<[u8]>>) {
        let senders = senders.into_iter().collect();
        // The old ones are dropped behind the lock, not under it.
        let before = std::mem::replace(&mut *self.senders.write(), senders);
        drop(before);
    }

    /// Approves these templates and no others. Whoever approves bounds their number: each may be held against
    /// a text.
    pub fn replace_templates(&self, templates: Vec<Template>) {
        let before = std::mem::replace(&mut *self.templates.write(), templates.into());
        drop(before);
    }

    /// True if a source address is approved, compared byte for byte.
    pub fn allows_sender(&self, source: &[u8]) -> bool {
        self.senders.read().contains(source)
    }

    /// True if a text matches an approved template.
    pub fn allows_text(&self, text: &str) -> bool {
        let templates = Arc::clone(&self.templates.read());
        if templates.is_empty() {
            return false;
        }
        let text: Vec<char> = text.chars().collect();
        templates.iter().any(|template| template.matches_characters(&text))
    }
}

/// All are equal: what has been approved is no part of how an account is provisioned, and accounts are
/// compared to see how that differs.
impl PartialEq for Approvals {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Approvals {}

#[cfg(test)]
mod tests {
    use super::*;

    fn senders(names: &[&str]) -> Vec<Box<[u8]>> {
        names.iter().map(|name| name.as_bytes().into()).collect()
    }

    fn templates(sources: &[&str]) -> Vec<Template> {
        sources.iter().map(|source| Template::parse(source).unwrap()).collect()
    }

    #[test]
    fn nothing_is_approved_at_first() {
        let approvals = Approvals::default();
        assert!(!approvals.allows_sender(b"BANK") && !approvals.allows_sender(b""));
        assert!(!approvals.allows_text("anything") && !approvals.allows_text(""));
    }

    #[test]
    fn senders_are_compared_byte_for_byte() {
        let approvals = Approvals::default();
        approvals.replace_senders(senders(&["BANK", "254700000001"]));
        assert!(approvals.allows_sender(b"BANK") && approvals.allows_sender(b"254700000001"));
        for other in [&b"bank"[..], b"BANK ", b"BAN", b"BANK\0", b""] {
            assert!(!approvals.allows_sender(other), "{other:?}");
        }
        approvals.replace_senders(senders(&["SHOP"]));
        assert!(
            approvals.allows_sender(b"SHOP") && !approvals.allows_sender(b"BANK"),
            "the old ones are gone"
        );
    }

    #[test]
    fn a_text_needs_one_template_that_it_matches() {
        let approvals = Approvals::default();
        approvals.replace_templates(templates(&["Hello {name}", "Your code is {code}."]));
        assert!(approvals.allows_text("Your code is 1234.") && approvals.allows_text("Hello Ada"));
        assert!(!approvals.allows_text("Your code is 1234") && !approvals.allows_text(""));
        approvals.replace_templates(templates(&["Bye"]));
        assert!(approvals.allows_text("Bye") && !approvals.allows_text("Hello Ada"), "the old ones are gone");
    }

    #[test]
    fn whoever_shares_them_sees_them_change() {
        let approvals = Arc::new(Approvals::default());
        let of_account = Arc::clone(&approvals);
        approvals.replace_senders(senders(&["BANK"]));
        assert!(of_account.allows_sender(b"BANK"));
        assert_eq!(*approvals, Approvals::default(), "and accounts that differ in them alone are the same");
    }
}
