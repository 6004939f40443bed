//! One thing that was looked at, and what to do about it.

use serde_json::json;
use tollgate_console::say;

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It is as it should be.
    Good,
    /// It works, and may not for long or not for everybody.
    Warning,
    /// It keeps a daemon from serving, or from serving safely.
    Fault,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing that was looked at.
    pub subject: &'static str,
    /// The weight of what was found.
    pub level: Level,
    /// The sentence that says what was found.
    pub text: String,
    /// The remedy, where one is needed.
    pub remedy: String,
}

impl Finding {
    /// Something that is as it should be.
    pub fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, level: Level::Good, text: text.into(), remedy: String::new() }
    }

    /// Something that works and should be seen to.
    pub fn warning(subject: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject, level: Level::Warning, text: text.into(), remedy: remedy.into() }
    }

    /// Something that has to be mended.
    pub fn fault(subject: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject, level: Level::Fault, text: text.into(), remedy: remedy.into() }
    }

    /// Prints it on one line.
    pub fn print(&self, as_json: bool) {
        let Self { subject, text, remedy, .. } = self;
        if as_json {
            let level = self.word();
            say!("{}", json!({ "subject": subject, "level": level, "text": text, "remedy": remedy }));
        } else if remedy.is_empty() {
            say!("{:<8} {subject}: {text}", self.word());
        } else {
            say!("{:<8} {subject}: {text}; {remedy}", self.word());
        }
    }

    fn word(&self) -> &'static str {
        match self.level {
            Level::Good => "ok",
            Level::Warning => "warning",
            Level::Fault => "FAULT",
        }
    }
}
