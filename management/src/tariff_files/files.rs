//! Replacement of several files, all or none: before the first file is touched, each new text and a copy of each old one
//! are on disk beside their files.
//!
//! A crash between two renames can leave the first file new and the second one old. After any other failure all files are
//! old or all are new.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::EditError;

/// A file and its new content.
#[derive(Debug)]
pub struct Replacement<'a> {
    /// An existing file that is not a link.
    pub path: PathBuf,
    /// Its new content.
    pub content: &'a [u8],
}

/// A replacement that is ready to be made and to be undone.
struct Staged {
    path: PathBuf,
    new: NamedTempFile,
    old: NamedTempFile,
}

/// Replaces the files. `rename` puts a temporary file in the place of another file.
pub fn replace_all(
    replacements: Vec<Replacement<'_>>,
    rename: impl Fn(NamedTempFile, &Path) -> io::Result<()>,
) -> Result<(), EditError> {
    let mut staged = Vec::with_capacity(replacements.len());
    for replacement in replacements {
        let path = replacement.path.clone();
        staged.push(stage(replacement).map_err(|error| EditError::not_written(&path, &error))?);
    }
    let mut replaced = Vec::with_capacity(staged.len());
    for Staged { path, new, old } in staged {
        if let Err(error) = rename(new, &path) {
            return Err(put_back(replaced, &rename, &path, &error));
        }
        replaced.push((path, old));
    }
    for (path, _) in &replaced {
        // The files are in place whether or not this succeeds; it only lets the renames survive a power cut.
        let _ = path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all());
    }
    Ok(())
}

/// Undoes earlier replacements after one failed, and returns the error for the result.
fn put_back(
    replaced: Vec<(PathBuf, NamedTempFile)>,
    rename: impl Fn(NamedTempFile, &Path) -> io::Result<()>,
    failed: &Path,
    error: &io::Error,
) -> EditError {
    let left: Vec<String> = replaced
        .into_iter()
        .filter_map(|(path, old)| rename(old, &path).err().map(|_| path.display().to_string()))
        .collect();
    if left.is_empty() {
        return EditError::not_written(failed, error);
    }
    EditError::HalfWritten { file: Arc::from(failed), reason: error.to_string(), left }
}

fn stage(replacement: Replacement<'_>) -> io::Result<Staged> {
    let Replacement { path, content } = replacement;
    let old = fs::read(&path)?;
    Ok(Staged { new: beside(&path, content)?, old: beside(&path, &old)?, path })
}

/// A temporary file on the same file system, with the rights of the file that it is to replace. It is removed by itself
/// if it is not put in place.
fn beside(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".tollgate-").suffix(".new").tempfile_in(directory)?;
    file.write_all(content)?;
    let metadata = fs::metadata(path)?;
    file.as_file().set_permissions(metadata.permissions())?;
    // Only root may change the owner of a file; without that right the file is written all the same.
    let _ = std::os::unix::fs::fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), format!("old {name}")).unwrap();
        }
        folder
    }

    fn replacements<'a>(folder: &tempfile::TempDir, names: &[&str]) -> Vec<Replacement<'a>> {
        names.iter().map(|name| Replacement { path: folder.path().join(name), content: b"new" }).collect()
    }

    fn texts(folder: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    #[test]
    fn all_are_replaced_and_keep_their_rights() {
        let folder = folder(&["a", "b"]);
        let path = folder.path().join("a");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace_all(replacements(&folder, &["a", "b"]), persist).unwrap();
        assert_eq!(texts(&folder), ["new", "new"], "and nothing else is left in the folder");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_rename_that_fails_takes_back_those_before_it() {
        let folder = folder(&["a", "b", "c"]);
        let renames = Cell::new(0);
        let third_fails = |file: NamedTempFile, path: &Path| {
            renames.set(renames.get() + 1);
            if renames.get() == 3 { Err(io::Error::other("no")) } else { persist(file, path) }
        };
        let error = replace_all(replacements(&folder, &["a", "b", "c"]), third_fails).unwrap_err();
        assert!(matches!(&error, EditError::NotWritten { file, .. } if file.ends_with("c")), "{error}");
        assert_eq!(texts(&folder), ["old a", "old b", "old c"]);
        assert_eq!(renames.get(), 5);
    }

    #[test]
    fn what_cannot_be_taken_back_is_named() {
        let folder = folder(&["a", "b", "c"]);
        let renames = Cell::new(0);
        let third_and_fourth_fail = |file: NamedTempFile, path: &Path| {
            renames.set(renames.get() + 1);
            if [3, 4].contains(&renames.get()) { Err(io::Error::other("no")) } else { persist(file, path) }
        };
        let error = replace_all(replacements(&folder, &["a", "b", "c"]), third_and_fourth_fail).unwrap_err();
        let EditError::HalfWritten { left, .. } = &error else { panic!("{error}") };
        assert!(matches!(&left[..], [one] if one.ends_with("/a")), "{left:?}");
        assert_eq!(texts(&folder), ["new", "old b", "old c"]);
    }

    #[test]
    fn a_file_that_is_not_there_changes_nothing() {
        let folder = folder(&["a"]);
        let error = replace_all(replacements(&folder, &["a", "b"]), persist).unwrap_err();
        assert!(matches!(&error, EditError::NotWritten { file, .. } if file.ends_with("b")), "{error}");
        assert_eq!(texts(&folder), ["old a"]);
    }
}
