//! States of messages, read beside their CDRs: both are in the order of account and id, so one step through
//! each is enough, however many there are.

use rocksdb::DBIterator;
use tollgate_engine::account::AccountNumber;

use crate::database::{Unavailable, damaged};
use crate::rows::{Row, StateRow};
use crate::schema::{Family, parse_account_id_key};

/// A state, by the account and id of its message.
type State = ((AccountNumber, u64), StateRow);

/// The rows of `states`, from somewhere on.
pub struct States<'db> {
    rows: DBIterator<'db>,
    /// The first that is not behind the last message asked for.
    next: Option<State>,
    /// True if it was asked for.
    asked: bool,
    /// The first state that no message asked for.
    unclaimed: Option<(AccountNumber, u64)>,
}

impl<'db> States<'db> {
    pub fn new(rows: DBIterator<'db>) -> Self {
        Self { rows, next: None, asked: false, unclaimed: None }
    }

    /// The state of a message. Messages are asked for in order; a state between them that none asks for is
    /// passed over.
    pub fn of(&mut self, account: AccountNumber, message_id: u64) -> Result<Option<&StateRow>, Unavailable> {
        while self.next.as_ref().is_none_or(|(of, _)| *of < (account, message_id)) {
            if !self.advance()? {
                return Ok(None);
            }
        }
        let found = self.next.as_ref().filter(|(of, _)| *of == (account, message_id));
        self.asked |= found.is_some();
        Ok(found.map(|(_, row)| row))
    }

    /// Reads the rest, and returns the first state that no message asked for.
    pub fn unclaimed(mut self) -> Result<Option<(AccountNumber, u64)>, Unavailable> {
        while self.advance()? {}
        Ok(self.unclaimed)
    }

    /// Goes on to the next state; `false` if there is none.
    fn advance(&mut self) -> Result<bool, Unavailable> {
        if let Some((of, _)) = self.next.take().filter(|_| !self.asked) {
            self.unclaimed.get_or_insert(of);
        }
        self.asked = false;
        let Some(row) = self.rows.next() else { return Ok(false) };
        let (key, value) = row?;
        let state = parse_account_id_key(&key).zip(StateRow::read(&value));
        self.next = Some(state.ok_or_else(|| damaged(Family::States))?);
        Ok(true)
    }
}
