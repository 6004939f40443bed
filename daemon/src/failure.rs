//! Why a command did not do what was asked.

use tollgate_provisioning::Problems;

/// Why a command did not do what was asked, for a person to read.
#[derive(Debug)]
pub enum Failure {
    /// One thing went wrong.
    Said(String),
    /// The configuration is wrong; each line begins with the place.
    Problems(Problems),
    /// The command has printed it.
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
    /// Prints it on standard error.
    pub fn print(&self) {
        match self {
            Self::Said(message) => eprintln!("tollgate: {}", message.trim_end()),
            Self::Problems(problems) => {
                let count = problems.count();
                eprintln!("{}", problems.to_string().trim_end());
                eprintln!("{count} {}", if count == 1 { "error" } else { "errors" });
            }
            Self::Shown => {}
        }
    }
}
