//! Codes of networks as price lists write them: one or a list of MNCs, ranges, `*`, MCC and MNC in one cell, and codes whose
//! zeros a spreadsheet has dropped.

use tollgate_engine::network::NetworkCode;

use super::directory::NetworkDirectory;
use crate::read::texts::quoted;

/// Codes of a list or range in one cell.
const CODES_MAX: usize = 1_000;

/// Words for all networks of a country.
const ALL_WORDS: &[&str] = &[
    "*",
    "all",
    "any",
    "alle",
    "tous",
    "todos",
    "tutti",
    "все",
    "all networks",
    "all operators",
    "all others",
    "all other",
    "other",
    "others",
    "other networks",
    "other operators",
    "rest",
    "default",
    "rest of country",
    "***",
    "**",
    "x",
    "xx",
    "xxx",
];

/// The habit of a column of MNCs about zeros in front, as its cells show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ZeroHabit {
    /// A cell begins with a zero, so the column keeps them.
    pub keeps: bool,
    /// A cell has one digit or is a number, so the column has lost them.
    pub drops: bool,
}

impl ZeroHabit {
    /// Notes an MNC as it is written.
    pub fn note(&mut self, mnc: &str, is_number: bool) {
        let is_code = (1..=3).contains(&mnc.len()) && mnc.bytes().all(|octet| octet.is_ascii_digit());
        self.keeps |= is_code && mnc.len() > 1 && mnc.starts_with('0');
        self.drops |= is_number || (is_code && mnc.len() == 1);
    }

    /// True if zeros may be missing in front of any code.
    fn may_lack(self) -> bool {
        self.drops && !self.keeps
    }
}

/// True for a word that means all networks.
pub fn is_all(text: &str) -> bool {
    ALL_WORDS.contains(&text.to_lowercase().as_str())
}

/// The MCC that a cell names.
pub fn mcc_of(text: &str, directory: &NetworkDirectory<'_>) -> Result<NetworkCode, String> {
    let code = NetworkCode::new(text, "")
        .ok_or_else(|| format!("{} is not an MCC of three digits", quoted(text)))?;
    if directory.knows(code) { Ok(code) } else { Err(format!("no network or country has the MCC {code}")) }
}

/// The networks that a cell of MNCs names, below an MCC.
pub fn networks_of_mncs(
    mcc: NetworkCode,
    text: &str,
    habit: ZeroHabit,
    directory: &NetworkDirectory<'_>,
) -> Result<Vec<NetworkCode>, String> {
    if is_all(text) {
        return Ok(vec![mcc]);
    }
    let mut found = Vec::new();
    for item in items_of(text) {
        match range_of(item) {
            Some((first, last)) => found.extend(networks_in_range(mcc, first, last, directory)?),
            None => found.push(network_of_mnc(mcc, item, habit, directory)?),
        }
        if found.len() > CODES_MAX {
            return Err(format!("{} names more than {CODES_MAX} networks", quoted(text)));
        }
    }
    if found.is_empty() { Err(format!("{} is not an MNC", quoted(text))) } else { Ok(found) }
}

/// The networks of a cell with MCC and MNC together: one code, or several.
pub fn networks_of_joined(
    text: &str,
    habit: ZeroHabit,
    directory: &NetworkDirectory<'_>,
) -> Result<Vec<NetworkCode>, String> {
    let wrong = || format!("{} is not a network such as 63902 or 639/02", quoted(text));
    let mut found = Vec::new();
    let mut last_mcc = None;
    for item in joined_items(text) {
        let (mcc, mnc) = match (split_joined(item), last_mcc) {
            // A short item goes on with the MCC of the one before it: `639-02/03`.
            (_, Some(mcc)) if item.len() < 3 => (mcc, item),
            (Some((mcc, mnc)), _) => (mcc_of(mcc, directory)?, mnc),
            (None, Some(mcc)) => (mcc, item),
            (None, None) => return Err(wrong()),
        };
        last_mcc = Some(mcc);
        if mnc.is_empty() {
            found.push(mcc);
        } else {
            found.extend(networks_of_mncs(mcc, mnc, habit, directory)?);
        }
        if found.len() > CODES_MAX {
            return Err(format!("{} names more than {CODES_MAX} networks", quoted(text)));
        }
    }
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

/// The part behind the MCC in a cell with one joined code; `None` where there are several.
pub fn mnc_of_joined(text: &str) -> Option<&str> {
    split_joined(text).map(|(_, mnc)| mnc).filter(|mnc| mnc.bytes().all(|octet| octet.is_ascii_digit()))
}

/// Items between commas, semicolons, bars, slashes, ampersands or blanks.
fn items_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| matches!(char, ',' | ';' | '|' | '/' | '&' | '+') || char.is_whitespace())
        .filter(|item| !item.is_empty())
}

/// The same for joined codes, where a mark behind three digits is within a code.
fn joined_items(text: &str) -> Vec<&str> {
    let trimmed = text.trim();
    if split_joined(trimmed).is_some() {
        return vec![trimmed];
    }
    let mut items: Vec<&str> = Vec::new();
    for piece in
        trimmed.split(|char: char| matches!(char, ',' | ';' | '|' | '&' | '+') || char.is_whitespace())
    {
        if split_joined(piece).is_some() {
            items.push(piece);
        } else {
            // `639-01/02` or `63901/63902`.
            items.extend(piece.split('/').filter(|item| !item.is_empty()));
        }
    }
    items
}

/// MCC and MNC of one joined code; the MNC is empty for the MCC alone, and may be a word for all.
fn split_joined(text: &str) -> Option<(&str, &str)> {
    let (mcc, rest) = text.split_at_checked(3)?;
    if !mcc.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let bare = rest.trim_start_matches([' ', '-', '/', '.', '_', ':', '\u{2013}', ',']);
    let is_mnc = |mnc: &str| (1..=3).contains(&mnc.len()) && mnc.bytes().all(|octet| octet.is_ascii_digit());
    if rest.is_empty() || is_mnc(bare) || (!bare.is_empty() && is_all(bare)) {
        Some((mcc, bare))
    } else {
        None
    }
}

/// `01-05`, `01..05` or `01–05`.
fn range_of(item: &str) -> Option<(&str, &str)> {
    let (first, last) = ["..", "-", "\u{2013}", "\u{2014}"].iter().find_map(|mark| item.split_once(mark))?;
    let is_code =
        |code: &str| (1..=3).contains(&code.len()) && code.bytes().all(|octet| octet.is_ascii_digit());
    (is_code(first) && is_code(last)).then_some((first, last))
}

/// The networks of the list within a range. Both ends have as many digits as the networks have.
fn networks_in_range(
    mcc: NetworkCode,
    first: &str,
    last: &str,
    directory: &NetworkDirectory<'_>,
) -> Result<Vec<NetworkCode>, String> {
    let shown = quoted(&format!("{first}-{last}"));
    let (low, high) = (
        NetworkCode::new(&format!("{:03}", mcc.mcc), first),
        NetworkCode::new(&format!("{:03}", mcc.mcc), last),
    );
    if first.len() != last.len() || first > last {
        return Err(format!(
            "{shown} is not a range: both ends have as many digits, and the lower one comes first"
        ));
    }
    if first == format!("{:03}", mcc.mcc) {
        return Err(format!("{shown} may be a range of MNCs, or an MCC and an MNC"));
    }
    let (Some(low), Some(high)) = (low, high) else {
        return Err(format!("{shown} is not a range of MNCs of two or three digits"));
    };
    let networks = directory.networks_of_mcc(mcc.mcc);
    let found: Vec<NetworkCode> = networks.filter(|code| (low..=high).contains(code)).collect();
    if found.is_empty() { Err(format!("no network of the list is in the range {shown}")) } else { Ok(found) }
}

/// The network of an MNC. Where zeros may be missing, the list of networks decides.
fn network_of_mnc(
    mcc: NetworkCode,
    mnc: &str,
    habit: ZeroHabit,
    directory: &NetworkDirectory<'_>,
) -> Result<NetworkCode, String> {
    let mcc_text = format!("{:03}", mcc.mcc);
    if let Some(rest) = mnc.strip_prefix(mcc_text.as_str()).filter(|rest| rest.len() > 1) {
        // The joined code in the column of MNCs.
        let rest = rest.trim_start_matches(['-', '/']);
        if let Some(code) = NetworkCode::new(&mcc_text, rest).filter(|code| directory.knows(*code)) {
            return Ok(code);
        }
    }
    if !(1..=3).contains(&mnc.len()) || !mnc.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(format!("{} is not an MNC", quoted(mnc)));
    }
    let known = |text: &str| NetworkCode::new(&mcc_text, text).filter(|code| directory.knows(*code));
    let exact = known(mnc);
    let padded: Vec<NetworkCode> = (mnc.len() + 1..=3)
        .filter(|digits| *digits >= 2)
        .filter_map(|digits| known(&format!("{mnc:0>digits$}")))
        .collect();
    // A code of two digits that is written with three.
    let shorter = mnc.strip_prefix('0').filter(|rest| rest.len() == 2).and_then(known);
    match (exact, &padded[..]) {
        (Some(exact), []) => Ok(exact),
        (Some(exact), _) if !habit.may_lack() => Ok(exact),
        (None, [only]) => Ok(*only),
        (None, []) => shorter.ok_or_else(|| format!("{mcc}/{mnc} is not in the list of networks")),
        (exact, more) => {
            let codes: Vec<String> = exact.iter().chain(more).map(ToString::to_string).collect();
            Err(format!(
                "{} may be any of {}, as zeros in front are missing; write the MNC with all its digits, as text",
                quoted(mnc),
                codes.join(", ")
            ))
        }
    }
}
