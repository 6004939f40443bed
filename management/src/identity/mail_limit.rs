//! A limit of the e-mails that one address gets on the word of somebody who is not logged in.

use std::collections::HashMap;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tollgate_engine::time::UnixMicros;

/// E-mails to one address within the window.
const MAILS_MAX: u32 = 5;
/// Length of the window.
const WINDOW_MICROS: u64 = 3_600 * 1_000_000;
/// Addresses that are remembered; beyond this number the one of longest ago is forgotten.
const REMEMBERED_MAX: usize = 20_000;

/// The e-mails of the last hour.
#[derive(Debug, Default)]
pub struct MailLimit {
    sent: Mutex<HashMap<[u8; 32], (u32, UnixMicros)>>,
}

impl MailLimit {
    /// True if one more mail may go to this address. It is counted.
    pub fn admits(&self, email: &str, now: UnixMicros) -> bool {
        let key: [u8; 32] = Sha256::digest(email.as_bytes()).into();
        let is_over = |since: UnixMicros| now.0.saturating_sub(since.0) >= WINDOW_MICROS;
        let mut sent = self.sent.lock();
        if sent.len() >= REMEMBERED_MAX {
            sent.retain(|_, (_, since)| !is_over(*since));
        }
        if sent.len() >= REMEMBERED_MAX && !sent.contains_key(&key) {
            let oldest = sent.iter().min_by_key(|(_, (_, since))| *since).map(|(key, _)| *key);
            oldest.and_then(|key| sent.remove(&key));
        }
        let (count, since) = sent.entry(key).or_insert((0, now));
        if is_over(*since) {
            (*count, *since) = (0, now);
        }
        *count += 1;
        *count <= MAILS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_five_mails_an_hour() {
        let limit = MailLimit::default();
        let start = UnixMicros(1_764_000_000_000_000);
        assert!((0..5).all(|_| limit.admits("ann@example.com", start)));
        assert!(!limit.admits("ann@example.com", start));
        assert!(limit.admits("ben@example.com", start));
        assert!(limit.admits("ann@example.com", UnixMicros(start.0 + WINDOW_MICROS)));
    }
}
