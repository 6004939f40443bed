//! Sessions of users, and the tokens that are given out for them.
//!
//! An access token names a session and a user, and both are looked up for every request. A user who logs out, is disabled or
//! loses a role is refused from the next request on, whatever the token says.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::auth::{Logout, Refresh, Tokens};
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::directory::UserDirectory;
use super::passwords::invalid_credentials;
use super::records::{SessionRecord, UserRecord};
use super::refresh_token::RefreshToken;
use super::tokens::{Claims, KEY_OCTETS, Signer, has_hash, hash_of};
use super::{random, records};
use crate::collections::SECRETS;
use crate::context::Context;
use crate::documents::Document;

/// The key that access tokens are signed with, among the secrets.
const SIGNING_KEY: &[u8] = b"access_token_key";
/// Sessions of one user; one more login ends the oldest.
const SESSIONS_PER_USER_MAX: usize = 20;
const SECONDS_PER_MINUTE: u64 = 60;
const SECONDS_PER_DAY: u64 = 86_400;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// Begins, continues and ends sessions.
#[derive(Debug)]
pub struct Sessions {
    context: Arc<Context>,
    directory: Arc<UserDirectory>,
    signer: OnceLock<Signer>,
}

/// A key that the daemon has made for itself, as the books keep it.
#[derive(Serialize, Deserialize)]
struct SecretRecord {
    octets: Vec<u8>,
    /// The number in the settings for which it was made.
    #[serde(default = "first_version")]
    version: u32,
}

/// The number of keys that were made before there was one.
const fn first_version() -> u32 {
    1
}

fn damaged() -> Unavailable {
    Unavailable("the key of access tokens is damaged".to_owned())
}

fn read_key(context: &Context, row: &[u8]) -> Result<SecretRecord, Unavailable> {
    let body = context.sealer.open(SECRETS, SIGNING_KEY, row);
    let body = body.map_err(|error| Unavailable(format!("the key of access tokens: {error}")))?;
    serde_json::from_slice(&body).map_err(|_| damaged())
}

/// Makes another key for access tokens where the settings have another number for it. Access tokens that were signed before
/// no longer hold; refresh tokens do, and bring new ones. Waits for the commit.
pub fn renew_key(context: &Context) -> Result<(), Unavailable> {
    let Some(row) = context.store().documents().get(SECRETS, SIGNING_KEY)? else { return Ok(()) };
    let version = context.settings.secrets.token_key_version;
    if read_key(context, &row.body)?.version == version {
        return Ok(());
    }
    let said = |problem: Problem| Unavailable(problem.detail);
    let record = SecretRecord { octets: random::octets::<KEY_OCTETS>().map_err(said)?.to_vec(), version };
    let system = Caller::system();
    let mut work = context.change(&system);
    work.document(SECRETS, SIGNING_KEY, Expected::Revision(row.revision), Some(&record));
    work.note("secret.rotate", "secret/access_token_key", &Value::Null, &json!({ "version": version }));
    work.commit().map_err(said)?;
    tracing::info!(version, "access tokens are signed with another key from now on");
    Ok(())
}

fn key_of(record: &SecretRecord) -> Option<[u8; KEY_OCTETS]> {
    record.octets.as_slice().try_into().ok()
}

/// The answer to a session that has ended.
pub fn session_over() -> Problem {
    Problem::unauthenticated("the session is over; log in again")
}

impl Sessions {
    /// With the signing key of the books, if they have one already.
    pub fn open(context: Arc<Context>, directory: Arc<UserDirectory>) -> Result<Self, Unavailable> {
        let signer = OnceLock::new();
        if let Some(row) = context.store().documents().get(SECRETS, SIGNING_KEY)? {
            let key = read_key(&context, &row.body)?;
            let key = key_of(&key).ok_or_else(damaged)?;
            // Nobody else has this cell yet.
            let _ = signer.set(Signer::new(&key));
        }
        Ok(Self { context, directory, signer })
    }

    /// The caller who has this access token, if it is valid: from memory alone.
    pub fn caller_of(&self, token: &str, request_id: &str) -> Option<Caller> {
        let now = now();
        let claims = self.signer.get()?.read(token, now)?;
        let session = self.directory.sessions.get(&claims.sid)?;
        if session.value.user != claims.sub || session.value.expires_at.0 <= now {
            return None;
        }
        let user = self.directory.users.get(&claims.sub).filter(|user| !user.value.disabled)?;
        Some(records::caller(&user.key, &user.value, Some(&claims.sid), request_id))
    }

    /// Begins a session of a user whose password was right.
    pub fn begin(
        &self,
        checked: &Document<UserRecord>,
        request_id: &str,
        peer: Option<IpAddr>,
    ) -> Answer<Tokens> {
        let now = now();
        let id = random::id("ses")?;
        let token = RefreshToken::first(&id)?;
        let record = self.record(&checked.key, &token, now);
        let user = self.write(checked, (&id, record), request_id, peer)?;
        self.tokens(&user, &id, token, now)
    }

    /// Makes a session of a user whose password was right durable.
    pub fn write(
        &self,
        checked: &Document<UserRecord>,
        (id, record): (&str, SessionRecord),
        request_id: &str,
        peer: Option<IpAddr>,
    ) -> Answer<Arc<Document<UserRecord>>> {
        let held = self.directory.lock();
        // Whoever was disabled or got another password while this one was being checked does not come in by it.
        let user =
            self.directory.users.get(&checked.key).filter(|user| {
                !user.value.disabled && user.value.password_hash == checked.value.password_hash
            });
        let user = user.ok_or_else(invalid_credentials)?;
        let mut others = self.directory.sessions_of(&user.key);
        others.sort_by_key(|session| session.updated_at);
        let surplus = (others.len() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
        let caller = records::caller(&user.key, &user.value, Some(id), request_id);
        let mut work = self.context.change(&caller);
        work.put(&self.directory.sessions, id, None, record);
        self.directory.remember_network(&held, &mut work, &user.key, peer, now());
        for session in others.iter().take(surplus) {
            work.remove(&self.directory.sessions, session);
        }
        work.note("auth.login", format!("user/{}", user.key), &Value::Null, &json!({ "session": id }));
        work.commit()?;
        Ok(user)
    }

    /// Goes on with a session, by its one valid refresh token.
    pub fn refresh(&self, request_id: &str, refresh: &Refresh) -> Answer<Tokens> {
        let now = now();
        let shown = RefreshToken::read(&refresh.refresh_token).ok_or_else(session_over)?;
        let id = shown.session();
        let session = self.directory.sessions.get(&id).filter(|session| session.value.expires_at.0 > now);
        let session = session.ok_or_else(session_over)?;
        let user = self.directory.users.get(&session.value.user).filter(|user| !user.value.disabled);
        let user = user.ok_or_else(session_over)?;
        let caller = records::caller(&user.key, &user.value, Some(&id), request_id);
        if !has_hash(&shown.text, &session.value.refresh_hash) {
            if !session.value.family_hash.as_ref().is_some_and(|hash| has_hash(shown.family(), hash)) {
                // Never given out for this session, whose id is no secret.
                return Err(session_over());
            }
            // Used before: either this token was stolen or its successor was. Both are refused, as nobody can tell which.
            let mut work = self.context.change(&caller);
            work.remove(&self.directory.sessions, &session);
            work.note(
                "auth.refresh_reused",
                format!("user/{}", user.key),
                &Value::Null,
                &json!({ "session": id }),
            );
            work.commit()?;
            return Err(session_over());
        }
        let next = shown.next()?;
        let record = self.record(&user.key, &next, now);
        let mut work = self.context.change(&caller);
        work.put(&self.directory.sessions, &id, Some(&session), record);
        work.commit()?;
        self.tokens(&user, &id, next, now)
    }

    /// Ends the caller's session, or all of the user.
    pub fn logout(&self, caller: &Caller, logout: &Logout) -> Answer<()> {
        // Uses of sessions are written meanwhile, which would be a change by somebody else.
        let _held = self.directory.lock();
        let own = caller.session.as_deref();
        let ended = self.directory.sessions.filter(|session| {
            session.value.user == caller.id && (logout.everywhere || Some(session.key.as_str()) == own)
        });
        if ended.is_empty() {
            return Ok(());
        }
        let mut work = self.context.change(caller);
        for session in &ended {
            work.remove(&self.directory.sessions, session);
        }
        let after = json!({ "sessions_ended": ended.len() });
        work.note("auth.logout", format!("user/{}", caller.id), &Value::Null, &after);
        work.commit().map(drop)
    }

    /// A session as it is from now on.
    fn record(&self, user: &str, token: &RefreshToken, now: UnixMicros) -> SessionRecord {
        let micros = self.refresh_seconds().saturating_mul(MICROS_PER_SECOND);
        let expires_at = Time(UnixMicros(now.0.saturating_add(micros)));
        SessionRecord {
            user: user.to_owned(),
            refresh_hash: hash_of(&token.text),
            expires_at,
            family_hash: Some(hash_of(token.family())),
            browser: None,
        }
    }

    fn refresh_seconds(&self) -> u64 {
        u64::from(self.context.settings.api.refresh_token_days) * SECONDS_PER_DAY
    }

    /// Tokens of a session that has begun or goes on.
    fn tokens(
        &self,
        user: &Document<UserRecord>,
        session: &str,
        token: RefreshToken,
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
            refresh_token: token.text,
            refresh_expires_in: self.refresh_seconds(),
            user: records::view(user),
        })
    }

    /// The signer of access tokens. The first login of all makes its key.
    fn signer(&self) -> Answer<&Signer> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let _held = self.directory.lock();
        if self.signer.get().is_none() {
            let key = random::octets::<KEY_OCTETS>()?;
            let system = Caller::system();
            let mut work = self.context.change(&system);
            let version = self.context.settings.secrets.token_key_version;
            let record = SecretRecord { octets: key.to_vec(), version };
            work.document(SECRETS, SIGNING_KEY, Expected::Absent, Some(&record));
            work.note("secret.create", "secret/access_token_key", &Value::Null, &Value::Null);
            work.commit()?;
            // The lock of the directory is held.
            let _ = self.signer.set(Signer::new(&key));
        }
        self.signer.get().ok_or_else(|| Problem::internal("there is no key for access tokens"))
    }
}
