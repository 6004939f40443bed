//! Sessions of users, and the tokens that are given out for them.

use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::auth::Tokens;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;

use super::records;
use super::records::{SessionRecord, UserRecord};
use super::tokens::{Claims, KEY_OCTETS, Secret, Signer};
use super::{SIGNING_KEY, SecretRecord};
use crate::Office;
use crate::collections::SECRETS;
use crate::documents::Document;
use crate::identity::random;

/// Sessions of one user; who logs in once more ends the oldest.
const SESSIONS_PER_USER_MAX: usize = 20;
const SECONDS_PER_MINUTE: u64 = 60;
const SECONDS_PER_DAY: u64 = 86_400;
const MICROS_PER_SECOND: u64 = 1_000_000;

impl Office {
    /// Begins a session of a user who has proven to be it.
    pub(crate) fn begin_session(&self, user: &Document<UserRecord>, request_id: &str) -> Answer<Tokens> {
        let now = now();
        let id = random::id("ses")?;
        let secret = new_refresh_token(&id)?;
        let mut others = self.sessions.filter(|session| session.value.user == user.key);
        others.sort_by_key(|session| session.updated_at);
        let surplus = (others.len() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
        let caller = records::caller(&user.key, &user.value, Some(&id), request_id);
        let mut work = self.context.change(&caller);
        work.put(&self.sessions, &id, None, self.session_record(&user.key, &secret, now));
        for session in others.iter().take(surplus) {
            work.remove(&self.sessions, session);
        }
        work.note("auth.login", format!("user/{}", user.key), &Value::Null, &json!({ "session": id }));
        work.commit()?;
        self.tokens(user, &id, secret, now)
    }

    /// A session as it is from now on.
    pub(crate) fn session_record(&self, user: &str, secret: &Secret, now: UnixMicros) -> SessionRecord {
        let micros = self.refresh_seconds().saturating_mul(MICROS_PER_SECOND);
        let expires_at = Time(UnixMicros(now.0.saturating_add(micros)));
        SessionRecord { user: user.to_owned(), refresh_hash: secret.hash.clone(), expires_at }
    }

    fn refresh_seconds(&self) -> u64 {
        u64::from(self.context.settings.api.refresh_token_days) * SECONDS_PER_DAY
    }

    /// What whoever has logged in, or goes on, gets.
    pub(crate) fn tokens(
        &self,
        user: &Document<UserRecord>,
        session: &str,
        secret: Secret,
        now: UnixMicros,
    ) -> Answer<Tokens> {
        let seconds = u64::from(self.context.settings.api.access_token_minutes) * SECONDS_PER_MINUTE;
        let role = serde_json::to_value(user.value.role).unwrap_or_default();
        let claims = Claims {
            iss: String::new(),
            sub: user.key.clone(),
            role: role.as_str().unwrap_or_default().to_owned(),
            account: user.value.account.clone(),
            sid: session.to_owned(),
            iat: 0,
            exp: 0,
        };
        Ok(Tokens {
            access_token: self.signer()?.sign(claims, now, seconds),
            token_type: "Bearer".to_owned(),
            expires_in: seconds,
            refresh_token: secret.text,
            refresh_expires_in: self.refresh_seconds(),
            user: records::view(user),
        })
    }

    /// What signs access tokens. The first login of all makes its key.
    fn signer(&self) -> Answer<&Signer> {
        if let Some(signer) = self.people.signer.get() {
            return Ok(signer);
        }
        let _turn = self.people.turn.lock();
        if self.people.signer.get().is_none() {
            let key = random::octets::<KEY_OCTETS>()?;
            let system = Caller::system();
            let mut work = self.context.change(&system);
            let record = SecretRecord { octets: key.to_vec() };
            work.document(SECRETS, SIGNING_KEY, Expected::Absent, Some(&record));
            work.note("secret.create", "secret/access_token_key", &Value::Null, &Value::Null);
            work.commit()?;
            // Whoever has the turn is alone with it.
            let _ = self.people.signer.set(Signer::new(&key));
        }
        self.people.signer.get().ok_or_else(|| Problem::internal("there is no key for access tokens"))
    }
}

/// A refresh token says of which session it is.
pub fn new_refresh_token(session: &str) -> Answer<Secret> {
    Secret::new(&format!("tr_{}_", session.trim_start_matches("ses_")))
}

/// The session that a refresh token names.
pub fn session_of(refresh_token: &str) -> Option<String> {
    let (id, _) = refresh_token.strip_prefix("tr_")?.split_once('_')?;
    Some(format!("ses_{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_names_its_session() {
        let token = new_refresh_token("ses_abc").unwrap();
        assert_eq!(session_of(&token.text).as_deref(), Some("ses_abc"));
        for garbage in ["", "tr_", "tr_abc", "tg_abc_def", "abc_def"] {
            assert_eq!(session_of(garbage), None);
        }
    }
}
