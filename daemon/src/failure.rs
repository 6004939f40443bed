//! Failures of commands.

use tollgate_console::complain;
use tollgate_provisioning::Problems;

/// The reason why a command failed, for a person to read.
#[derive(Debug)]
pub enum Failure {
    /// A sentence that says what went wrong.
    Said(String),
    /// Errors of the configuration; each line begins with file, line and key.
    Problems(Problems),
    /// The command has printed the reason itself.
    Shown,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Said(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::Said(message.to_owned())
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Problems(problems)
    }
}

impl Failure {
    /// The same failure once more.
    #[must_use]
    pub fn repeated(&self) -> Self {
        match self {
            Self::Shown => Self::Shown,
            _ => Self::Said(self.text()),
        }
    }

    /// The sentences for a person to read.
    pub fn text(&self) -> String {
        match self {
            Self::Said(message) => message.clone(),
            Self::Problems(problems) => problems.to_string(),
            Self::Shown => String::new(),
        }
    }

    /// Prints it on standard error.
    pub fn print(&self) {
        match self {
            Self::Said(message) => complain!("tollgate: {}", message.trim_end()),
            Self::Problems(problems) => {
                let count = problems.count();
                complain!("{}", problems.to_string().trim_end());
                complain!("{count} {}", if count == 1 { "error" } else { "errors" });
            }
            Self::Shown => {}
        }
    }
}
