//! Issuer and customer of a document.

use tollgate_engine::country::CountryCode;

/// Whoever issues a document or is to pay it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// The legal name.
    pub name: String,
    /// Street, house, city and postal code, as they are written on a letter, without the country.
    pub address_lines: Vec<String>,
    /// The postal code by itself, where it is known. The page shows [`Party::address_lines`] only.
    pub postal_code: Option<String>,
    /// The city by itself, where it is known. The page shows [`Party::address_lines`] only.
    pub city: Option<String>,
    /// The country of the address.
    pub country: Option<CountryCode>,
    /// The country's name, as the page shows it.
    pub country_name: Option<String>,
    /// The number by which it is registered for the tax.
    pub tax_id: Option<String>,
    /// The number in the register of companies.
    pub registration: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The number that can be called.
    pub phone: Option<String>,
    /// The address of its pages in the web.
    pub website: Option<String>,
}

/// A bank account that can be paid to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankAccount {
    /// In whose name it is.
    pub holder: Option<String>,
    /// The IBAN, or the number of the account where there is none.
    pub account_number: String,
    /// The BIC, also named SWIFT code.
    pub bic: Option<String>,
    /// The bank's name.
    pub bank_name: Option<String>,
}
