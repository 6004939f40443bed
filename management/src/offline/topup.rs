//! A top-up on the books of a stopped daemon: the entry, the audit note and the Idempotency-Key that the API would write.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_api::caller::Caller;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_api::wallets::NewTopup;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Wallet;
use tollgate_exports::sides::Viewer;
use tollgate_storage::change::{AuditNote, Change, EntryChange, EntryText};
use tollgate_storage::clock::{due, now};
use tollgate_storage::rows::EntryKind;

use super::books::OfflineBooks;
use crate::billing::wallets::transactions::{self, Owner};
use crate::billing::wallets::{REFERENCE_MAX, request_text};
use crate::change_set::request_use;
use crate::plain_text::check_line;

const MICROS_PER_HOUR: u64 = 3_600_000_000;

/// A top-up to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineTopup {
    /// The id of the account.
    pub account: String,
    /// The amount that is added to its balance.
    pub amount: Amount,
    /// A note for the ledger.
    pub reference: String,
    /// A text that marks a repetition of the same top-up.
    pub idempotency_key: Option<String>,
    /// Hours for which the key is remembered.
    pub key_hours: u32,
}

impl OfflineBooks {
    /// Posts a top-up, durably, once for each key. The answer is the transaction as the API shows it, and whether it was posted
    /// before. `Err` is for a person to read.
    pub fn top_up(&self, new: &OfflineTopup) -> Result<(Value, bool), String> {
        let said = |problem: Problem| problem.detail;
        if new.amount <= Amount::ZERO {
            return Err("amount: must be more than zero".to_owned());
        }
        check_line("reference", &new.reference, 1..=REFERENCE_MAX).map_err(said)?;
        let (number, id, currency) = self.account(&new.account)?;
        let state = self.store().wallets().of(number).map_err(|error| error.to_string())?;
        let wallet = Arc::new(Wallet::new(number, state.unwrap_or_default()));
        let caller = Caller::on_the_machine(self.uid);
        let body = NewTopup {
            amount: Money(new.amount),
            reference: new.reference.clone(),
            details: None,
            metadata: None,
        };
        let (mut change, answer) = Change::begin();
        if let Some(key) = &new.idempotency_key {
            let expires_at = UnixMicros(now().0.saturating_add(u64::from(new.key_hours) * MICROS_PER_HOUR));
            let request = request_use(&caller, key, &request_text("topups", &id, &body), expires_at);
            let replayed =
                self.store().requests().replay(&request, due()).map_err(|error| error.to_string())?;
            if let Some(before) = replayed {
                let entry = before.entries.first().map(|entry| entry.id);
                return Ok((self.transaction(number, &id, currency, entry)?, true));
            }
            change.request = Some(request);
        }
        let text = EntryText { actor: caller.actor.clone(), ..EntryText::reference(new.reference.as_str()) };
        let entry = EntryChange::credit(wallet, EntryKind::TopUp, new.amount, text)
            .map_err(|refusal| format!("the top-up is refused: {}", refusal.name()))?;
        change.entries.push(entry);
        let after = json!({
            "amount": body.amount,
            "currency": CurrencyCode(currency),
            "reference": body.reference,
            "details": "",
        });
        change.audit.push(AuditNote {
            actor: caller.actor,
            action: "wallet.topup".to_owned(),
            resource: format!("account/{id}"),
            after: after.to_string(),
            ..AuditNote::default()
        });
        let changed = self.commit(change, answer)?;
        let entry = changed.entries.first().map(|entry| entry.id);
        Ok((self.transaction(number, &id, currency, entry)?, changed.replayed))
    }

    fn account(&self, wanted: &str) -> Result<(AccountNumber, String, Currency), String> {
        let accounts = self.store().provisioned().accounts().map_err(|error| error.to_string())?;
        let found = accounts.into_iter().find(|(_, row)| row.id == wanted);
        let (number, row) = found.ok_or_else(|| format!("there is no account `{wanted}`"))?;
        let currency = Currency::new(&row.currency);
        let currency = currency.ok_or_else(|| format!("account `{wanted}` has no currency"))?;
        Ok((number, row.id, currency))
    }

    fn transaction(
        &self,
        number: AccountNumber,
        id: &str,
        currency: Currency,
        entry: Option<u64>,
    ) -> Result<Value, String> {
        let owner = Owner { viewer: Viewer::House, number, id: id.into(), currency };
        let found = entry.map(|entry| transactions::find(self.store(), &owner, entry)).transpose();
        let found = found.map_err(|problem| problem.detail)?.flatten();
        let found = found.ok_or("the entry is not in the ledger")?;
        serde_json::to_value(found).map_err(|error| error.to_string())
    }
}
