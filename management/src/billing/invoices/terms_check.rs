//! The bounds of what is written on documents, and of an account's terms.

use rust_decimal::Decimal;
use tollgate_api::answer::Answer;
use tollgate_api::invoice_terms::{InvoiceTerms, Issuer, Party, TaxCategory, TaxTerms};
use tollgate_api::problem::Problem;
use tollgate_provisioning::texts;

use crate::plain_text::check_line;

/// Lines of an address, and characters of each.
const ADDRESS_LINES_MAX: usize = 6;
const ADDRESS_LINE_MAX: usize = 100;
/// Characters of a reason.
const REASON_MAX: usize = 200;
/// Characters of the terms of payment.
const PAYMENT_TERMS_MAX: usize = 500;
/// Days until an invoice is due.
const DUE_DAYS_MAX: u32 = 366;
/// Addresses that invoices are mailed to.
const BILLING_EMAILS_MAX: usize = 10;
/// Decimals of a rate in percent.
const RATE_DECIMALS_MAX: u32 = 4;

/// Refuses terms that no invoice can be made by.
pub fn check_terms(terms: &InvoiceTerms) -> Answer<()> {
    check_party("party", &terms.party)?;
    check_tax(&terms.tax)?;
    if terms.tax.category == TaxCategory::ReverseCharge && terms.party.tax_id.is_none() {
        return Err(Problem::field("party.tax_id", "is needed for reverse charge"));
    }
    if terms.due_days.is_some_and(|days| days > DUE_DAYS_MAX) {
        return Err(Problem::field("due_days", format!("must be at most {DUE_DAYS_MAX}")));
    }
    check_emails(&terms.billing_emails)
}

fn check_emails(emails: &[String]) -> Answer<()> {
    if emails.len() > BILLING_EMAILS_MAX {
        return Err(Problem::field(
            "billing_emails",
            format!("has more than {BILLING_EMAILS_MAX} addresses"),
        ));
    }
    for (at, address) in emails.iter().enumerate() {
        let wrong = |message: String| Problem::field(&format!("billing_emails[{at}]"), message);
        texts::email(address).map_err(wrong)?;
        if emails.iter().take(at).any(|other| other.eq_ignore_ascii_case(address)) {
            return Err(wrong("is there twice".to_owned()));
        }
    }
    Ok(())
}

/// Refuses an issuer that cannot stand on a document.
pub fn check_issuer(issuer: &Issuer) -> Answer<()> {
    check_party("party", &issuer.party)?;
    if let Some(bank) = &issuer.bank {
        check_line("bank.account_number", &bank.account_number, 1..=50)?;
        for (field, text, most) in [
            ("bank.holder", &bank.holder, 100),
            ("bank.bic", &bank.bic, 20),
            ("bank.bank_name", &bank.bank_name, 100),
        ] {
            check_optional(field, text.as_deref(), most)?;
        }
    }
    check_optional("payment_terms", issuer.payment_terms.as_deref(), PAYMENT_TERMS_MAX)?;
    check_optional("tax_name", issuer.tax_name.as_deref(), 20)
}

fn check_party(of: &str, party: &Party) -> Answer<()> {
    if party.address_lines.len() > ADDRESS_LINES_MAX {
        let message = format!("has more than {ADDRESS_LINES_MAX} lines");
        return Err(Problem::field(&format!("{of}.address_lines"), message));
    }
    for (at, line) in party.address_lines.iter().enumerate() {
        check_line(&format!("{of}.address_lines[{at}]"), line, 1..=ADDRESS_LINE_MAX)?;
    }
    for (field, text, most) in [
        ("name", &party.name, 200),
        ("postal_code", &party.postal_code, 20),
        ("city", &party.city, 100),
        ("tax_id", &party.tax_id, 50),
        ("registration", &party.registration, 50),
        ("phone", &party.phone, 50),
        ("website", &party.website, 200),
    ] {
        check_optional(&format!("{of}.{field}"), text.as_deref(), most)?;
    }
    let wrong = |field: &str, message: String| Problem::field(&format!("{of}.{field}"), message);
    if let Some(country) = &party.country {
        texts::country(country).map_err(|message| wrong("country", message))?;
    }
    if let Some(email) = &party.email {
        texts::email(email).map_err(|message| wrong("email", message))?;
    }
    Ok(())
}

fn check_optional(field: &str, text: Option<&str>, most: usize) -> Answer<()> {
    match text {
        Some(text) => check_line(field, text, 1..=most),
        None => Ok(()),
    }
}

fn check_tax(tax: &TaxTerms) -> Answer<()> {
    let rate = tax.rate_percent.0;
    let is_rate = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&rate);
    if !is_rate || rate.normalize().scale() > RATE_DECIMALS_MAX {
        let message = format!("must be from 0 to 100, with at most {RATE_DECIMALS_MAX} decimals");
        return Err(Problem::field("tax.rate_percent", message));
    }
    if (tax.category == TaxCategory::Standard) == rate.is_zero() {
        let message = "must be above zero for `standard`, and zero for all other categories";
        return Err(Problem::field("tax.rate_percent", message));
    }
    check_optional("tax.reason", tax.reason.as_deref(), REASON_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refusal(terms: Value) -> Option<String> {
        let terms: InvoiceTerms = serde_json::from_value(terms).unwrap();
        check_terms(&terms).err().map(|problem| format!("{problem:?}"))
    }

    #[test]
    fn terms_that_no_invoice_can_be_made_by_are_refused_by_field() {
        for (terms, field) in [
            (json!({ "tax": { "category": "standard" } }), "tax.rate_percent"),
            (json!({ "tax": { "category": "exempt", "rate_percent": "16" } }), "tax.rate_percent"),
            (json!({ "tax": { "category": "standard", "rate_percent": 100.1 } }), "tax.rate_percent"),
            (json!({ "tax": { "category": "standard", "rate_percent": "7.12345" } }), "tax.rate_percent"),
            (json!({ "tax": { "category": "standard", "rate_percent": "-1" } }), "tax.rate_percent"),
            (json!({ "tax": { "category": "reverse_charge" } }), "party.tax_id"),
            (json!({ "party": { "country": "Kenya" } }), "party.country"),
            (json!({ "party": { "email": "nobody" } }), "party.email"),
            (json!({ "party": { "name": "" } }), "party.name"),
            (json!({ "party": { "address_lines": ["a", "b\nc"] } }), "party.address_lines[1]"),
            (
                json!({ "party": { "address_lines": ["a", "a", "a", "a", "a", "a", "a"] } }),
                "party.address_lines",
            ),
            (json!({ "due_days": 367 }), "due_days"),
            (json!({ "billing_emails": ["a@example.com", "nobody"] }), "billing_emails[1]"),
            (json!({ "billing_emails": ["a@example.com", "A@example.com"] }), "billing_emails[1]"),
            (json!({ "billing_emails": vec!["a@example.com"; 11] }), "billing_emails"),
        ] {
            let refusal = refusal(terms.clone());
            assert!(
                refusal.as_ref().is_some_and(|text| text.contains(&format!("\"{field}\""))),
                "{terms}: {refusal:?}"
            );
        }
        let terms = json!({ "tax": { "category": "reverse_charge" }, "party": { "tax_id": "DE123" } });
        assert_eq!(refusal(terms), None);
    }
}
