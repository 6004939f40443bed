//! The addresses that mails about an account's invoices go to: those of its invoice terms, or its own.

use tollgate_api::answer::Answer;
use tollgate_api::invoice_terms::InvoiceTerms;
use tollgate_notifications::email_texts::EmailMessage;
use tollgate_notifications::jobs::record::JobWork;

use crate::collections::TAX_TERMS;
use crate::context::Context;
use crate::documents::stored_document;

/// The mails that bring a message about an invoice to whoever is to read it, each to one address; none for an account without any.
pub fn mails(context: &Context, account: &str, message: &EmailMessage) -> Answer<Vec<JobWork>> {
    let terms = stored_document::<InvoiceTerms>(context.store(), TAX_TERMS, account)?;
    let addresses = terms.map(|(_, terms)| terms.billing_emails).unwrap_or_default();
    let mail = |to: Option<String>| JobWork::Mail {
        account: account.to_owned(),
        subject: message.subject.clone(),
        body: message.text.clone(),
        to,
    };
    if !addresses.is_empty() {
        return Ok(addresses.into_iter().map(|address| mail(Some(address))).collect());
    }
    let own = context.account(account).and_then(|account| account.provisioned.contact.email.clone());
    // It is looked up once more when the mail is sent, as it may be corrected until then.
    Ok(own.map(|_| mail(None)).into_iter().collect())
}
