//! The viewer's own side of a message, as an export has it: what it bought the message for, what it sold it for, and what it
//! earned on it.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::money::Amount;
use tollgate_storage::cdr::Cdr;

use crate::sides::Sides;

/// The side of one viewer. What it has not is `None`; amounts of others come with the account whose currency they are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnSide {
    /// Segments that its bundles covered; of the house, those that bundles of the sender covered.
    pub covered: Option<u32>,
    /// Paid by it, in its own currency.
    pub bought: Option<(Amount, AccountNumber)>,
    /// Paid to it by the account right below.
    pub sold: Option<(Amount, AccountNumber)>,
    /// Earned by it as a commission, in its own currency.
    pub commission: Option<(Amount, AccountNumber)>,
}

impl OwnSide {
    /// Of a message with what it moved beside its account's wallet.
    pub fn of(cdr: &Cdr<'_>, beside: Option<&Beside>, sides: &Sides) -> Self {
        let above = beside.map_or(&[][..], |beside| &beside.above);
        let covered = beside.map_or(0, |beside| beside.own.covered);
        let sender = (cdr.fields.amount, cdr.account);
        if sides.are_all() {
            let paying = above.iter().rev().find(|level| !level.is_agent).map(|level| level.postings.posting);
            let sold = paying.map_or(sender, |posting| (posting.amount, posting.account));
            return Self { covered: Some(covered), sold: Some(sold), ..Self::default() };
        }
        if sides.are_of(cdr.account) {
            return Self { covered: Some(covered), bought: Some(sender), ..Self::default() };
        }
        let below =
            std::iter::once(cdr.account).chain(above.iter().map(|level| level.postings.posting.account));
        let own = above.iter().zip(below).find(|(level, _)| sides.are_of(level.postings.posting.account));
        let Some((level, below)) = own else { return Self::default() };
        let (postings, account) = (&level.postings, level.postings.posting.account);
        if level.is_agent {
            return Self { commission: Some((postings.commission, account)), ..Self::default() };
        }
        Self {
            covered: Some(postings.covered),
            bought: Some((postings.posting.amount, account)),
            sold: Some((level.sold, below)),
            commission: None,
        }
    }
}
