//! Messages as the commit will leave them, with the parts of the books that their events change.

use tollgate_engine::account::AccountNumber;

use super::books::Books;
use super::charged::Charged;
use super::leases::LeaseDraft;
use super::output::Output;
use super::unmatched::UnmatchedDraft;
use super::upstream::UpstreamDraft;
use super::waiting::WaitingDraft;
use crate::database::Unavailable;
use crate::store::Store;

/// The parts of the books that the events of a message change. Charges, cancellations, operators' answers and
/// receipts each have a file with their methods.
#[derive(Debug)]
pub struct Messages<'a> {
    /// The durable state.
    pub store: &'a Store,
    /// The commit as it grows.
    pub out: Output,
    /// Wallets, counters and states.
    pub books: Books<'a>,
    /// Messages that wait.
    pub waiting: WaitingDraft<'a>,
    /// Leases as the commit will leave them.
    pub leases: LeaseDraft<'a>,
    /// Messages that operators have.
    pub upstream: UpstreamDraft<'a>,
    /// Receipts that match no message.
    pub unmatched: UnmatchedDraft<'a>,
    /// Receipts that gateways have acknowledged.
    pub receipts_done: std::collections::HashSet<(AccountNumber, u64)>,
    /// The 32-bit ids that messages of idempotency keys were given.
    pub short_ids: std::collections::HashMap<Vec<u8>, u32>,
}

impl Messages<'_> {
    /// The charge of a message; `None` if the account has no such message.
    pub fn charged(&self, account: AccountNumber, message_id: u64) -> Result<Option<Charged>, Unavailable> {
        self.store.messages().cdr(account, message_id, Charged::of)
    }
}
