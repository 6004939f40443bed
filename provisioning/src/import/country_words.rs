//! The names by which price lists call countries, compared by their words: whatever the case, the accents, the order of the
//! words and the form of the state that stands with the name.

/// A country by its codes of ISO 3166-1 and its names besides those in the list of countries.
pub struct NamedCountry {
    /// Its code of two letters (alpha-2).
    pub iso2: &'static str,
    /// Its code of three letters (alpha-3).
    pub iso3: &'static str,
    /// The names, between bars.
    names: &'static str,
}

/// Alpha-2, alpha-3 and names of each country.
const WORDS: &str = include_str!("country_words.txt");

/// Words that say nothing about which country is meant.
const FILLERS: &[&str] = &["the", "of", "and"];

/// Short forms of words.
const SHORT: &[(&str, &str)] = &[
    ("rep", "republic"),
    ("dem", "democratic"),
    ("st", "saint"),
    ("is", "islands"),
    ("isl", "islands"),
    ("isles", "islands"),
    ("island", "islands"),
    ("fed", "federal"),
    ("people", "peoples"),
];

/// Words that stand with a name and are left out where the name is not known with them: forms of states, and words of
/// telephony.
const ADDITIONS: &[&str] = &[
    "republic",
    "kingdom",
    "state",
    "states",
    "federal",
    "federative",
    "federated",
    "islamic",
    "democratic",
    "peoples",
    "plurinational",
    "bolivarian",
    "socialist",
    "hashemite",
    "arab",
    "sultanate",
    "principality",
    "commonwealth",
    "cooperative",
    "union",
    "independent",
    "grand",
    "duchy",
    "islands",
    "mobile",
    "mobiles",
    "cellular",
    "proper",
    "mainland",
    "all",
    "other",
    "others",
    "networks",
    "operators",
];

/// Countries of which one belongs to the other, or which senders take for one another, so that a list may name either.
const RELATED: &[&[&str]] = &[
    &["FR", "GP", "MQ", "GF", "BL", "MF", "RE", "YT", "PM", "NC", "PF", "WF"],
    &["GB", "GG", "JE", "IM", "GI", "FK", "AI", "BM", "VG", "KY", "MS", "SH", "AC", "TA", "TC", "IO"],
    &["US", "PR", "VI", "GU", "MP", "AS"],
    &["NL", "AW", "CW", "BQ", "SX"],
    &["DK", "FO", "GL"],
    &["FI", "AX"],
    &["AU", "CC", "CX", "NF"],
    &["NO", "SJ"],
    &["NZ", "CK", "NU", "TK"],
    &["CN", "HK", "MO", "TW"],
    &["MA", "EH"],
    &["IL", "PS"],
    &["IT", "VA"],
    &["CG", "CD"],
    // The north of Cyprus is reached by way of Turkey.
    &["CY", "TR"],
];

/// Countries whose networks had codes of another country before they had their own. Their numbers are told by the numbering plan.
const FORMER_CODES: &[(&str, &[&str])] = &[("XK", &["RS", "MC", "SI"])];

impl NamedCountry {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.lines().filter_map(|line| {
            let (iso2, rest) = line.split_once(' ')?;
            let (iso3, names) = rest.split_once(' ')?;
            Some(Self { iso2, iso3, names })
        })
    }

    /// The names, one by one.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.names.split('|')
    }
}

/// True if senders may call the one country by the name of the other.
pub fn are_related(one: &str, other: &str) -> bool {
    one == other || RELATED.iter().any(|group| group.contains(&one) && group.contains(&other))
}

/// True if networks of the one country had codes of the other.
pub fn had_codes_of(one: &str, other: &str) -> bool {
    FORMER_CODES.iter().any(|(country, others)| *country == one && others.contains(&other))
}

/// The words of a name in the order of the alphabet, by which names are compared.
pub fn name_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    // Letters since the last point: points within `U.S.A.` belong to the word, that behind `St.` ends it.
    let mut letters = 0_usize;
    for char in name.chars() {
        match char {
            // Apostrophes, and accents that are written as characters of their own.
            '\'' | '\u{2019}' | '\u{2bc}' | '`' | '\u{300}'..='\u{36f}' => {}
            '.' if letters == 1 => letters = 0,
            char if char.is_alphanumeric() => {
                letters += 1;
                push_plain(&mut word, char);
            }
            _ => {
                letters = 0;
                words.push(std::mem::take(&mut word));
            }
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty() && !FILLERS.contains(&word.as_str()));
    for word in &mut words {
        if let Some((_, long)) = SHORT.iter().find(|(short, _)| short == word) {
            (*long).clone_into(word);
        }
    }
    words.sort_unstable();
    words
}

/// The key of a name: its words, joined.
pub fn name_key(words: &[String]) -> String {
    words.join(" ")
}

/// The words without those that may stand with any name.
pub fn without_additions(words: &[String]) -> Vec<String> {
    words.iter().filter(|word| !ADDITIONS.contains(&word.as_str())).cloned().collect()
}

/// Letters and digits of a text, in lower case and without accents.
pub fn plain_letters(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars().filter(|char| char.is_alphanumeric()) {
        push_plain(&mut plain, char);
    }
    plain
}

/// Adds a character in lower case and without its accent.
fn push_plain(text: &mut String, char: char) {
    if char.is_ascii() {
        text.push(char.to_ascii_lowercase());
        return;
    }
    for small in char.to_lowercase() {
        match small {
            'à'..='å' | 'ā' | 'ă' | 'ą' => text.push('a'),
            'æ' => text.push_str("ae"),
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => text.push('c'),
            'ď' | 'đ' => text.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => text.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => text.push('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => text.push('i'),
            'ķ' => text.push('k'),
            'ł' | 'ĺ' | 'ļ' | 'ľ' => text.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => text.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => text.push('o'),
            'œ' => text.push_str("oe"),
            'ŕ' | 'ř' => text.push('r'),
            'ś' | 'ş' | 'š' | 'ș' => text.push('s'),
            'ß' => text.push_str("ss"),
            'ţ' | 'ť' | 'ț' => text.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => text.push('u'),
            'ý' | 'ÿ' => text.push('y'),
            'ź' | 'ż' | 'ž' => text.push('z'),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(name: &str) -> String {
        name_key(&name_words(name))
    }

    #[test]
    fn names_are_the_same_however_they_are_written() {
        for (one, other) in [
            ("Côte d'Ivoire", "COTE D\u{2019}IVOIRE"),
            ("Congo, Dem. Rep. of the", "Democratic Republic of the Congo"),
            ("U.S.A.", "usa"),
            ("U.S. Virgin Islands", "Virgin Islands (US)"),
            ("St.Lucia", "Saint Lucia"),
            ("Trinidad & Tobago", "Trinidad and Tobago"),
            ("Bahamas, The", "The Bahamas"),
            ("Cura\u{e7}ao", "Curac\u{327}ao"),
        ] {
            assert_eq!(key(one), key(other));
        }
        assert_ne!(key("Niger"), key("Nigeria"));
        assert_ne!(key("Dominica"), key("Dominican Republic"));
    }

    #[test]
    fn no_name_is_that_of_two_countries() {
        let mut taken = BTreeMap::new();
        for country in NamedCountry::all() {
            assert_eq!((country.iso2.len(), country.iso3.len()), (2, 3), "{}", country.iso2);
            for name in country.names() {
                let other = taken.insert(key(name), country.iso2);
                assert!(other.is_none_or(|other| other == country.iso2), "{name} is of {other:?}");
            }
        }
        assert!(taken.len() > 240);
    }
}
