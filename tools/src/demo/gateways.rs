//! The gateways of the demo: the accounts that they bind as, and how many messages each sends.

use crate::load::{Bind, Credentials, Mode};

/// The sample accounts, and the part of a hundred messages that each sends, over two binds. The second runs
/// out of money before it runs out of messages.
const ACCOUNTS: [(&str, &str, u64); 2] = [("biz_test_001", "secret01", 35), ("biz_test_002", "secret02", 65)];

/// Messages submitted on a bind that may only receive.
const MESSAGES_ON_RECEIVER: u64 = 25;

/// The binds that send `messages` together, and one that must be refused.
pub fn binds(messages: u64) -> Vec<Bind> {
    let bind = |(system_id, password): (&str, &str), mode, messages| Bind {
        credentials: Credentials { system_id: system_id.to_owned(), password: password.to_owned() },
        mode,
        messages: Some(messages),
    };
    let mut binds = Vec::new();
    for (system_id, password, percent) in ACCOUNTS {
        let each = (messages * percent).div_ceil(100).div_ceil(2);
        binds.extend([each; 2].map(|each| bind((system_id, password), Mode::Transceiver, each)));
    }
    let [(system_id, password, _), _] = ACCOUNTS;
    binds.push(bind((system_id, password), Mode::Receiver, MESSAGES_ON_RECEIVER));
    binds
}
