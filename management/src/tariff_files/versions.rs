//! The versions of the tariff that were ever applied, and the rollback to one.

use std::collections::HashMap;
use std::path::Path;

use tollgate_engine::time::UnixMicros;
use tollgate_storage::rows::{ContentDigest, FileContent, TariffFileRow, TariffRow, content_digest};
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
    pub bytes: u64,
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

/// The files of a version by name, with their contents.
pub type Contents = Vec<(String, Vec<u8>)>;

/// The kinds of contents that were looked at.
pub type Kinds = HashMap<ContentDigest, ArchivedKind>;

/// Every version, in the order in which they were first applied.
pub fn list_versions(store: &Store) -> Result<Vec<Version>, Unavailable> {
    // Versions have most of their files in common, and with them the contents.
    let mut kinds = Kinds::new();
    let rows = store.provisioned().tariffs()?;
    rows.iter().map(|(number, row)| version_of(store, *number, row, &mut kinds)).collect()
}

/// A version with its files as they are kept, by its content hash; `None` where it was never applied.
pub fn version_files(store: &Store, version: &str) -> Result<Option<(Version, Contents)>, Unavailable> {
    let rows = store.provisioned().tariffs()?;
    let Some((number, row)) = rows.into_iter().find(|(_, row)| row.version == version) else {
        return Ok(None);
    };
    let contents = contents_of(store, &row)?;
    Ok(Some((version_of(store, number, &row, &mut Kinds::new())?, contents)))
}

/// The files of a version with their contents.
pub fn contents_of(store: &Store, row: &TariffRow) -> Result<Contents, Unavailable> {
    let content =
        |file: &TariffFileRow| Ok((file.name.clone(), store.provisioned().tariff_content(&file.content)?));
    row.files.iter().map(content).collect()
}

/// Makes the edit that brings plans and rates back to a version. Everything else that prices depend on stays as it is, and is
/// named if it differs. What the API has provisioned is considered as far as `current` has it.
pub fn plan_rollback(
    store: &Store,
    config: &Path,
    current: &Loaded,
    version: &str,
) -> Result<Rollback, EditError> {
    let Some((_, files)) = version_files(store, version)? else {
        return Err(EditError::Missing { what: "tariff version", name: version.to_owned() });
    };
    let mut emptied = Vec::new();
    let mut overlay = restored(current, &files)?;
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
    let not_rolled_back = differing(current, &change.after, &files, &emptied);
    Ok(Rollback { version: version.to_owned(), change, restored, emptied, not_rolled_back })
}

/// The content of plans and rates in a version, under the present names of the files.
fn restored(current: &Loaded, contents: &Contents) -> Result<Overlay, EditError> {
    let files = &current.settings.tariff;
    let mut overlay = Overlay::new();
    for (name, content) in contents {
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
fn differing(current: &Loaded, after: &Loaded, contents: &Contents, emptied: &[String]) -> Vec<String> {
    let added = current.provisioning.archive.iter().filter(|file| ArchivedKind::is_added(&file.name));
    let now: Vec<&ArchivedFile> = after.provisioning.archive.iter().chain(added).collect();
    let is_plan = |name: &str, content: &[u8]| ArchivedKind::of(name, content) == ArchivedKind::Plans;
    let then = contents.iter().filter(|(name, content)| !is_plan(name, content));
    let changed = then.filter(|(name, content)| {
        let digest = digest_of(name, content);
        !now.iter().any(|file| *file.name == **name && file.digest == digest)
    });
    let is_old = |name: &str| contents.iter().any(|(old, _)| old == name);
    let rolled_back =
        |name: &str| name == after.settings.tariff.plans || emptied.iter().any(|file| file == name);
    let added = now.iter().map(|file| &*file.name).filter(|name| !is_old(name) && !rolled_back(name));
    let mut names: Vec<String> = changed.map(|(name, _)| name.clone()).collect();
    names.extend(added.map(str::to_owned));
    names.sort();
    names
}

fn version_of(
    store: &Store,
    number: u32,
    row: &TariffRow,
    kinds: &mut Kinds,
) -> Result<Version, Unavailable> {
    let file = |file: &TariffFileRow| {
        let name = file.name.clone();
        kind_of(store, file, kinds).map(|(kind, digest)| VersionFile {
            name,
            kind,
            bytes: file.octets(),
            digest,
        })
    };
    Ok(Version {
        number,
        version: row.version.clone(),
        applied_at: row.applied_at,
        files: row.files.iter().map(file).collect::<Result<_, Unavailable>>()?,
    })
}

/// The kind of a file and the digest of its content. A content is read where its kind is not known yet.
pub fn kind_of(
    store: &Store,
    file: &TariffFileRow,
    kinds: &mut Kinds,
) -> Result<(ArchivedKind, ContentDigest), Unavailable> {
    let content = match &file.content {
        FileContent::Inline(content) => content,
        FileContent::Stored { digest, .. } => {
            // Files that exist only in the archive are known by their names.
            let by_name = ArchivedKind::of(&file.name, &[]);
            if by_name != ArchivedKind::Other {
                return Ok((by_name, *digest));
            }
            if let Some(kind) = kinds.get(digest) {
                return Ok((*kind, *digest));
            }
            let kind = ArchivedKind::of(&file.name, &store.provisioned().tariff_content(&file.content)?);
            kinds.insert(*digest, kind);
            return Ok((kind, *digest));
        }
    };
    Ok((ArchivedKind::of(&file.name, content), digest_of(&file.name, content)))
}

/// The digest of a file's content. Of ported numbers earlier versions of the program archived only that.
pub fn digest_of(name: &str, content: &[u8]) -> ContentDigest {
    match (ArchivedKind::of(name, content), content.try_into()) {
        (ArchivedKind::HashOnly, Ok(digest)) => digest,
        _ => content_digest(content),
    }
}
