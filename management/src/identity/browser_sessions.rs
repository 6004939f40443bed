//! Sessions of browsers, which come in by a cookie.
//!
//! They stand among the sessions of the books beside those by tokens, and end with all that ends those. A session goes on while
//! it is used: its last use is kept in memory, where every request looks, and written down each minute.

use std::sync::Arc;

use dashmap::DashMap;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::session::SessionState;
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;

use super::directory::UserDirectory;
use super::records::{BrowserRecord, SessionRecord};
use super::sessions::session_over;
use super::tokens::{Secret, has_hash, hash_of};
use super::{random, records};
use crate::context::Context;
use crate::documents::Document;

/// The beginning of every cookie.
const PREFIX: &str = "tb_";
/// Sessions that are written in one commit.
const USES_MAX: usize = 500;
const MICROS_PER_MINUTE: u64 = 60 * 1_000_000;
const MICROS_PER_DAY: u64 = 86_400 * 1_000_000;

/// Knows the sessions of browsers.
#[derive(Debug)]
pub struct BrowserSessions {
    context: Arc<Context>,
    directory: Arc<UserDirectory>,
    /// The last use of each session that was not written yet.
    uses: DashMap<String, UnixMicros>,
}

/// The session that a cookie names; `None` where it has not the form of one.
fn session_of(cookie: &str) -> Option<String> {
    let (name, _) = cookie.strip_prefix(PREFIX)?.split_once('_')?;
    Some(format!("ses_{name}"))
}

/// The token that pages of a session send along. It follows from what is kept of the cookie, which nobody is shown.
fn csrf_token(browser: &BrowserRecord) -> String {
    hash_of(&format!("csrf {}", browser.cookie_hash))
}

impl BrowserSessions {
    /// Among the sessions of the directory.
    pub fn new(context: Arc<Context>, directory: Arc<UserDirectory>) -> Self {
        Self { context, directory, uses: DashMap::new() }
    }

    /// The id, the cookie and the record of a session that this user begins.
    pub fn made(&self, user: &str, now: UnixMicros) -> Answer<(String, String, SessionRecord)> {
        let id = random::id("ses")?;
        let Secret { text, hash } = Secret::new(&format!("{PREFIX}{}_", id.trim_start_matches("ses_")))?;
        let days = u64::from(self.context.settings.api.session_days);
        let ends_at = Time(UnixMicros(now.0.saturating_add(days * MICROS_PER_DAY)));
        let browser = BrowserRecord { cookie_hash: hash, ends_at };
        let record = SessionRecord {
            user: user.to_owned(),
            refresh_hash: String::new(),
            expires_at: self.idle_end(&browser, now),
            family_hash: None,
            browser: Some(browser),
        };
        Ok((id, text, record))
    }

    /// The end of a session that was used last at this time.
    fn idle_end(&self, browser: &BrowserRecord, used_at: UnixMicros) -> Time {
        let idle = u64::from(self.context.settings.api.session_idle_minutes) * MICROS_PER_MINUTE;
        Time(UnixMicros(used_at.0.saturating_add(idle)).min(browser.ends_at.0))
    }

    /// The end of a session as it is known now, with uses that were not written yet.
    fn end_of(&self, id: &str, session: &SessionRecord, browser: &BrowserRecord) -> Time {
        let used_at = self.uses.get(id).map(|used_at| *used_at);
        let known = used_at.map(|used_at| self.idle_end(browser, used_at));
        Time(session.expires_at.0.max(known.map_or(UnixMicros(0), |end| end.0)))
    }

    /// The session as it is shown.
    pub fn state(&self, id: &str) -> Answer<SessionState> {
        let session = self.directory.sessions.get(id).ok_or_else(session_over)?;
        let user = self.directory.users.get(&session.value.user).ok_or_else(session_over)?;
        let browser = session.value.browser.as_ref();
        Ok(SessionState {
            user: records::view(&user),
            csrf_token: browser.map(csrf_token),
            expires_at: browser
                .map_or(session.value.expires_at, |browser| self.end_of(id, &session.value, browser)),
            ends_at: browser.map(|browser| browser.ends_at),
        })
    }

    /// The caller who has this cookie, and the token of the pages: from memory alone. The session is used by it.
    pub fn caller_of(&self, cookie: &str, request_id: &str) -> Option<(Caller, String)> {
        let now = now();
        let id = session_of(cookie)?;
        let session = self.directory.sessions.get(&id)?;
        let browser = session.value.browser.as_ref()?;
        if !has_hash(cookie, &browser.cookie_hash) || self.end_of(&id, &session.value, browser).0 <= now {
            return None;
        }
        let user = self.directory.users.get(&session.value.user).filter(|user| !user.value.disabled)?;
        self.uses.insert(id.clone(), now);
        Some((records::caller(&user.key, &user.value, Some(&id), request_id), csrf_token(browser)))
    }

    /// True while the session of this caller goes on.
    pub fn goes_on(&self, caller: &Caller) -> bool {
        let Some(id) = &caller.session else { return true };
        let Some(session) = self.directory.sessions.get(id) else { return false };
        let browser = session.value.browser.as_ref();
        browser.is_none_or(|browser| self.end_of(id, &session.value, browser).0 > now())
    }

    /// Writes down which sessions were used, so that they go on after a restart of the daemon.
    pub fn write_uses(&self) -> Answer<()> {
        let used: Vec<(String, UnixMicros)> =
            self.uses.iter().map(|entry| (entry.key().clone(), *entry.value())).collect();
        let system = Caller::system();
        for some in used.chunks(USES_MAX) {
            let _held = self.directory.lock();
            let mut work = self.context.change(&system);
            for (id, used_at) in some {
                if let Some((session, after)) = self.renewed(id, *used_at) {
                    work.put(&self.directory.sessions, id, Some(&session), after);
                }
            }
            work.commit()?;
        }
        // What was used again meanwhile stays.
        for (id, used_at) in &used {
            self.uses.remove_if(id, |_, latest| latest == used_at);
        }
        Ok(())
    }

    /// A session before and after this use, if that puts off its end.
    fn renewed(
        &self,
        id: &str,
        used_at: UnixMicros,
    ) -> Option<(Arc<Document<SessionRecord>>, SessionRecord)> {
        let session = self.directory.sessions.get(id)?;
        let end = self.idle_end(session.value.browser.as_ref()?, used_at);
        let after = SessionRecord { expires_at: end, ..session.value.clone() };
        (end.0 > session.value.expires_at.0).then_some((session, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_names_its_session() {
        assert_eq!(session_of("tb_01J_secret").as_deref(), Some("ses_01J"));
        for other in ["", "tb_", "tb_01J", "tr_01J_secret", "ses_01J"] {
            assert_eq!(session_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_token_of_the_pages_is_another_for_each_session_and_does_not_tell_the_cookie() {
        let browser =
            |cookie: &str| BrowserRecord { cookie_hash: hash_of(cookie), ends_at: Time(UnixMicros(1)) };
        let (one, other) = (csrf_token(&browser("tb_1_a")), csrf_token(&browser("tb_1_b")));
        assert_ne!(one, other);
        assert_eq!(one, csrf_token(&browser("tb_1_a")));
        assert!(!one.contains(&browser("tb_1_a").cookie_hash) && one.len() == 64);
    }
}
