//! Room on the disk of the data directory.

use std::path::Path;

use rustix::fs::statvfs;

use super::finding::Finding;

const SUBJECT: &str = "disk";
/// Room is scarce below this multiple of the reserve.
const SCARCE: u64 = 4;
/// Files that a daemon makes before it has none to spare: logs, tables and their lists.
const FILES_MIN: u64 = 200;

/// Says whether there is room on the disk of the data directory, in octets and in files.
pub fn findings(data_dir: &Path, reserve: u64) -> Vec<Finding> {
    let place = data_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let disk = match statvfs(place) {
        Ok(disk) => disk,
        Err(error) => {
            return vec![Finding::fault(SUBJECT, format!("{}: {error}", place.display()), "mount it")];
        }
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let mut findings = vec![judge_room(free, reserve)];
    // Some file systems have no number of files.
    if disk.f_files > 0 && disk.f_favail < FILES_MIN {
        let text =
            format!("{} more files can be made on it, and a daemon may need {FILES_MIN}", disk.f_favail);
        findings.push(Finding::fault(
            SUBJECT,
            text,
            "remove files there, or give the data directory another disk",
        ));
    }
    findings
}

fn judge_room(free: u64, reserve: u64) -> Finding {
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

#[cfg(test)]
mod tests {
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
}
