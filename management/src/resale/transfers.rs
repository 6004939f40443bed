//! Money between an account and the reseller right above it: one change that moves both wallets, or none.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::events::types::EventType;
use tollgate_api::extract::Conditions;
use tollgate_api::problem::Problem;
use tollgate_api::transfers::{Direction, NewTransfer, TransfersService};
use tollgate_api::wallets::Transaction;
use tollgate_engine::money::Amount;
use tollgate_engine::refusal::Refusal;
use tollgate_exports::sides::Viewer;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{EntryText, TransferChange};
use tollgate_storage::clock::now;

use crate::billing::wallet_told;
use crate::billing::wallets::transactions::{self, Owner};
use crate::billing::wallets::{REFERENCE_MAX, request_text};
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::plain_text::{check_line, check_lines};

/// Characters of an entry's details.
const DETAILS_MAX: usize = 2_000;

/// Moves money between accounts and their parents.
#[derive(Debug)]
pub struct Transfers {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    /// Held by whoever takes money until its commit, so that whoever asks next finds an earlier use of the same
    /// Idempotency-Key either not begun or on disk.
    turn: Mutex<()>,
}

impl TransfersService for Transfers {
    fn transfer(
        &self,
        caller: &Caller,
        id: &str,
        transfer: &NewTransfer,
        conditions: &Conditions,
        direction: Direction,
    ) -> Answer<Transaction> {
        let account = self.visibility.visible_account(caller, id)?;
        let parent = self.parent(caller, id)?;
        check_line("reference", &transfer.reference, 1..=REFERENCE_MAX)?;
        check_lines("details", transfer.details.as_deref().unwrap_or_default(), 0..=DETAILS_MAX)?;
        let amount = transfer.amount.0;
        if amount <= Amount::ZERO {
            return Err(Problem::field("amount", "must be more than zero"));
        }
        let of_parent = self.in_currency_of(&parent, &account, amount)?;
        let (what, action) = match direction {
            Direction::Fund => ("fund", "wallet.fund"),
            Direction::Withdraw => ("withdraw", "wallet.withdraw"),
        };
        let parent_id = &parent.provisioned.account.id;
        let after =
            json!({ "parent": parent_id, "amount": transfer.amount, "reference": transfer.reference });
        let text = EntryText {
            actor: caller.actor.clone(),
            reference: transfer.reference.clone(),
            details: transfer.details.clone().unwrap_or_default(),
            metadata: accounts_of(&account, &parent, direction).to_string(),
        };
        let turn = self.turn.lock();
        let mut changes = self.context.change(caller);
        changes.once(conditions.key.0.as_deref(), &request_text(what, id, transfer));
        changes.meant_for(conditions.if_match, self.visibility.revision_of(&account))?;
        changes.note(action, format!("account/{id}"), &Value::Null, &after);
        let changed = if let Some(before) = changes.replayed()? {
            before
        } else {
            let change = transfer_of(&account, &parent, (amount, of_parent), text, direction);
            changes.transfer(change.map_err(|refused| not_covered(refused, &account, &parent, direction))?);
            let (kind, moved) = match direction {
                Direction::Fund => (EventType::WalletFunded, amount),
                Direction::Withdraw => (EventType::WalletWithdrawn, amount.negated()),
            };
            wallet_told::emit(&mut changes, kind, &account, (moved, &transfer.reference));
            changes.commit()?
        };
        drop(turn);
        // First the entry of whom it is from, then that of whom it is for.
        let place = usize::from(direction == Direction::Fund);
        let entry = changed.entries.get(place).map(|entry| entry.id);
        let owner = Owner::of(&account, Viewer::House);
        let found = entry.map(|entry| transactions::find(self.context.store(), &owner, entry)).transpose()?;
        found.flatten().ok_or_else(|| Problem::internal("the entry is not in the ledger"))
    }
}

/// The accounts that a transfer is from and to, as both entries name them.
fn accounts_of(account: &ActiveAccount, parent: &ActiveAccount, direction: Direction) -> Value {
    let (account, parent) = (&account.provisioned.account.id, &parent.provisioned.account.id);
    match direction {
        Direction::Fund => json!({ "from": parent, "to": account }),
        Direction::Withdraw => json!({ "from": account, "to": parent }),
    }
}

impl Transfers {
    /// Between the wallets in force.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>) -> Self {
        Self { context, visibility, turn: Mutex::new(()) }
    }

    /// The parent of an account, which is the caller's own account or below it.
    fn parent(&self, caller: &Caller, id: &str) -> Answer<Arc<ActiveAccount>> {
        if caller.account() == Some(id) {
            return Err(Problem::forbidden("only the level above an account moves money to it and from it"));
        }
        let parent = self.visibility.parent_of(id);
        let parent = parent.ok_or_else(|| Problem::wrong_state(format!("account `{id}` has no parent")))?;
        self.visibility.visible_account(caller, &parent)
    }

    /// An amount of an account in the currency of its parent.
    fn in_currency_of(
        &self,
        parent: &ActiveAccount,
        account: &ActiveAccount,
        amount: Amount,
    ) -> Answer<Amount> {
        let (from, to) = (account.provisioned.account.currency, parent.provisioned.account.currency);
        let exchange = &self.context.core.snapshot.load().tables.exchange;
        let converted =
            exchange.convert(amount, from, to, now()).filter(|converted| *converted > Amount::ZERO);
        let message = || format!("is nothing in {to}, or there is no exchange rate between {from} and {to}");
        converted.ok_or_else(|| Problem::field("amount", message()))
    }
}

/// The problem of money that is not there, in the words of whoever moves it.
fn not_covered(
    refused: Refusal,
    account: &ActiveAccount,
    parent: &ActiveAccount,
    direction: Direction,
) -> Problem {
    let message = match direction {
        Direction::Fund => {
            format!("is more than balance and credit limit of `{}` cover", parent.provisioned.account.id)
        }
        Direction::Withdraw => {
            format!(
                "is more than the balance of `{}`; credit is not taken back",
                account.provisioned.account.id
            )
        }
    };
    let problem = Problem::refused(refused);
    Problem { detail: format!("amount: {message}"), ..problem }.and_field("amount", message)
}

fn transfer_of(
    account: &ActiveAccount,
    parent: &ActiveAccount,
    (amount, of_parent): (Amount, Amount),
    text: EntryText,
    direction: Direction,
) -> Result<TransferChange, Refusal> {
    let (own, above) = (Arc::clone(&account.runtime.wallet), Arc::clone(&parent.runtime.wallet));
    match direction {
        Direction::Fund => {
            let limit = parent.provisioned.account.credit_limit;
            TransferChange::new(above, own, (of_parent, amount), limit, text)
        }
        // Credit is for messages, and not to be paid out.
        Direction::Withdraw => TransferChange::new(own, above, (amount, of_parent), Amount::ZERO, text),
    }
}
