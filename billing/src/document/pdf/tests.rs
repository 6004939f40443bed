//! Documents as files and as pages.

use jiff::civil::date;
use proptest::collection::vec;
use proptest::prelude::*;

use super::flow::Flow;
use super::fonts::Fonts;
use super::page::{Align, Item, Page};
use super::style::{BOTTOM, FOOTER, LEFT, RIGHT};
use super::text::Shaper;
use super::{pages, pdf};
use crate::document::sample::{credit_note, invoice, line, statement};
use crate::document::{Content, InvoiceDocument, Kind, Movement, Tax, TaxCategory, Totals};

/// A picture of one pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x68, 0, 0, 0,
    0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

const COUNTRIES: [&str; 5] = ["Ethiopia", "Ghana", "Kenya", "Nigeria", "Uganda"];

fn file(content: Content) -> Vec<u8> {
    pdf(&InvoiceDocument::new(content).unwrap()).unwrap()
}

/// Writes files into the folder that a variable names, for whoever wants to look at them.
fn keep(name: &str, octets: &[u8]) {
    if let Some(folder) = std::env::var_os("TOLLGATE_PDF_FOLDER") {
        std::fs::write(std::path::Path::new(&folder).join(name), octets).unwrap();
    }
}

fn shaper() -> Shaper {
    Shaper::new(Fonts::load().unwrap())
}

fn texts(page: &Page) -> Vec<&str> {
    page.items
        .iter()
        .filter_map(|item| match item {
            Item::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect()
}

/// The first page's texts.
fn first_page(content: &Content) -> Vec<String> {
    let shaper = shaper();
    let (pages, _) = pages(content, &shaper, false);
    texts(&pages[0]).into_iter().map(str::to_owned).collect()
}

fn long_invoice(count: i64) -> Content {
    let lines = (0..count).map(|index| {
        let country = COUNTRIES[usize::try_from(index * 5 / count).unwrap()];
        let total = (index * 21_600 + 5_000) / 10_000;
        line(&format!("Network {index}"), Some((country, "639-02")), index, 21_600, total)
    });
    let lines: Vec<_> = lines.collect();
    let net: i64 = lines.iter().map(|line| line.total).sum();
    let taxes = vec![Tax {
        base: net,
        amount: 0,
        category: TaxCategory::ZeroRated,
        rate_millionths: 0,
        reason: None,
    }];
    let totals = Totals { net, tax: 0, gross: net, prepaid: 0, due: net };
    Content { lines, taxes, totals, ledger_total: None, ..invoice() }
}

/// Customers of many scripts, long texts, a logo, a draft.
fn hard_to_set() -> Content {
    let mut content = invoice();
    content.number = None;
    content.logo = Some(PNG.to_vec());
    content.customer.name = "شركة الاتصالات (Acme) ኢትዮ ቴሌኮም".to_owned();
    content.customer.address_lines = vec![
        "Χαριλάου Τρικούπη 12, улица Ленина 5".to_owned(),
        "Nguyễn Văn Cừ, हिन्दी बाज़ार, বাংলা, ถนนสุขุมวิท".to_owned(),
        "רחוב הרצל 7, Երևան, თბილისი, 東京 😀".to_owned(),
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft 99999999"
            .to_owned(),
    ];
    content.lines[0].description = "A very long description that goes on ".repeat(20);
    content.lines[1].network = Some("639-03, 639-04, 639-05, 639-06".to_owned());
    content.notes = vec!["A long note about everything. ".repeat(60)];
    content
}

#[test]
fn each_kind_of_document_is_a_file_that_obeys_the_rules_of_pdf_a() {
    for (name, content) in [
        ("invoice.pdf", invoice()),
        ("credit-note.pdf", credit_note()),
        ("statement.pdf", statement()),
        ("long.pdf", long_invoice(90)),
        ("hard-to-set.pdf", hard_to_set()),
    ] {
        let octets = file(content);
        assert!(octets.starts_with(b"%PDF-1.7"), "{name}");
        keep(name, &octets);
    }
}

#[test]
fn the_same_content_is_the_same_file() {
    assert_eq!(file(hard_to_set()), file(hard_to_set()));
    assert_ne!(file(invoice()), file(Content { issued: date(2026, 12, 2), ..invoice() }));
}

#[test]
fn the_xml_is_attached_where_there_is_one() {
    let has_xml = |content| {
        let octets = file(content);
        octets.windows(11).any(|part| part == b"invoice.xml")
    };
    assert!(has_xml(invoice()) && has_xml(credit_note()));
    assert!(!has_xml(statement()) && !has_xml(Content { number: None, ..invoice() }));
}

#[test]
fn a_logo_that_cannot_be_read_is_left_out() {
    let without = file(invoice());
    let mut cut = PNG.to_vec();
    cut.truncate(50);
    let mut broken = PNG.to_vec();
    broken[43] ^= 0xff;
    let mut huge = PNG.to_vec();
    huge[16..24].fill(0x7f);
    for logo in [vec![], b"GIF89a".to_vec(), cut, broken, huge, vec![0; 2 << 20]] {
        assert_eq!(file(Content { logo: Some(logo), ..invoice() }).len(), without.len());
    }
    assert!(file(Content { logo: Some(PNG.to_vec()), ..invoice() }).len() > without.len());
}

#[test]
fn a_page_shows_the_numbers_of_the_document() {
    let page = first_page(&invoice());
    for text in [
        "Invoice",
        "HOUSE-2026-000042",
        "1 December 2026",
        "15 December 2026",
        "1 November 2026 – 30 November 2026",
        "EUR 61.61 due 15 December 2026",
        "Pay online",
        "https://billing.example.com/pay/5yKq3vT0",
        "Kenya",
        "Safaricom",
        "639-02",
        "3,457",
        "0.009175",
        "16 %",
        "31.72",
        "VAT 16 % on 61.73",
        "9.88",
        "71.61",
        "10.00",
        "EUR 61.61",
        "The exact total of the ledger is EUR 61.727975.",
        "DE02120300000000202051",
        "Page 1 of 1",
    ] {
        assert!(page.iter().any(|shown| shown == text), "{text} in {page:?}");
    }
}

#[test]
fn credit_notes_and_statements_ask_for_nothing() {
    for (content, shown) in [(credit_note(), "EUR 1.07 credited"), (statement(), "Closing balance EUR 20.07")]
    {
        let page = first_page(&content);
        assert!(page.iter().any(|text| text == shown), "{page:?}");
        assert!(!page.iter().any(|text| text.contains("Bank transfer") || text == "Amount due"), "{page:?}");
    }
    let page = first_page(&credit_note());
    assert!(page.iter().any(|text| text == "HOUSE-2026-000042 of 1 December 2026"), "{page:?}");
}

#[test]
fn a_long_table_repeats_its_head_and_carries_its_sum() {
    let content = long_invoice(200);
    let shaper = shaper();
    let (pages, _) = pages(&content, &shaper, false);
    assert!(pages.len() > 3);
    let behind = |page: &Page, label: &str| {
        let texts = texts(page);
        let place = texts.iter().position(|text| *text == label)?;
        texts.get(place + 1).map(|text| (*text).to_owned())
    };
    for (index, pair) in pages.windows(2).enumerate() {
        assert!(texts(&pair[1]).contains(&format!("Page {} of {}", index + 2, pages.len()).as_str()));
        let Some(carried) = behind(&pair[0], "Carried over") else { continue };
        assert_eq!(behind(&pair[1], "Brought forward"), Some(carried));
        assert!(texts(&pair[1]).contains(&"Unit price"));
        let headings = texts(&pair[1]).iter().filter(|text| text.ends_with(" (continued)")).count();
        assert!(
            headings <= 1 && (headings == 1 || texts(&pair[1]).iter().any(|text| COUNTRIES.contains(text)))
        );
    }
    // The last sum that is carried and the lines of the last page come to the total.
    let last = pages.iter().rposition(|page| behind(page, "Brought forward").is_some()).unwrap();
    let carried =
        behind(&pages[last], "Brought forward").unwrap().replace([',', '.'], "").parse::<i64>().unwrap();
    let rows = texts(&pages[last]).iter().filter(|text| text.starts_with("Network ")).count();
    let rest: i64 = content.lines.iter().rev().take(rows).map(|line| line.total).sum();
    assert_eq!(carried + rest, content.totals.net);
}

#[test]
fn ten_thousand_lines_are_one_file_of_bounded_size() {
    let begin = std::time::Instant::now();
    let octets = file(long_invoice(10_000));
    println!("{} octets in {:?}", octets.len(), begin.elapsed());
    assert!(octets.len() < 12 << 20);
    keep("ten-thousand-lines.pdf", &octets);
}

#[test]
fn numbers_of_any_size_are_shown_whole() {
    let mut content = statement();
    if let Kind::Statement(balances) = &mut content.kind {
        balances.movements = vec![Movement { description: "Top-ups".to_owned(), amount: i64::MAX }];
        (balances.opening, balances.closing) = (0, i64::MAX);
    }
    assert!(first_page(&content).iter().any(|text| text == "92,233,720,368,547,758.07"));
    assert_inside(&content);
    file(content);
}

/// Asserts that every item stands on its page, above the footer, and that no text is wider than its place.
fn assert_inside(content: &Content) {
    let shaper = shaper();
    let (pages, _) = pages(content, &shaper, false);
    for page in &pages {
        for item in &page.items {
            let Item::Text(text) = item else { continue };
            let (left, right) = match text.align {
                Align::Left => (text.x, text.x + text.width),
                Align::Right => (text.x - text.width, text.x),
            };
            assert!(left >= LEFT - 0.1 && right <= RIGHT + 0.1, "{}", text.text);
            assert!(text.y <= BOTTOM + 0.1 || text.y >= FOOTER - 0.1, "{} at {}", text.text, text.y);
            let (line, size) = super::painter::fitted(text, &shaper);
            assert!(line.width * size <= text.width * 1.03, "{} is too wide", text.text);
            assert!(size > 2.0, "{} is too small", text.text);
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{1,40}",
        "\\PC{1,200}",
        "[a-z ]{1,3000}",
        "[\u{600}-\u{6ff}\u{900}-\u{9ff}\u{1200}-\u{137f}\u{200c}\u{200d}\u{300}-\u{36f} a-z]{1,80}",
    ]
    .prop_map(|text| if text.trim().is_empty() { "x".to_owned() } else { text })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_texts_are_set_without_an_error(
        texts in vec(any_text(), 12), address in vec(any_text(), 0..20), notes in vec(any_text(), 0..10),
    ) {
        let mut content = invoice();
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        content.number = Some(next());
        content.issuer.name = next();
        content.issuer.email = Some(next());
        content.customer.name = next();
        content.customer.tax_id = Some(next());
        content.customer.address_lines = address;
        content.account = Some(next());
        content.lines[0].description = next();
        content.lines[0].country = Some(next());
        content.lines[0].network = Some(next());
        content.tax_name = next();
        content.payment_reference = Some(next());
        content.pay_link = Some(format!("https://{}", next()));
        content.notes = notes;
        assert_inside(&content);
        let document = InvoiceDocument::new(content).unwrap();
        prop_assert!(pdf(&document).is_ok(), "{:?}", pdf(&document).err());
    }
}

#[test]
fn a_page_is_never_left_empty_by_a_break() {
    let shaper = shaper();
    let mut flow = Flow::new(&shaper, ["Invoice".to_owned(), "House".to_owned()]);
    for _ in 0..200 {
        flow.paragraph("Text", super::style::BODY);
    }
    let (pages, _) = flow.finish("House");
    assert!(pages.iter().all(|page| texts(page).contains(&"Text")));
}
