//! `[billing.issuer]`: the house as it stands on invoices, credit notes and statements.

use std::path::PathBuf;

use serde::Serialize;
use toml::de::DeValue;

use crate::read::texts::{self, Parsed, quoted};
use crate::read::values::text;
use crate::read::{Sources, TableReader};

/// Lines of an address.
const ADDRESS_LINES_MAX: usize = 6;
/// Characters of one text.
const TEXT_MAX: usize = 200;

/// The house as an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuerSettings {
    /// The legal name.
    pub name: String,
    /// Street and house, a line each.
    pub address: Vec<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city of the address.
    pub city: Option<String>,
    /// The country (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// The number by which it is registered for the tax.
    pub tax_id: Option<String>,
    /// The number in the register of companies.
    pub registration: Option<String>,
    /// The address that customers write to.
    pub email: Option<String>,
    /// The number that can be called.
    pub phone: Option<String>,
    /// The address of its pages in the web.
    pub website: Option<String>,
    /// In whose name the bank account is.
    pub bank_holder: Option<String>,
    /// The IBAN, or the number of the account where there is none.
    pub bank_account: Option<String>,
    /// The BIC, also named SWIFT code.
    pub bank_bic: Option<String>,
    /// The bank's name.
    pub bank_name: Option<String>,
    /// The terms of payment in words.
    pub payment_terms: Option<String>,
    /// The name of the tax.
    pub tax_name: String,
    /// A PNG file with the logo.
    pub logo: Option<PathBuf>,
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            name: "Tollgate".to_owned(),
            address: Vec::new(),
            postal_code: None,
            city: None,
            country: None,
            tax_id: None,
            registration: None,
            email: None,
            phone: None,
            website: None,
            bank_holder: None,
            bank_account: None,
            bank_bic: None,
            bank_name: None,
            payment_terms: None,
            tax_name: "VAT".to_owned(),
            logo: None,
        }
    }
}

/// Reads the table `[billing.issuer]`.
pub fn read_issuer(table: &mut TableReader, sources: &Sources) -> IssuerSettings {
    let default = IssuerSettings::default();
    let address = table.list("address", text(line)).unwrap_or_default();
    if address.len() > ADDRESS_LINES_MAX {
        table.problem("address", format!("has more than {ADDRESS_LINES_MAX} lines"));
    }
    let bank_account = table.optional("bank_account", text(line));
    for key in ["bank_holder", "bank_bic", "bank_name"] {
        if table.has(key) && bank_account.is_none() {
            table.problem(key, "needs bank_account beside it");
        }
    }
    let country = |code: &str| texts::country(code).map(|code| code.to_string());
    let file = |value: &DeValue| {
        let path = sources.path_of(&text(texts::file_name)(value)?);
        if path.is_file() { Ok(path) } else { Err(format!("there is no file {}", path.display())) }
    };
    IssuerSettings {
        name: table.or("name", default.name, text(line)),
        address,
        postal_code: table.optional("postal_code", text(line)),
        city: table.optional("city", text(line)),
        country: table.optional("country", text(country)),
        tax_id: table.optional("tax_id", text(line)),
        registration: table.optional("registration", text(line)),
        email: table.optional("email", text(texts::email)),
        phone: table.optional("phone", text(line)),
        website: table.optional("website", text(line)),
        bank_holder: table.optional("bank_holder", text(line)),
        bank_account,
        bank_bic: table.optional("bank_bic", text(line)),
        bank_name: table.optional("bank_name", text(line)),
        payment_terms: table.optional("payment_terms", text(line)),
        tax_name: table.or("tax_name", default.tax_name, text(line)),
        logo: table.optional("logo_file", file),
    }
}

/// One line for people.
fn line(text: &str) -> Parsed<String> {
    let characters = text.chars().count();
    if (1..=TEXT_MAX).contains(&characters) && !text.contains(char::is_control) && text.trim() == text {
        return Ok(text.to_owned());
    }
    Err(format!("{} is not one line of 1 to {TEXT_MAX} characters without blanks around it", quoted(text)))
}
