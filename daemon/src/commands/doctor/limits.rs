//! The files that a process may have open.

use rustix::process::{Resource, getrlimit};

use super::finding::Finding;

/// Descriptors beside those of connections: RocksDB's files, logs, HTTP.
const OTHER_DESCRIPTORS: u64 = 2_048;

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
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn few_descriptors_are_a_warning() {
        assert_eq!(judge_descriptors(Some(1_024), 3_000).level, Level::Warning);
        assert_eq!(judge_descriptors(Some(3_000), 3_000).level, Level::Good);
        assert_eq!(judge_descriptors(None, 3_000).level, Level::Good);
    }
}
