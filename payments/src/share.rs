//! The shares of a payment, which the house has taken for the accounts above the payer: what of them moves with a payment, a refund
//! or a dispute, and the reference of the entry that moves it.

use tollgate_billing::payment::share::left_of;
use tollgate_engine::money::Amount;

use crate::record::{PaymentRecord, PaymentShare};

/// The part of a share that its account has now.
pub fn left(share: &PaymentShare, payment: &PaymentRecord) -> Amount {
    let received = payment.received.map_or(Amount::ZERO, |received| received.0);
    left_of(share.amount.0, received, payment.left())
}

/// The accounts whose shares move with a change of a payment, and by how much: below zero for what goes back.
pub fn moved(before: &PaymentRecord, after: &PaymentRecord) -> Vec<(String, Amount)> {
    let by = |share: &PaymentShare| left(share, after).checked_sub(left(share, before)).unwrap_or_default();
    let moved = after.shares.iter().map(|share| (share.account.clone(), by(share)));
    moved.filter(|(_, amount)| *amount != Amount::ZERO).collect()
}

/// The reference of the entry that moves a share with a payment, refund or dispute of this id. No id has a slash in it.
pub fn reference(id: &str, account: &str) -> String {
    format!("{id}/{account}")
}

/// The id and the account that a reference of a share names; none for any other reference.
pub fn named(reference: &str) -> Option<(&str, &str)> {
    reference.split_once('/')
}
