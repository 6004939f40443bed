//! The pay pages: a payment as whoever has its token sees it.

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoice_terms::Logo;
use tollgate_api::pay_pages::{CardForm, InvoicePage, PayPage, PayPagesService, PaymentBegun};
use tollgate_api::payments::PaymentProvider;

use super::apply::PaymentApplier;
use super::documents;
use super::invoice_pages::InvoicePages;
use super::looker::{Looked, PaymentLooker};
use crate::accounts::record::AccountRecord;
use crate::context::Context;
use crate::documents::DocumentCache;
use tollgate_payments::provider::Providers;
use tollgate_payments::record::{PaymentRecord, pure_state, token_key};

/// Shows payments to who has their token.
#[derive(Debug)]
pub struct PayPages {
    context: Arc<Context>,
    accounts: Arc<DocumentCache<AccountRecord>>,
    providers: Providers,
    applier: Arc<PaymentApplier>,
    looker: Arc<PaymentLooker>,
    invoices: InvoicePages,
}

impl PayPagesService for PayPages {
    fn pay_page(&self, token: &str) -> Answer<Option<PayPage>> {
        let Some(payment) = self.payment(token)? else { return Ok(None) };
        // The secret of a card's form is not kept here, nor is the page of PayPal.
        let is_asked = payment.provider != PaymentProvider::Manual && !pure_state(payment.state).is_final();
        Ok(Some(if is_asked { self.asked(payment) } else { self.page(payment, None) }))
    }

    fn returned(&self, token: &str) -> Answer<Option<PayPage>> {
        let Some(payment) = self.payment(token)? else { return Ok(None) };
        Ok(Some(self.asked(payment)))
    }

    fn invoice_page(&self, token: &str) -> Answer<Option<InvoicePage>> {
        self.invoices.page(token)
    }

    fn invoice_logo(&self, token: &str) -> Answer<Option<Logo>> {
        self.invoices.logo(token)
    }

    fn pay_invoice(&self, token: &str, provider: PaymentProvider) -> Answer<PaymentBegun> {
        self.invoices.pay(token, provider)
    }
}

impl PayPages {
    /// Of the payments in the books of `context`.
    pub fn new(
        context: Arc<Context>,
        accounts: Arc<DocumentCache<AccountRecord>>,
        providers: Providers,
        (applier, looker): (Arc<PaymentApplier>, Arc<PaymentLooker>),
        invoices: InvoicePages,
    ) -> Self {
        Self { context, accounts, providers, applier, looker, invoices }
    }

    fn payment(&self, token: &str) -> Answer<Option<PaymentRecord>> {
        Ok(documents::named(self.context.store(), &token_key(token))?.map(|(_, payment)| payment))
    }

    /// The page after the provider was asked; as the books have it where there is no answer.
    fn asked(&self, payment: PaymentRecord) -> PayPage {
        match self.looker.look(&Caller::system(), &payment.id, false) {
            Ok(looked) => self.page(looked.payment.clone(), Some(looked)),
            Err(_) => self.page(payment, None),
        }
    }

    fn page(&self, payment: PaymentRecord, looked: Option<Looked>) -> PayPage {
        let seen = looked.and_then(|looked| looked.seen);
        let (client_secret, approve_url) =
            seen.map(|seen| (seen.client_secret, seen.approve_url)).unwrap_or_default();
        let key = self.providers.get(payment.provider).and_then(|provider| provider.publishable_key());
        let card = key
            .zip(client_secret)
            .map(|(publishable_key, client_secret)| CardForm { publishable_key, client_secret });
        let name = self.accounts.get(&payment.account).map(|document| document.value.name.clone());
        let settings = &self.context.settings;
        PayPage {
            account_name: name.filter(|name| !name.is_empty()).unwrap_or_else(|| payment.account.clone()),
            amount: format!("{} {}", payment.amount.0, payment.currency.0),
            purpose: self.applier.settlement(&payment.purpose).title(&payment.purpose),
            provider: payment.provider,
            state: payment.state,
            failure: payment.failure.map(|failure| failure.message),
            reference: payment.reference,
            bank_details: settings.payments.bank_details.clone(),
            card,
            approve_url,
            return_url: format!("{}/pay/{}/return", settings.api.public_url, payment.token),
            token: payment.token,
        }
    }
}
