//! Networks and countries that a price list gives by name only.

use tollgate_engine::network::NetworkCode;

use super::codes::is_all;
use super::countries::KnownCountry;
use super::directory::NetworkDirectory;
use crate::read::texts::quoted;

/// Codes that an error names.
const SHOWN: usize = 6;

/// The one country of a name.
pub fn country_of<'d>(text: &str, directory: &'d NetworkDirectory<'_>) -> Result<&'d KnownCountry, String> {
    match directory.countries().named(text)[..] {
        [only] => Ok(only),
        [] => Err(format!("{} is not a country of the list of countries", quoted(text))),
        ref several => {
            let names: Vec<&str> = several.iter().map(|country| country.name.as_str()).collect();
            Err(format!("{} may be any of {}", quoted(text), names.join(", ")))
        }
    }
}

/// The MCC of a whole country.
pub fn mcc_of_country(country: &KnownCountry) -> Result<NetworkCode, String> {
    country
        .mcc
        .ok_or_else(|| format!("{} has no MCC of its own; name its networks by their codes", country.name))
}

/// The network of a name, within a country or an MCC where one is given. The names are those of the list of networks, operator
/// or brand, letter by letter. `Kenya - Safaricom` names both.
pub fn networks_of_name(
    name: &str,
    country: Option<&KnownCountry>,
    mcc: Option<NetworkCode>,
    directory: &NetworkDirectory<'_>,
) -> Result<Vec<NetworkCode>, String> {
    let whole = |country: &KnownCountry| mcc.map_or_else(|| mcc_of_country(country), Ok);
    if is_all(name) {
        return match (country, mcc) {
            (Some(country), _) => whole(country).map(|code| vec![code]),
            (None, Some(mcc)) => Ok(vec![mcc]),
            (None, None) => Err(format!("{} does not say of which country", quoted(name))),
        };
    }
    let iso2 = country.map(|country| country.iso2.as_str());
    let mut found = directory.networks_named(name, iso2, mcc.map(|code| code.mcc));
    if found.is_empty() && country.is_none() && mcc.is_none() {
        if let [only] = directory.countries().called_by_name(name)[..] {
            return mcc_of_country(only).map(|code| vec![code]);
        }
        found = of_country_and_name(name, directory)?;
    } else if found.is_empty() && country.is_some() {
        // The country may stand in front of the name once more.
        found = of_country_and_name(name, directory)?;
        found.retain(|code| mcc.is_none_or(|mcc| mcc.mcc == code.mcc));
    }
    let are_one = |first: &NetworkCode| found.iter().all(|code| directory.are_aliases(*first, *code));
    match &found[..] {
        [] => Err(format!("{} is not the name of a network of the list", quoted(name))),
        [first, ..] if are_one(first) => Ok(directory.usual_code(&found).into_iter().collect()),
        several => {
            let codes: Vec<String> = several.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if several.len() > SHOWN { " and more" } else { "" };
            Err(format!(
                "{} is the name of several networks: {}{more}; name them by their codes",
                quoted(name),
                codes.join(", ")
            ))
        }
    }
}

/// `Kenya - Safaricom`, `Kenya: Safaricom`, `Kenya / Safaricom`, `Kenya, Safaricom`, `Kenya (Safaricom)`.
fn of_country_and_name(text: &str, directory: &NetworkDirectory<'_>) -> Result<Vec<NetworkCode>, String> {
    let Some((country, name)) = country_in_front(text, directory) else { return Ok(Vec::new()) };
    if is_all(name) || name.eq_ignore_ascii_case("mobile") {
        return mcc_of_country(country).map(|code| vec![code]);
    }
    Ok(directory.networks_named(name, Some(&country.iso2), None))
}

/// The country in front of a name, as in `Kenya - Safaricom`, and what stands behind it. The longest such country counts:
/// `Guinea-Bissau - MTN` is of Guinea-Bissau.
pub fn country_in_front<'d, 't>(
    text: &'t str,
    directory: &'d NetworkDirectory<'_>,
) -> Option<(&'d KnownCountry, &'t str)> {
    text.rmatch_indices(['-', ':', '/', ',', '(', '\u{2013}', '|']).find_map(|(at, mark)| {
        let (before, behind) = (text.get(..at)?, text.get(at + mark.len()..)?);
        let [country] = directory.countries().called_by_name(before)[..] else { return None };
        let behind = behind.trim().trim_end_matches(')').trim();
        (!behind.is_empty()).then_some((country, behind))
    })
}
