//! A reload as somebody orders it, and what it came to.

/// What a reload came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// What was read is in force, and this is what it changed.
    Applied(Vec<String>),
    /// What was read is what was in force already.
    Unchanged,
    /// What was in force stays, for these reasons; the last counts those that are not named.
    Rejected(Vec<String>),
}

/// A reload that somebody waits for.
pub type ReloadOrder = tokio::sync::oneshot::Sender<ReloadOutcome>;
