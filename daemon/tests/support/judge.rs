//! Holds what gateways recorded against the books: nothing acknowledged may be missing, nothing charged twice, nothing
//! refused charged.

use std::collections::HashMap;

use super::books::Cdr;
use super::gateway::{Answer, Record};

/// The counts of the judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub accepted: u64,
    pub refused: u64,
    /// Never answered, and charged all the same, once: the gateway was cut off before the answer came.
    pub unanswered_charged: u64,
    /// Never answered and never charged.
    pub unanswered_free: u64,
}

impl Verdict {
    /// Messages that must have a CDR.
    pub fn charged(&self) -> u64 {
        self.accepted + self.unanswered_charged
    }
}

/// The verdict on a whole data directory; the first offence as an error.
pub fn judge(records: &[Record], cdrs: &[Cdr]) -> Result<Verdict, String> {
    let by_destination = index(cdrs)?;
    let mut verdict = Verdict::default();
    for record in records {
        let cdr = by_destination.get(record.destination.as_str()).copied();
        match (&record.answer, cdr) {
            (Answer::Accepted(id), Some(cdr)) if cdr.message_id == *id && cdr.account == record.account => {
                verdict.accepted += 1;
            }
            (Answer::Accepted(_), Some(cdr)) => {
                return Err(format!("{record:?} has the CDR of another: {cdr:?}"));
            }
            (Answer::Accepted(_), None) => {
                return Err(format!("acknowledged and not in the books: {record:?}"));
            }
            (Answer::Refused(_), None) => verdict.refused += 1,
            (Answer::Refused(_), Some(cdr)) => {
                return Err(format!("refused and charged: {record:?}, {cdr:?}"));
            }
            (Answer::None, Some(_)) => verdict.unanswered_charged += 1,
            (Answer::None, None) => verdict.unanswered_free += 1,
        }
    }
    if verdict.charged() != cdrs.len() as u64 {
        return Err(format!("{} CDRs for {verdict:?}: some message nobody sent is in the books", cdrs.len()));
    }
    Ok(verdict)
}

/// CDRs by destination, each of which may stand there once, with an id that no other has.
fn index(cdrs: &[Cdr]) -> Result<HashMap<&str, &Cdr>, String> {
    let mut by_id = HashMap::with_capacity(cdrs.len());
    let mut by_destination = HashMap::with_capacity(cdrs.len());
    for cdr in cdrs {
        if let Some(other) = by_id.insert(cdr.message_id.as_str(), cdr) {
            return Err(format!("one message_id for two messages: {other:?}, {cdr:?}"));
        }
        if let Some(other) = by_destination.insert(cdr.destination.as_str(), cdr) {
            return Err(format!("charged twice: {other:?}, {cdr:?}"));
        }
    }
    Ok(by_destination)
}
