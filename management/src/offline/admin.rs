//! The first admin, whom no user could make over the API.

use serde_json::{Value, json};
use tollgate_api::problem::Problem;
use tollgate_api::users::UserRole;
use tollgate_provisioning::passwords;
use tollgate_storage::change::{AuditNote, Change, DocumentChange, Expected};

use super::actor;
use super::books::OfflineBooks;
use crate::collections::USERS;
use crate::documents::{DocumentCache, to_json};
use crate::identity::records::UserRecord;
use crate::identity::{input, random};

/// An admin to be created.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAdmin {
    /// The address to log in with.
    pub email: String,
    /// The name that people see.
    pub name: String,
    /// The password in clear.
    pub password: String,
}

/// The password is not printed.
impl std::fmt::Debug for NewAdmin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAdmin").field("email", &self.email).finish_non_exhaustive()
    }
}

/// A password that nobody has to think of: 100 bits.
pub fn generated_password() -> Result<String, String> {
    random::text::<20>().map_err(|problem| problem.detail)
}

impl OfflineBooks {
    /// Makes the admin, durably, with a note in the audit log. The answer is the user, as the API shows the fields that it has.
    pub fn create_admin(&self, new: &NewAdmin) -> Result<Value, String> {
        let said = |problem: Problem| problem.detail;
        let email = input::email(&new.email, "email").map_err(said)?;
        let name = input::name(&new.name, "name").map_err(said)?;
        input::password(&new.password, &email, "password").map_err(said)?;
        let users =
            DocumentCache::<UserRecord>::load(self.store(), USERS).map_err(|error| error.to_string())?;
        if users.find(|user| user.value.email == email).is_some() {
            return Err(format!("there is a user with the e-mail address {email} already"));
        }
        let hash = passwords::hash(new.password.as_bytes()).map_err(|error| error.to_string())?;
        let record = UserRecord {
            email,
            name,
            role: UserRole::Admin,
            account: None,
            password_hash: Some(hash.as_str().to_owned()),
            disabled: false,
            disabled_by: None,
            email_verified: true,
            locked_until: None,
            locked_for: None,
        };
        let id = random::id("usr").map_err(said)?;
        let (mut change, answer) = Change::begin();
        change.documents.push(DocumentChange {
            collection: USERS,
            key: id.clone().into_bytes(),
            expected: Expected::Absent,
            body: Some(to_json(&record)),
        });
        change.audit.push(AuditNote {
            actor: actor(self.uid),
            action: "user.create".to_owned(),
            resource: format!("user/{id}"),
            after: record.audited().to_string(),
            ..AuditNote::default()
        });
        self.commit(change, answer)?;
        Ok(json!({ "id": id, "email": record.email, "name": record.name, "role": record.role }))
    }
}
