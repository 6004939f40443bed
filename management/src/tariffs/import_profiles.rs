//! Import profiles: those that are files, and those that the API keeps. A file's name comes first.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, to_value};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::imports::{ImportProfile, NamedImportProfile, ProfileSource};
use tollgate_api::problem::Problem;
use tollgate_provisioning::import::ImportProfile as Profile;
use tollgate_storage::store::Unavailable;

use super::edits::problem_of_files;
use crate::collections::IMPORT_PROFILES;
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::tariff_files::{ProfileFolder, is_profile_name};

/// Profiles that the API keeps at most.
const PROFILES_MAX: usize = 1_000;

/// The profiles of files and of the API.
#[derive(Debug)]
pub struct ImportProfiles {
    context: Arc<Context>,
    folder: ProfileFolder,
    documents: DocumentCache<Profile>,
}

impl ImportProfiles {
    /// Those beside this `tollgate.toml`, and those in the books.
    pub fn open(context: Arc<Context>, config: &Path) -> Result<Self, Unavailable> {
        let documents = DocumentCache::load(context.store(), IMPORT_PROFILES)?;
        Ok(Self { context, folder: ProfileFolder::of(config), documents })
    }

    /// All of them, by name.
    pub fn all(&self) -> Answer<Vec<NamedImportProfile>> {
        let mut names = self.folder.names();
        names.extend(self.documents.all().iter().map(|document| document.key.clone()));
        names.sort();
        names.dedup();
        names.iter().map(|name| self.find(name)).collect()
    }

    /// One of them.
    pub fn find(&self, name: &str) -> Answer<NamedImportProfile> {
        self.versioned(name).map(|found| found.value)
    }

    /// One of them with its version; one of a file has version 1.
    pub fn versioned(&self, name: &str) -> Answer<Versioned<NamedImportProfile>> {
        if let Some(profile) = self.folder.read(name).map_err(|problems| problem_of_files(&problems))? {
            return Ok(Versioned::new(1, named(name, ProfileSource::File, profile)));
        }
        let found = self.documents.get(name);
        let found = found.ok_or_else(|| Problem::not_found(format!("there is no import profile {name}")))?;
        Ok(Versioned::new(found.revision, named(name, ProfileSource::Api, found.value.clone())))
    }

    /// Keeps a profile under its name.
    pub fn put(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        profile: ImportProfile,
    ) -> Answer<Versioned<NamedImportProfile>> {
        if !is_profile_name(name) {
            return Err(Problem::field("name", "is not a name: 1 to 64 letters, digits, `_`, `-` or `.`"));
        }
        self.check_not_of_file(name)?;
        let profile = Profile::from(profile);
        if let Err(faults) = profile.formats() {
            let detail = faults.first().map_or(String::new(), |(key, message)| format!("{key} {message}"));
            return Err(faults.iter().fold(Problem::unprocessable(detail), |problem, (key, message)| {
                problem.and_field(key, message.clone())
            }));
        }
        let before = self.documents.get(name);
        if_match.check(before.as_ref().map_or(0, |document| document.revision))?;
        if before.is_none() && self.documents.len() >= PROFILES_MAX {
            return Err(Problem::unprocessable(format!("there are {PROFILES_MAX} import profiles already")));
        }
        let mut changes = self.context.change(caller);
        let was = before.as_ref().map_or(Value::Null, |document| audited(&document.value));
        changes.note("import_profile.put", format!("import-profile/{name}"), &was, &audited(&profile));
        changes.put(&self.documents, name, before.as_deref(), profile);
        changes.commit()?;
        self.versioned(name)
    }

    /// Forgets a profile of the API.
    pub fn delete(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()> {
        self.check_not_of_file(name)?;
        let before = self.documents.get(name);
        let before =
            before.ok_or_else(|| Problem::not_found(format!("there is no import profile {name}")))?;
        if_match.check(before.revision)?;
        let mut changes = self.context.change(caller);
        let was = audited(&before.value);
        changes.note("import_profile.delete", format!("import-profile/{name}"), &was, &Value::Null);
        changes.remove(&self.documents, &before);
        changes.commit().map(drop)
    }

    fn check_not_of_file(&self, name: &str) -> Answer<()> {
        if self.folder.names().iter().any(|known| known == name) {
            let message = format!("the import profile {name} is a file in import-profiles; change it there");
            return Err(Problem::provisioned_by_file(message));
        }
        Ok(())
    }
}

fn named(name: &str, source: ProfileSource, profile: Profile) -> NamedImportProfile {
    NamedImportProfile { name: name.to_owned(), source, profile: profile.into() }
}

fn audited(profile: &Profile) -> Value {
    to_value(profile).unwrap_or_default()
}
