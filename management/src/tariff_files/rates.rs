//! Rate cards row by row: listing them as they stand in their files, and edits of single rows.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use tollgate_engine::money::Currency;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::time::UnixMicros;

use super::moves::{Place, place_of};
use super::sheet::{Cells, Sheet};
use super::{Change, EditError, text_of};
use tollgate_provisioning::{EVERY_PLAN, Loaded, Overlay, WrittenRate, read_written_rates};

/// The rates to be listed; a field that is `None` leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateFilter {
    /// A plan: its own rates, and those of every plan for networks that it has no rate of its own for. `*` is only those of
    /// every plan.
    pub plan: Option<String>,
    /// The MCC, three digits.
    pub mcc: Option<String>,
    /// The MNC, two or three digits; empty for rates of a whole MCC.
    pub mnc: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// One rate with the names of its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLine {
    /// The rate as its file has it.
    pub rate: WrittenRate,
    /// The plan's currency; for rates of every plan the one that all plans have.
    pub currency: Option<Currency>,
    /// ISO 3166-1 alpha-2; empty for international networks.
    pub country: String,
    /// For people; empty for international networks.
    pub country_name: String,
    /// Operator or brand; empty for a whole MCC.
    pub operator: String,
}

/// A rate as it is asked for, not checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateInput {
    /// A plan's name, or `*` for every plan.
    pub plan: String,
    /// The MCC, three digits.
    pub mcc: String,
    /// The MNC, two or three digits, or empty for the whole MCC.
    pub mnc: String,
    /// A decimal number, per segment.
    pub price: String,
    /// A date or RFC 3339; `None` for always.
    pub effective_from: Option<String>,
    /// A date or RFC 3339; `None` for an open end.
    pub effective_to: Option<String>,
    /// For people. `None` leaves the note of a row that is there.
    pub note: Option<String>,
}

/// The identity of a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatePlace {
    /// A plan's name, or `*`.
    pub plan: Arc<str>,
    /// The network, or the MCC alone.
    pub network: NetworkCode,
    /// The instant at which it begins; zero for always.
    pub effective_from: UnixMicros,
}

/// The rates of all files that match, in the order of files and lines.
pub fn list_rates(loaded: &Loaded, filter: &RateFilter) -> Result<Vec<RateLine>, EditError> {
    let rates = written_rates(loaded)?;
    let of_plan = filter.plan.as_deref().map(|plan| holding_for(&rates, plan));
    let networks = &loaded.provisioning.networks;
    // A rate of an MCC holds for all countries that have it.
    let serves = |code| {
        let country = filter.country.as_deref();
        country.is_none_or(|country| networks.id(code).is_some_and(|id| networks.serves(id, country)))
    };
    let lines = rates.iter().enumerate().filter(|(at, rate)| {
        of_plan.as_ref().is_none_or(|places| places.contains(at))
            && matches_network(filter, rate.network)
            && serves(rate.network)
    });
    Ok(lines.map(|(_, rate)| line_of(loaded, networks, rate)).collect())
}

/// Adds rates, and replaces those that begin at the same time for the same plan and network. New ones go to the end of
/// `file`, which may be omitted if there is only one rate file.
pub fn put_rates(
    config: &Path,
    current: &Loaded,
    file: Option<&str>,
    rates: &[RateInput],
) -> Result<Change, EditError> {
    let there = written_rates(current)?;
    let mut sheets = Sheets::default();
    for input in rates {
        let found = place_of_input(input).and_then(|place| there.iter().find(|rate| place_of(rate) == place));
        match found {
            Some(rate) => {
                let cells = cells_of(input);
                // The cells that identify the row stay as they were written; only the others are new.
                let (_, said) = cells.split_at(PLACE_CELLS);
                let count = if input.note.is_some() { said.len() } else { said.len() - 1 };
                sheets
                    .of(current, &rate.origin.file)?
                    .set(rate.origin.line, said.get(..count).unwrap_or(said));
            }
            None => sheets.of(current, rate_file(current, file)?)?.append(&cells_of(input)),
        }
    }
    Change::validated(config, current, sheets.overlay())
}

/// Removes rates from their files.
pub fn remove_rates(config: &Path, current: &Loaded, places: &[RatePlace]) -> Result<Change, EditError> {
    let there = written_rates(current)?;
    let mut sheets = Sheets::default();
    for RatePlace { plan, network, effective_from } in places {
        let place = (Arc::clone(plan), *network, *effective_from);
        let found = there.iter().find(|rate| place_of(rate) == place);
        let rate = found.ok_or_else(|| EditError::Missing {
            what: "rate",
            name: format!("of plan {plan} for {network} from {}", effective_from.to_rfc3339()),
        })?;
        sheets.of(current, &rate.origin.file)?.remove(rate.origin.line);
    }
    Change::validated(config, current, sheets.overlay())
}

/// The rates of every file, in the order in which they are read.
pub(crate) fn written_rates(loaded: &Loaded) -> Result<Vec<WrittenRate>, EditError> {
    let mut rates = Vec::new();
    for name in &loaded.settings.tariff.rates {
        rates.extend(read_written_rates(name, Path::new(name), text_of(loaded, name)?.as_bytes())?);
    }
    Ok(rates)
}

/// The rate file of that name, or the only one there is.
pub(crate) fn rate_file<'l>(loaded: &'l Loaded, name: Option<&str>) -> Result<&'l str, EditError> {
    let files = &loaded.settings.tariff.rates;
    let found = match (name, &files[..]) {
        (Some(name), _) => files.iter().find(|file| *file == name),
        (None, [only]) => Some(only),
        (None, _) => return Err(EditError::WhichFile(files.clone())),
    };
    found
        .map(String::as_str)
        .ok_or_else(|| EditError::NotEditable { file: name.unwrap_or_default().to_owned() })
}

/// The files that an edit changes, as lines.
#[derive(Default)]
struct Sheets(Vec<(String, Sheet)>);

impl Sheets {
    fn of(&mut self, loaded: &Loaded, file: &str) -> Result<&mut Sheet, EditError> {
        let at = self.0.iter().position(|(name, _)| name == file).unwrap_or(self.0.len());
        if at == self.0.len() {
            self.0.push((file.to_owned(), Sheet::parse(file, text_of(loaded, file)?)?));
        }
        let found = self.0.get_mut(at).map(|(_, sheet)| sheet);
        found.ok_or_else(|| EditError::NotEditable { file: file.to_owned() })
    }

    fn overlay(self) -> Overlay {
        self.0.into_iter().map(|(name, sheet)| (name, sheet.text().into_bytes())).collect()
    }
}

/// The number of cells in [`cells_of`] that identify the row.
const PLACE_CELLS: usize = 4;

/// The cells of a row; those that identify it come first, the note last.
fn cells_of(input: &RateInput) -> [(&'static str, &str); 7] {
    fn given(text: Option<&String>) -> &str {
        text.map_or("", String::as_str)
    }
    [
        ("plan", &input.plan),
        ("mcc", &input.mcc),
        ("mnc", &input.mnc),
        ("effective_from", given(input.effective_from.as_ref())),
        ("price", &input.price),
        ("effective_to", given(input.effective_to.as_ref())),
        ("note", given(input.note.as_ref())),
    ]
}

/// The cells of a rate that was read.
pub(crate) fn with_cells<T>(rate: &WrittenRate, use_cells: impl FnOnce(&Cells, &Cells) -> T) -> T {
    let since = |at: UnixMicros| if at == UnixMicros::default() { None } else { Some(at.to_rfc3339()) };
    let input = RateInput {
        plan: rate.plan.to_string(),
        mcc: format!("{:03}", rate.network.mcc),
        mnc: rate.network.mnc.map(|mnc| mnc.to_string()).unwrap_or_default(),
        price: rate.price.to_string(),
        effective_from: since(rate.effective_from),
        effective_to: rate.effective_to.map(UnixMicros::to_rfc3339),
        note: Some(rate.note.clone()),
    };
    let cells = cells_of(&input);
    let (_, said) = cells.split_at(PLACE_CELLS);
    use_cells(&cells, said)
}

/// The identity of a rate that is asked for; `None` if it cannot be read: no row is found then, and validation reports the
/// fault.
fn place_of_input(input: &RateInput) -> Option<Place> {
    let from = match input.effective_from.as_deref() {
        None | Some("") => UnixMicros::default(),
        Some(text) => UnixMicros::parse(text)?,
    };
    Some((input.plan.as_str().into(), NetworkCode::new(&input.mcc, &input.mnc)?, from))
}

/// The positions of the rates that hold for a plan at some time: its own, and those of every plan that rows of its own do
/// not stand before for as long as they hold.
fn holding_for(rates: &[WrittenRate], plan: &str) -> HashSet<usize> {
    let mut own: HashMap<NetworkCode, Vec<&WrittenRate>> = HashMap::new();
    for rate in rates.iter().filter(|rate| &*rate.plan == plan) {
        own.entry(rate.network).or_default().push(rate);
    }
    for rows in own.values_mut() {
        rows.sort_by_key(|rate| rate.effective_from);
    }
    let is_hidden =
        |rate: &WrittenRate| own.get(&rate.network).is_some_and(|rows| is_covered(rate, rows.as_slice()));
    let holds = |rate: &WrittenRate| &*rate.plan == plan || (&*rate.plan == EVERY_PLAN && !is_hidden(rate));
    rates.iter().enumerate().filter(|(_, rate)| holds(rate)).map(|(at, _)| at).collect()
}

/// True if one of the rows, which are in the order of time, is in force at every instant at which the rate is.
fn is_covered(rate: &WrittenRate, rows: &[&WrittenRate]) -> bool {
    let end = |rate: &WrittenRate| rate.effective_to.unwrap_or(UnixMicros(u64::MAX));
    let mut covered_to = rate.effective_from;
    for row in rows.iter().filter(|row| end(row) > rate.effective_from) {
        if row.effective_from > covered_to {
            return false;
        }
        covered_to = covered_to.max(end(row));
    }
    covered_to >= end(rate)
}

fn matches_network(filter: &RateFilter, network: NetworkCode) -> bool {
    let mcc = format!("{:03}", network.mcc);
    let mnc = network.mnc.map(|mnc| mnc.to_string()).unwrap_or_default();
    filter.mcc.as_ref().is_none_or(|wanted| *wanted == mcc)
        && filter.mnc.as_ref().is_none_or(|wanted| *wanted == mnc)
}

fn line_of(loaded: &Loaded, networks: &Networks, rate: &WrittenRate) -> RateLine {
    let plans = &loaded.provisioning.plans;
    let plan = plans.iter().find(|plan| plan.name == rate.plan || &*rate.plan == EVERY_PLAN);
    let network = networks.id(rate.network);
    let country = network.and_then(|id| networks.country_of(id));
    RateLine {
        rate: rate.clone(),
        currency: plan.map(|plan| plan.currency),
        country: country.map(|country| country.iso2.to_string()).unwrap_or_default(),
        country_name: country.map(|country| country.name.to_string()).unwrap_or_default(),
        operator: network.map(|id| networks.get(id).operator.to_string()).unwrap_or_default(),
    }
}
