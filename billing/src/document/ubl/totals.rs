//! Means and terms of payment, taxes and sums.

use super::elements::{Elements, Result};
use crate::document::content::{Content, Kind};
use crate::document::money::percent;
use crate::document::tax::{Tax, TaxCategory};

/// UNCL 4461: credit transfer.
const CREDIT_TRANSFER: &str = "30";

/// UNCL 4461: not defined here; whoever pays chooses.
const NOT_DEFINED: &str = "1";

/// Writes means and terms of payment.
pub fn payment(xml: &mut Elements, content: &Content) -> Result {
    let is_invoice = content.kind == Kind::Invoice;
    if is_invoice && (content.bank.is_some() || content.payment_reference.is_some()) {
        means(xml, content)?;
    }
    let link = content
        .pay_link
        .as_ref()
        .filter(|_| is_invoice && content.totals.due > 0)
        .map(|link| format!("Pay at {link}"));
    let terms = content.payment_terms.clone().filter(|terms| !terms.trim().is_empty());
    let fallback = match (is_invoice, content.due) {
        (true, None) => Some("Payable on receipt.".to_owned()),
        (true, Some(_)) => None,
        (false, _) => Some("To be credited.".to_owned()),
    };
    let parts: Vec<String> = terms.or(fallback).into_iter().chain(link).collect();
    if parts.is_empty() {
        return Ok(());
    }
    xml.group("cac:PaymentTerms", |xml| xml.text("cbc:Note", &parts.join(" ")))
}

/// Writes the taxes and the sums.
pub fn write(xml: &mut Elements, content: &Content) -> Result {
    let totals = &content.totals;
    xml.group("cac:TaxTotal", |xml| {
        amount(xml, "cbc:TaxAmount", totals.tax, content)?;
        content.taxes.iter().try_for_each(|tax| subtotal(xml, tax, content))
    })?;
    xml.group("cac:LegalMonetaryTotal", |xml| {
        amount(xml, "cbc:LineExtensionAmount", totals.net, content)?;
        amount(xml, "cbc:TaxExclusiveAmount", totals.net, content)?;
        amount(xml, "cbc:TaxInclusiveAmount", totals.gross, content)?;
        if totals.prepaid != 0 {
            amount(xml, "cbc:PrepaidAmount", totals.prepaid, content)?;
        }
        amount(xml, "cbc:PayableAmount", totals.due, content)
    })
}

/// Writes minor units with their currency.
pub fn amount(xml: &mut Elements, name: &str, minor: i64, content: &Content) -> Result {
    let code = content.currency.code.to_string();
    xml.with_attribute(name, ("currencyID", &code), &content.currency.plain(minor))
}

/// Writes category and rate of a tax, with the reason where the breakdown states it.
pub fn category(xml: &mut Elements, name: &str, tax: &Tax, reason: Option<&str>) -> Result {
    xml.group(name, |xml| {
        xml.text("cbc:ID", tax.category.code())?;
        if tax.category != TaxCategory::OutsideScope {
            xml.text("cbc:Percent", &percent(tax.rate_millionths))?;
        }
        xml.optional("cbc:TaxExemptionReason", reason)?;
        xml.group("cac:TaxScheme", |xml| xml.text("cbc:ID", "VAT"))
    })
}

fn means(xml: &mut Elements, content: &Content) -> Result {
    xml.group("cac:PaymentMeans", |xml| {
        let code = if content.bank.is_some() { CREDIT_TRANSFER } else { NOT_DEFINED };
        xml.text("cbc:PaymentMeansCode", code)?;
        xml.optional("cbc:PaymentID", content.payment_reference.as_deref())?;
        let Some(bank) = &content.bank else { return Ok(()) };
        xml.group("cac:PayeeFinancialAccount", |xml| {
            xml.text("cbc:ID", &bank.account_number)?;
            xml.optional("cbc:Name", bank.holder.as_deref())?;
            let Some(bic) = &bank.bic else { return Ok(()) };
            xml.group("cac:FinancialInstitutionBranch", |xml| xml.text("cbc:ID", bic))
        })
    })
}

fn subtotal(xml: &mut Elements, tax: &Tax, content: &Content) -> Result {
    xml.group("cac:TaxSubtotal", |xml| {
        amount(xml, "cbc:TaxableAmount", tax.base, content)?;
        amount(xml, "cbc:TaxAmount", tax.amount, content)?;
        let reason = tax.reason.as_deref().filter(|_| tax.category.needs_reason());
        category(xml, "cac:TaxCategory", tax, reason)
    })
}
