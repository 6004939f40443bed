//! The description of a dispatch as the books keep it, and its key.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_engine::account::AccountNumber;

use crate::plain_text::{check_line, check_lines};

const NAME_CHARACTERS_MAX: usize = 200;
const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
const PLANNED_MAX: u64 = 1_000_000_000;

/// The description of a dispatch that somebody wrote, as the books keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchRecord {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub planned_messages: Option<u64>,
}

impl DispatchRecord {
    /// Refuses texts and numbers out of bounds.
    pub fn check(&self) -> Answer<()> {
        let Self { name, description, planned_messages } = self;
        check_line("name", name, 1..=NAME_CHARACTERS_MAX)?;
        check_lines(
            "description",
            description.as_deref().unwrap_or_default(),
            0..=DESCRIPTION_CHARACTERS_MAX,
        )?;
        match planned_messages {
            Some(planned) if !(1..=PLANNED_MAX).contains(planned) => {
                Err(Problem::field("planned_messages", format!("must be from 1 to {PLANNED_MAX}")))
            }
            _ => Ok(()),
        }
    }

    /// The description as the audit log shows it.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The key of a dispatch's document. Documents are in the order of the counters in the books.
pub fn key(account: AccountNumber, octets: &[u8]) -> Vec<u8> {
    [&account.0.to_be_bytes()[..], octets].concat()
}
