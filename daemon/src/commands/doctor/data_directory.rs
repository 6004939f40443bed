//! The folder of the data directory: that it is ours, for its owner alone, and can be written.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use tollgate_storage::data_folder::{FolderContent, each_own, look};
use tollgate_storage::store::holds_books;

use super::finding::Finding;

const SUBJECT: &str = "data directory";
/// Permissions of anybody but the owner.
const OTHERS: u32 = 0o077;

/// Says whether a folder is ours and nobody but the owner gets at it, and the owner at all of it. Of a folder that is not ours
/// nothing else is to be looked at, and none of its files is to be changed.
pub fn findings(data_dir: &Path) -> (bool, Vec<Finding>) {
    let name = data_dir.display();
    let known = match fs::metadata(data_dir) {
        Ok(known) if known.is_dir() => known,
        Ok(_) => {
            return (
                false,
                vec![Finding::fault(SUBJECT, format!("{name} is not a directory"), NAME_ANOTHER)],
            );
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (false, vec![to_be_made(data_dir)]),
        Err(error) => {
            let remedy = "run this as the owner of the directory, or as root";
            return (false, vec![Finding::fault(SUBJECT, format!("{name}: {error}"), remedy)]);
        }
    };
    match look(data_dir) {
        Ok(FolderContent::Foreign(entry)) => {
            let entry = entry.file_name().unwrap_or_default().display();
            let text = format!("{name} is not a data directory of Tollgate and not empty: it has `{entry}`");
            return (false, vec![Finding::fault(SUBJECT, text, NAME_ANOTHER)]);
        }
        Ok(FolderContent::Database) if !holds_books(data_dir) => {
            let text = format!("{name} has a RocksDB database of another program");
            return (false, vec![Finding::fault(SUBJECT, text, NAME_ANOTHER)]);
        }
        Err(error) => {
            let remedy = "run this as the owner of the directory, or as root";
            return (false, vec![Finding::fault(SUBJECT, format!("{name}: {error}"), remedy)]);
        }
        Ok(_) => {}
    }
    let mut findings: Vec<Finding> = unwritable(data_dir).into_iter().collect();
    findings.extend(permissions(data_dir, &known));
    if findings.is_empty() {
        findings.push(Finding::good(SUBJECT, format!("{name} is for its owner alone")));
    }
    (true, findings)
}

const NAME_ANOTHER: &str =
    "name a folder that is empty or not there yet, with storage.data_dir or --data-dir";

/// A finding about a directory that the first start makes.
fn to_be_made(data_dir: &Path) -> Finding {
    let name = data_dir.display();
    let above = data_dir.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("."));
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    match access(above, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if above.is_dir() => {
            Finding::warning(SUBJECT, format!("{name} is not there yet"), "the first start makes it")
        }
        made => {
            let reason = made.err().unwrap_or(Errno::NOTDIR);
            let text = format!("{name} is not there and cannot be made below {}: {reason}", above.display());
            Finding::fault(
                SUBJECT,
                text,
                format!("make it, and give it to the user who runs the daemon: mkdir -p {name}"),
            )
        }
    }
}

fn unwritable(data_dir: &Path) -> Option<Finding> {
    let name = data_dir.display();
    let (text, remedy) = match access(data_dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => return None,
        Err(Errno::ROFS) => {
            (format!("{name} is on a disk that is mounted for reading only"), "mount it for writing")
        }
        Err(error) => {
            (format!("this user may not write to {name}: {error}"), "run this and the daemon as its owner")
        }
    };
    Some(Finding::fault(SUBJECT, text, remedy))
}

fn permissions(data_dir: &Path, known: &Metadata) -> Vec<Finding> {
    let (name, mut findings) = (data_dir.display(), Vec::new());
    let mode = known.mode() & 0o777;
    if mode & OTHERS != 0 {
        let text = format!("{name} has the mode {mode:04o}, so that others get at what is in it");
        findings.push(Finding::fault(SUBJECT, text, format!("chmod 0700 {name}")));
    }
    if let Some(foreign) = foreign(data_dir, known.uid()) {
        let text = format!("{} does not belong to the owner of the directory", foreign.display());
        let remedy = format!("chown {}:{} {}", known.uid(), known.gid(), foreign.display());
        findings.push(Finding::fault(SUBJECT, text, remedy));
    }
    findings
}

/// A file of ours that belongs to somebody else.
fn foreign(folder: &Path, owner: u32) -> Option<PathBuf> {
    let mut foreign = None;
    let _ = each_own(folder, |path, known| {
        if known.uid() != owner && foreign.is_none() {
            foreign = Some(path.to_owned());
        }
        Ok(())
    });
    foreign
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_directory_that_others_may_read_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let (is_ours, found) = findings(folder.path());
        assert_eq!((is_ours, found[0].level), (true, Level::Fault));
        assert!(found[0].remedy.starts_with("chmod 0700"), "{found:?}");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(findings(folder.path()).1[0].level, Level::Good);
        assert_eq!(findings(&folder.path().join("none/below")).1[0].level, Level::Warning);
    }

    #[test]
    fn nobody_is_told_to_change_a_folder_of_others() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("letter.txt"), "dear reader").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        for foreign in [folder.path(), Path::new("/etc"), &folder.path().join("letter.txt")] {
            let (is_ours, found) = findings(foreign);
            assert_eq!((is_ours, found[0].level, found.len()), (false, Level::Fault, 1), "{found:?}");
            assert!(!found[0].remedy.contains("chmod") && !found[0].remedy.contains("chown"), "{found:?}");
        }
        let below_a_file = folder.path().join("letter.txt/data");
        assert_eq!(findings(&below_a_file).1[0].level, Level::Fault);
    }
}
