//! The events that tell of money which moves in a wallet.

use tollgate_api::events::data::WalletEventData;
use tollgate_api::events::types::EventType;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_engine::money::Amount;
use tollgate_relay::snapshot::ActiveAccount;

use crate::change_set::ChangeSet;

/// Adds the event of an amount that moves, below zero where it is taken, to the change that moves it.
pub fn emit(
    changes: &mut ChangeSet<'_>,
    kind: EventType,
    account: &ActiveAccount,
    (amount, reference): (Amount, &str),
) {
    let charged = &account.provisioned.account;
    let data = WalletEventData {
        amount: Some(Money(amount)),
        balance: account.runtime.wallet.state().balance.to_string(),
        threshold: None,
        currency: CurrencyCode(charged.currency),
        reference: Some(reference.to_owned()),
    };
    changes.emit(kind, Some(&charged.id), &data);
}
