//! The folder of a data directory before anything in it is changed: is it ours, and which of its files are?
//!
//! A folder that has other things in it and no books is refused: it was named by mistake, and whatever is done to a data
//! directory would be done to what is somebody else's. Also in a data directory only those files are touched whose names are
//! those that this program and RocksDB give: others may lie beside them.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::store_options::ANCHOR_FILE;

/// The file by which RocksDB knows a database.
pub const CURRENT: &str = "CURRENT";
/// Files of a data directory that have one name.
const FILES: [&str; 6] = [CURRENT, "IDENTITY", "LOCK", "LOG", ANCHOR_FILE, "control.sock"];
/// Files of RocksDB with something behind their name.
const BEGINNINGS: [&str; 3] = ["LOG.old.", "MANIFEST-", "OPTIONS-"];
/// The ends of RocksDB's files that have a number for a name.
const ENDS: [&str; 4] = [TABLE, ".log", ".blob", ".dbtmp"];
const TABLE: &str = ".sst";
/// Digits of RocksDB's numbers at least.
const DIGITS_MIN: usize = 6;
/// The folder of e-mails that no server takes.
pub const MAIL_FOLDER: &str = "mail";
const MAIL_END: &str = ".eml";
/// A folder of the file system itself, in its root.
const OF_FILE_SYSTEM: &str = "lost+found";

/// The content of a folder, as far as it matters to a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderContent {
    /// The folder is not there.
    Missing,
    /// There is nothing in it, or what is left of books whose making was broken off.
    Free,
    /// A database. That it is one of ours shows in its families.
    Database,
    /// Tables or an anchor, and not the file that names the list of tables.
    Unlisted,
    /// No database, and this entry, which is none of ours.
    Foreign(PathBuf),
}

/// Looks at a folder, and changes nothing.
pub fn look(folder: &Path) -> io::Result<FolderContent> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FolderContent::Missing),
        entries => entries?,
    };
    if folder.join(CURRENT).is_file() {
        return Ok(FolderContent::Database);
    }
    let (mut has_books, mut mail) = (false, None);
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        if !is_own(name) && name != OF_FILE_SYSTEM {
            return Ok(FolderContent::Foreign(entry.path()));
        }
        has_books |= name.ends_with(TABLE) || (name == ANCHOR_FILE && names_a_commit(folder));
        mail = mail.or_else(|| (name == MAIL_FOLDER).then(|| entry.path()));
    }
    Ok(match mail {
        _ if has_books => FolderContent::Unlisted,
        // No e-mail is written before there are books.
        Some(mail) => FolderContent::Foreign(mail),
        None => FolderContent::Free,
    })
}

/// True if the anchor in a folder names a commit: it is ours, whatever else is missing.
pub fn names_a_commit(folder: &Path) -> bool {
    crate::anchor::read(&folder.join(ANCHOR_FILE))
        .is_ok_and(|found| found.is_some_and(|found| found.reached.is_some()))
}

/// True if a data directory has a file or folder of this name.
fn is_own(name: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    let numbered = || ENDS.iter().find_map(|end| name.strip_suffix(end));
    FILES.contains(&name)
        || name == MAIL_FOLDER
        || BEGINNINGS.iter().any(|beginning| {
            let rest = name.strip_prefix(beginning).map(|rest| rest.strip_suffix(".dbtmp").unwrap_or(rest));
            rest.is_some_and(|rest| !rest.is_empty() && is_number(rest))
        })
        || numbered().is_some_and(|number| number.len() >= DIGITS_MIN && is_number(number))
}

/// Calls `visit` with each file and folder of a data directory that is ours, and with what is known of it. Links are left out,
/// as they lead elsewhere. What disappears meanwhile is none of it.
pub fn each_own(folder: &Path, mut visit: impl FnMut(&Path, &Metadata) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let known = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            known => known?,
        };
        let name = name.to_str().unwrap_or_default();
        if !is_own(name) || known.is_symlink() {
            continue;
        }
        if known.is_dir() {
            if name == MAIL_FOLDER {
                visit(&path, &known)?;
                each_mail(&path, &mut visit)?;
            }
        } else {
            visit(&path, &known)?;
        }
    }
    Ok(())
}

fn each_mail(folder: &Path, visit: &mut impl FnMut(&Path, &Metadata) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_mail = entry.file_name().to_str().is_some_and(|name| name.ends_with(MAIL_END));
        match entry.metadata() {
            Ok(known) if is_mail && known.is_file() => visit(&entry.path(), &known)?,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_ours_from_others() {
        for own in [
            "CURRENT",
            "IDENTITY",
            "LOCK",
            "LOG",
            "LOG.old.1764000000000000",
            "MANIFEST-000005",
            "OPTIONS-000007",
            "OPTIONS-000007.dbtmp",
            "000004.log",
            "000012.sst",
            "000001.dbtmp",
            "1234567.sst",
            "ANCHOR",
            "control.sock",
            "mail",
        ] {
            assert!(is_own(own), "{own}");
        }
        for other in [
            "",
            "passwd",
            "LOG.txt",
            "LOG.old.",
            "MANIFEST-",
            "MANIFEST-x",
            "1.log",
            "daemon.log",
            "000004.ldb",
            "config",
            ".git",
            "lost+found",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn a_folder_is_looked_at_by_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let look = || look(folder.path()).unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        assert_eq!(super::look(&folder.path().join("none")).unwrap(), FolderContent::Missing);
        assert_eq!(look(), FolderContent::Free);
        fs::create_dir(folder.path().join("lost+found")).unwrap();
        for name in ["LOCK", "LOG", "MANIFEST-000001", "000001.dbtmp", "ANCHOR"] {
            write(name);
            assert_eq!(look(), FolderContent::Free, "{name}");
        }
        fs::create_dir(folder.path().join("mail")).unwrap();
        assert_eq!(look(), FolderContent::Foreign(folder.path().join("mail")));
        write("000012.sst");
        assert_eq!(look(), FolderContent::Unlisted);
        write("letter.txt");
        assert_eq!(look(), FolderContent::Foreign(folder.path().join("letter.txt")));
        write("CURRENT");
        assert_eq!(look(), FolderContent::Database);
    }
}
