//! Documents that tests begin with.

use jiff::civil::{Date, date};
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Currency};

use super::{
    BankAccount, Content, CorrectedInvoice, DocumentCurrency, Kind, Line, Movement, Party, Period,
    StatementBalances, Tax, TaxCategory, Totals, Unit,
};

/// An invoice over two networks of two countries and a rounding line, partly paid.
pub fn invoice() -> Content {
    let lines = vec![
        line("Safaricom", Some(("Kenya", "639-02")), 3_457, 9_175, 3_172),
        line("Airtel", Some(("Kenya", "639-03")), 1_200, 25_000, 3_000),
        line("Rounding", None, 1, 10_000, 1),
    ];
    let taxes = vec![Tax {
        category: TaxCategory::Standard,
        rate_millionths: 160_000,
        reason: None,
        base: 6_173,
        amount: 988,
    }];
    Content {
        kind: Kind::Invoice,
        number: Some("HOUSE-2026-000042".to_owned()),
        issued: date(2026, 12, 1),
        due: Some(date(2026, 12, 15)),
        period: Some(november()),
        issuer: issuer(),
        customer: customer(),
        account: Some("acme".to_owned()),
        logo: None,
        currency: DocumentCurrency { code: Currency::new("EUR").unwrap(), exponent: 2 },
        lines,
        tax_name: "VAT".to_owned(),
        taxes,
        totals: Totals { net: 6_173, tax: 988, gross: 7_161, prepaid: 1_000, due: 6_161 },
        ledger_total: Some(Amount::from_micros(61_727_975)),
        payment_terms: Some("Payable within 14 days without deduction.".to_owned()),
        bank: Some(BankAccount {
            holder: Some("Example Messaging GmbH".to_owned()),
            account_number: "DE02120300000000202051".to_owned(),
            bic: Some("BYLADEM1001".to_owned()),
            bank_name: Some("Beispielbank Berlin".to_owned()),
        }),
        payment_reference: Some("HOUSE-2026-000042".to_owned()),
        pay_link: Some("https://billing.example.com/pay/5yKq3vT0".to_owned()),
        notes: vec!["Thank you for your business.".to_owned()],
    }
}

/// A credit note for a part of [`invoice`].
pub fn credit_note() -> Content {
    let mut content = invoice();
    content.kind = Kind::CreditNote(CorrectedInvoice {
        number: "HOUSE-2026-000042".to_owned(),
        issued: date(2026, 12, 1),
    });
    content.number = Some("HOUSE-2026-000043".to_owned());
    content.lines = vec![line("Refund: Safaricom", Some(("Kenya", "639-02")), 100, 9_175, 92)];
    content.taxes = vec![Tax { base: 92, amount: 15, ..content.taxes[0].clone() }];
    content.totals = Totals { net: 92, tax: 15, gross: 107, prepaid: 0, due: 107 };
    content.ledger_total = None;
    content.due = None;
    content
}

/// A statement of a prepaid account.
pub fn statement() -> Content {
    let mut content = invoice();
    let movements = [("Top-ups", 10_000), ("Usage", -8_161), ("Refunds", 7)];
    let movements = movements.map(|(text, amount)| Movement { description: text.to_owned(), amount });
    content.kind =
        Kind::Statement(StatementBalances { opening: 161, movements: movements.into(), closing: 2_007 });
    content.totals = Totals { prepaid: 7_161, due: 0, ..content.totals };
    content.due = None;
    content.pay_link = None;
    content.payment_terms = None;
    content
}

/// A line with the first tax, and for a network its country and codes.
pub fn line(text: &str, network: Option<(&str, &str)>, quantity: i64, micros: i64, total: i64) -> Line {
    Line {
        description: text.to_owned(),
        country: network.map(|(country, _)| country.to_owned()),
        network: network.map(|(_, codes)| codes.to_owned()),
        quantity,
        unit: if network.is_some() { Unit::Segment } else { Unit::Piece },
        unit_price: Amount::from_micros(micros),
        total,
        tax: 0,
    }
}

fn november() -> Period {
    let day = |day| -> Date { date(2026, 11, day) };
    Period { first: day(1), last: day(30) }
}

fn issuer() -> Party {
    Party {
        name: "Example Messaging GmbH".to_owned(),
        address_lines: vec!["Musterstraße 12".to_owned(), "10115 Berlin".to_owned()],
        postal_code: Some("10115".to_owned()),
        city: Some("Berlin".to_owned()),
        country: CountryCode::new("DE"),
        country_name: Some("Germany".to_owned()),
        tax_id: Some("DE123456789".to_owned()),
        registration: Some("HRB 98765 B".to_owned()),
        email: Some("billing@example.com".to_owned()),
        phone: Some("+49 30 1234567".to_owned()),
        website: Some("https://example.com".to_owned()),
    }
}

fn customer() -> Party {
    Party {
        name: "Acme Notifications Ltd".to_owned(),
        address_lines: vec!["1 Moi Avenue".to_owned(), "Nairobi".to_owned()],
        city: Some("Nairobi".to_owned()),
        country: CountryCode::new("KE"),
        country_name: Some("Kenya".to_owned()),
        tax_id: Some("P051234567A".to_owned()),
        email: Some("accounts@acme.example".to_owned()),
        ..Party::default()
    }
}
