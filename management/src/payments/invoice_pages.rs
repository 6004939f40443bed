//! The pages on which invoices are paid: what is open, and the payments of it that are begun there.

use std::sync::Arc;

use jiff::tz::TimeZone;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoice_terms::Logo;
use tollgate_api::money::Money;
use tollgate_api::pay_pages::{InvoicePage, PaymentBegun};
use tollgate_api::payments::{NewPayment, PaymentProvider, PaymentPurpose};
use tollgate_api::problem::Problem;
use tollgate_billing::period::date_at;

use super::beginning::Beginnings;
use super::single::SinglePayments;
use crate::billing::invoices::record::InvoiceRecord;
use crate::billing::invoices::{Invoices, logo_of_issuer};
use crate::context::Context;

/// The providers in the order in which they are offered.
const OFFERED: [PaymentProvider; 3] =
    [PaymentProvider::Stripe, PaymentProvider::Paypal, PaymentProvider::Manual];

/// Shows invoices to who has their token, and begins payments of them.
#[derive(Debug)]
pub struct InvoicePages {
    context: Arc<Context>,
    invoices: Arc<Invoices>,
    beginnings: Arc<Beginnings>,
    single: Arc<SinglePayments>,
}

impl InvoicePages {
    /// Of these invoices.
    pub fn new(
        context: Arc<Context>,
        invoices: Arc<Invoices>,
        beginnings: Arc<Beginnings>,
        single: Arc<SinglePayments>,
    ) -> Self {
        Self { context, invoices, beginnings, single }
    }

    /// The page of a token.
    pub fn page(&self, token: &str) -> Answer<Option<InvoicePage>> {
        let Some(record) = self.invoices.by_pay_token(token)? else { return Ok(None) };
        let open = open_of(&record);
        let parties = record.parties.clone().unwrap_or_default();
        let zone = TimeZone::get(&parties.time_zone).unwrap_or(TimeZone::UTC);
        let due = record.due_at.and_then(|due| date_at(due.0, &zone));
        Ok(Some(InvoicePage {
            token: token.to_owned(),
            has_logo: logo_of_issuer(&self.context, parties.issued_by.as_deref())?.is_some(),
            seller: parties.seller.party.name.unwrap_or_default(),
            buyer: parties.buyer.name.unwrap_or_else(|| record.account.clone()),
            open: open.map(|open| format!("{} {}", open.0, record.currency.0)),
            due: due.map(|due| due.to_string()),
            providers: open.map_or_else(Vec::new, |open| self.providers(&record, open)),
            number: record.number,
        }))
    }

    /// The logo of the issuer of a token's invoice.
    pub fn logo(&self, token: &str) -> Answer<Option<Logo>> {
        let Some(record) = self.invoices.by_pay_token(token)? else { return Ok(None) };
        logo_of_issuer(&self.context, record.parties.and_then(|parties| parties.issued_by).as_deref())
    }

    /// Begins a payment of what is open, or goes on with the one that was begun.
    pub fn pay(&self, token: &str, provider: PaymentProvider) -> Answer<PaymentBegun> {
        let missing = || Problem::not_found("the link is not that of an invoice");
        let record = self.invoices.by_pay_token(token)?.ok_or_else(missing)?;
        let Some(open) = open_of(&record) else {
            return Ok(PaymentBegun::NothingOpen { token: token.to_owned() });
        };
        let account = self.context.account(&record.account).ok_or_else(missing)?;
        let new = NewPayment {
            account: Some(record.account.clone()),
            provider,
            amount: Some(open),
            purpose: PaymentPurpose::Invoice { number: record.number.clone() },
            payment_method: None,
            save_method: false,
        };
        let payer = Caller { actor: "pay page".to_owned(), ..Caller::system() };
        let token = self.single.begin(&payer, &account, &new)?.payment.token;
        Ok(PaymentBegun::Payment { token })
    }

    /// The providers that can hold the amount.
    fn providers(&self, record: &InvoiceRecord, open: Money) -> Vec<PaymentProvider> {
        let takes = |provider: &PaymentProvider| {
            let units = self.beginnings.minor_units(*provider);
            units.is_ok_and(|units| units.to_minor(open.0, record.currency.0).is_ok())
        };
        OFFERED.into_iter().filter(takes).collect()
    }
}

/// The part of an invoice that is to be paid, if there is any.
fn open_of(record: &InvoiceRecord) -> Option<Money> {
    record.amount_open().filter(|open| record.is_owed() && !open.is_zero())
}
