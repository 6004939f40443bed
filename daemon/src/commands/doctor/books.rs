//! The books beside the configuration: the last commit, the clock, the secrets, and what would contradict each other at a start.

use tollgate_engine::time::UnixMicros;
use tollgate_management::{SealedSecrets, published_user_refusal, sealed_secrets};
use tollgate_provisioning::{AnchorMode, Loaded};
use tollgate_storage::clock::now;
use tollgate_storage::store::{OpenError, Store, Unavailable};
use tollgate_storage::verify::anchored_commit;

use super::finding::Finding;
use crate::commands::check;
use crate::data_dir::DataDir;

const SUBJECT: &str = "books";
const REMEDY: &str = "run `tollgate verify`, and see ops/runbooks/restore-after-crash.md";
const MICROS_PER_SECOND: u64 = 1_000_000;
/// Seconds by which the clock may be behind the last commit.
const BEHIND_SECONDS_MAX: u64 = 10;

/// The findings about the books themselves, and of a start with the configuration. `is_refused` says that the look of a start at them
/// has told what is wrong with them.
pub fn findings(data_dir: &DataDir, is_running: bool, is_refused: bool) -> Vec<Finding> {
    let store = match Store::open_read_only(&data_dir.path) {
        Ok(store) => store,
        Err(OpenError::Missing(_)) => {
            return vec![Finding::warning(SUBJECT, "there are none yet", "the first start makes them")];
        }
        Err(error @ OpenError::Outdated { .. }) => {
            return vec![Finding::warning(SUBJECT, error.to_string(), "look again after that")];
        }
        Err(_) if is_refused => return Vec::new(),
        Err(error) => return vec![Finding::fault(SUBJECT, error.to_string(), REMEDY)],
    };
    let mut findings = Vec::new();
    if !is_refused {
        findings.push(last_commit(&store, data_dir));
    }
    if !is_running {
        findings.extend(clock(&store));
    }
    if let Ok(loaded) = &data_dir.loaded {
        findings.extend(beside(&store, loaded, is_running));
    }
    findings
}

fn last_commit(store: &Store, data_dir: &DataDir) -> Finding {
    match anchored_commit(store) {
        Ok(Some(last)) => {
            let text = format!("the last commit is {} of {}", last.number, last.at.to_rfc3339());
            Finding::good(SUBJECT, text + &behind(data_dir))
        }
        Ok(None) => Finding::fault(SUBJECT, "they have no last commit", REMEDY),
        Err(error) => Finding::fault(SUBJECT, error.to_string(), REMEDY),
    }
}

/// The part of a sentence about an anchor that follows behind the commits.
fn behind(data_dir: &DataDir) -> String {
    let storage = data_dir.loaded.as_ref().ok().map(|loaded| &loaded.settings.storage);
    match storage.filter(|storage| storage.anchor == AnchorMode::Periodic) {
        Some(storage) => format!(
            "; its anchor follows within {} ms, and a loss within that time is not noticed",
            storage.anchor_interval_ms
        ),
        None => String::new(),
    }
}

/// A fault where the clock is behind what the books have seen of it.
fn clock(store: &Store) -> Option<Finding> {
    let last = store.commits().last_at().ok().flatten()?;
    judge_clock(last, now())
}

fn judge_clock(last: UnixMicros, now: UnixMicros) -> Option<Finding> {
    let seconds = last.0.saturating_sub(now.0) / MICROS_PER_SECOND;
    (seconds > BEHIND_SECONDS_MAX).then(|| {
        let text = format!(
            "the clock is {seconds} s behind the last commit, of {}: a daemon that starts does not believe it, so that nothing \
             expires",
            last.to_rfc3339()
        );
        Finding::fault("clock", text, "set the clock, and see ops/runbooks/clock.md")
    })
}

/// Findings about what a start cannot put in force together with the configuration.
fn beside(store: &Store, loaded: &Loaded, is_running: bool) -> Vec<Finding> {
    let unread = |error: Unavailable| vec![Finding::fault(SUBJECT, error.to_string(), REMEDY)];
    let secrets = match sealed_secrets(store, &loaded.settings.secrets) {
        Ok(secrets) => secrets,
        Err(error) => return unread(error),
    };
    let mut findings: Vec<Finding> = judge_secrets(&secrets, is_running).into_iter().collect();
    // Without the key nothing more is known than that.
    if secrets.unopened == 0 {
        findings.extend(match check::contradictions(store, loaded) {
            Ok((_, contradictions)) => contradiction(&contradictions).into_iter().collect(),
            Err(error) => unread(error),
        });
    }
    findings.extend(match published_user_refusal(store, &loaded.settings) {
        Ok(refusal) => refusal
            .map(|refusal| Finding::fault("passwords", refusal, "see docs/access.md"))
            .into_iter()
            .collect(),
        Err(error) => unread(error),
    });
    findings
}

fn contradiction(all: &[String]) -> Option<Finding> {
    let (first, more) = all.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(", and {} more", more.len()) };
    Some(Finding::fault(
        "configuration",
        format!("{first}{more}"),
        "run `tollgate check`, which names every error",
    ))
}

fn judge_secrets(secrets: &SealedSecrets, is_running: bool) -> Option<Finding> {
    const SUBJECT: &str = "secrets";
    let SealedSecrets { sealed, unopened, fault } = secrets;
    let Some(fault) = fault else {
        return (*sealed > 0)
            .then(|| Finding::good(SUBJECT, format!("the keys open all {sealed} that are sealed")));
    };
    let text = format!(
        "{unopened} of {sealed} that are sealed in the books cannot be opened; of the first: {fault}"
    );
    let remedy = "put the key that is missing back into the file that secrets.key_file names, as its second line where another is \
                  the first; a credential of the service manager is not seen by a command beside the service";
    Some(if is_running {
        Finding::warning(SUBJECT, format!("{text}; the daemon that runs has opened them"), remedy)
    } else {
        Finding::fault(SUBJECT, text, remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_clock_behind_the_last_commit_is_a_fault() {
        let at = |seconds: u64| UnixMicros((1_764_000_000 + seconds) * MICROS_PER_SECOND);
        assert_eq!(judge_clock(at(0), at(5)), None);
        assert_eq!(judge_clock(at(10), at(0)), None);
        let fault = judge_clock(at(86_400), at(0)).unwrap();
        assert!(fault.level == Level::Fault && fault.text.contains("86400 s behind"), "{fault:?}");
    }

    #[test]
    fn secrets_without_their_key_are_a_fault_where_no_daemon_has_it() {
        let none = SealedSecrets::default();
        assert_eq!(judge_secrets(&none, false), None);
        let good = SealedSecrets { sealed: 3, ..none };
        assert_eq!(judge_secrets(&good, false).unwrap().level, Level::Good);
        let missing = SealedSecrets { unopened: 2, fault: Some("it is sealed".to_owned()), ..good };
        let found = judge_secrets(&missing, false).unwrap();
        assert!(found.level == Level::Fault && found.text.contains("2 of 3"), "{found:?}");
        assert!(found.remedy.contains("secrets.key_file"), "{found:?}");
        assert_eq!(judge_secrets(&missing, true).unwrap().level, Level::Warning);
    }
}
