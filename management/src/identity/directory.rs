//! Users, their sessions, API keys and mailed tokens, kept in memory beside the books.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::MutexGuard;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::{Store, Unavailable};

use super::known_networks::KnownNetworks;
use super::lockout::network_of;
use super::records::{KeyRecord, MailTokenRecord, Purpose, SessionRecord, UserRecord};
use crate::collections::{API_KEYS, KNOWN_NETWORKS, MAIL_TOKENS, SESSIONS, USERS};
use crate::documents::{Document, DocumentCache};
use crate::exclusive::{Exclusive, Held};

/// All that is known of users.
#[derive(Debug)]
pub struct UserDirectory {
    /// Users by id.
    pub users: DocumentCache<UserRecord>,
    /// Sessions by id.
    pub sessions: DocumentCache<SessionRecord>,
    /// Tokens sent by e-mail, by their hash.
    pub mail_tokens: DocumentCache<MailTokenRecord>,
    /// API keys by id.
    pub api_keys: DocumentCache<KeyRecord>,
    /// Networks that users were in from lately, by the id of the user.
    pub known_networks: DocumentCache<KnownNetworks>,
    exclusive: Exclusive<UserDirectory>,
}

impl UserDirectory {
    /// All that the books have.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        Ok(Self {
            users: DocumentCache::load(store, USERS)?,
            sessions: DocumentCache::load(store, SESSIONS)?,
            mail_tokens: DocumentCache::load(store, MAIL_TOKENS)?,
            api_keys: DocumentCache::load(store, API_KEYS)?,
            known_networks: DocumentCache::load(store, KNOWN_NETWORKS)?,
            exclusive: Exclusive::default(),
        })
    }

    /// Held from the look whether an address is free, or an admin the last one, until the change is durable.
    pub fn lock(&self) -> MutexGuard<'_, Held<Self>> {
        self.exclusive.lock()
    }

    /// The user who has this address, which is in lower case.
    pub fn user_of_email(&self, email: &str) -> Option<Arc<Document<UserRecord>>> {
        self.users.find(|user| user.value.email == email)
    }

    /// The sessions of a user.
    pub fn sessions_of(&self, user: &str) -> Vec<Arc<Document<SessionRecord>>> {
        self.sessions.filter(|session| session.value.user == user)
    }

    /// True if the user was in from there lately. A place that is not known is never one of those.
    pub fn knows(&self, user: &str, peer: Option<IpAddr>, now: UnixMicros) -> bool {
        let known = self.known_networks.get(user);
        peer.is_some() && known.is_some_and(|known| known.value.has(&network_of(peer), now))
    }

    /// Tokens with which the user's password can be set.
    pub fn reset_tokens_of(&self, user: &str) -> Vec<Arc<Document<MailTokenRecord>>> {
        self.mail_tokens
            .filter(|document| matches!(&document.value.purpose, Purpose::Reset { user: of } if of == user))
    }
}
