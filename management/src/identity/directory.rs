//! Users, their sessions, API keys and mailed tokens, kept in memory beside the books.

use std::sync::Arc;

use parking_lot::MutexGuard;
use tollgate_storage::store::{Store, Unavailable};

use super::records::{KeyRecord, MailTokenRecord, Purpose, SessionRecord, UserRecord};
use crate::collections::{API_KEYS, MAIL_TOKENS, SESSIONS, USERS};
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

    /// Tokens with which the user's password can be set.
    pub fn reset_tokens_of(&self, user: &str) -> Vec<Arc<Document<MailTokenRecord>>> {
        self.mail_tokens
            .filter(|document| matches!(&document.value.purpose, Purpose::Reset { user: of } if of == user))
    }
}
