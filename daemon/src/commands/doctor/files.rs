//! The data directory's permissions, owner and room, and the files that a process may have open.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use rustix::process::{Resource, getrlimit};

use super::finding::Finding;

/// Permissions of anybody but the owner.
const OTHERS: u32 = 0o077;
/// Descriptors beside those of connections: RocksDB's files, logs, HTTP.
const OTHER_DESCRIPTORS: u64 = 2_048;
/// Room is scarce below this multiple of the reserve.
const SCARCE: u64 = 4;

/// Says whether nobody but the owner gets at the data directory, and the owner at all of it.
pub fn permissions(data_dir: &Path) -> Vec<Finding> {
    const SUBJECT: &str = "data directory";
    let name = data_dir.display();
    let known = match fs::metadata(data_dir) {
        Ok(known) => known,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return vec![Finding::warning(
                SUBJECT,
                format!("{name} is not there yet"),
                "the first start makes it",
            )];
        }
        Err(error) => {
            let remedy = "run this as the owner of the directory, or as root";
            return vec![Finding::fault(SUBJECT, format!("{name}: {error}"), remedy)];
        }
    };
    let mut findings = Vec::new();
    if access(data_dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let remedy = "run this and the daemon as its owner";
        findings.push(Finding::fault(SUBJECT, format!("this user may not write to {name}"), remedy));
    }
    let mode = known.mode() & 0o777;
    if mode & OTHERS != 0 {
        let text = format!("{name} has the mode {mode:04o}, so that others get at what is in it");
        findings.push(Finding::fault(SUBJECT, text, format!("chmod 0700 {name}")));
    }
    if let Some(foreign) = foreign(data_dir, known.uid()) {
        let text = format!("{} does not belong to the owner of the directory", foreign.display());
        let owner = format!("chown -R {}:{} {name}", known.uid(), known.gid());
        findings.push(Finding::fault(SUBJECT, text, owner));
    }
    if findings.is_empty() {
        findings.push(Finding::good(SUBJECT, format!("{name} is for its owner alone")));
    }
    findings
}

/// A file below a folder that belongs to somebody else.
fn foreign(folder: &Path, owner: u32) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let (path, known) = (entry.path(), entry.metadata().ok()?);
        if known.uid() != owner {
            return Some(path);
        }
        if known.is_dir() { foreign(&path, owner) } else { None }
    })
}

/// Says whether there is room on the disk of the data directory.
pub fn room(data_dir: &Path, reserve: u64) -> Finding {
    const SUBJECT: &str = "disk";
    let place = data_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let free = match statvfs(place) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => return Finding::fault(SUBJECT, format!("{}: {error}", place.display()), "mount it"),
    };
    judge_room(free, reserve)
}

fn judge_room(free: u64, reserve: u64) -> Finding {
    const SUBJECT: &str = "disk";
    let shown = |bytes: u64| format!("{} MiB", bytes >> 20);
    let text = format!("{} are free, {} of them are kept in reserve", shown(free), shown(reserve));
    let remedy = "free some room, or give the data directory a larger disk";
    if free <= reserve {
        Finding::fault(SUBJECT, format!("{text}: every message is refused"), remedy)
    } else if free < reserve.saturating_mul(SCARCE) {
        Finding::warning(SUBJECT, text, remedy)
    } else {
        Finding::good(SUBJECT, text)
    }
}

/// Says whether a process of this user may have enough files and connections open.
pub fn descriptors(connections_max: u32) -> Finding {
    let limit = getrlimit(Resource::Nofile).current;
    judge_descriptors(limit, u64::from(connections_max) + OTHER_DESCRIPTORS)
}

fn judge_descriptors(limit: Option<u64>, wanted: u64) -> Finding {
    const SUBJECT: &str = "open files";
    match limit {
        Some(limit) if limit < wanted => {
            let text =
                format!("a process started here may have {limit} files open, and {wanted} may be needed");
            Finding::warning(SUBJECT, text, format!("ulimit -n {wanted}, or LimitNOFILE= of the unit"))
        }
        Some(limit) => Finding::good(SUBJECT, format!("a process started here may have {limit} files open")),
        None => Finding::good(SUBJECT, "a process started here may have any number of files open"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn room_is_compared_with_the_reserve() {
        let level = |free| judge_room(free, 100).level;
        assert_eq!(level(100), Level::Fault);
        assert_eq!(level(399), Level::Warning);
        assert_eq!(level(400), Level::Good);
        assert_eq!(judge_room(1, 0).level, Level::Good, "who wants no reserve gets none");
    }

    #[test]
    fn few_descriptors_are_a_warning() {
        assert_eq!(judge_descriptors(Some(1_024), 3_000).level, Level::Warning);
        assert_eq!(judge_descriptors(Some(3_000), 3_000).level, Level::Good);
        assert_eq!(judge_descriptors(None, 3_000).level, Level::Good);
    }

    #[test]
    fn a_directory_that_others_may_read_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let found = permissions(folder.path());
        assert_eq!(found[0].level, Level::Fault);
        assert!(found[0].remedy.starts_with("chmod 0700"), "{found:?}");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(permissions(folder.path())[0].level, Level::Good);
        assert_eq!(permissions(&folder.path().join("none"))[0].level, Level::Warning);
    }
}
