//! The level that may change each setting of an account.
//!
//! What limits an account is set by those above it alone; what makes it cost less, spend more or be trusted is set by the
//! house. The table is in `docs/access.md`, and a test holds the two against each other, field by field.

use tollgate_api::accounts::AccountPatch;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;

/// The level that a caller has over an account, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A reseller, to its own account.
    Itself,
    /// A reseller, to an account below its own.
    Above,
    /// A reseller, to an account below its own that buys in a chain: what it spends is on the reseller's wallet.
    Selling,
    /// The house, over every account.
    House,
}

impl Level {
    /// The level of this caller, who sees the account.
    pub fn of(caller: &Caller, account: &str) -> Self {
        match caller.account() {
            None => Self::House,
            Some(own) if own == account => Self::Itself,
            Some(_) => Self::Above,
        }
    }

    /// The same level over an account that buys in a chain.
    #[must_use]
    pub const fn selling(self, buys_in_chain: bool) -> Self {
        match self {
            Self::Above if buys_in_chain => Self::Selling,
            level => level,
        }
    }
}

/// Refuses a change of what is not for this level to change.
pub fn check(patch: &AccountPatch, level: Level) -> Answer<()> {
    let refused = fields(patch).into_iter().find(|(_, is_set, least)| *is_set && level < *least);
    let Some((field, _, least)) = refused else { return Ok(()) };
    Err(Problem::forbidden(match least {
        Level::House => format!("only an admin may set {field}"),
        Level::Selling => {
            format!("only an admin may set {field}, or a reseller that the account buys from in a chain")
        }
        _ => format!("only the level above the account, a reseller or an admin, may set {field}"),
    }))
}

/// Each field, if it is to be set, and the least level that may set it. A new field does not compile until it is here.
fn fields(patch: &AccountPatch) -> [(&'static str, bool, Level); 31] {
    use Level::{Above, House, Itself, Selling};
    let AccountPatch {
        name,
        is_reseller,
        parent,
        chain,
        earning,
        price_list,
        below_cost,
        caps,
        email,
        system_id,
        plan,
        credit_limit,
        low_balance_threshold,
        default_calling_code,
        number_lengths,
        senders,
        templates,
        rate_limit,
        max_binds,
        window,
        allowed_ips,
        idempotency_by_user_message_reference_seconds: reference_seconds,
        reply_tlvs,
        trusts_network_tlv,
        default_coding,
        delivery,
        rates,
        alert_webhook_url,
        overage_segments,
        smpp33_receipt_ids,
        traffic_pumping,
    } = patch;
    [
        ("name", name.is_some(), Itself),
        ("is_reseller", is_reseller.is_some(), Selling),
        ("parent", parent.is_some(), Above),
        ("chain", chain.is_some(), Above),
        ("earning", earning.is_some(), Above),
        ("price_list", price_list.is_some(), Above),
        ("below_cost", below_cost.is_some(), Above),
        ("caps", caps.is_some(), Above),
        ("email", email.is_some(), Itself),
        ("system_id", system_id.is_some(), Itself),
        ("plan", plan.is_some(), Selling),
        ("credit_limit", credit_limit.is_some(), Selling),
        ("low_balance_threshold", low_balance_threshold.is_some(), Itself),
        ("default_calling_code", default_calling_code.is_some(), Itself),
        ("number_lengths", number_lengths.is_some(), House),
        ("senders", senders.is_some(), Selling),
        ("templates", templates.is_some(), Selling),
        ("rate_limit", rate_limit.is_some(), Above),
        ("max_binds", max_binds.is_some(), Above),
        ("window", window.is_some(), Above),
        ("allowed_ips", allowed_ips.is_some(), Above),
        ("idempotency_by_user_message_reference_seconds", reference_seconds.is_some(), Itself),
        ("reply_tlvs", reply_tlvs.is_some(), Itself),
        ("trusts_network_tlv", trusts_network_tlv.is_some(), House),
        ("default_coding", default_coding.is_some(), Itself),
        ("delivery", delivery.is_some(), House),
        ("rates", rates.is_some(), House),
        ("alert_webhook_url", alert_webhook_url.is_some(), Itself),
        ("overage_segments", overage_segments.is_some(), Itself),
        ("smpp33_receipt_ids", smpp33_receipt_ids.is_some(), Itself),
        ("traffic_pumping", traffic_pumping.is_some(), Above),
    ]
}

#[cfg(test)]
mod tests {
    use tollgate_api::caller::Reach;
    use tollgate_api::money::Money;

    use super::*;

    #[test]
    fn a_limit_is_set_by_those_above_alone() {
        let reseller = Caller { reach: Reach::Subtree("shop".to_owned()), ..Caller::system() };
        assert_eq!(Level::of(&reseller, "shop"), Level::Itself);
        assert_eq!(Level::of(&reseller, "client"), Level::Above);
        assert_eq!(Level::of(&Caller::system(), "shop"), Level::House);
        let no_limit = AccountPatch { rate_limit: Some(None), ..AccountPatch::default() };
        assert!(check(&no_limit, Level::Itself).unwrap_err().detail.contains("rate_limit"));
        assert!(check(&no_limit, Level::Above).is_ok());
        let credit = AccountPatch { credit_limit: Some(Money::default()), ..AccountPatch::default() };
        assert!(check(&credit, Level::Above).unwrap_err().detail.contains("only an admin"));
        assert!(check(&credit, Level::House).is_ok());
        assert!(check(&credit, Level::Above.selling(true)).is_ok());
        assert!(check(&credit, Level::Itself.selling(true)).is_err());
    }
}
