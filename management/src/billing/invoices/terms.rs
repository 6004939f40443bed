//! Terms of accounts' invoices and their issuers: the terms of accounts, the issuers among resellers, and the house.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::to_value;
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::{Caller, Reach};
use tollgate_api::extract::IfMatch;
use tollgate_api::invoice_terms::{
    BankAccount, InvoiceCycle, InvoiceTerms, InvoiceTermsInForce, InvoiceTermsService, Issuer, Logo, Party,
    RefundHandling, TaxCategory, TaxTerms,
};
use tollgate_api::money::Money;
use tollgate_api::problem::Problem;
use tollgate_billing::invoice::rounding::tax;
use tollgate_billing::invoice::schedule::Cycle;
use tollgate_billing::period::date_at;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::store::Unavailable;

use super::gathered::money;
use super::logos::{logo_of, set_logo};
use super::progress::change_cycle;
use super::record::Parties;
use super::terms_check::{check_issuer, check_terms};
use crate::billing::period::zone;
use crate::change_set::ChangeSet;
use crate::collections::{ISSUERS, TAX_TERMS};
use crate::context::Context;
use crate::documents::DocumentCache;
use crate::identity::visibility::Visibility;
use tollgate_billing::minor_unit::decimals;
use tollgate_relay::snapshot::ActiveAccount;

/// The terms of accounts, and the issuers of invoices.
#[derive(Debug)]
pub struct Terms {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    of_accounts: DocumentCache<InvoiceTerms>,
    issuers: DocumentCache<Issuer>,
}

impl InvoiceTermsService for Terms {
    fn invoice_terms(&self, caller: &Caller, account: &str) -> Answer<Versioned<InvoiceTerms>> {
        let account = self.visibility.readable_account(caller, account)?;
        let terms = versioned(&self.of_accounts, &account.provisioned.account.id);
        Ok(terms.map(|terms| self.with_in_force(&account, terms)))
    }

    fn set_invoice_terms(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        mut terms: InvoiceTerms,
    ) -> Answer<Versioned<InvoiceTerms>> {
        let invoiced = self.visibility.visible_account(caller, account)?;
        if matches!(&caller.reach, Reach::Subtree(own) if own == account) {
            return Err(Problem::forbidden("the terms of an account are set by those above it"));
        }
        terms.in_force = None;
        check_terms(&terms)?;
        fill_reason(&mut terms.tax);
        let cycles = (self.cycle(account), cycle_of(terms.cycle));
        let set = self.replace(
            caller,
            &self.of_accounts,
            (account, "invoice_terms"),
            if_match,
            terms,
            |changes| change_cycle(changes, self.context.store(), &invoiced, cycles, now()),
        )?;
        Ok(set.map(|terms| self.with_in_force(&invoiced, terms)))
    }

    fn issuer(&self, caller: &Caller, account: &str) -> Answer<Versioned<Issuer>> {
        self.reseller(caller, account)?;
        Ok(versioned(&self.issuers, account))
    }

    fn set_issuer(
        &self,
        caller: &Caller,
        account: &str,
        if_match: IfMatch,
        issuer: Issuer,
    ) -> Answer<Versioned<Issuer>> {
        self.reseller(caller, account)?;
        check_issuer(&issuer)?;
        self.replace(caller, &self.issuers, (account, "issuer"), if_match, issuer, |_| Ok(()))
    }

    fn issuer_logo(&self, caller: &Caller, account: &str) -> Answer<Option<Logo>> {
        self.reseller(caller, account)?;
        logo_of(&self.context, account)
    }

    fn set_issuer_logo(&self, caller: &Caller, account: &str, file: Option<Vec<u8>>) -> Answer<()> {
        self.reseller(caller, account)?;
        set_logo(&self.context, caller, account, file.as_deref())
    }
}

impl Terms {
    /// Reads all of them.
    pub fn open(context: Arc<Context>, visibility: Arc<Visibility>) -> Result<Self, Unavailable> {
        let of_accounts = DocumentCache::load(context.store(), TAX_TERMS)?;
        let issuers = DocumentCache::load(context.store(), ISSUERS)?;
        Ok(Self { context, visibility, of_accounts, issuers })
    }

    /// The terms of an account, usual ones where it has none of its own.
    pub fn of(&self, account: &str) -> InvoiceTerms {
        self.of_accounts.get(account).map(|terms| terms.value.clone()).unwrap_or_default()
    }

    /// Days from sending an invoice of an account to its due date.
    pub fn due_days(&self, account: &str) -> u32 {
        self.of(account).due_days.unwrap_or(self.context.settings.billing.invoice_due_days)
    }

    /// True if what is given back after an invoice was sent goes on a credit note.
    pub fn credits_refunds(&self, account: &str) -> bool {
        self.of(account).refunds == RefundHandling::CreditNote
    }

    /// The rhythm of an account's invoices.
    pub fn cycle(&self, account: &str) -> Cycle {
        cycle_of(self.of(account).cycle)
    }

    /// The rhythms that any account has; months come always.
    pub fn cycles(&self) -> Vec<Cycle> {
        let is_used = |cycle: &Cycle| {
            let used = self.of_accounts.find(|terms| self.cycle(&terms.key) == *cycle);
            *cycle == Cycle::Monthly || used.is_some()
        };
        Cycle::ALL.into_iter().filter(is_used).collect()
    }

    /// True if what the schedule drafts for an account is sent at once.
    pub fn sends(&self, account: &str) -> bool {
        self.of(account).send_automatically.unwrap_or(self.context.settings.billing.send_invoices)
    }

    /// The terms of an account as they are shown, with those that hold.
    fn with_in_force(&self, account: &ActiveAccount, terms: InvoiceTerms) -> InvoiceTerms {
        let id = &account.provisioned.account.id;
        let issued_by = self.issued_by(id);
        let issuer =
            issued_by.as_ref().map_or_else(|| self.house(), |reseller| self.reseller_as_issuer(reseller));
        let in_force = InvoiceTermsInForce {
            due_days: self.due_days(id),
            send_automatically: self.sends(id),
            time_zone: account.terms.plan.plan.time_zone.clone(),
            issuer: issuer.party.name.unwrap_or_default(),
            issued_by,
        };
        InvoiceTerms { in_force: Some(in_force), ..terms }
    }

    /// The reseller that sells to an account and issues its invoices; `None` for the house.
    fn issued_by(&self, account: &str) -> Option<String> {
        // Without a chain, accounts below a reseller buy from the house.
        let sells = |parent: &String| {
            let parent = self.context.account(parent);
            parent.is_some_and(|parent| parent.provisioned.account.reselling.chain)
        };
        self.visibility.parent_of(account).filter(sells)
    }

    fn reseller_as_issuer(&self, reseller: &str) -> Issuer {
        let mut issuer = self.issuers.get(reseller).map(|issuer| issuer.value.clone()).unwrap_or_default();
        issuer.party.name = issuer.party.name.or_else(|| Some(self.visibility.name_of(reseller)));
        issuer
    }

    /// Both sides of an account's invoice over a total, and the tax on it.
    pub fn parties(&self, account: &ActiveAccount, total: Money) -> Answer<Parties> {
        let charged = &account.provisioned.account;
        let InvoiceTerms { party, tax: mut terms, .. } = self.of(&charged.id);
        fill_reason(&mut terms);
        let issued_by = self.issued_by(&charged.id);
        let name = |account: &str| self.visibility.name_of(account);
        let buyer = Party {
            name: party.name.clone().or_else(|| Some(name(&charged.id))),
            email: party.email.clone().or_else(|| account.provisioned.contact.email.clone()),
            ..party
        };
        let seller = match &issued_by {
            None => self.house(),
            Some(reseller) => self.reseller_as_issuer(reseller),
        };
        let base = i128::from(total.0.micros());
        let tax_amount = money(tax(base, rate_millionths(&terms), decimals(charged.currency)))?;
        let time_zone = account.terms.plan.plan.time_zone.clone();
        Ok(Parties { issued_by, seller, buyer, tax: terms, tax_amount, time_zone })
    }

    /// The date of an instant where an account is.
    pub fn local_date(account: &ActiveAccount, at: UnixMicros) -> Answer<(Date, TimeZone)> {
        let zone = zone(&account.terms.plan.plan.time_zone)?;
        let date = date_at(at, &zone);
        date.map(|date| (date, zone)).ok_or_else(|| Problem::internal("the clock is beyond the calendar"))
    }

    /// The house as an issuer.
    fn house(&self) -> Issuer {
        let house = &self.context.settings.billing.issuer;
        let bank = house.bank_account.clone().map(|account_number| BankAccount {
            holder: house.bank_holder.clone(),
            account_number,
            bic: house.bank_bic.clone(),
            bank_name: house.bank_name.clone(),
        });
        let party = Party {
            name: Some(house.name.clone()),
            address_lines: house.address.clone(),
            postal_code: house.postal_code.clone(),
            city: house.city.clone(),
            country: house.country.clone(),
            tax_id: house.tax_id.clone(),
            registration: house.registration.clone(),
            email: house.email.clone(),
            phone: house.phone.clone(),
            website: house.website.clone(),
        };
        Issuer {
            party,
            bank,
            payment_terms: house.payment_terms.clone(),
            tax_name: Some(house.tax_name.clone()),
        }
    }

    fn reseller(&self, caller: &Caller, account: &str) -> Answer<()> {
        let account = self.visibility.visible_account(caller, account)?;
        if account.provisioned.resale.is_reseller {
            return Ok(());
        }
        let id = &account.provisioned.account.id;
        Err(Problem::wrong_state(format!("account `{id}` is no reseller, and issues no invoices")))
    }

    /// Replaces a document, and writes in the same change what `add` adds.
    fn replace<T>(
        &self,
        caller: &Caller,
        documents: &DocumentCache<T>,
        (account, what): (&str, &str),
        if_match: IfMatch,
        value: T,
        add: impl FnOnce(&mut ChangeSet<'_>) -> Answer<()>,
    ) -> Answer<Versioned<T>>
    where
        T: serde::Serialize + serde::de::DeserializeOwned + Clone,
    {
        let before = documents.get(account);
        if_match.check(before.as_ref().map_or(0, |before| before.revision))?;
        let shown = |value: &T| to_value(value).unwrap_or_default();
        let mut changes = self.context.change(caller);
        changes.put(documents, account, before.as_deref(), value.clone());
        let old = before.as_ref().map(|before| shown(&before.value)).unwrap_or_default();
        changes.note(&format!("{what}.set"), format!("account/{account}"), &old, &shown(&value));
        add(&mut changes)?;
        let changed = changes.commit()?;
        Ok(Versioned::new(changed.revisions.first().copied().unwrap_or(1), value))
    }
}

fn cycle_of(shown: InvoiceCycle) -> Cycle {
    match shown {
        InvoiceCycle::Monthly => Cycle::Monthly,
        InvoiceCycle::Weekly => Cycle::Weekly,
        InvoiceCycle::Daily => Cycle::Daily,
    }
}

/// Millionths of a rate.
pub fn rate_millionths(tax: &TaxTerms) -> u32 {
    (tax.rate_percent.0 * Decimal::from(10_000)).to_u32().unwrap_or_default()
}

fn versioned<T: Clone + Default + serde::Serialize + serde::de::DeserializeOwned>(
    documents: &DocumentCache<T>,
    account: &str,
) -> Versioned<T> {
    let found = documents.get(account);
    found.map_or_else(
        || Versioned::new(0, T::default()),
        |found| Versioned::new(found.revision, found.value.clone()),
    )
}

/// Gives a tax of nothing the usual reason, where it has none.
fn fill_reason(tax: &mut TaxTerms) {
    let usual = match tax.category {
        TaxCategory::Standard | TaxCategory::ZeroRated => return,
        TaxCategory::Exempt => "Exempt from tax",
        TaxCategory::ReverseCharge => "Reverse charge",
        TaxCategory::Export => "Export outside the tax area",
        TaxCategory::OutsideScope => "Not subject to tax",
    };
    tax.reason.get_or_insert_with(|| usual.to_owned());
}
