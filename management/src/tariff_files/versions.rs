//! The versions of the tariff that were ever applied, and the rollback to one.

use std::path::Path;

use sha2::{Digest, Sha256};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::{Row, TariffRow};
use tollgate_storage::schema::Family;
use tollgate_storage::store::{Store, Unavailable};

use super::sheet::Sheet;
use super::{Change, EditError, text_of};
use tollgate_provisioning::{ArchivedFile, ArchivedKind, Loaded, Overlay};

/// One version that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number by which CDRs name it.
    pub number: u32,
    /// The content hash.
    pub version: String,
    /// The instant at which it was first applied.
    pub applied_at: UnixMicros,
    /// The files that it was read from, by name.
    pub files: Vec<VersionFile>,
}

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFile {
    /// The name in the configuration; the own rates of accounts and operators have a name with a blank in it.
    pub name: String,
    /// The purpose of the file.
    pub kind: ArchivedKind,
    /// Its size as it is archived.
    pub bytes: usize,
    /// SHA-256 of its content.
    pub digest: [u8; 32],
}

/// The effect of a rollback.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// The version that is rolled back to.
    pub version: String,
    /// The edit, validated; its `after` has a version of its own if something is not rolled back.
    pub change: Change,
    /// Files that get their old content.
    pub restored: Vec<String>,
    /// Rate files that the version did not have: their rows are removed, their header stays.
    pub emptied: Vec<String>,
    /// Files that differ from the version and stay as they are: accounts' own rates, networks, numbering, operators' costs.
    pub not_rolled_back: Vec<String>,
}

/// Every version, in the order in which they were first applied.
pub fn list_versions(store: &Store) -> Result<Vec<Version>, Unavailable> {
    let (mut versions, mut sound) = (Vec::new(), true);
    store.scan(Family::Tariffs, &[], |key, value| {
        // One at a time: with its files a version takes megabytes.
        match (key.try_into().map(u32::from_be_bytes), TariffRow::read(value)) {
            (Ok(number), Some(row)) => versions.push(version_of(number, &row)),
            _ => sound = false,
        }
        sound
    })?;
    if sound { Ok(versions) } else { Err(damaged()) }
}

/// A version with its files as they are kept, by its content hash; `None` where it was never applied.
pub fn version_files(store: &Store, version: &str) -> Result<Option<(Version, TariffRow)>, Unavailable> {
    let mut found = None;
    store.scan(Family::Tariffs, &[], |key, value| {
        let number = key.try_into().map(u32::from_be_bytes);
        found = number.ok().zip(TariffRow::read(value).filter(|row| row.version == version));
        found.is_none()
    })?;
    Ok(found.map(|(number, row)| (version_of(number, &row), row)))
}

/// Makes the edit that brings plans and rates back to a version. Everything else that prices depend on stays as it is, and is
/// named if it differs. What the API has provisioned is considered as far as `current` has it.
pub fn plan_rollback(
    store: &Store,
    config: &Path,
    current: &Loaded,
    version: &str,
) -> Result<Rollback, EditError> {
    let Some((_, row)) = version_files(store, version)? else {
        return Err(EditError::Missing { what: "tariff version", name: version.to_owned() });
    };
    let mut emptied = Vec::new();
    let mut overlay = restored(current, &row)?;
    for name in &current.settings.tariff.rates {
        if !overlay.contains_key(name) {
            let mut sheet = Sheet::parse(name, text_of(current, name)?)?;
            sheet.clear();
            overlay.insert(name.clone(), sheet.text().into_bytes());
            emptied.push(name.clone());
        }
    }
    let change = Change::validated(config, current, overlay)?;
    emptied.retain(|name| change.overlay.contains_key(name));
    let restored = change.overlay.keys().filter(|name| !emptied.contains(name)).cloned().collect();
    let not_rolled_back = differing(current, &change.after, &row, &emptied);
    Ok(Rollback { version: version.to_owned(), change, restored, emptied, not_rolled_back })
}

/// The content of plans and rates in a version, under the present names of the files.
fn restored(current: &Loaded, row: &TariffRow) -> Result<Overlay, EditError> {
    let files = &current.settings.tariff;
    let mut overlay = Overlay::new();
    for (name, content) in &row.files {
        let name = match ArchivedKind::of(name, content) {
            // There is one file of plans, whatever it is called.
            ArchivedKind::Plans => files.plans.clone(),
            ArchivedKind::Rates if files.rates.contains(name) => name.clone(),
            ArchivedKind::Rates => return Err(EditError::NotEditable { file: name.clone() }),
            _ => continue,
        };
        overlay.insert(name, content.clone());
    }
    Ok(overlay)
}

/// The files that still differ between a version and the configuration after the rollback to it.
fn differing(current: &Loaded, after: &Loaded, row: &TariffRow, emptied: &[String]) -> Vec<String> {
    let added = current.provisioning.archive.iter().filter(|file| ArchivedKind::is_added(&file.name));
    let now: Vec<&ArchivedFile> = after.provisioning.archive.iter().chain(added).collect();
    let is_plan = |name: &str, content: &[u8]| ArchivedKind::of(name, content) == ArchivedKind::Plans;
    let then = row.files.iter().filter(|(name, content)| !is_plan(name, content));
    let changed = then.filter(|(name, content)| {
        let digest = digest_of(name, content);
        !now.iter().any(|file| *file.name == **name && file.digest == digest)
    });
    let is_old = |name: &str| row.files.iter().any(|(old, _)| old == name);
    let rolled_back =
        |name: &str| name == after.settings.tariff.plans || emptied.iter().any(|file| file == name);
    let added = now.iter().map(|file| &*file.name).filter(|name| !is_old(name) && !rolled_back(name));
    let mut names: Vec<String> = changed.map(|(name, _)| name.clone()).collect();
    names.extend(added.map(str::to_owned));
    names.sort();
    names
}

fn version_of(number: u32, row: &TariffRow) -> Version {
    let file = |(name, content): &(String, Vec<u8>)| VersionFile {
        name: name.clone(),
        kind: ArchivedKind::of(name, content),
        bytes: content.len(),
        digest: digest_of(name, content),
    };
    Version {
        number,
        version: row.version.clone(),
        applied_at: row.applied_at,
        files: row.files.iter().map(file).collect(),
    }
}

/// The hash of a file's content. Of some files only the hash is archived.
fn digest_of(name: &str, content: &[u8]) -> [u8; 32] {
    match (ArchivedKind::of(name, content), content.try_into()) {
        (ArchivedKind::HashOnly, Ok(digest)) => digest,
        _ => Sha256::digest(content).into(),
    }
}

fn damaged() -> Unavailable {
    Unavailable(format!("a damaged row in {}", Family::Tariffs.name()))
}
