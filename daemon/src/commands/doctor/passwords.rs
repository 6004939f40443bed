//! Accounts whose passwords everybody knows, because the sample configuration says them.

use std::net::SocketAddr;

use tollgate_provisioning::{Loaded, gateway_addresses, is_loopback, is_published_account};

use super::finding::Finding;

/// Says whether an account has such a password. On an address that only this machine reaches it does no harm yet.
pub fn published(loaded: &Loaded) -> Finding {
    let accounts = &loaded.provisioning.accounts;
    let known = accounts
        .iter()
        .filter(|account| is_published_account(&account.account.id, &account.password_hash, accounts.len()));
    let names: Vec<&str> = known.map(|account| &*account.account.id).collect();
    judge(&names, &gateway_addresses(&loaded.settings))
}

fn judge(accounts: &[&str], addresses: &[SocketAddr]) -> Finding {
    const SUBJECT: &str = "passwords";
    if accounts.is_empty() {
        return Finding::good(SUBJECT, "no account has the password of a sample");
    }
    let text = format!("everybody knows the passwords of {}, which are samples", accounts.join(", "));
    let remedy = "set others with `tollgate hash-password`, or remove the accounts";
    if addresses.iter().copied().all(is_loopback) {
        Finding::warning(SUBJECT, text, remedy)
    } else {
        Finding::fault(SUBJECT, text, remedy)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn the_samples_of_the_shipped_configuration_are_known() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("config/tollgate.toml");
        let loaded = tollgate_provisioning::load(&config).unwrap();
        assert_eq!(loaded.provisioning.accounts.len(), 2);
        // They listen for gateways of this machine alone.
        assert_eq!(published(&loaded).level, Level::Warning);
    }

    #[test]
    fn samples_are_a_fault_where_others_can_reach_them() {
        let (near, far) = ("127.0.0.1:2775".parse().unwrap(), "0.0.0.0:2775".parse().unwrap());
        assert_eq!(judge(&[], &[far]).level, Level::Good);
        assert_eq!(judge(&["sample"], &[near]).level, Level::Warning);
        assert_eq!(judge(&["sample"], &[near, far]).level, Level::Fault);
    }
}
