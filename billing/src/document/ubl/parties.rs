//! Issuer and customer.

use super::elements::{Elements, Result};
use crate::document::content::Content;
use crate::document::party::Party;
use crate::document::tax::TaxCategory;

/// Prefixes of VAT numbers that are not the code of their country.
const OTHER_PREFIXES: [(&str, &str); 2] = [("GR", "EL"), ("GB", "XI")];

/// Writes both, the issuer first.
pub fn write(xml: &mut Elements, content: &Content) -> Result {
    // Outside the scope of VAT neither side may be named by a VAT number (BR-O-02).
    let with_vat = !content.taxes.iter().any(|tax| tax.category == TaxCategory::OutsideScope);
    let (issuer, customer) = (&content.issuer, &content.customer);
    xml.group("cac:AccountingSupplierParty", |xml| {
        let tax = Numbers::of(issuer, with_vat);
        let other = tax.other.filter(|_| with_vat);
        // Whoever has no other number is identified by the one for the tax (BR-CO-26).
        let identification = tax.other.filter(|_| issuer.registration.is_none());
        party(
            xml,
            issuer,
            &Written { identification, vat: tax.vat, other, registration: issuer.registration.as_deref() },
        )
    })?;
    xml.group("cac:AccountingCustomerParty", |xml| {
        let tax = Numbers::of(customer, with_vat);
        let registration = customer.registration.as_deref();
        let identification = tax.other.filter(|_| registration.is_some());
        let registration = registration.or(tax.other);
        party(xml, customer, &Written { identification, vat: tax.vat, other: None, registration })
    })
}

/// The tax number of a party if it is a VAT number in the sense of EN 16931: one that begins with its country (BR-CO-09).
pub fn vat_id(party: &Party) -> Option<&str> {
    let id = party.tax_id.as_deref()?.trim();
    let country = party.country?;
    let country = country.as_str();
    let other = OTHER_PREFIXES.iter().find(|(code, _)| *code == country).map(|(_, prefix)| *prefix);
    let begins = |prefix: &str| id.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    (begins(country) || other.is_some_and(begins)).then_some(id)
}

/// The tax number of a party, as a VAT number or as another one.
struct Numbers<'a> {
    vat: Option<&'a str>,
    other: Option<&'a str>,
}

impl<'a> Numbers<'a> {
    fn of(party: &'a Party, with_vat: bool) -> Self {
        let vat = vat_id(party).filter(|_| with_vat);
        let id = party.tax_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        Self { vat, other: id.filter(|_| vat.is_none()) }
    }
}

/// The numbers of a party, each in the element that it is written to.
struct Written<'a> {
    identification: Option<&'a str>,
    vat: Option<&'a str>,
    other: Option<&'a str>,
    registration: Option<&'a str>,
}

fn party(xml: &mut Elements, party: &Party, numbers: &Written) -> Result {
    xml.group("cac:Party", |xml| {
        if let Some(email) = given(party.email.as_ref()) {
            xml.with_attribute("cbc:EndpointID", ("schemeID", "EM"), email)?;
        }
        if let Some(id) = numbers.identification {
            xml.group("cac:PartyIdentification", |xml| xml.text("cbc:ID", id))?;
        }
        address(xml, party)?;
        for (id, scheme) in [(numbers.vat, "VAT"), (numbers.other, "TAX")] {
            let Some(id) = id else { continue };
            xml.group("cac:PartyTaxScheme", |xml| {
                xml.text("cbc:CompanyID", id)?;
                xml.group("cac:TaxScheme", |xml| xml.text("cbc:ID", scheme))
            })?;
        }
        xml.group("cac:PartyLegalEntity", |xml| {
            xml.text("cbc:RegistrationName", &party.name)?;
            xml.optional("cbc:CompanyID", numbers.registration)
        })?;
        if given(party.email.as_ref()).or(given(party.phone.as_ref())).is_none() {
            return Ok(());
        }
        xml.group("cac:Contact", |xml| {
            xml.optional("cbc:Telephone", party.phone.as_deref())?;
            xml.optional("cbc:ElectronicMail", party.email.as_deref())
        })
    })
}

fn address(xml: &mut Elements, party: &Party) -> Result {
    let lines = street_lines(party);
    let (first, further) = lines.split_at(lines.len().min(2));
    xml.group("cac:PostalAddress", |xml| {
        for (line, name) in first.iter().zip(["cbc:StreetName", "cbc:AdditionalStreetName"]) {
            xml.text(name, line)?;
        }
        xml.optional("cbc:CityName", party.city.as_deref())?;
        xml.optional("cbc:PostalZone", party.postal_code.as_deref())?;
        if !further.is_empty() {
            xml.group("cac:AddressLine", |xml| xml.text("cbc:Line", &further.join(", ")))?;
        }
        let Some(country) = party.country else { return Ok(()) };
        xml.group("cac:Country", |xml| xml.text("cbc:IdentificationCode", country.as_str()))
    })
}

/// The lines of an address without the one that has only city and postal code, which have elements of their own.
fn street_lines(party: &Party) -> Vec<&str> {
    let is_place = |line: &str| {
        let mut rest = line.to_owned();
        let places = [given(party.city.as_ref()), given(party.postal_code.as_ref())];
        let found = places.into_iter().flatten().filter(|place| {
            let shorter = rest.replacen(place, "", 1);
            std::mem::replace(&mut rest, shorter).contains(place)
        });
        found.count() > 0 && !rest.chars().any(char::is_alphanumeric)
    };
    let lines = party.address_lines.iter().map(|line| line.trim());
    lines.filter(|line| !line.is_empty() && !is_place(line)).collect()
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}
