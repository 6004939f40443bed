//! Passwords that anybody can read in the samples and documents. Whoever has one of them is served on this machine alone.

use std::net::SocketAddr;

use crate::load::Loaded;
use crate::passwords::{PasswordHash, verify};
use crate::settings::Settings;

/// Passwords of the sample accounts, with their hashes in the shipped `accounts.toml`.
const ACCOUNTS: [(&str, &str); 2] = [
    (
        "secret01",
        "$argon2id$v=19$m=7168,t=4,p=1$kHfEsoDVVu2I2UEGhrOppA$hZo41rjjk2ENNJx0k9io3nE3HAWMa+ohwUZ9rOMHg2w",
    ),
    (
        "secret02",
        "$argon2id$v=19$m=7168,t=4,p=1$i++ML7vF5jiqJzbhcGJIYA$WM+R84zMP/qj9X52a1lHKeQM7DvaLRjgjQY9GXWWXMw",
    ),
];

/// Passwords of users in the documents of the API.
const USERS: [&str; 1] = ["seven purple Kites 7"];

/// Accounts of the sample, by the beginning of their ids.
const SAMPLE_ID: &str = "biz_test_";
/// Accounts whose passwords are all tried. Of a longer list those with names or hashes of the samples are.
const TRIED_MAX: usize = 16;

/// True if an address is reached from this machine alone.
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// True if everybody can read this password in the samples or documents.
pub fn is_published_password(password: &str) -> bool {
    USERS.contains(&password) || ACCOUNTS.iter().any(|(published, _)| *published == password)
}

/// True if the password of a user is in the documents.
pub fn is_published_user(hash: &PasswordHash) -> bool {
    USERS.iter().any(|password| verify(Some(hash), password.as_bytes()))
}

/// True if one of so many accounts has a password of the samples, as far as it is tried.
pub fn is_published_account(id: &str, hash: &PasswordHash, among: usize) -> bool {
    let is_tried = among <= TRIED_MAX || id.starts_with(SAMPLE_ID);
    ACCOUNTS.iter().any(|(password, known)| {
        hash.as_str() == *known || is_tried && verify(Some(hash), password.as_bytes())
    })
}

/// The addresses at which gateways connect.
pub fn gateway_addresses(settings: &Settings) -> Vec<SocketAddr> {
    [Some(settings.smpp.listen), settings.smpp.tls_listen].into_iter().flatten().collect()
}

/// Accounts of files with a published password, if gateways of other machines may bind: `file:line: key: …` for each.
pub fn published_accounts(loaded: &Loaded) -> Vec<String> {
    published_accounts_at(loaded, &[])
}

/// The same of files that are to be put in force by a process that listens at these addresses already, whatever the files say
/// of the next start.
pub fn published_accounts_at(loaded: &Loaded, listening: &[SocketAddr]) -> Vec<String> {
    let next = gateway_addresses(&loaded.settings);
    let Some(listen) = listening.iter().chain(&next).find(|address| !is_loopback(**address)) else {
        return Vec::new();
    };
    let accounts = &loaded.provisioning.accounts;
    let published = accounts
        .iter()
        .filter(|account| is_published_account(&account.account.id, &account.password_hash, accounts.len()));
    let name = &loaded.settings.tariff.accounts;
    let file = loaded.files.iter().find(|file| file.ends_with(name));
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let shown = file.map_or_else(|| name.clone(), |file| file.display().to_string());
    published
        .map(|account| {
            let line = text.lines().position(|line| line.contains(account.password_hash.as_str()));
            let line = line.map_or(0, |at| at + 1);
            format!(
                "{shown}:{line}: password_hash: account `{}` has the published password of a sample, and smpp.listen, {listen}, is \
                 reached from other machines; remove the account or give it the output of `tollgate hash-password`, or listen \
                 on 127.0.0.1",
                account.account.id
            )
        })
        .collect()
}
