//! Invoices and credit notes as the content of documents, and the XML made of it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::invoice_documents::{DocumentForm, DocumentsService};
use tollgate_api::invoice_terms::{self, Issuer, Party};
use tollgate_api::invoices::{InvoiceLine, InvoiceStatus, LineCategory};
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::problem::Problem;
use tollgate_api::time::Time;
use tollgate_billing::document::{
    self, BankAccount, Content, CorrectedInvoice, DocumentCurrency, InvoiceDocument, Kind, Line, Movement,
    Period, StatementBalances, Tax, TaxCategory, Totals, Unit, pdf, ubl,
};
use tollgate_billing::invoice::rounding::{micros_per_minor, tax, to_minor};
use tollgate_billing::period::date_at;
use tollgate_engine::country::CountryCode;
use tollgate_engine::time::UnixMicros;

use super::Invoices;
use super::credit_notes::CreditNoteRecord;
use super::logos::logo_of_issuer;
use super::record::{InvoiceRecord, Parties};
use super::statements::StatementRecord;
use super::terms::rate_millionths;
use tollgate_billing::minor_unit::decimals;
use tollgate_relay::snapshot::Snapshot;

impl DocumentsService for Invoices {
    fn invoice_file(&self, caller: &Caller, number: &str, form: DocumentForm) -> Answer<Vec<u8>> {
        let (_, record) = self.visible(caller, number)?;
        let snapshot = self.context.core.snapshot.load_full();
        let mut content = of_invoice(&snapshot, &record)?;
        content.pay_link = record.pay_link(self.context.public_url());
        self.written(content, record.parties.as_ref(), form)
    }

    fn credit_note_file(&self, caller: &Caller, number: &str, form: DocumentForm) -> Answer<Vec<u8>> {
        let note = self.credit_note_record(caller, number)?;
        let (_, invoice) = self.visible(caller, &note.invoice_number)?;
        let snapshot = self.context.core.snapshot.load_full();
        self.written(of_credit_note(&snapshot, &note, &invoice)?, Some(&note.parties), form)
    }

    fn statement_file(&self, caller: &Caller, number: &str) -> Answer<Vec<u8>> {
        let record = self.statement_record(caller, number)?;
        let snapshot = self.context.core.snapshot.load_full();
        let parties = Parties {
            issued_by: record.issued_by.clone(),
            seller: record.seller.clone(),
            buyer: record.buyer.clone(),
            time_zone: record.time_zone.clone(),
            ..Parties::default()
        };
        self.written(of_statement(&snapshot, &record, &parties)?, Some(&parties), DocumentForm::Pdf)
    }
}

impl Invoices {
    fn written(
        &self,
        mut content: Content,
        parties: Option<&Parties>,
        form: DocumentForm,
    ) -> Answer<Vec<u8>> {
        let issued_by = parties.and_then(|parties| parties.issued_by.as_deref());
        content.logo = logo_of_issuer(&self.context, issued_by)?.map(|logo| logo.octets);
        let document = InvoiceDocument::new(content).map_err(|error| {
            tracing::error!(%error, "the content of a document does not add up");
            Problem::internal("the content of the document does not add up")
        })?;
        match form {
            DocumentForm::Xml => ubl::ubl(&document)
                .map(|ubl| ubl.xml)
                .map_err(|error| Problem::wrong_state(error.to_string())),
            DocumentForm::Pdf => pdf::pdf(&document).map_err(|error| {
                tracing::error!(%error, "a document cannot be written");
                Problem::internal("the document cannot be written")
            }),
        }
    }
}

/// Minor units of a currency.
#[derive(Clone, Copy)]
struct Minor {
    currency: CurrencyCode,
    decimals: u32,
}

impl Minor {
    fn of(currency: CurrencyCode) -> Self {
        Self { currency, decimals: decimals(currency.0) }
    }

    /// Money in minor units. What an earlier version wrote may be finer, and has no document.
    fn units(self, money: Money) -> Answer<i64> {
        let (micros, unit) = (i128::from(money.0.micros()), micros_per_minor(self.decimals));
        if micros % unit != 0 {
            return Err(Problem::wrong_state(
                "it was made by an earlier version, whose amounts are finer than the currency's minor unit",
            ));
        }
        i64::try_from(micros / unit)
            .map_err(|_| Problem::internal("an amount of the document cannot be held"))
    }

    fn document(self) -> DocumentCurrency {
        let exponent = u8::try_from(self.decimals).unwrap_or_default();
        DocumentCurrency { code: self.currency.0, exponent }
    }
}

/// The content of an invoice.
pub fn of_invoice(snapshot: &Snapshot, record: &InvoiceRecord) -> Answer<Content> {
    let minor = Minor::of(record.currency);
    let parties = record.parties.clone().unwrap_or_default();
    let lines = record.content.lines.iter().map(|line| of_line(snapshot, minor, line));
    let lines = lines.collect::<Answer<Vec<_>>>()?;
    let (gross, open) = (record.gross(), record.amount_open());
    let gross = minor.units(super::record::shown(gross))?;
    let due = open.map_or(Ok(gross), |open| minor.units(open))?;
    let frame = Frame {
        minor,
        parties: &parties,
        account: &record.account,
        issued: record.issued_at.unwrap_or(record.created_at),
        total: record.content.total,
    };
    let mut content = frame.content(snapshot, Kind::Invoice, lines)?;
    content.number = Some(record.number.clone()).filter(|number| !number.is_empty());
    content.due = record.due_at.and_then(|due| date(&parties, due.0));
    content.period = period(&parties, record.period_start.0, record.period_end.0);
    content.totals.due = due;
    content.totals.prepaid = content.totals.gross - due;
    content.ledger_total = Some(record.exact().0);
    content.payment_reference.clone_from(&content.number);
    if record.status == InvoiceStatus::Cancelled {
        content.notes.push("This invoice was cancelled.".to_owned());
    }
    Ok(content)
}

/// The content of a credit note.
pub fn of_credit_note(
    snapshot: &Snapshot,
    note: &CreditNoteRecord,
    invoice: &InvoiceRecord,
) -> Answer<Content> {
    let minor = Minor::of(note.currency);
    let mut lines =
        note.lines.iter().map(|line| of_line(snapshot, minor, line)).collect::<Answer<Vec<_>>>()?;
    if lines.is_empty() {
        lines.push(Line {
            description: note.reason.clone(),
            country: None,
            network: None,
            quantity: 1,
            unit: Unit::Piece,
            unit_price: note.net.0,
            total: minor.units(note.net)?,
            tax: 0,
        });
    }
    let frame = Frame {
        minor,
        parties: &note.parties,
        account: &note.account,
        issued: note.issued_at,
        total: note.net,
    };
    let issued = date(&note.parties, invoice.issued_at.unwrap_or(invoice.created_at).0).unwrap_or_default();
    let corrected = CorrectedInvoice { number: invoice.number.clone(), issued };
    let mut content = frame.content(snapshot, Kind::CreditNote(corrected), lines)?;
    content.number = Some(note.number.clone());
    if !note.lines.is_empty() {
        content.notes.push(note.reason.clone());
    }
    Ok(content)
}

/// The content of a statement. Each movement is rounded, and what that has moved is one more.
fn of_statement(snapshot: &Snapshot, record: &StatementRecord, parties: &Parties) -> Answer<Content> {
    let minor = Minor::of(record.currency);
    let rounded = |micros| {
        let units = i64::try_from(to_minor(micros, minor.decimals));
        units.map_err(|_| Problem::internal("an amount of the document cannot be held"))
    };
    let (opening, closing) = (rounded(record.opening_micros)?, rounded(record.closing_micros)?);
    let mut movements = Vec::new();
    for (kind, count, micros) in &record.movements {
        let description = format!("{} ({count})", kind_in_words(kind));
        movements.push(Movement { description, amount: rounded(*micros)? });
    }
    let rest = closing - opening - movements.iter().map(|movement| movement.amount).sum::<i64>();
    if rest != 0 {
        movements.push(Movement { description: "Rounding".to_owned(), amount: rest });
    }
    let frame = Frame {
        minor,
        parties,
        account: &record.account,
        issued: record.created_at,
        total: Money::default(),
    };
    let kind = Kind::Statement(StatementBalances { opening, movements, closing });
    let mut content = frame.content(snapshot, kind, Vec::new())?;
    content.number = Some(record.number.clone());
    content.period = period(parties, record.period_start.0, record.period_end.0);
    Ok(content)
}

/// The kind of an entry in words, such as `Top up`.
fn kind_in_words(kind: &str) -> String {
    if kind == "sms_debit" {
        return "SMS".to_owned();
    }
    let words = kind.replace('_', " ");
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The parts that all documents have.
struct Frame<'a> {
    minor: Minor,
    parties: &'a Parties,
    account: &'a str,
    issued: Time,
    /// The sum of the lines.
    total: Money,
}

impl Frame<'_> {
    fn content(&self, snapshot: &Snapshot, kind: Kind, lines: Vec<Line>) -> Answer<Content> {
        let Issuer { party, bank, payment_terms, tax_name } = &self.parties.seller;
        let base = i128::from(self.total.0.micros());
        let rate = rate_millionths(&self.parties.tax);
        let tax = super::record::shown(tax(base, rate, self.minor.decimals));
        let (net, tax) = (self.minor.units(self.total)?, self.minor.units(tax)?);
        let taxes = if lines.is_empty() { Vec::new() } else { vec![self.tax(net, tax, rate)] };
        Ok(Content {
            kind,
            number: None,
            issued: date(self.parties, self.issued.0).unwrap_or_default(),
            due: None,
            period: None,
            issuer: side(snapshot, party),
            customer: side(snapshot, &self.parties.buyer),
            account: Some(self.account.to_owned()),
            logo: None,
            currency: self.minor.document(),
            lines,
            tax_name: tax_name.clone().unwrap_or_else(|| "VAT".to_owned()),
            taxes,
            totals: Totals { net, tax, gross: net + tax, prepaid: 0, due: net + tax },
            ledger_total: None,
            payment_terms: payment_terms.clone(),
            bank: bank.clone().map(|bank| BankAccount {
                holder: bank.holder,
                account_number: bank.account_number,
                bic: bank.bic,
                bank_name: bank.bank_name,
            }),
            payment_reference: None,
            pay_link: None,
            notes: Vec::new(),
        })
    }

    fn tax(&self, base: i64, amount: i64, rate_millionths: u32) -> Tax {
        let terms = &self.parties.tax;
        let category = match terms.category {
            invoice_terms::TaxCategory::Standard => TaxCategory::Standard,
            invoice_terms::TaxCategory::ZeroRated => TaxCategory::ZeroRated,
            invoice_terms::TaxCategory::Exempt => TaxCategory::Exempt,
            invoice_terms::TaxCategory::ReverseCharge => TaxCategory::ReverseCharge,
            invoice_terms::TaxCategory::Export => TaxCategory::Export,
            invoice_terms::TaxCategory::OutsideScope => TaxCategory::OutsideScope,
        };
        let usual = || Some("Not subject to tax".to_owned());
        let reason = if category.needs_reason() { terms.reason.clone().or_else(usual) } else { None };
        Tax { category, rate_millionths, reason, base, amount }
    }
}

fn of_line(snapshot: &Snapshot, minor: Minor, line: &InvoiceLine) -> Answer<Line> {
    let details = &line.details;
    let quantity =
        i64::try_from(line.quantity).map_err(|_| Problem::internal("a quantity cannot be held"))?;
    let is_below = line.unit_price.0.is_negative();
    let unit_price = if is_below { line.unit_price.0.negated() } else { line.unit_price.0 };
    let unit = if line.category == LineCategory::Sms { Unit::Segment } else { Unit::Piece };
    let network = details.mcc.as_ref().map(|mcc| match &details.mnc {
        Some(mnc) => format!("{mcc}-{mnc}"),
        None => mcc.clone(),
    });
    Ok(Line {
        description: line.description.clone(),
        country: details.country_code.as_deref().map(|code| country_name(snapshot, code)),
        network,
        quantity: if is_below { -quantity } else { quantity },
        unit,
        unit_price,
        total: minor.units(line.total)?,
        tax: 0,
    })
}

fn side(snapshot: &Snapshot, party: &Party) -> document::Party {
    let place = match (&party.postal_code, &party.city) {
        (Some(code), Some(city)) => Some(format!("{code} {city}")),
        (code, city) => code.clone().or_else(|| city.clone()),
    };
    document::Party {
        name: party.name.clone().unwrap_or_else(|| "-".to_owned()),
        address_lines: party.address_lines.iter().cloned().chain(place).collect(),
        postal_code: party.postal_code.clone(),
        city: party.city.clone(),
        country: party.country.as_deref().and_then(CountryCode::new),
        country_name: party.country.as_deref().map(|code| country_name(snapshot, code)),
        tax_id: party.tax_id.clone(),
        registration: party.registration.clone(),
        email: party.email.clone(),
        phone: party.phone.clone(),
        website: party.website.clone(),
    }
}

/// The name of a country that messages go to; the code of any other.
fn country_name(snapshot: &Snapshot, code: &str) -> String {
    let found = snapshot.tables.networks.country_of_code(code);
    found.map_or_else(|| code.to_owned(), |country| country.name.to_string())
}

fn date(parties: &Parties, at: UnixMicros) -> Option<Date> {
    let zone = TimeZone::get(&parties.time_zone).unwrap_or(TimeZone::UTC);
    date_at(at, &zone)
}

/// The days of a period; the instant behind it is of the next day.
fn period(parties: &Parties, start: UnixMicros, end: UnixMicros) -> Option<Period> {
    let last = UnixMicros(end.0.saturating_sub(1));
    Some(Period { first: date(parties, start)?, last: date(parties, last)? })
}
