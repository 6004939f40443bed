//! The one way in which a user is written: together with the end of all that the change puts an end to.
//!
//! Whoever may come in by what was given out earlier comes in as the user was then. So sessions and mailed tokens end with
//! every change of who the user is: of the password, the e-mail address, the role, the account, and of being disabled or no
//! longer so.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_engine::time::UnixMicros;

use super::directory::UserDirectory;
use super::lockout::network_of;
use super::records::{MailTokenRecord, Purpose, SessionRecord, UserRecord};
use crate::change_set::ChangeSet;
use crate::documents::Document;
use crate::exclusive::Held;

/// The things that end with a change of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is ended or not by itself")]
pub struct Ended {
    /// Sessions, with their access tokens and refresh tokens.
    pub sessions: bool,
    /// The session of the caller too.
    pub own_session: bool,
    /// Mailed tokens that set the user's password: of resets and of invitations.
    pub password_tokens: bool,
    /// Registrations of somebody else under the address that the user has now.
    pub registrations: bool,
}

impl Ended {
    /// The things that end when a user becomes `after`, having been `before`; neither where there is or was no user.
    pub fn by_change(before: Option<&UserRecord>, after: Option<&UserRecord>) -> Self {
        let Some(before) = before else { return Self { registrations: true, ..Self::default() } };
        let Some(after) = after else {
            return Self { sessions: true, own_session: true, password_tokens: true, registrations: false };
        };
        let is_readdressed = before.email != after.email;
        let is_other = is_readdressed
            || before.password_hash != after.password_hash
            || before.disabled != after.disabled
            || before.role != after.role
            || before.account != after.account;
        Self {
            sessions: is_other,
            own_session: is_other && after.disabled,
            password_tokens: is_other,
            registrations: is_readdressed,
        }
    }
}

impl UserDirectory {
    /// Makes a user, or changes the one who was `before`. The session `own`, if any, is the caller's and stays where it may.
    /// Returns the number of sessions that end.
    pub fn put_user<'a>(
        &'a self,
        _: &Held<Self>,
        change: &mut ChangeSet<'a>,
        id: &str,
        before: Option<&Document<UserRecord>>,
        after: UserRecord,
        own: Option<&str>,
    ) -> usize {
        let ended = Ended::by_change(before.map(|user| &user.value), Some(&after));
        let own = own.filter(|_| !ended.own_session);
        let count = self.end(change, id, ended, own);
        if ended.registrations {
            self.remove_tokens(
                change,
                |token| matches!(&token.purpose, Purpose::Register { email, .. } if *email == after.email),
            );
        }
        change.put(&self.users, id, before, after);
        count
    }

    /// Removes a user.
    pub fn remove_user<'a>(
        &'a self,
        _: &Held<Self>,
        change: &mut ChangeSet<'a>,
        user: &Document<UserRecord>,
    ) {
        self.end(change, &user.key, Ended::by_change(Some(&user.value), None), None);
        if let Some(known) = self.known_networks.get(&user.key) {
            change.remove(&self.known_networks, &known);
        }
        change.remove(&self.users, user);
    }

    /// Remembers that the user has come in from there.
    pub fn remember_network<'a>(
        &'a self,
        _: &Held<Self>,
        change: &mut ChangeSet<'a>,
        user: &str,
        peer: Option<IpAddr>,
        now: UnixMicros,
    ) {
        if peer.is_none() {
            return;
        }
        let before = self.known_networks.get(user);
        let networks = before.as_ref().map(|known| known.value.clone()).unwrap_or_default();
        if let Some(after) = networks.with(&network_of(peer), now) {
            change.put(&self.known_networks, user, before.as_deref(), after);
        }
    }

    fn end<'a>(&'a self, change: &mut ChangeSet<'a>, user: &str, ended: Ended, own: Option<&str>) -> usize {
        let mut sessions: Vec<Arc<Document<SessionRecord>>> = Vec::new();
        if ended.sessions {
            sessions = self.sessions_of(user);
            sessions.retain(|session| Some(session.key.as_str()) != own);
        }
        for session in &sessions {
            change.remove(&self.sessions, session);
        }
        if ended.password_tokens {
            self.remove_tokens(
                change,
                |token| matches!(&token.purpose, Purpose::Reset { user: of } if of == user),
            );
        }
        sessions.len()
    }

    fn remove_tokens<'a>(&'a self, change: &mut ChangeSet<'a>, is_meant: impl Fn(&MailTokenRecord) -> bool) {
        for token in self.mail_tokens.filter(|token| is_meant(&token.value)) {
            change.remove(&self.mail_tokens, &token);
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_api::time::Time;
    use tollgate_api::users::UserRole;

    use super::*;

    fn ann() -> UserRecord {
        UserRecord {
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            role: UserRole::Reseller,
            account: Some("shop".to_owned()),
            password_hash: Some("one".to_owned()),
            disabled: false,
            disabled_by: None,
            email_verified: true,
            locked_until: None,
            locked_for: None,
        }
    }

    const NOTHING: Ended =
        Ended { sessions: false, own_session: false, password_tokens: false, registrations: false };
    const OTHERS: Ended = Ended { sessions: true, password_tokens: true, ..NOTHING };

    #[test]
    fn every_change_of_who_a_user_is_ends_what_was_given_out() {
        let (user, disabled) = (ann(), UserRecord { disabled: true, ..ann() });
        // The columns: the user afterwards, and what ends.
        let table = [
            ("a name", UserRecord { name: "Anna".to_owned(), ..ann() }, NOTHING),
            (
                "by whom it was disabled",
                UserRecord { disabled_by: Some("shop".to_owned()), ..ann() },
                NOTHING,
            ),
            ("a lock", UserRecord { locked_until: Some(Time(UnixMicros(1))), ..ann() }, NOTHING),
            ("a proof of the address", UserRecord { email_verified: false, ..ann() }, NOTHING),
            ("a password", UserRecord { password_hash: Some("two".to_owned()), ..ann() }, OTHERS),
            (
                "an address",
                UserRecord { email: "anna@example.com".to_owned(), ..ann() },
                Ended { registrations: true, ..OTHERS },
            ),
            ("a role", UserRecord { role: UserRole::Customer, ..ann() }, OTHERS),
            ("an account", UserRecord { account: Some("store".to_owned()), ..ann() }, OTHERS),
            ("disabled", disabled.clone(), Ended { own_session: true, ..OTHERS }),
        ];
        for (name, after, ended) in table {
            assert_eq!(Ended::by_change(Some(&user), Some(&after)), ended, "{name}");
        }
        assert_eq!(Ended::by_change(Some(&disabled), Some(&user)), OTHERS, "enabled again");
        assert_eq!(Ended::by_change(Some(&user), None), Ended { own_session: true, ..OTHERS }, "removed");
        assert_eq!(Ended::by_change(None, Some(&user)), Ended { registrations: true, ..NOTHING }, "made");
    }

    /// Every field of a user is in the table above: a new one does not compile here.
    #[test]
    fn the_table_knows_every_field() {
        let UserRecord {
            email: _,
            name: _,
            role: _,
            account: _,
            password_hash: _,
            disabled: _,
            disabled_by: _,
            email_verified: _,
            locked_until: _,
            locked_for: _,
        } = ann();
    }
}
