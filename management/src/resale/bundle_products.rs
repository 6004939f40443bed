//! Bundle products: those of the file, which are only shown, and those of the API, which admins and the resellers who sell them
//! change.

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::accounts::Source;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::bundle_products::{
    BundleProduct, BundleProductInput, BundleProductsQuery, BundleProductsService,
};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_provisioning as provisioning;
use tollgate_provisioning::other_currency;
use tollgate_relay::snapshot::ActiveAccount;
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::beside_file;
use super::bundle_product_record::{product_of, shown_product};
use super::sellers::{below_cost_of, check_seller};
use crate::collections::BUNDLE_PRODUCTS;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::identity::visibility::Visibility;

/// The products of the file and of the API.
#[derive(Debug)]
pub struct BundleProducts {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    records: DocumentCache<BundleProductInput>,
}

impl BundleProductsService for BundleProducts {
    fn bundle_products(&self, caller: &Caller, query: &BundleProductsQuery) -> Answer<Page<BundleProduct>> {
        let paging = query.paging()?;
        let buyers = match &query.account {
            Some(account) => Some(vec![self.visibility.visible_account(caller, account)?]),
            None => self.buyers(caller),
        };
        let is_own =
            |product: &provisioning::BundleProduct| query.account.is_none() && is_sold_by(caller, product);
        let is_shown = |product: &provisioning::BundleProduct| {
            is_own(product) || self.is_for(caller, buyers.as_ref(), product)
        };
        let products = self.in_force().into_iter().filter(is_shown);
        let keyed = products.map(|product| (product.name.to_string(), self.view(&product))).collect();
        Ok(paging.sorted(keyed, false))
    }

    fn bundle_product(&self, caller: &Caller, name: &str) -> Answer<Versioned<BundleProduct>> {
        let product = self.visible(caller, name)?;
        let revision = self.records.get(name).map_or(1, |document| document.revision);
        Ok(Versioned::new(revision, self.view(&product)))
    }

    fn create_bundle_product(
        &self,
        caller: &Caller,
        new: BundleProductInput,
    ) -> Answer<Versioned<BundleProduct>> {
        let seller = self.seller_for(caller, new.seller.as_deref())?;
        let new = BundleProductInput { seller, ..new };
        if self.product(&new.name).is_some() {
            return Err(Problem::already_exists(format!("there is a bundle product `{}`", new.name)));
        }
        self.put(caller, new, None, "bundle_product.create")
    }

    fn replace_bundle_product(
        &self,
        caller: &Caller,
        name: &str,
        if_match: IfMatch,
        input: BundleProductInput,
    ) -> Answer<Versioned<BundleProduct>> {
        let before = self.changeable(caller, name)?;
        if_match.check(before.revision)?;
        let seller = before.value.seller.clone();
        if input.seller.is_some() && input.seller != seller {
            return Err(Problem::field("seller", "is another; a product keeps its seller"));
        }
        let input = BundleProductInput { seller, ..input };
        if input.name != name {
            return Err(Problem::field("name", "differs from that of the path; a product keeps its name"));
        }
        self.put(caller, input, Some(&before), "bundle_product.update")
    }

    fn delete_bundle_product(&self, caller: &Caller, name: &str, if_match: IfMatch) -> Answer<()> {
        let before = self.changeable(caller, name)?;
        if_match.check(before.revision)?;
        let was = beside_file::audited(Some(&before.value));
        let mut changes = self.context.change(caller);
        changes.remove(&self.records, &before);
        changes.note("bundle_product.delete", format!("bundle_product/{name}"), &was, &Value::Null);
        changes.commit().map(drop)
    }
}

/// True if the caller is who sells a product, or the house.
fn is_sold_by(caller: &Caller, product: &provisioning::BundleProduct) -> bool {
    caller.reaches_all() || product.seller.as_deref().is_some_and(|seller| caller.account() == Some(seller))
}

fn no_product(name: &str) -> Problem {
    Problem::not_found(format!("there is no bundle product `{name}`"))
}

impl BundleProducts {
    /// The products whose records the books hold, beside those of the file.
    pub fn open(context: Arc<Context>, visibility: Arc<Visibility>) -> Result<Self, Unavailable> {
        let records = DocumentCache::load(context.store(), BUNDLE_PRODUCTS)?;
        Ok(Self { context, visibility, records })
    }

    /// True if one of the accounts may buy a product; without a list everybody is asked for.
    fn is_for(
        &self,
        caller: &Caller,
        buyers: Option<&Vec<Arc<ActiveAccount>>>,
        product: &provisioning::BundleProduct,
    ) -> bool {
        let snapshot = self.context.core.snapshot.load();
        // What a reseller asks is the business of those who buy from it, and of the house.
        let is_told = |buyer: &str| {
            product.seller.is_none() || is_sold_by(caller, product) || caller.account() == Some(buyer)
        };
        let may_buy = |buyer: &Arc<ActiveAccount>| {
            let account = &buyer.provisioned.account;
            product.is_sold_to(&account.plan, account.currency)
                && is_told(&account.id)
                && check_seller(&snapshot.tables, &buyer.terms, product).is_ok()
        };
        buyers.is_none_or(|buyers| buyers.iter().any(may_buy))
    }

    /// A product that is sold now.
    pub fn product(&self, name: &str) -> Option<provisioning::BundleProduct> {
        self.in_force().into_iter().find(|product| *product.name == *name)
    }

    /// The accounts that the caller may buy for; `None` for a caller who sees everything.
    fn buyers(&self, caller: &Caller) -> Option<Vec<Arc<ActiveAccount>>> {
        (!caller.reaches_all()).then(|| self.visibility.visible_accounts(caller))
    }

    /// The products of the file, and those of the API whose names the file does not have.
    fn in_force(&self) -> Vec<provisioning::BundleProduct> {
        let files = self.context.core.configuration.files();
        let of_file = &files.provisioning.bundles;
        beside_file::in_force(
            of_file,
            &self.records,
            |product| &product.name,
            |input| product_of(input, None),
        )
    }

    fn is_of_file(&self, name: &str) -> bool {
        let files = self.context.core.configuration.files();
        files.provisioning.bundles.iter().any(|product| *product.name == *name)
    }

    /// A product that the caller may know of.
    fn visible(&self, caller: &Caller, name: &str) -> Answer<provisioning::BundleProduct> {
        let buyers = self.buyers(caller);
        let is_shown = |product: &provisioning::BundleProduct| {
            is_sold_by(caller, product) || self.is_for(caller, buyers.as_ref(), product)
        };
        self.product(name).filter(is_shown).ok_or_else(|| no_product(name))
    }

    /// The seller of a new product: the caller's own account, or for the house whom it names.
    fn seller_for(&self, caller: &Caller, asked: Option<&str>) -> Answer<Option<String>> {
        let own = caller.account().filter(|_| !caller.reaches_all());
        let Some(seller) = asked.or(own) else { return Ok(None) };
        let missing = || Problem::field("seller", format!("there is no account `{seller}`"));
        let is_own = own.is_none_or(|own| own == seller);
        let account = self.visibility.visible_account(caller, seller).ok().filter(|_| is_own);
        if !account.ok_or_else(missing)?.provisioned.resale.is_reseller {
            return Err(Problem::field("seller", format!("`{seller}` is not a reseller")));
        }
        Ok(Some(seller.to_owned()))
    }

    /// A product that the caller may change.
    fn changeable(&self, caller: &Caller, name: &str) -> Answer<Arc<Document<BundleProductInput>>> {
        if !is_sold_by(caller, &self.visible(caller, name)?) {
            return Err(Problem::forbidden(format!("`{name}` is not sold by your account")));
        }
        beside_file::changeable(&self.records, ("bundle product", name), self.is_of_file(name))
    }

    fn view(&self, product: &provisioning::BundleProduct) -> BundleProduct {
        let document = self.records.get(&product.name).filter(|_| !self.is_of_file(&product.name));
        let source = if document.is_some() { Source::Api } else { Source::File };
        BundleProduct {
            created_at: document.as_ref().map(|document| Time(document.created_at)),
            updated_at: document.as_ref().map(|document| Time(document.updated_at)),
            ..shown_product(product, source)
        }
    }

    fn put(
        &self,
        caller: &Caller,
        input: BundleProductInput,
        before: Option<&Document<BundleProductInput>>,
        action: &str,
    ) -> Answer<Versioned<BundleProduct>> {
        let warnings = {
            let snapshot = self.context.core.snapshot.load();
            let product = product_of(&input, Some(&snapshot.tables.networks))?;
            let plans = self.visibility.visible_plans(caller);
            for (index, name) in product.plans.iter().flatten().enumerate() {
                let known = snapshot.tables.plan(name);
                let known = known.filter(|_| plans.as_ref().is_none_or(|plans| plans.contains(&**name)));
                let currency = known.map(|table| table.plan.currency);
                let message = match currency {
                    None => format!("there is no plan `{name}`"),
                    Some(of_plan) if of_plan != product.currency => {
                        other_currency(name, of_plan, product.currency)
                    }
                    Some(_) => continue,
                };
                return Err(Problem::field(&format!("plans.{index}"), message));
            }
            match below_cost_of(&snapshot, &product, now()) {
                Some((fault, true)) => return Err(Problem::field("price", fault.to_string())),
                Some((fault, false)) => vec![format!("price: {fault}")],
                None => Vec::new(),
            }
        };
        let name = input.name.clone();
        let was = beside_file::audited(before.map(|before| &before.value));
        let is = beside_file::audited(Some(&input));
        let mut changes = self.context.change(caller);
        changes.put(&self.records, &name, before, input);
        changes.note(action, format!("bundle_product/{name}"), &was, &is);
        changes.commit()?;
        let view = self.bundle_product(&Caller::system(), &name)?;
        Ok(view.map(|product| BundleProduct { warnings, ..product }))
    }
}
