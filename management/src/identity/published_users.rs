//! Users with a password that everybody can read in the documents, which is for this machine alone.

use std::net::SocketAddr;

use tollgate_provisioning::{Settings, is_loopback, is_published_user};
use tollgate_storage::store::{Store, Unavailable};

use super::records::UserRecord;
use crate::collections::USERS;
use crate::documents::DocumentCache;

/// The end of the addresses in the documents.
const EXAMPLE_DOMAIN: &str = "example.com";

/// Refuses to serve other machines at this address while anybody there could read or do what a user may.
pub fn refuse(
    users: &DocumentCache<UserRecord>,
    settings: &Settings,
    listen: SocketAddr,
) -> Result<(), String> {
    if is_loopback(listen) {
        return Ok(());
    }
    if settings.api.reads_without_token {
        return Err(format!(
            "http.listen, {listen}, is reached from other machines, and api.reads_without_token lets anybody there read \
             every account; it is for development on this machine alone"
        ));
    }
    let is_published = |user: &UserRecord| {
        user.email.ends_with(EXAMPLE_DOMAIN) && user.hash().is_some_and(|hash| is_published_user(&hash))
    };
    let Some(user) = users.find(|user| !user.value.disabled && is_published(&user.value)) else {
        return Ok(());
    };
    Err(format!(
        "http.listen, {listen}, is reached from other machines, and the user {} has a password that is published in the \
         documents; change it or disable the user while http.listen is 127.0.0.1",
        user.value.email
    ))
}

/// The refusal of a start on these books with these settings, if there is one.
pub fn refusal(store: &Store, settings: &Settings) -> Result<Option<String>, Unavailable> {
    if !settings.api.enabled {
        return Ok(None);
    }
    let users = DocumentCache::load(store, USERS)?;
    Ok(refuse(&users, settings, settings.http.listen).err())
}
