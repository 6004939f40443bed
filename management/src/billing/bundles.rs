//! Bundles of accounts: bought, granted, listed with their history, and used by services beside messages.

mod expiry;
mod told;
mod view;

use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tollgate_api::answer::Answer;
use tollgate_api::bundles::{
    Bundle, BundleHistory, BundlesQuery, BundlesService, Consumed, NewBundle, NewConsumption,
};
use tollgate_api::caller::{Caller, Role};
use tollgate_api::extract::{Conditions, IdempotencyKey};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_engine::bundle::{BundleNumber, BundleUnit};
use tollgate_engine::calendar::SpanUnit;
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::BundleProduct;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::change::{BundleChange, Changed, EntryChange, EntryText};
use tollgate_storage::clock::{due, now};
use tollgate_storage::rows::{BundleRow, Validity};

use super::wallets::{DETAILS_MAX, REFERENCE_MAX, request_text};
use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::plain_text::{check_line, check_lines};
use crate::problems::unavailable;
use crate::resale::bundle_products::BundleProducts;
use crate::resale::sellers::{below_cost_of, check_seller, income};

pub use expiry::BundleExpiry;
pub use told::emit_begun;

/// The beginning of the origins of bundles that subscriptions bring.
pub const SUBSCRIPTION_ORIGIN: &str = "subscription/";

const DAY_MICROS: u64 = 86_400_000_000;

/// The bundles of accounts.
#[derive(Debug)]
pub struct Bundles {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    products: Arc<BundleProducts>,
    turn: Mutex<Turn>,
}

/// Takes money or tokens, one request after the other: they are held until the commit, so that whoever asks next finds an
/// earlier use of the same Idempotency-Key either not begun or on disk.
#[derive(Debug)]
struct Turn;

impl BundlesService for Bundles {
    fn bundles(&self, caller: &Caller, account: &str, query: &BundlesQuery) -> Answer<Page<Bundle>> {
        let account = self.visibility.readable_account(caller, account)?;
        let rows = self.context.store().pockets().bundles(account.runtime.wallet.number());
        let rows = rows.map_err(|error| unavailable(&error))?;
        let (pockets, ended) = (account.runtime.wallet.pockets(), due());
        let shown =
            rows.iter().rev().map(|(number, row)| view::bundle(&account, *number, row, &pockets, ended));
        let wanted = shown.filter(|bundle| query.state.is_none_or(|state| state == bundle.state));
        // Ids sort by when they were given, and have as many digits.
        Ok(query.paging()?.page(wanted.map(|bundle| (bundle.id.clone(), bundle)), |key, after| key < after))
    }

    fn bundle(&self, caller: &Caller, account: &str, bundle: &str) -> Answer<BundleHistory> {
        let account = self.visibility.readable_account(caller, account)?;
        let missing = || Problem::not_found(format!("there is no bundle `{bundle}` of the account"));
        let number = BundleNumber(bundle.parse().map_err(|_| missing())?);
        let row = self.row(&account, number)?.ok_or_else(missing)?;
        view::history(self.context.store(), &account, number, &row)
    }

    fn begin_bundle(
        &self,
        caller: &Caller,
        account: &str,
        new: NewBundle,
        conditions: &Conditions,
    ) -> Answer<Bundle> {
        let account = self.visibility.visible_account(caller, account)?;
        check_line("origin", &new.origin, 0..=REFERENCE_MAX)?;
        if new.origin.starts_with(SUBSCRIPTION_ORIGIN) {
            return Err(Problem::field(
                "origin",
                format!("begins with `{SUBSCRIPTION_ORIGIN}`, as only those of subscriptions do"),
            ));
        }
        if new.grant && caller.role != Role::Admin && !caller.reaches_all() {
            return Err(Problem::forbidden("only an admin may grant a bundle"));
        }
        let product = self.product(&account, &new)?;
        let row = row_of(&product, &account, &new, now());
        let text = EntryText {
            actor: caller.actor.clone(),
            reference: product.name.to_string(),
            details: new.origin.clone(),
            metadata: String::new(),
        };
        let action = if new.grant { "bundle.grant" } else { "bundle.buy" };
        let mut changes = self.begin(caller, &account, ("bundles", action), &new, &conditions.key);
        changes.meant_for(conditions.if_match, self.visibility.revision_of(&account))?;
        emit_begun(&mut changes, &account.terms.account.id, &row, !new.grant);
        let (wallet, limit) = (Arc::clone(&account.runtime.wallet), account.terms.account.credit_limit);
        let changed = commit_in_turn(&mut self.turn.lock(), changes, || {
            let paid = if new.grant { None } else { self.income(&account, &product, &caller.actor)? };
            Ok((BundleChange::buy(wallet, row, limit, text).map_err(Problem::refused)?, paid))
        })?;
        let number = BundleNumber(entry_of(&changed)?);
        let row =
            self.row(&account, number)?.ok_or_else(|| Problem::internal("the bundle is not in the books"))?;
        Ok(view::bundle(&account, number, &row, &account.runtime.wallet.pockets(), due()))
    }

    fn consume(
        &self,
        caller: &Caller,
        account: &str,
        new: NewConsumption,
        key: &IdempotencyKey,
    ) -> Answer<Consumed> {
        let account = self.visibility.visible_account(caller, account)?;
        if new.tokens == 0 {
            return Err(Problem::field("tokens", "must be more than zero"));
        }
        check_lines("description", &new.description, 1..=DETAILS_MAX)?;
        let text = EntryText {
            actor: caller.actor.clone(),
            reference: String::new(),
            details: new.description.clone(),
            metadata: String::new(),
        };
        let changes = self.begin(caller, &account, ("bundles/consume", "bundle.consume"), &new, key);
        let (wallet, due) = (&account.runtime.wallet, due());
        let changed = commit_in_turn(&mut self.turn.lock(), changes, || {
            let change = BundleChange::consume(Arc::clone(wallet), new.tokens, due, text);
            let change = change.ok_or_else(|| {
                let left = tokens_left(&account, due);
                Problem::insufficient_tokens(format!("the account has {left} tokens left"))
            })?;
            Ok((change, None))
        })?;
        let entry = entry_of(&changed)?;
        Ok(Consumed {
            transaction: entry.to_string(),
            tokens: new.tokens,
            bundles: view::consumed_from(self.context.store(), &account, entry)?,
            left: tokens_left(&account, due),
            at: Time(changed.at),
        })
    }
}

impl Bundles {
    /// Of the accounts that a caller may see.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, products: Arc<BundleProducts>) -> Self {
        Self { context, visibility, products, turn: Mutex::new(Turn) }
    }

    fn row(&self, account: &ActiveAccount, number: BundleNumber) -> Answer<Option<BundleRow>> {
        let row = self.context.store().pockets().bundle(account.runtime.wallet.number(), number);
        row.map_err(|error| unavailable(&error))
    }

    /// The product that is asked for, if the account may have it.
    fn product(&self, account: &ActiveAccount, new: &NewBundle) -> Answer<BundleProduct> {
        let product = self
            .products
            .product(&new.product)
            .ok_or_else(|| Problem::field("product", format!("there is no product `{}`", new.product)))?;
        let charged = &account.terms.account;
        if product.currency != charged.currency {
            let message =
                format!("is sold in {}, and the account has {}", product.currency, charged.currency);
            return Err(Problem::field("product", message));
        }
        if !new.grant && !product.is_sold_to(&charged.plan, charged.currency) {
            return Err(Problem::field(
                "product",
                format!("is not sold to accounts on plan `{}`", charged.plan),
            ));
        }
        if !new.grant {
            let snapshot = self.context.core.snapshot.load();
            check_seller(&snapshot.tables, &account.terms, &product)
                .map_err(|message| Problem::field("product", message))?;
            if let Some((_, true)) = below_cost_of(&snapshot, &product, now()) {
                return Err(Problem::field(
                    "product",
                    "is not sold now, as a unit costs less than its seller pays",
                ));
            }
        }
        Ok(product)
    }

    /// The income of the seller of a product in the change in which an account buys it.
    fn income(
        &self,
        account: &ActiveAccount,
        product: &BundleProduct,
        actor: &str,
    ) -> Answer<Option<EntryChange>> {
        let snapshot = self.context.core.snapshot.load();
        income(&snapshot, product, (&account.terms.account, actor), now())
    }

    /// The same for a product that the account may buy, by its name.
    pub fn income_of(
        &self,
        account: &ActiveAccount,
        product: &str,
        actor: &str,
    ) -> Answer<Option<EntryChange>> {
        let new = NewBundle { product: product.to_owned(), grant: false, origin: String::new() };
        self.income(account, &self.product(account, &new)?, actor)
    }

    /// The bundle that an account would begin by buying a product now.
    pub fn bought_row(&self, account: &ActiveAccount, product: &str) -> Answer<BundleRow> {
        let new = NewBundle { product: product.to_owned(), grant: false, origin: String::new() };
        let product = self.product(account, &new)?;
        Ok(row_of(&product, account, &new, now()))
    }

    fn begin<'a>(
        &'a self,
        caller: &'a Caller,
        account: &ActiveAccount,
        (what, action): (&str, &str),
        new: &impl Serialize,
        key: &IdempotencyKey,
    ) -> ChangeSet<'a> {
        let id = &account.terms.account.id;
        let mut changes = self.context.change(caller);
        changes.once(key.0.as_deref(), &request_text(what, id, new));
        changes.note(action, format!("account/{id}"), &Value::Null, &json!(new));
        changes
    }
}

/// Takes what a change needs and makes it durable; where the same request did so before, it is what came of it then.
fn commit_in_turn(
    _turn: &mut Turn,
    mut changes: ChangeSet<'_>,
    change: impl FnOnce() -> Answer<(BundleChange, Option<EntryChange>)>,
) -> Answer<Changed> {
    if let Some(before) = changes.replayed()? {
        return Ok(before);
    }
    let (bundle, income) = change()?;
    changes.bundle(bundle);
    if let Some(income) = income {
        changes.entry(income);
    }
    changes.commit()
}

fn entry_of(changed: &Changed) -> Answer<u64> {
    // What a seller is paid comes before it.
    let entry = changed.entries.last().map(|entry| entry.id);
    entry.ok_or_else(|| Problem::internal("the change of a bundle has no entry"))
}

fn tokens_left(account: &ActiveAccount, due: UnixMicros) -> u64 {
    let pockets = account.runtime.wallet.pockets();
    let tokens = pockets.bundles.iter().filter(|bundle| bundle.unit == BundleUnit::Tokens);
    tokens.filter(|bundle| bundle.expires_at > due).map(|bundle| bundle.left).sum()
}

/// The bundle that a purchase or grant begins.
fn row_of(product: &BundleProduct, account: &ActiveAccount, new: &NewBundle, now: UnixMicros) -> BundleRow {
    let validity = view::validity(product.validity);
    BundleRow {
        product: product.name.to_string(),
        unit: product.unit,
        scope: Arc::new(product.scope.clone()),
        priority: product.priority,
        units: product.units,
        left: product.units,
        bought_at: now,
        expires_at: period_end(account, validity, now),
        price: if new.grant { Amount::ZERO } else { product.price },
        late_refund: view::late_refund(product.late_refunds),
        rollover: view::rollover(product.rollover),
        validity,
        period: 0,
        origin: new.origin.clone(),
    }
}

/// A bundle of a product that is given with something else, for a time of that: from and until when.
pub fn given_row(
    product: &BundleProduct,
    origin: String,
    (from, until): (UnixMicros, UnixMicros),
) -> BundleRow {
    BundleRow {
        product: product.name.to_string(),
        unit: product.unit,
        scope: Arc::new(product.scope.clone()),
        priority: product.priority,
        units: product.units,
        left: product.units,
        bought_at: from,
        expires_at: until,
        price: Amount::ZERO,
        late_refund: view::late_refund(product.late_refunds),
        rollover: view::rollover(product.rollover),
        validity: view::validity(product.validity),
        period: 0,
        origin,
    }
}

/// The end of a period that begins at an instant.
fn period_end(account: &ActiveAccount, validity: Validity, start: UnixMicros) -> UnixMicros {
    match validity {
        Validity::Days(days) => {
            UnixMicros(start.0.saturating_add(DAY_MICROS.saturating_mul(u64::from(days))))
        }
        Validity::CalendarMonth => account.terms.plan.calendar.span_at(SpanUnit::Month, start).end,
    }
}
