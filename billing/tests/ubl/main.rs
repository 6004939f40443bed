//! Documents before the official judge: the schema of UBL 2.1 and the rules of EN 16931, run by Saxon.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests stop at a surprise")]

#[path = "../../src/document/sample.rs"]
#[expect(dead_code, reason = "it also has a statement, which is no UBL")]
mod sample;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Currency};

use sample::{credit_note, invoice, line};
use tollgate_billing::document::ubl::{Departure, ubl};
// Also what the samples are made of.
use tollgate_billing::document::{
    BankAccount, Content, CorrectedInvoice, DocumentCurrency, InvoiceDocument, Kind, Line, Movement, Party,
    Period, StatementBalances, Tax, TaxCategory, Totals, Unit,
};

/// The findings of the judge in one file: errors of the schema, and rules that are broken.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    schema: Vec<String>,
    rules: Vec<String>,
}

#[test]
fn every_kind_of_document_passes_the_official_rules() {
    let mut files = vec![("must-fail-sum", wrong_sum()), ("must-fail-schema", wrong_element())];
    let documents = following_the_norm();
    for (name, content) in &documents {
        let ubl = ubl(&InvoiceDocument::new(content.clone()).expect(name)).expect(name);
        assert_eq!(ubl.departure, None, "{name}");
        files.push((name, ubl.xml));
    }
    let verdicts = judged("norm", &files);

    // A judge that finds nothing in a document that is wrong is not asked about the others.
    assert!(
        verdicts["must-fail-sum"].rules.iter().any(|rule| rule.starts_with("[BR-CO-10]")),
        "{verdicts:?}"
    );
    assert!(!verdicts["must-fail-schema"].schema.is_empty(), "{verdicts:?}");
    for (name, _) in documents {
        assert_eq!(verdicts[name], Verdict { schema: vec![], rules: vec![] }, "{name}");
    }
}

#[test]
fn documents_that_cannot_follow_the_norm_are_valid_by_the_schema_and_say_why() {
    let documents = departing();
    let mut files = Vec::new();
    for (name, departure, content) in &documents {
        let ubl = ubl(&InvoiceDocument::new(content.clone()).expect(name)).expect(name);
        assert_eq!(ubl.departure, Some(*departure), "{name}");
        let note = format!("<cbc:Note>This document does not follow EN 16931: {departure}.</cbc:Note>");
        assert!(String::from_utf8_lossy(&ubl.xml).contains(&note), "{name}");
        files.push((*name, ubl.xml));
    }
    let verdicts = judged("plain", &files);
    for (name, departure, _) in documents {
        assert_eq!(verdicts[name].schema, Vec::<String>::new(), "{name}");
        assert!(!verdicts[name].rules.is_empty(), "{name} could follow the norm, and says {departure:?}");
    }
}

/// An invoice whose lines come to a cent less than the sum that it states.
fn wrong_sum() -> Vec<u8> {
    let ubl = ubl(&InvoiceDocument::new(invoice()).unwrap()).unwrap();
    let text = String::from_utf8(ubl.xml).unwrap();
    let right = "<cbc:LineExtensionAmount currencyID=\"EUR\">30.00<";
    assert!(text.contains(right));
    text.replacen(right, "<cbc:LineExtensionAmount currencyID=\"EUR\">29.99<", 1).into_bytes()
}

/// An invoice with an element that UBL does not have.
fn wrong_element() -> Vec<u8> {
    let ubl = ubl(&InvoiceDocument::new(invoice()).unwrap()).unwrap();
    String::from_utf8(ubl.xml).unwrap().replace("cbc:DueDate", "cbc:DayOfDue").into_bytes()
}

/// Documents that follow EN 16931, each with a name.
fn following_the_norm() -> Vec<(&'static str, Content)> {
    vec![
        ("invoice", invoice()),
        ("credit-note", credit_note()),
        ("one-line", with_lines(vec![line("Safaricom", Some(("Kenya", "639-02")), 1, 1, 0)], standard())),
        ("many-lines", many_lines()),
        ("negative-line", negative_line()),
        ("all-taken-back", with_lines(vec![line("Taken back", None, -3, 1_000_000, -300)], standard())),
        ("two-rates", two_rates()),
        ("reverse-charge", with_tax(TaxCategory::ReverseCharge, "Reverse charge")),
        ("exempt", with_tax(TaxCategory::Exempt, "Exempt by § 4 UStG")),
        ("zero-rated", with_tax(TaxCategory::ZeroRated, "")),
        ("export", with_tax(TaxCategory::Export, "Export outside the EU")),
        ("outside-scope", with_tax(TaxCategory::OutsideScope, "Not subject to VAT")),
        ("any-script", any_script()),
        ("kenyan-issuer", kenyan_issuer()),
        ("bare", bare()),
        ("no-decimals", no_decimals()),
        ("long-texts", long_texts()),
    ]
}

/// Documents that cannot follow EN 16931, each with a name and the reason.
fn departing() -> Vec<(&'static str, Departure, Content)> {
    let changed = |change: fn(&mut Content)| {
        let mut content = invoice();
        change(&mut content);
        content
    };
    vec![
        ("dinar", Departure::Decimals, three_decimals()),
        (
            "unknown-currency",
            Departure::Currency,
            changed(|it| it.currency.code = Currency::new("ZZZ").unwrap()),
        ),
        ("no-issuer-country", Departure::IssuerCountry, changed(|it| it.issuer.country = None)),
        ("no-customer-country", Departure::CustomerCountry, changed(|it| it.customer.country = None)),
        ("kosovo", Departure::CustomerCountry, changed(|it| it.customer.country = CountryCode::new("XK"))),
        (
            "no-number",
            Departure::IssuerNumber,
            changed(|it| (it.issuer.tax_id, it.issuer.registration) = (None, None)),
        ),
        ("no-tax-number", Departure::IssuerTaxNumber, changed(|it| it.issuer.tax_id = None)),
        ("export-without-vat", Departure::IssuerVatNumber, {
            let mut content = with_tax(TaxCategory::Export, "Export");
            content.issuer.tax_id = Some("12/345/67890".to_owned());
            content
        }),
        ("reverse-charge-to-nobody", Departure::CustomerNumber, {
            let mut content = with_tax(TaxCategory::ReverseCharge, "Reverse charge");
            content.customer.tax_id = None;
            content
        }),
    ]
}

fn standard() -> Tax {
    Tax { category: TaxCategory::Standard, rate_millionths: 190_000, reason: None, base: 0, amount: 0 }
}

/// An invoice with these lines, all of one tax.
fn with_lines(lines: Vec<Line>, tax: Tax) -> Content {
    let net: i64 = lines.iter().map(|line| line.total).sum();
    let amount = (net * i64::from(tax.rate_millionths) + 500_000).div_euclid(1_000_000);
    let taxes = vec![Tax { base: net, amount, ..tax }];
    let totals = Totals { net, tax: amount, gross: net + amount, prepaid: 0, due: net + amount };
    Content { lines, taxes, totals, ledger_total: None, ..invoice() }
}

fn with_tax(category: TaxCategory, reason: &str) -> Content {
    let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
    with_lines(invoice().lines, Tax { category, rate_millionths: 0, reason, ..standard() })
}

fn many_lines() -> Content {
    let lines = (1..=500).map(|index| {
        let total = (index * 12_345 + 5_000) / 10_000;
        line(&format!("Network {index}"), Some(("Kenya", "639-02")), index, 12_345, total)
    });
    let mut lines: Vec<_> = lines.collect();
    lines.push(line("Rounding", None, -1, 30_000, -3));
    with_lines(lines, standard())
}

fn negative_line() -> Content {
    let mut lines = invoice().lines;
    lines.push(line("Refund of messages that were not delivered", None, -7, 25_000, -18));
    with_lines(lines, standard())
}

fn two_rates() -> Content {
    let mut content = with_lines(invoice().lines, standard());
    content.lines[1].tax = 1;
    content.taxes = vec![
        Tax { base: 3_173, amount: 603, ..standard() },
        Tax { rate_millionths: 75_000, base: 3_000, amount: 225, ..standard() },
    ];
    content.totals = Totals { net: 6_173, tax: 828, gross: 7_001, prepaid: 0, due: 7_001 };
    content
}

fn any_script() -> Content {
    let mut content = invoice();
    content.customer.name = String::from("<&\"'>\u{0}\u{1b}\u{ffff} 中文 العربية ኢትዮጵያ Ωμέγα Жизнь 😀");
    content.customer.address_lines =
        vec!["]]> &amp; \u{7}".to_owned(), "\n\t".to_owned(), "c\r\nd".to_owned()];
    content.notes = vec!["Line one\nline two \u{b}".to_owned(), "  ".to_owned()];
    content.lines[0].description = String::from("\u{1}");
    content
}

/// An issuer whose tax number does not begin with its country, and who has no registration.
fn kenyan_issuer() -> Content {
    let mut content = invoice();
    content.issuer = Party { name: "Nairobi Messaging".to_owned(), ..content.customer.clone() };
    content.currency = DocumentCurrency { code: Currency::new("KES").unwrap(), exponent: 2 };
    content
}

/// An invoice without anything that can be left out.
fn bare() -> Content {
    let party = |party: Party| Party {
        name: party.name,
        country: party.country,
        tax_id: party.tax_id,
        ..Party::default()
    };
    let content = invoice();
    Content {
        due: None,
        period: None,
        issuer: party(content.issuer.clone()),
        customer: Party { tax_id: None, ..party(content.customer.clone()) },
        account: None,
        payment_terms: None,
        bank: None,
        payment_reference: None,
        pay_link: None,
        notes: Vec::new(),
        ..content
    }
}

fn no_decimals() -> Content {
    let lines = vec![line("Docomo", Some(("Japan", "440-10")), 1_000, 3_250_000, 3_250)];
    let currency = DocumentCurrency { code: Currency::new("JPY").unwrap(), exponent: 0 };
    let mut content = Content { currency, ..with_lines(lines, standard()) };
    content.ledger_total = Some(Amount::from_micros(3_250_000_000));
    content
}

fn three_decimals() -> Content {
    let lines = vec![line("Zain", Some(("Kuwait", "419-02")), 1_000, 1_234, 1_234)];
    let currency = DocumentCurrency { code: Currency::new("KWD").unwrap(), exponent: 3 };
    Content { currency, ..with_lines(lines, standard()) }
}

fn long_texts() -> Content {
    let mut content = invoice();
    let long = "a long text ".repeat(1_000);
    content.customer.name.clone_from(&long);
    content.customer.address_lines = vec![long.clone(); 20];
    content.lines[0].description.clone_from(&long);
    content.notes = vec![long; 5];
    content
}

/// Has files judged in one run.
fn judged(purpose: &str, files: &[(&str, Vec<u8>)]) -> BTreeMap<String, Verdict> {
    let folder = std::env::temp_dir().join(format!("tollgate-ubl-{purpose}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, xml) in files {
        std::fs::write(folder.join(format!("{name}.xml")), xml).unwrap();
    }
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ubl/judge.py");
    let output = Command::new(tools().join("ubl/bin/python")).arg(judge).arg(&folder).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let texts = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let verdicts: BTreeMap<_, _> = lines
        .lines()
        .map(|line| {
            let found: Value = serde_json::from_str(line).unwrap();
            assert!(found["rules_fired"].as_u64() >= Some(40), "the rules were looked at: {found}");
            let name = found["file"].as_str().unwrap().trim_end_matches(".xml").to_owned();
            (name, Verdict { schema: texts(&found["schema"]), rules: texts(&found["rules"]) })
        })
        .collect();
    assert_eq!(verdicts.len(), files.len(), "every file was judged");
    verdicts
}

/// The folder of the programs that `ops/setup.sh test` installs.
fn tools() -> PathBuf {
    if let Some(tools) = std::env::var_os("TOLLGATE_TOOLS") {
        return tools.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops/cache-dir.sh");
    let output = Command::new(script).arg("tools").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}
