//! The limits within which resellers set what is about the accounts below them: their own.

use tollgate_api::accounts::{AccountPatch, EarningKind};
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_engine::account::{Account, SenderPolicy, TextPolicy};
use tollgate_engine::money::Amount;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;

/// A reseller that changes an account below its own.
#[derive(Clone, Copy, Debug)]
pub struct Reseller<'a> {
    /// The account of it.
    pub own: &'a Account,
    /// The tables in force, for exchange rates.
    pub tables: &'a Tables,
    /// The present time.
    pub now: UnixMicros,
}

impl Reseller<'_> {
    /// Refuses what goes beyond the reseller's own limits. `after` is the account as the patch makes it.
    pub fn check(&self, patch: &AccountPatch, after: &Account) -> Answer<()> {
        if patch.earning.is_some_and(|earning| earning.kind == EarningKind::Commission)
            && after.reselling.parent.as_ref() == Some(&self.own.id)
        {
            return Err(Problem::forbidden(
                "what you earn on an account as commission is set by the level above you",
            ));
        }
        if patch.credit_limit.is_some() {
            self.check_credit(after)?;
        }
        if patch.senders.is_some() && !is_within(&self.own.senders, &after.senders) {
            return Err(Problem::field("senders", "allows more than your own account may send from"));
        }
        if patch.templates.is_some()
            && self.own.texts == TextPolicy::Approved
            && after.texts == TextPolicy::Any
        {
            return Err(Problem::field("templates", "allows more than your own account may send"));
        }
        Ok(())
    }

    fn check_credit(&self, after: &Account) -> Answer<()> {
        if after.credit_limit == Amount::ZERO {
            return Ok(());
        }
        let (limit, from, to) = (self.own.credit_limit, self.own.currency, after.currency);
        let most = self.tables.exchange.convert(limit, from, to, self.now).unwrap_or(Amount::ZERO);
        if after.credit_limit <= most {
            return Ok(());
        }
        Err(Problem::field(
            "credit_limit",
            format!("must be at most {most} {to}, your own account's credit limit"),
        ))
    }
}

/// True if a policy allows nothing that another one forbids.
fn is_within(own: &SenderPolicy, of_child: &SenderPolicy) -> bool {
    match (own, of_child) {
        // Approvals are the house's, whoever asks for them.
        (SenderPolicy::Any, _) | (_, SenderPolicy::Approved) => true,
        (SenderPolicy::Listed(own), SenderPolicy::Listed(listed)) => {
            listed.iter().all(|sender| own.contains(sender))
        }
        (SenderPolicy::Listed(_) | SenderPolicy::Approved, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_no_wider_than_that_of_the_level_above() {
        let listed =
            |names: &[&str]| SenderPolicy::Listed(names.iter().map(|name| name.as_bytes().into()).collect());
        let (any, approved) = (SenderPolicy::Any, SenderPolicy::Approved);
        for (own, of_child, expected) in [
            (&any, &any, true),
            (&any, &approved, true),
            (&approved, &any, false),
            (&approved, &listed(&["A"]), false),
            (&approved, &approved, true),
            (&listed(&["A", "B"]), &listed(&["B"]), true),
            (&listed(&["A", "B"]), &listed(&["C"]), false),
            (&listed(&["A", "B"]), &any, false),
            (&listed(&["A"]), &approved, true),
        ] {
            assert_eq!(is_within(own, of_child), expected, "{own:?} {of_child:?}");
        }
    }
}
