//! The accounts that a query is about, and the side from which it is told: the house's, a reseller's or a customer's.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_api::answer::Answer;
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::problem::Problem;
use tollgate_api::series::{Measure, SeriesBy, SeriesQuery};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Accounts;

use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::problems::unavailable;
use tollgate_relay::snapshot::ActiveAccount;

/// The side from which money is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The house is paid by accounts and pays operators.
    House,
    /// A reseller is paid by accounts below it, and pays for what it sells them.
    Reseller,
    /// A customer pays.
    Customer,
}

/// The part of a query's traffic that the caller sees.
#[derive(Clone, Debug)]
pub struct View {
    /// The side from which money is told.
    pub side: Side,
    /// The accounts whose messages are counted.
    pub accounts: Accounts,
    /// The accounts of which it is told what they paid for their own messages, and from when on; `None` for all.
    pub told: Option<BTreeMap<AccountNumber, UnixMicros>>,
    /// The account whose sales are told, where it is a reseller's side.
    pub seller: Option<AccountNumber>,
    /// The operator that the query names.
    pub operator: Option<OperatorNumber>,
}

impl View {
    /// Refuses what a caller may not see.
    pub fn of(
        context: &Context,
        (visibility, lookup): (&Visibility, &Lookup),
        caller: &Caller,
        query: &SeriesQuery,
    ) -> Answer<Self> {
        let (side, own) = match &caller.reach {
            Reach::All => (Side::House, None),
            Reach::Subtree(own) => (Side::Reseller, Some(own)),
            Reach::Account(own) => (Side::Customer, Some(own)),
        };
        check(side, query)?;
        let number = |account: &ActiveAccount| account.runtime.wallet.number();
        let asked = match &query.account {
            None => None,
            Some(account) => Some(number(&*visibility.readable_account(caller, account)?)),
        };
        let accounts = match (asked, side) {
            (Some(account), _) => Accounts::Only([account].into()),
            (None, Side::House) => Accounts::All,
            (None, Side::Reseller | Side::Customer) => {
                let readable = visibility.readable_accounts(caller);
                let accounts: BTreeSet<_> = readable.iter().map(|account| number(account)).collect();
                Accounts::Only(accounts)
            }
        };
        let own = own.and_then(|own| context.account(own)).map(|own| number(&own));
        let seller = own.filter(|own| side == Side::Reseller && asked.is_none_or(|asked| asked == *own));
        let is_other = side == Side::Reseller && seller.is_none();
        if is_other && query.measure.all().iter().copied().any(is_sales) {
            return Err(Problem::field(
                "account",
                "is another one than your own, whose sales are its own business; `spend` is what it paid",
            ));
        }
        let viewer = lookup.viewer(caller, &lookup.names()?)?;
        let told = match &accounts {
            Accounts::All => None,
            Accounts::Only(some) => {
                let mut told = BTreeMap::new();
                for account in some {
                    told.extend(lookup.told_from(&viewer, *account)?.map(|from| (*account, from)));
                }
                Some(told)
            }
        };
        let operator = query.operator.as_deref().map(|code| operator(context, code)).transpose()?;
        Ok(Self { side, accounts, told, seller, operator })
    }
}

fn operator(context: &Context, code: &str) -> Answer<OperatorNumber> {
    let known = context.store().provisioned().operators().map_err(|error| unavailable(&error))?;
    let found = known.into_iter().find(|(_, row)| row.code == code);
    found.map(|(number, _)| number).ok_or_else(|| {
        Problem::field("operator", format!("is none that messages were ever handed to: `{code}`"))
    })
}

/// True if a measure is told of a reseller's own sales.
const fn is_sales(measure: Measure) -> bool {
    matches!(measure, Measure::Revenue | Measure::Cost | Measure::Margin)
}

fn check(side: Side, query: &SeriesQuery) -> Answer<()> {
    if side == Side::House {
        return Ok(());
    }
    for measure in [Measure::Cost, Measure::Margin] {
        if side == Side::Customer && query.measure.has(measure) {
            return Err(Problem::forbidden(format!(
                "`{}` is for admins, and for resellers of what they sell",
                measure.name()
            )));
        }
    }
    let is_of_house = matches!(query.by, Some(SeriesBy::Operator | SeriesBy::Plan));
    if is_of_house || query.operator.is_some() || query.plan.is_some() {
        return Err(Problem::forbidden("series of operators and plans are for admins"));
    }
    let asks_sales = query.measure.all().iter().copied().any(is_sales);
    if side == Side::Reseller && query.by == Some(SeriesBy::Account) && asks_sales {
        return Err(Problem::field(
            "by",
            "is not told by account for `revenue`, `cost` and `margin`; `spend` is what each account paid",
        ));
    }
    Ok(())
}
