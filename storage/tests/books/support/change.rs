//! Messages that are changed by request, one at a time.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::SettlementTerms;
use tollgate_storage::change::{Change, ChangeError};
use tollgate_storage::message_change::{MessageChange, MessageChangeError, MessageChanged, ReportedOutcome};

use super::{Books, wait};

impl Books {
    /// Gives a charge back by hand.
    pub fn refund(
        &self,
        account: AccountNumber,
        message_id: u64,
    ) -> Result<MessageChanged, MessageChangeError> {
        self.change_message(MessageChange::Refund { account, message_id })
    }

    /// A gateway says what became of a message.
    pub fn report(
        &self,
        account: AccountNumber,
        message_id: u64,
        outcome: ReportedOutcome,
        terms: SettlementTerms,
    ) -> Result<MessageChanged, MessageChangeError> {
        self.change_message(MessageChange::Report { account, message_id, outcome, error: 0, terms })
    }

    /// Changes a message and waits for the outcome.
    pub fn change_message(&self, message: MessageChange) -> Result<MessageChanged, MessageChangeError> {
        let (mut change, answer) = Change::begin();
        change.messages.push(message);
        self.committer.change(change);
        match wait(answer).expect("the committer answers") {
            Ok(changed) => Ok(changed.messages[0]),
            Err(ChangeError::Message(error)) => Err(error),
            Err(ChangeError::Unavailable(error)) => Err(error.into()),
            Err(other) => panic!("no error of a message: {other}"),
        }
    }
}
