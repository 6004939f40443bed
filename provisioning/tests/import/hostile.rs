//! Files that are made to do harm, and any octets at all: a list or problems, never a panic, and never more memory than the
//! bounds allow.

use tollgate_engine::money::Currency;
use tollgate_provisioning::Loaded;
use tollgate_provisioning::import::{
    ImportProfile, NetworkDirectory, OCTETS_MAX, PriceList, ReadOptions, RefusedList, Wording,
    read_price_list,
};

use crate::support::shipped;
use crate::workbooks::{NO_STRINGS, sheet_of, workbook};

const HEADER: &str = "MCC,MNC,Price,Currency\n";

fn read(loaded: &Loaded, octets: &[u8]) -> Result<PriceList, RefusedList> {
    let directory = NetworkDirectory::of(&loaded.provisioning);
    read_with(&directory, octets, &ImportProfile::default())
}

fn read_with(
    directory: &NetworkDirectory<'_>,
    octets: &[u8],
    profile: &ImportProfile,
) -> Result<PriceList, RefusedList> {
    let currency = Currency::new("USD").unwrap();
    let options = ReadOptions {
        name: "list",
        profile,
        currency,
        plan: None,
        effective: None,
        wording: Wording::Fields,
    };
    read_price_list(octets, &options, directory)
}

fn refusal(octets: &[u8]) -> String {
    match read(&shipped(), octets) {
        Ok(list) => panic!("{:?}", list.mapping),
        Err(refused) => refused.problems.to_string(),
    }
}

#[test]
fn a_workbook_that_unpacks_without_end_is_refused() {
    let strings = format!("<sst><si><t>{}</t></si></sst>", " ".repeat(OCTETS_MAX + 1));
    assert!(refusal(&workbook("<worksheet/>", &strings)).contains("unpacks to more than"));
}

#[test]
fn nothing_is_reserved_that_a_workbook_only_declares() {
    let sheet = r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c t="s"><v>0</v></c><c t="s"><v>99999999999</v></c></row></sheetData></worksheet>"#;
    let strings =
        r#"<sst count="18446744073709551615" uniqueCount="18446744073709551615"><si><t>MCC</t></si></sst>"#;
    assert!(refusal(&workbook(sheet, strings)).contains("headers"));
}

#[test]
fn cells_at_the_ends_of_a_sheet_are_refused_or_cheap() {
    for place in ["XFD1048576", "ZZZZZZZZZZ1", "A4294967295", "A99999999999", "1", ""] {
        let sheet = format!(
            r#"<worksheet><sheetData><row r="4294967295"><c r="{place}"><v>1</v></c></row></sheetData></worksheet>"#
        );
        refusal(&workbook(&sheet, NO_STRINGS));
    }
}

#[test]
fn entities_of_a_workbook_are_not_expanded() {
    let sheet = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet><sheetData><row><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>"#;
    assert!(refusal(&workbook(sheet, NO_STRINGS)).contains("not well-formed"));
}

#[test]
fn broken_archives_are_refused() {
    let whole = workbook("<worksheet/>", NO_STRINGS);
    for octets in
        [&whole[..whole.len() / 2], &whole[..40], b"PK\x03\x04", &workbook("<a><b></a>", NO_STRINGS)]
    {
        refusal(octets);
    }
    assert!(refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").contains(".xls"));
    assert!(refusal(b"%PDF-1.7").contains("PDF"));
}

#[test]
fn a_million_lines_are_refused() {
    let text = format!("{HEADER}{}", "639,02,0.02,USD\n".repeat(1_000_000));
    assert!(refusal(text.as_bytes()).contains("rows"));
}

#[test]
fn a_cell_of_ten_megabytes_is_refused_by_its_line() {
    let text = format!("{HEADER}639,02,0.02,{}\n", "x".repeat(10 << 20));
    let refused = refusal(text.as_bytes());
    assert!(refused.starts_with("list:2: "), "{refused}");
}

#[test]
fn nul_characters_are_refused_by_their_line() {
    let refused = refusal(format!("{HEADER}639,02,0.02,U\0D\n").as_bytes());
    assert!(refused.starts_with("list:2: has a NUL"), "{refused}");
}

#[test]
fn more_cells_than_fit_are_refused() {
    let text = format!("{HEADER}{}\n", ",".repeat(1_000) + "x");
    assert!(refusal(text.as_bytes()).starts_with("list:2: has more than"));
}

#[test]
fn formulas_of_text_files_are_not_prices() {
    for cell in ["=0.01+0.01", "=cmd|'/C calc'!A0", "@SUM(1)", "+1+1"] {
        let refused = refusal(format!("{HEADER}639,02,\"{cell}\",USD\n").as_bytes());
        assert!(refused.starts_with("list:2: Price: "), "{refused}");
    }
}

#[test]
fn only_the_first_faults_are_listed_and_all_are_counted() {
    let refused =
        read(&shipped(), format!("{HEADER}{}", "639,99,x,USD\n".repeat(5_000)).as_bytes()).unwrap_err();
    assert_eq!(refused.problems.count(), 10_000);
    assert!(refused.problems.iter().count() <= 100);
    assert_eq!(refused.mapping.unwrap().rows, 5_000);
}

/// Texts that mean something to the readers, or are unkind to those that cut, count or calculate.
const PIECES: [&str; 40] = [
    "\n",
    "\r",
    ",",
    ";",
    "\t",
    "|",
    "\"",
    "=\"",
    "sep=;",
    "#",
    "*",
    "all",
    "-",
    "..",
    "/",
    "MCC",
    "MNC",
    "MCCMNC",
    "Price",
    "EUR",
    "€",
    "¢",
    "Prefix",
    "Country",
    "Network",
    "Status",
    "closed",
    "Effective",
    "Valid until",
    "639",
    "02",
    "2",
    "0,02",
    "1.234",
    "1e400",
    "31/12/2026",
    "99999999999999999999",
    "é",
    "\0",
    "\u{feff}",
];

/// Numbers of inputs that are tried in a run without `BOLERO_RANDOM_ITERATIONS`.
const ITERATIONS: usize = 1_000;

#[test]
fn any_octets_are_a_list_or_problems() {
    let loaded = shipped();
    let directory = NetworkDirectory::of(&loaded.provisioning);
    let profile = ImportProfile::default();
    bolero::check!().with_iterations(ITERATIONS).with_type::<(Vec<u8>, Vec<u8>, bool)>().for_each(
        |(octets, pieces, has_header)| {
            let piece = |at: &u8| PIECES[usize::from(*at) % PIECES.len()];
            let mut text = if *has_header { HEADER.as_bytes().to_vec() } else { Vec::new() };
            text.extend(pieces.iter().flat_map(|at| piece(at).bytes()));
            text.extend(octets);
            let _ = read_with(&directory, &text, &profile);
            let _ = read_with(&directory, octets, &profile);
            let cells = pieces.iter().map(|at| piece(at).replace('\0', "")).collect::<Vec<_>>();
            let rows: Vec<Vec<String>> = cells.chunks(4).map(<[String]>::to_vec).collect();
            let _ = read_with(&directory, &workbook(&sheet_of(&rows), NO_STRINGS), &profile);
        },
    );
}
