//! Edits of the tariff's files: made from what is on disk, validated together with what the API has provisioned, written
//! whole or not at all, put in force by a reload, and noted in the audit log. An edit that the reload rejects is taken back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::problem::Problem;
use tollgate_api::tariffs::{ChangeResult, TariffChange};
use tollgate_storage::change::{self as storage, AuditNote, DocumentChange};

use crate::context::Context;
use crate::problems::{apply_problem, unavailable};
use crate::tariff_files::{Change, EditError, Editor, folder_of};
use tollgate_provisioning::{Loaded, Problems};
use tollgate_relay::core::ApplyError;
use tollgate_relay::expected_reload::ExpectedReload;
use tollgate_relay::reload_order::ReloadOutcome;

/// Faults that one answer names.
const ERRORS_SHOWN_MAX: usize = 100;
/// Changes that one audit note names; of further ones it gives the number.
const NOTED_CHANGES_MAX: usize = 50;

/// Edits of the tariff's files, one after the other.
#[derive(Debug)]
pub struct TariffEdits {
    context: Arc<Context>,
    editor: Mutex<Editor>,
}

impl TariffEdits {
    /// Edits the files that this `tollgate.toml` names.
    pub fn new(context: Arc<Context>, config: PathBuf) -> Self {
        Self { context, editor: Mutex::new(Editor::new(config)) }
    }

    /// Begins an edit. No other edit begins before it ends.
    pub fn begin(&self) -> Edit<'_> {
        Edit { context: &self.context, editor: self.editor.lock() }
    }
}

/// The content hash of the tariff in force, and the number that ETags have for it.
pub fn tariff_in_force(context: &Context) -> (String, u64) {
    let version = context.core.snapshot.load().tables.version.to_string();
    let revision = u64::from_str_radix(&version, 16).unwrap_or(0);
    (version, revision)
}

/// A value with the tariff in force as its version.
pub fn of_tariff<T>(context: &Context, value: T) -> Versioned<T> {
    Versioned::new(tariff_in_force(context).1, value)
}

/// An edit of the files that is under way: it lasts from the first look at the files to the end of the reload.
#[derive(Debug)]
pub struct Edit<'a> {
    context: &'a Context,
    editor: MutexGuard<'a, Editor>,
}

/// The note of an edit in the audit log.
pub struct Note<'a> {
    pub action: &'a str,
    pub resource: String,
    pub before: Value,
    pub after: Value,
}

impl Edit<'_> {
    /// The `tollgate.toml` whose files are edited.
    pub fn config(&self) -> &Path {
        self.editor.config()
    }

    /// The files as they are on disk, which the edit is made from.
    pub fn files_on_disk(&self) -> Answer<Loaded> {
        self.editor.current().map_err(|problems| {
            let problem = problem_of_files(&problems);
            Problem { detail: format!("the files on disk are faulty: {}", problem.detail), ..problem }
        })
    }

    /// Refuses a change that is meant for another tariff.
    pub fn check_tariff(&self, if_match: IfMatch) -> Answer<()> {
        if_match.check(tariff_in_force(self.context).1)
    }

    /// Refuses a change that could not be put in force: one that contradicts the accounts and operators of the API,
    /// which the files do not have, or the currencies of wallets.
    fn check_with_additions(&self, change: &Change) -> Answer<()> {
        let turn = self.context.core.configuration.change();
        let checked = turn.prepare_files(&change.after).map(drop);
        checked.map_err(|error| match error {
            ApplyError::Storage(_) | ApplyError::Currency(_) | ApplyError::Moved(_) => apply_problem(&error),
            other => {
                Problem::unprocessable(format!("it contradicts what is provisioned over the API: {other}"))
            }
        })
    }

    /// Writes a change of the files, which are `current`, and puts it in force.
    pub fn put_in_force(
        &mut self,
        caller: &Caller,
        current: &Loaded,
        change: &Change,
        note: Note<'_>,
    ) -> Answer<TariffChange> {
        self.put_in_force_with(caller, current, change, note, Vec::new())
    }

    /// The same, with documents that are written in the same commit.
    pub fn put_in_force_with(
        &mut self,
        caller: &Caller,
        current: &Loaded,
        change: &Change,
        note: Note<'_>,
        documents: Vec<DocumentChange>,
    ) -> Answer<TariffChange> {
        if change.is_empty() {
            return Ok(self.tariff_change(ChangeResult::Unchanged, Vec::new()));
        }
        self.check_with_additions(change)?;
        let lines = change.lines(current);
        let version = Some(Arc::clone(&change.after.provisioning.version));
        let noted = self.expect(caller, version, note, Some(lines.clone()), documents.clone());
        if let Err(error) = self.editor.apply(change) {
            self.context.core.configuration.expected_reloads().cancel();
            return Err(problem_of_edit(&error));
        }
        let outcome = self.reload_expected(caller, noted, documents);
        match outcome {
            Ok(ReloadOutcome::Applied(_) | ReloadOutcome::Unchanged) => {}
            Ok(ReloadOutcome::Rejected(reasons)) => {
                self.take_back(current, change);
                return Err(problem_of_reload(&reasons));
            }
            Err(problem) => {
                self.take_back(current, change);
                return Err(problem);
            }
        }
        Ok(self.tariff_change(ChangeResult::Applied, lines))
    }

    /// Has the note written into the commit that puts files in force: those of this tariff version, or whatever there is.
    /// `lines` say what is different; without them, what the reload finds.
    fn expect(
        &self,
        caller: &Caller,
        version: Option<Arc<str>>,
        note: Note<'_>,
        lines: Option<Vec<String>>,
        documents: Vec<DocumentChange>,
    ) -> (AuditNote, Value) {
        let before = json!({ "tariff_version": tariff_in_force(self.context).0, "said": note.before });
        let base = self.context.change(caller).audit_note(note.action, note.resource, &before, &Value::Null);
        let (said, noted) = (note.after.clone(), base.clone());
        let write = move |change: &mut storage::Change, version: &str, find: &dyn Fn() -> Vec<String>| {
            let after = after_of(&said, version, &lines.unwrap_or_else(find));
            change.audit.push(AuditNote { after: after.to_string(), ..noted });
            change.documents.extend(documents);
        };
        self.context.core.configuration.expected_reloads().expect(ExpectedReload::new(version, write));
        (base, note.after)
    }

    /// Has everything read again. Where that changes nothing in force, the note is written by itself.
    fn reload_expected(
        &self,
        caller: &Caller,
        (noted, said): (AuditNote, Value),
        documents: Vec<DocumentChange>,
    ) -> Answer<ReloadOutcome> {
        let outcome = self.reload();
        let was_expected = self.context.core.configuration.expected_reloads().cancel();
        match &outcome {
            // The text of the files is another, and what it means is the same.
            Ok(ReloadOutcome::Unchanged) if was_expected => {
                let after = after_of(&said, &tariff_in_force(self.context).0, &[]);
                let mut changes = self.context.change(caller);
                changes.audit(AuditNote { after: after.to_string(), ..noted }).documents(documents);
                changes.commit()?;
            }
            Ok(ReloadOutcome::Applied(_) | ReloadOutcome::Unchanged) => {
                self.context.metrics.audit_notes.increment(1);
            }
            Ok(ReloadOutcome::Rejected(_)) | Err(_) => {}
        }
        outcome
    }

    /// The result that reading the files on disk again would have; nothing is put in force.
    pub fn dry_reload(&self) -> Answer<TariffChange> {
        let in_force = self.context.core.configuration.files();
        let next = self.files_on_disk()?.reloaded_over(&in_force);
        let turn = self.context.core.configuration.change();
        turn.prepare_files(&next).map_err(|error| apply_problem(&error))?;
        let changes = next.changes_since(&in_force);
        Ok(self.tariff_change(ChangeResult::DryRun, changes))
    }

    /// Has everything read again and put in force, with a note in the commit that does so. A reload that changes nothing
    /// has none.
    pub fn reload_noted(&self, caller: &Caller, note: Note<'_>) -> Answer<ReloadOutcome> {
        self.expect(caller, None, note, None, Vec::new());
        let outcome = self.reload();
        self.context.core.configuration.expected_reloads().cancel();
        if matches!(outcome, Ok(ReloadOutcome::Applied(_))) {
            self.context.metrics.audit_notes.increment(1);
        }
        outcome
    }

    /// The result that a change would have; nothing is written.
    pub fn dry_run(&self, current: &Loaded, change: &Change) -> Answer<TariffChange> {
        self.check_with_additions(change)?;
        Ok(self.tariff_change(ChangeResult::DryRun, change.lines(current)))
    }

    /// Has everything read again and put in force, and waits for the outcome. The caller must not be changing
    /// the configuration.
    fn reload(&self) -> Answer<ReloadOutcome> {
        let stopping = || Problem::unavailable("the daemon is stopping").retry_after(5);
        let outcome = self.context.core.orders.reload().ok_or_else(stopping)?;
        Ok(match (outcome, folder_of(self.config())) {
            (ReloadOutcome::Rejected(reasons), Some(folder)) => {
                ReloadOutcome::Rejected(reasons.iter().map(|reason| reason.replace(&folder, "")).collect())
            }
            (outcome, _) => outcome,
        })
    }

    /// The result of a change, with the tariff that is in force after it.
    pub fn tariff_change(&self, result: ChangeResult, changes: Vec<String>) -> TariffChange {
        TariffChange { result, version: tariff_in_force(self.context).0, changes }
    }

    /// Writes the files as they were before a change, and puts them in force again.
    fn take_back(&mut self, current: &Loaded, change: &Change) {
        let digest = |content: &Vec<u8>| Sha256::digest(content).into();
        let based_on: BTreeMap<String, [u8; 32]> =
            change.overlay.iter().map(|(name, content)| (name.clone(), digest(content))).collect();
        let back = Change {
            overlay: change.before.clone(),
            based_on,
            before: change.overlay.clone(),
            after: current.clone(),
        };
        if let Err(error) = self.editor.apply(&back) {
            tracing::error!(%error, "an edit of the tariff was rejected, and its files could not be put back");
            return;
        }
        // This changes nothing, but log and metrics then show that the last reload succeeded.
        match self.reload() {
            Ok(ReloadOutcome::Rejected(reasons)) => {
                tracing::error!(?reasons, "an edit of the tariff was undone, and that was rejected too");
            }
            Ok(_) => {}
            Err(problem) => tracing::error!(
                detail = problem.detail,
                "an edit of the tariff was undone, but the reload did not run"
            ),
        }
    }
}

/// The state after an edit, for the audit log: the tariff in force, and what is different.
fn after_of(said: &Value, version: &str, changes: &[String]) -> Value {
    let shown: Vec<&String> = changes.iter().take(NOTED_CHANGES_MAX).collect();
    let more = changes.len() - shown.len();
    json!({ "tariff_version": version, "said": said, "changes": shown, "more_changes": more })
}

/// The problem of faulty files: each fault by file and line, with the key before the message.
pub fn problem_of_files(problems: &Problems) -> Problem {
    let first = problems.iter().next().map(ToString::to_string).unwrap_or_default();
    let count = problems.count();
    let detail = if count > 1 { format!("{first}, and {} more", count - 1) } else { first };
    problems.iter().take(ERRORS_SHOWN_MAX).fold(Problem::unprocessable(detail), |problem, wrong| {
        let place =
            if wrong.line > 0 { format!("{}:{}", wrong.file, wrong.line) } else { wrong.file.to_string() };
        let key = if wrong.key.is_empty() { String::new() } else { format!("{}: ", wrong.key) };
        problem.and_field(&place, format!("{key}{}", wrong.message))
    })
}

/// The problem of a reload that was rejected. Each reason names file, line and key, or none of them.
pub fn problem_of_reload(reasons: &[String]) -> Problem {
    let first = reasons.first().cloned().unwrap_or_default();
    let detail = format!("the configuration in force stays: {first}");
    reasons.iter().fold(Problem::unprocessable(detail), |problem, reason| match reason.split_once(": ") {
        Some((place, message)) => problem.and_field(place, message),
        None => problem.and_field("", reason.clone()),
    })
}

/// The problem of an edit that was not made.
pub fn problem_of_edit(error: &EditError) -> Problem {
    let text = error.to_string();
    match error {
        EditError::Invalid(problems) => problem_of_files(problems),
        EditError::NotEditable { .. } | EditError::WhichFile(_) => Problem::field("file", text),
        EditError::SeveralCurrencies => Problem::field("plan", text),
        EditError::Shape { .. } | EditError::NoFile { .. } | EditError::NoExchangeRates => {
            Problem::wrong_state(text)
        }
        EditError::Changed { .. } => Problem::conflict(text),
        EditError::Missing { .. } => Problem::not_found(text),
        EditError::Exists { .. } => Problem::already_exists(text),
        EditError::NotWritten { file, reason } => {
            tracing::warn!(%error, "an edit of the tariff was not written");
            let file = file.file_name().unwrap_or_default().display();
            Problem::wrong_state(format!(
                "cannot write {file}: {reason}. Nothing was changed; the daemon's user needs the right to write there"
            ))
        }
        EditError::HalfWritten { file, reason, .. } => {
            tracing::error!(%error, "an edit of the tariff was written only in part");
            let file = file.file_name().unwrap_or_default().display();
            Problem::internal(format!(
                "cannot write {file}: {reason}; the log names files that could not be put back"
            ))
        }
        EditError::Storage(error) => unavailable(error),
    }
}
