//! The reasons that keep a document from following EN 16931, whose rules do not hold every business of the world.

use std::fmt;

use super::codes::{is_country, is_currency};
use super::parties::vat_id;
use crate::document::content::{Content, Kind};
use crate::document::tax::TaxCategory;

/// The digits behind the point that amounts of EN 16931 can have.
const EXPONENT_MAX: u8 = 2;

/// The first reason for which a document does not follow EN 16931.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The currency has three or more decimals (BR-DEC-23).
    Decimals,
    /// The currency is not one of ISO 4217 (BR-CL-04).
    Currency,
    /// The issuer's country is not known (BR-09).
    IssuerCountry,
    /// The customer's country is not known (BR-11).
    CustomerCountry,
    /// The issuer has no number of any kind (BR-CO-26).
    IssuerNumber,
    /// The issuer has no tax number, which the category of tax demands (BR-S-02 and its like).
    IssuerTaxNumber,
    /// An export, and the issuer's tax number does not begin with its country (BR-G-02).
    IssuerVatNumber,
    /// Reverse charge, and the customer has no number (BR-AE-02).
    CustomerNumber,
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decimals => "its currency has more than two decimals",
            Self::Currency => "its currency is not one of ISO 4217",
            Self::IssuerCountry => "the country of its issuer is not known",
            Self::CustomerCountry => "the country of its customer is not known",
            Self::IssuerNumber => "its issuer has no tax number and no company registration",
            Self::IssuerTaxNumber => "its issuer has no tax number",
            Self::IssuerVatNumber => "its issuer has no VAT number that begins with the country",
            Self::CustomerNumber => "its customer has no tax number and no company registration",
        })
    }
}

/// The first rule that a document cannot obey.
pub fn departure(content: &Content) -> Option<Departure> {
    let Content { issuer, customer, currency, .. } = content;
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let has = |category| content.taxes.iter().any(|tax| tax.category == category);
    let known = |country: Option<_>| country.is_some_and(is_country);
    let is_outside = has(TaxCategory::OutsideScope);
    debug_assert!(!matches!(content.kind, Kind::Statement(_)), "statements have no XML");
    [
        (currency.exponent > EXPONENT_MAX, Departure::Decimals),
        (!is_currency(currency.code), Departure::Currency),
        (!known(issuer.country), Departure::IssuerCountry),
        (!known(customer.country), Departure::CustomerCountry),
        (!given(&issuer.tax_id) && !given(&issuer.registration), Departure::IssuerNumber),
        (!given(&issuer.tax_id) && !is_outside, Departure::IssuerTaxNumber),
        (has(TaxCategory::Export) && vat_id(issuer).is_none(), Departure::IssuerVatNumber),
        (
            has(TaxCategory::ReverseCharge) && !given(&customer.tax_id) && !given(&customer.registration),
            Departure::CustomerNumber,
        ),
    ]
    .into_iter()
    .find_map(|(departs, reason)| departs.then_some(reason))
}
