//! A whole rate deck in place of the rows of one rate file, or of one plan within it: the differences, and the edit that
//! makes them.

use std::path::Path;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::moves::{AddedRate, ChangedRate, Moves, compare};
use super::rates::{rate_file, with_cells, written_rates};
use super::sheet::Sheet;
use super::{Change, EditError, load_with, text_of};
use tollgate_provisioning::{EVERY_PLAN, Loaded, Overlay, Problems, WrittenRate, read_written_rates};

/// The rows that a deck replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeckOptions {
    /// The rate file, as the configuration names it; it may be omitted if there is only one.
    pub file: Option<String>,
    /// The plan whose rows are replaced (`*` for rows of every plan); the others stay. A deck for one plan needs no column
    /// `plan`. `None` replaces the whole file.
    pub plan: Option<String>,
    /// A price that moves by more percent than this, up or down, is flagged. At least zero.
    pub move_limit_percent: Decimal,
}

/// The changes that a deck would make.
#[derive(Clone, Debug)]
pub struct DeckDifference {
    /// The rate file that it goes into.
    pub file: String,
    /// Rows that the file does not have.
    pub added: Vec<AddedRate>,
    /// Rows that the deck does not have.
    pub removed: Vec<WrittenRate>,
    /// Rows whose content differs.
    pub changed: Vec<ChangedRate>,
    /// Rows that are the same.
    pub unchanged: usize,
    /// Added and changed rows whose price moves by more than the limit.
    pub over_limit: usize,
    /// The edit, validated.
    pub change: Change,
}

/// The name of a deck in problems.
const DECK: &str = "deck";

/// Compares a deck with the present rows, and makes the edit. Faults of the deck are named by its lines.
pub fn plan_deck(
    config: &Path,
    current: &Loaded,
    deck: Vec<u8>,
    options: &DeckOptions,
) -> Result<DeckDifference, EditError> {
    let file = rate_file(current, options.file.as_deref())?;
    let path = Path::new(DECK);
    let deck = match &options.plan {
        Some(plan) => with_plan(path, deck, known_plan(current, plan)?)?,
        None => deck,
    };
    // In place of the file the deck is checked as a whole: networks, plans, and rows that another file has already.
    let overlay = Overlay::from([(file.to_owned(), deck.clone())]);
    if std::str::from_utf8(&deck).is_err() {
        // Reading reports the line that is not text.
        read_written_rates(DECK, path, &deck)?;
    }
    let whole = load_with(config, &overlay).map_err(|problems| of_deck(problems, file))?;
    let new = read_written_rates(file, path, &deck)?;
    if let Some(plan) = &options.plan {
        check_plan(path, &new, plan)?;
    }
    let held = written_rates(current)?;
    let is_meant = |rate: &&WrittenRate| {
        &*rate.origin.file == file && options.plan.as_ref().is_none_or(|plan| **plan == *rate.plan)
    };
    let old: Vec<WrittenRate> = held.iter().filter(is_meant).cloned().collect();
    let moves = compare(&old, &new, &held, options.move_limit_percent);
    let change = match &options.plan {
        Some(_) => {
            let merged = merge(Sheet::parse(file, text_of(current, file)?)?, &moves);
            Change::validated(config, current, Overlay::from([(file.to_owned(), merged.into_bytes())]))?
        }
        None => Change::of_whole(current, overlay, whole)?,
    };
    let Moves { added, removed, changed, unchanged } = moves;
    let added_over = added.iter().filter_map(|row| row.price).filter(|price| price.is_over_limit).count();
    let over_limit = added_over + changed.iter().filter(|row| row.price.is_over_limit).count();
    Ok(DeckDifference { file: file.to_owned(), added, removed, changed, unchanged, over_limit, change })
}

/// The problems of a configuration with the deck in place of a file, which they name.
fn of_deck(problems: Problems, file: &str) -> Problems {
    let (place, deck) = (format!("{file}:"), format!("{DECK}:"));
    problems.with_names(|text| if text == file { DECK.to_owned() } else { text.replace(&place, &deck) })
}

/// The file with the deck's rows of one plan in place of its own; rows that stay keep their lines.
fn merge(mut sheet: Sheet, moves: &Moves) -> String {
    for row in &moves.changed {
        with_cells(&row.new, |_, said| sheet.set(row.old.origin.line, said));
    }
    for rate in &moves.removed {
        sheet.remove(rate.origin.line);
    }
    for row in &moves.added {
        with_cells(&row.rate, |cells, _| sheet.append(cells));
    }
    sheet.text()
}

/// Adds the column `plan` to a deck for one plan that has none, in front of its rows, so that they keep their lines.
fn with_plan(path: &Path, deck: Vec<u8>, plan: &str) -> Result<Vec<u8>, EditError> {
    let Ok(text) = std::str::from_utf8(&deck) else {
        // Reading reports the line that is not text.
        read_written_rates(DECK, path, &deck)?;
        return Ok(deck);
    };
    let mut sheet = Sheet::parse(DECK, text.trim_start_matches('\u{feff}'))?;
    if sheet.has("plan") {
        return Ok(deck);
    }
    sheet.prepend("plan", plan);
    Ok(sheet.text().into_bytes())
}

fn known_plan<'p>(current: &Loaded, plan: &'p str) -> Result<&'p str, EditError> {
    let is_known = plan == EVERY_PLAN || current.provisioning.plans.iter().any(|known| &*known.name == plan);
    if is_known { Ok(plan) } else { Err(EditError::Missing { what: "plan", name: plan.to_owned() }) }
}

/// Refuses a deck with a row of another plan.
fn check_plan(path: &Path, deck: &[WrittenRate], plan: &str) -> Result<(), EditError> {
    let path: Arc<str> = path.to_string_lossy().into();
    let mut problems = Problems::default();
    for rate in deck.iter().filter(|rate| &*rate.plan != plan) {
        let message = format!("is `{}`, but the deck is for `{plan}`", rate.plan);
        problems.add(&path, rate.origin.line, "plan", message);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}
