//! Accounts whose passwords everybody knows, because the sample configuration says them.

use std::net::SocketAddr;

use tollgate_provisioning::Loaded;

use super::finding::Finding;

/// The hashes of the sample accounts in config/accounts.toml, whose passwords stand beside them.
const PUBLISHED: [&str; 2] = [
    "$argon2id$v=19$m=7168,t=4,p=1$kHfEsoDVVu2I2UEGhrOppA$hZo41rjjk2ENNJx0k9io3nE3HAWMa+ohwUZ9rOMHg2w",
    "$argon2id$v=19$m=7168,t=4,p=1$i++ML7vF5jiqJzbhcGJIYA$WM+R84zMP/qj9X52a1lHKeQM7DvaLRjgjQY9GXWWXMw",
];

/// Says whether an account has such a password. On an address that only this machine reaches it does no harm yet.
pub fn published(loaded: &Loaded) -> Finding {
    let accounts = loaded.provisioning.accounts.iter();
    let known = accounts.filter(|account| PUBLISHED.contains(&account.password_hash.as_str()));
    let names: Vec<&str> = known.map(|account| &*account.account.id).collect();
    let smpp = &loaded.settings.smpp;
    judge(&names, &[Some(smpp.listen), smpp.tls_listen].into_iter().flatten().collect::<Vec<_>>())
}

fn judge(accounts: &[&str], addresses: &[SocketAddr]) -> Finding {
    const SUBJECT: &str = "passwords";
    if accounts.is_empty() {
        return Finding::good(SUBJECT, "no account has the password of a sample");
    }
    let text = format!("everybody knows the passwords of {}, which are samples", accounts.join(", "));
    let remedy = "set others with `tollgate hash-password`, or remove the accounts";
    if addresses.iter().all(|address| address.ip().is_loopback()) {
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
        assert_eq!(loaded.provisioning.accounts.len(), PUBLISHED.len());
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
