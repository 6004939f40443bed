//! Networks, countries, the numbering plan and ported numbers, from their CSV files.

use std::collections::BTreeSet;

use tollgate_engine::country::CountryCode;
use tollgate_engine::network::{NetworkCode, NetworkId, Networks, NetworksBuilder};
use tollgate_engine::number::Number;
use tollgate_engine::numbering::{NumberingPlan, NumberingPlanBuilder, PortedNumbers};

use crate::read::texts;
use crate::read::texts::{Parsed, quoted};
use crate::read::{Columns, Problems, Row, SourceFile, read_sheet};
use crate::settings_reader::TariffSources;

const NETWORKS: Columns = Columns {
    required: &["mcc", "mnc", "country_iso2", "operator"],
    optional: &["brand", "country_name", "calling_code", "status"],
};

const COUNTRIES: Columns = Columns {
    required: &["country_iso2", "country_name", "calling_code", "primary_mcc"],
    optional: &["all_mccs"],
};

const NUMBERING: Columns = Columns {
    required: &["prefix", "mcc", "mnc"],
    optional: &["mnc_all", "country_iso2", "carrier", "match"],
};

const PORTED: Columns = Columns { required: &["number", "mcc", "mnc"], optional: &["note"] };

/// The networks of the world and their numbers.
#[derive(Debug)]
pub struct Catalogue {
    /// The networks and countries.
    pub networks: Networks,
    /// Prefix → network.
    pub numbering: NumberingPlan,
    /// Number → network, before the numbering plan.
    pub ported: PortedNumbers,
    known: Known,
}

/// The codes that other files may name: those in the files of networks and countries, and their MCCs.
#[derive(Debug, Default)]
pub struct Known {
    codes: BTreeSet<NetworkCode>,
    calling_codes: BTreeSet<Box<str>>,
    countries: BTreeSet<Box<str>>,
    /// True if something is wrong with the files. Then a code may be unknown only because it was not
    /// understood.
    is_incomplete: bool,
}

impl Catalogue {
    /// Reads the four files.
    pub fn read(sources: &TariffSources, problems: &mut Problems) -> Self {
        let mut builder = NetworksBuilder::new();
        let mut known = Known::default();
        match &sources.countries {
            Some(source) => read_countries(source, &mut builder, &mut known, problems),
            None => known.is_incomplete = true,
        }
        match &sources.networks {
            Some(source) => read_networks(source, &mut builder, &mut known, problems),
            None => known.is_incomplete = true,
        }
        let mut numbering = NumberingPlanBuilder::new();
        if let Some(source) = &sources.numbering {
            read_numbering(source, &mut numbering, &mut builder, &known, problems);
        }
        let mut ported = PortedNumbers::default();
        if let Some(source) = &sources.ported {
            read_ported(source, &mut ported, &mut builder, &known, problems);
        }
        Self { networks: builder.build(), numbering: numbering.build(), ported, known }
    }

    /// The codes that other files may name.
    pub fn known(&self) -> &Known {
        &self.known
    }
}

impl Known {
    /// The code that an MCC and an MNC give, if it is in the catalogue. The error names the column it belongs
    /// to.
    pub fn network(&self, mcc: &str, mnc: &str) -> Result<NetworkCode, (&'static str, String)> {
        self.checked(network_code(mcc, mnc)?)
    }

    /// A code in one text, such as `639/02`, or `639` for the MCC alone, if it is in the catalogue.
    pub fn joined(&self, text: &str) -> Parsed<NetworkCode> {
        let code = NetworkCode::parse_joined(text).ok_or_else(|| {
            format!("{} is neither a network such as 639/02 nor an MCC such as 639", quoted(text))
        })?;
        self.checked(code).map_err(|(_, message)| message)
    }

    fn checked(&self, code: NetworkCode) -> Result<NetworkCode, (&'static str, String)> {
        if self.is_incomplete || self.codes.contains(&code) {
            Ok(code)
        } else if self.codes.contains(&code.mcc_alone()) {
            Err(("mnc", format!("{code} is not in the file of networks")))
        } else {
            Err(("mcc", format!("no network or country has the MCC {}", code.mcc_alone())))
        }
    }

    /// A calling code, if a country has it.
    pub fn calling_code<'a>(&self, code: &'a str) -> Parsed<&'a str> {
        if self.is_incomplete || self.calling_codes.contains(code) {
            Ok(code)
        } else {
            Err(format!("no country has the calling code {}", quoted(code)))
        }
    }

    /// A country by its ISO 3166-1 alpha-2 code, if it is in the file of countries.
    pub fn country(&self, code: &str) -> Parsed<CountryCode> {
        texts::country(code)?;
        let known = self.is_incomplete || self.countries.contains(code);
        let country = CountryCode::new(code).filter(|_| known);
        country.ok_or_else(|| format!("no country has the code {}", quoted(code)))
    }

    fn add(&mut self, code: NetworkCode) {
        self.codes.insert(code);
        self.codes.insert(code.mcc_alone());
    }
}

fn read_countries(
    source: &SourceFile,
    builder: &mut NetworksBuilder,
    known: &mut Known,
    problems: &mut Problems,
) {
    let understood = read_sheet(source, COUNTRIES, problems, |row| {
        let calling_code = row.required("calling_code", texts::calling_code);
        let primary = row.required("primary_mcc", texts::mcc);
        let all_mccs = row.optional("all_mccs", |text| text.split('|').map(texts::mcc).collect());
        let mut mccs: Vec<_> = all_mccs.unwrap_or_default();
        let (calling_code, primary) = (calling_code?, primary?);
        mccs.retain(|mcc| *mcc != primary);
        mccs.insert(0, primary);
        for mcc in &mccs {
            known.add(*mcc);
        }
        known.calling_codes.insert((*calling_code).into());
        known.countries.insert(row.text("country_iso2").into());
        let added =
            builder.add_country(row.text("country_iso2"), row.text("country_name"), &calling_code, &mccs);
        if let Err(error) = added {
            row.problem("country_iso2", error.to_string());
        }
        Some(())
    });
    known.is_incomplete |= !understood;
}

fn read_networks(
    source: &SourceFile,
    builder: &mut NetworksBuilder,
    known: &mut Known,
    problems: &mut Problems,
) {
    let understood = read_sheet(source, NETWORKS, problems, |row| {
        let code = code_of_row(row, network_code)?;
        if code.is_mcc_alone() {
            row.problem("mnc", "is empty");
            return None;
        }
        known.add(code);
        // Customers know the brand; the operator's name in full is for where there is none.
        let operator = [row.text("brand"), row.text("operator")].into_iter().find(|name| !name.is_empty());
        if let Err(error) = builder.add_network(code, row.text("country_iso2"), operator.unwrap_or_default())
        {
            row.problem("mnc", error.to_string());
        }
        Some(())
    });
    known.is_incomplete |= !understood;
}

fn read_numbering(
    source: &SourceFile,
    plan: &mut NumberingPlanBuilder,
    builder: &mut NetworksBuilder,
    known: &Known,
    problems: &mut Problems,
) {
    read_sheet(source, NUMBERING, problems, |row| {
        let network = network_of_row(row, builder, known)?;
        if let Err(error) = plan.add(row.text("prefix"), network) {
            row.problem("prefix", error.to_string());
        }
        // Files of before may have anything in this column, which then says nothing.
        if texts::country(row.text("country_iso2")).is_ok()
            && let Err(error) =
                builder.add_number_country(row.text("prefix"), network, row.text("country_iso2"))
        {
            row.problem("country_iso2", error.to_string());
        }
        let aliases: Vec<_> = row.optional("mnc_all", |text| text.split('|').map(joined_code).collect())?;
        if let Err(error) = builder.add_aliases(&aliases) {
            row.problem("mnc_all", error.to_string());
        }
        Some(())
    });
}

fn read_ported(
    source: &SourceFile,
    ported: &mut PortedNumbers,
    builder: &mut NetworksBuilder,
    known: &Known,
    problems: &mut Problems,
) {
    read_sheet(source, PORTED, problems, |row| {
        let number = row.required("number", |text| {
            let number = Number::from_digits(text.as_bytes());
            number
                .ok_or_else(|| format!("{} is not a number in international form, digits only", quoted(text)))
        });
        let network = network_of_row(row, builder, known)?;
        if let Err(error) = ported.add(number?, network) {
            row.problem("number", error.to_string());
        }
        Some(())
    });
    ported.shrink_to_fit();
}

/// The network that a row's `mcc` and `mnc` name, which other files know.
fn network_of_row(row: &mut Row, builder: &mut NetworksBuilder, known: &Known) -> Option<NetworkId> {
    let code = code_of_row(row, |mcc, mnc| known.network(mcc, mnc))?;
    builder.intern(code).map_err(|error| row.problem("mnc", error.to_string())).ok()
}

/// Calls `find` with a row's `mcc` and `mnc`, and reports its error at the column that it names.
pub fn code_of_row(
    row: &mut Row,
    find: impl FnOnce(&str, &str) -> Result<NetworkCode, (&'static str, String)>,
) -> Option<NetworkCode> {
    let found = find(row.text("mcc"), row.text("mnc"));
    found.map_err(|(column, message)| row.problem(column, message)).ok()
}

/// The code that an MCC and an MNC give; the error names the column it belongs to.
fn network_code(mcc: &str, mnc: &str) -> Result<NetworkCode, (&'static str, String)> {
    if mcc.is_empty() {
        return Err(("mcc", "is empty".to_owned()));
    }
    texts::mcc(mcc).map_err(|error| ("mcc", error))?;
    let code = NetworkCode::new(mcc, mnc);
    code.ok_or_else(|| ("mnc", format!("{} is not an MNC of two or three digits", quoted(mnc))))
}

fn joined_code(text: &str) -> Parsed<NetworkCode> {
    NetworkCode::parse_joined(text).ok_or_else(|| format!("{} is not a network such as 639-02", quoted(text)))
}
