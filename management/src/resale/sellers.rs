//! The account that sells to another one in its chain, and what follows for bundles: units that a buyer's messages take have to be
//! sold by whoever those messages are bought from, and pay that one.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_engine::account::Account;
use tollgate_engine::bundle::BundleUnit;
use tollgate_engine::money::Amount;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::{Tables, Terms};
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::{BelowCost, BundleBelowCost, BundleProduct, bundle_below_cost};
use tollgate_relay::snapshot::Snapshot;
use tollgate_storage::change::{EntryChange, EntryText};
use tollgate_storage::rows::EntryKind;

/// The first level above an account that pays for its messages, rather than earn a commission on them. `None` for the house.
pub fn seller_of<'t>(tables: &'t Tables, terms: &'t Terms) -> Option<&'t Arc<Terms>> {
    let mut earning = terms.account.reselling.earning;
    tables.above(terms).into_iter().find(|level| {
        let pays = earning == Earning::Wholesale;
        earning = level.account.reselling.earning;
        pays
    })
}

/// Refuses units for messages that another one is paid for than the one who pays for the messages. The words follow the field.
pub fn check_seller(tables: &Tables, terms: &Terms, product: &BundleProduct) -> Result<(), String> {
    let name = &product.name;
    match (seller_of(tables, terms), &product.seller) {
        (None, None) => Ok(()),
        (Some(level), Some(seller)) if level.account.id == *seller => Ok(()),
        (_, Some(_)) => Err(format!("`{name}` is sold by a reseller that the account does not buy from")),
        // Messages never take tokens, and the house's services do.
        (Some(_), None) if product.unit == BundleUnit::Tokens => Ok(()),
        (Some(_), None) => Err(format!(
            "`{name}` is sold by the house, and the account buys its messages from a reseller, who would pay for the messages \
             that take from it"
        )),
    }
}

/// The fault of the price of a product that a reseller sells, and true where it is refused. `None` where the level above the
/// reseller does not look at it, and of products of the house.
pub fn below_cost_of(
    snapshot: &Snapshot,
    product: &BundleProduct,
    now: UnixMicros,
) -> Option<(BundleBelowCost, bool)> {
    let seller = snapshot.by_account(product.seller.as_ref()?)?;
    let policy = seller.provisioned.resale.below_cost;
    if policy == BelowCost::Allow {
        return None;
    }
    let fault = bundle_below_cost(&snapshot.tables, product, &seller.terms, now)?;
    Some((fault, policy == BelowCost::Refuse))
}

/// The income of the seller of a product when an account buys it, as an entry of its ledger. `None` where the house sells it, or
/// gives it for nothing.
pub fn income(
    snapshot: &Snapshot,
    product: &BundleProduct,
    (buyer, actor): (&Account, &str),
    now: UnixMicros,
) -> Answer<Option<EntryChange>> {
    let Some(seller) = product.seller.as_ref().filter(|_| product.price > Amount::ZERO) else {
        return Ok(None);
    };
    let missing = || Problem::field("product", format!("`{seller}`, which sells it, is no account any more"));
    let seller = snapshot.by_account(seller).ok_or_else(missing)?;
    let (from, to) = (product.currency, seller.provisioned.account.currency);
    let paid = snapshot.tables.exchange.convert(product.price, from, to, now);
    let paid = paid.ok_or_else(|| {
        Problem::field(
            "product",
            format!("there is no exchange rate between {from} and {to}, the seller's currency"),
        )
    })?;
    let text = EntryText {
        actor: actor.to_owned(),
        reference: product.name.to_string(),
        details: format!("bundle sold to account {}", buyer.id),
        metadata: String::new(),
    };
    let wallet = Arc::clone(&seller.runtime.wallet);
    EntryChange::credit(wallet, EntryKind::TransferIn, paid, text).map(Some).map_err(Problem::refused)
}
