//! Currencies and units as price lists write them: codes, symbols, cents, prices of a thousand messages.

use iso_currency::Currency as Listed;
use tollgate_engine::money::Currency;

use crate::read::texts;

/// Symbols and what they may stand for. The first code is the usual one; the longest symbol that fits is meant.
const SYMBOLS: &[(&str, &[&str])] = &[
    ("US$", &["USD"]),
    ("R$", &["BRL"]),
    ("A$", &["AUD"]),
    ("C$", &["CAD"]),
    ("KSh", &["KES"]),
    ("USh", &["UGX"]),
    ("TSh", &["TZS"]),
    ("GH₵", &["GHS"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("Ft", &["HUF"]),
    ("lei", &["RON", "MDL"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("so'm", &["UZS"]),
    ("сум", &["UZS"]),
    ("руб", &["RUB", "BYN"]),
    (
        "$",
        &[
            "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "XCD", "TTD", "JMD", "BSD",
            "BBD", "BZD", "FJD", "GYD", "LRD", "NAD", "SBD", "SRD", "TWD", "UYU", "DOP", "KYD", "BMD", "BND",
        ],
    ),
    ("€", &["EUR"]),
    ("£", &["GBP", "EGP", "GIP", "FKP", "SHP", "LBP", "SYP", "SDG", "SSP"]),
    ("¥", &["JPY", "CNY"]),
    ("₹", &["INR"]),
    ("₽", &["RUB"]),
    ("₦", &["NGN"]),
    ("₺", &["TRY"]),
    ("₴", &["UAH"]),
    ("₵", &["GHS"]),
    ("₸", &["KZT"]),
    ("₫", &["VND"]),
    ("₱", &["PHP"]),
    ("₪", &["ILS"]),
    ("฿", &["THB"]),
    ("₩", &["KRW", "KPW"]),
    ("৳", &["BDT"]),
    ("₾", &["GEL"]),
    ("₼", &["AZN"]),
    ("֏", &["AMD"]),
];

/// A currency as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedCurrency {
    /// By its code.
    Code(Currency),
    /// By a symbol, which several currencies may have.
    Symbol(&'static str, &'static [&'static str]),
}

impl NamedCurrency {
    /// True if it can be this one.
    pub fn can_be(&self, currency: Currency) -> bool {
        match self {
            Self::Code(code) => *code == currency,
            Self::Symbol(_, codes) => codes.contains(&currency.as_str()),
        }
    }

    /// As it is shown.
    pub fn shown(&self) -> String {
        match self {
            Self::Code(code) => code.as_str().to_owned(),
            Self::Symbol(symbol, codes) => match codes {
                [only] => (*only).to_owned(),
                _ => (*symbol).to_owned(),
            },
        }
    }
}

/// Reads a cell that names a currency and nothing else.
pub fn currency_of(text: &str) -> Option<NamedCurrency> {
    let upper = text.to_uppercase();
    if let Ok(code) = texts::currency(&upper) {
        return Some(NamedCurrency::Code(code));
    }
    let (symbol, rest) = symbol_at_start(text)?;
    rest.is_empty().then_some(symbol)
}

/// The code of a currency in capitals, or of one of the most common ones in small letters.
fn code_of_word(word: &str) -> Option<Currency> {
    let is_common = ["usd", "eur", "gbp", "Usd", "Eur", "euro", "Euro", "EURO", "euros"].contains(&word);
    if word.len() == 3 && word.bytes().all(|octet| octet.is_ascii_uppercase()) {
        texts::currency(word).ok()
    } else if is_common {
        Currency::new(&word.to_uppercase().chars().take(3).collect::<String>())
    } else {
        None
    }
}

fn symbol_at_start(text: &str) -> Option<(NamedCurrency, &str)> {
    SYMBOLS.iter().find_map(|(symbol, codes)| {
        let rest = text.strip_prefix(symbol)?;
        Some((NamedCurrency::Symbol(symbol, codes), rest))
    })
}

fn symbol_at_end(text: &str) -> Option<(NamedCurrency, &str)> {
    SYMBOLS.iter().find_map(|(symbol, codes)| {
        let rest = text.strip_suffix(symbol)?;
        Some((NamedCurrency::Symbol(symbol, codes), rest))
    })
}

/// Takes a currency off the beginning or the end of a price: the figures that are left, and the currency.
pub fn split_price(text: &str) -> (&str, Option<NamedCurrency>) {
    let text = text.trim();
    let letters_before = text.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(letters_before);
    if let Some(code) = code_of_word(word) {
        return (rest.trim(), Some(NamedCurrency::Code(code)));
    }
    let letters_after = text.rfind(|char: char| !char.is_ascii_alphabetic());
    let end = letters_after.and_then(|at| text.get(at..)?.chars().next().map(|char| at + char.len_utf8()));
    if let Some((rest, word)) = end.and_then(|end| text.split_at_checked(end))
        && let Some(code) = code_of_word(word)
    {
        return (rest.trim(), Some(NamedCurrency::Code(code)));
    }
    if let Some((symbol, rest)) = symbol_at_start(text).or_else(|| symbol_at_end(text)) {
        return (rest.trim(), Some(symbol));
    }
    (text, None)
}

/// Currency and unit in the header of prices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceHeader {
    /// True if the header names a price.
    pub is_price: bool,
    /// The letters of the name itself.
    pub name: String,
    /// The currency in it.
    pub currency: Option<NamedCurrency>,
    /// The unit in it.
    pub unit: Option<PriceUnit>,
    /// True if it is said to be the price of a message.
    pub is_per_message: bool,
}

/// The unit that prices are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceUnit {
    /// Units of the currency, for each segment.
    Unit,
    /// Hundredths of it.
    Cents,
    /// Thousandths of it, or units for a thousand segments.
    Thousandths,
    /// The smallest unit of the currency by ISO 4217.
    Minor,
}

impl PriceUnit {
    /// All of them, with their words in profiles.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Unit, "unit"),
        (Self::Cents, "cents"),
        (Self::Thousandths, "thousandths"),
        (Self::Minor, "minor"),
    ];

    /// The word in profiles.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(unit, _)| *unit == self).map_or("", |(_, word)| word)
    }

    /// Decimal places by which a written price is too large.
    pub fn places(self, currency: Currency) -> u32 {
        match self {
            Self::Unit => 0,
            Self::Cents => 2,
            Self::Thousandths => 3,
            Self::Minor => {
                let listed = Listed::from_code(currency.as_str()).and_then(Listed::exponent);
                listed.map_or(2, u32::from)
            }
        }
    }
}

/// Reads a header such as `Price (EUR)`, `Rate in US cents`, `€/SMS`.
pub fn read_price_header(header: &str) -> PriceHeader {
    let mut read = PriceHeader::default();
    let mut rest = header.to_owned();
    for (symbol, codes) in SYMBOLS.iter().filter(|(symbol, _)| !symbol.starts_with(char::is_alphabetic)) {
        if let Some(without) = header.contains(symbol).then(|| rest.replace(symbol, " ")) {
            read.currency.get_or_insert(NamedCurrency::Symbol(symbol, codes));
            rest = without;
        }
    }
    if rest.contains('¢') {
        read.unit = Some(PriceUnit::Cents);
        rest = rest.replace('¢', " ");
    }
    let words: Vec<&str> =
        rest.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut name = String::new();
    for word in words {
        let small = word.to_lowercase();
        match small.as_str() {
            "cent" | "cents" | "ct" | "cts" | "pence" | "kopecks" | "kopeks" | "kobo" | "paise" | "tiyin" => {
                read.unit = Some(PriceUnit::Cents);
            }
            "eurocent" | "eurocents" | "usc" | "uscent" | "uscents" => {
                let code = if small.starts_with('u') { "USD" } else { "EUR" };
                read.currency = Currency::new(code).map(NamedCurrency::Code);
                read.unit = Some(PriceUnit::Cents);
            }
            "us" => read.currency = read.currency.or(Currency::new("USD").map(NamedCurrency::Code)),
            "fils" | "mills" | "mils" | "1000" | "1k" | "thousand" | "cpm" => {
                read.unit = Some(PriceUnit::Thousandths);
            }
            "minor" => read.unit = Some(PriceUnit::Minor),
            "unit" | "units" if read.unit == Some(PriceUnit::Minor) => {}
            "message" | "messages" | "msg" | "msgs" if read.unit != Some(PriceUnit::Thousandths) => {
                read.is_per_message = true;
            }
            // Words that go with any of them.
            "in" | "per" | "pro" | "par" | "por" | "the" | "excl" | "vat" | "tax" | "net" | "sms"
            | "segment" | "segments" | "part" | "mt" | "message" | "messages" | "msg" => {}
            _ => match code_of_word(word) {
                Some(code) => read.currency = Some(NamedCurrency::Code(code)),
                None => name.push_str(&small),
            },
        }
    }
    let is_only_a_unit = name.is_empty() && (read.currency.is_some() || read.unit.is_some());
    read.is_price = is_only_a_unit
        || super::header_words::guess(&name) == super::header_words::Guess::Field(super::field::Field::Price);
    read.name = name;
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_split_from_their_currency() {
        for (text, figures, currency) in [
            ("0.02", "0.02", None),
            ("0,02 €", "0,02", Some("EUR")),
            ("$0.02", "0.02", Some("$")),
            ("US$ 0.02", "0.02", Some("USD")),
            ("USD 0.02", "0.02", Some("USD")),
            ("0.02EUR", "0.02", Some("EUR")),
            ("KSh 1.20", "1.20", Some("KES")),
            ("1 200,50 zł", "1 200,50", Some("PLN")),
            ("2.5E-2", "2.5E-2", None),
            ("free", "free", None),
        ] {
            let (left, named) = split_price(text);
            assert_eq!(
                (left, named.map(|named| named.shown())),
                (figures, currency.map(str::to_owned)),
                "{text}"
            );
        }
    }

    #[test]
    fn headers_of_prices_name_currency_and_unit() {
        for (header, is_price, currency, unit, per_message) in [
            ("Price", true, None, None, false),
            ("Price (EUR)", true, Some("EUR"), None, false),
            ("EUR", true, Some("EUR"), None, false),
            ("€/SMS", true, Some("EUR"), None, false),
            ("Rate per SMS, USD", true, Some("USD"), None, false),
            ("Price in US cents", true, Some("USD"), Some(PriceUnit::Cents), false),
            ("Rate (EUR ct)", true, Some("EUR"), Some(PriceUnit::Cents), false),
            ("¢", true, None, Some(PriceUnit::Cents), false),
            ("Price per 1000 SMS", true, None, Some(PriceUnit::Thousandths), false),
            ("Price per 1000 messages", true, None, Some(PriceUnit::Thousandths), false),
            ("Price per message", true, None, None, true),
            ("Price (minor units)", true, None, Some(PriceUnit::Minor), false),
            ("Network", false, None, None, false),
            ("MCC", false, None, None, false),
            ("Old price", false, None, None, false),
        ] {
            let read = read_price_header(header);
            let shown = read.currency.as_ref().map(NamedCurrency::shown);
            let got = (read.is_price, shown.as_deref(), read.unit, read.is_per_message);
            assert_eq!(got, (is_price, currency, unit, per_message), "{header}");
        }
    }

    #[test]
    fn the_smallest_unit_is_that_of_the_currency() {
        let places = |code: &str| PriceUnit::Minor.places(Currency::new(code).unwrap());
        assert_eq!((places("USD"), places("JPY"), places("KWD")), (2, 0, 3));
    }
}
