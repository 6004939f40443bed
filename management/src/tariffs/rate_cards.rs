//! Rate cards: shown as they are in force, and edited in their files.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json, to_value};
use tollgate_api::answer::{Answer, Versioned};
use tollgate_api::caller::Caller;
use tollgate_api::extract::IfMatch;
use tollgate_api::money::{CurrencyCode, Money};
use tollgate_api::page::Page;
use tollgate_api::percent::Percent;
use tollgate_api::problem::Problem;
use tollgate_api::rate_cards::{
    AddedRow, ChangedRow, DeckDifference, DeckQuery, DeckRow, FlaggedRow, PriceMove, RateCard,
    RateCardsQuery, RateCardsService, RatePlaceQuery, RateRow, RateRows, RateSort,
};
use tollgate_api::tariffs::TariffChange;
use tollgate_api::time::Time;
use tollgate_engine::network::{NetworkCode, Networks};
use tollgate_engine::time::UnixMicros;

use super::edits::{Note, TariffEdits, of_tariff, problem_of_edit};
use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::tariff_files;
use crate::tariff_files::{
    DeckOptions, RateFilter, RateInput, RateLine, RatePlace, list_rates, plan_deck, put_rates, remove_rates,
};
use tollgate_provisioning::{EVERY_PLAN, WrittenRate};

/// Rows in one change.
const ROWS_MAX: usize = 5_000;
/// Octets of a note.
const NOTE_OCTETS_MAX: usize = 200;
/// Rows of each kind that a difference shows unless the query says otherwise, and the most that it may ask for.
const SHOWN: u32 = 100;
const SHOWN_MAX: u32 = 1_000;
/// Flagged prices that a refusal names.
const FLAGGED_NAMED: usize = 20;
/// A price that moves further than this is flagged, in percent.
const MOVE_LIMIT: u32 = 20;

/// The rate cards of the tariff.
#[derive(Debug)]
pub struct RateCards {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    edits: Arc<TariffEdits>,
}

impl RateCards {
    /// The rates in force in `context`, changed by `edits`.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, edits: Arc<TariffEdits>) -> Self {
        Self { context, visibility, edits }
    }
}

impl RateCardsService for RateCards {
    fn deck_octets_max(&self) -> usize {
        self.context.settings.api.max_deck_bytes as usize
    }

    fn rate_cards(&self, caller: &Caller, query: &RateCardsQuery) -> Answer<Versioned<Page<RateCard>>> {
        let paging = query.paging()?;
        let visible = self.visibility.visible_plans(caller);
        let filter = RateFilter {
            plan: query.plan.clone(),
            mcc: query.mcc.clone(),
            mnc: query.mnc.clone(),
            country: query.country.clone(),
        };
        let lines = list_rates(&self.context.core.configuration.files(), &filter);
        let lines = lines.map_err(|error| problem_of_edit(&error))?.into_iter();
        let is_visible =
            |plan: &str| visible.as_ref().is_none_or(|names| plan == EVERY_PLAN || names.contains(plan));
        let mut rates: Vec<(String, RateCard)> = lines
            .filter(|line| is_visible(&line.rate.plan))
            .map(|line| (key_of(&line.rate, query.sort.unwrap_or_default()), view_of(line)))
            .collect();
        rates.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(of_tariff(&self.context, paging.page(rates.into_iter(), |key, after| key > after)))
    }

    fn put_rates(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        rows: RateRows,
    ) -> Answer<Versioned<TariffChange>> {
        if !(1..=ROWS_MAX).contains(&rows.rows.len()) {
            return Err(Problem::field("rows", format!("must have from 1 to {ROWS_MAX} rows")));
        }
        let inputs: Vec<RateInput> =
            rows.rows.iter().zip(0..).map(|(row, at)| input_of(row, at)).collect::<Answer<_>>()?;
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let current = edit.files_on_disk()?;
        let change = put_rates(edit.config(), &current, rows.file.as_deref(), &inputs);
        let change = change.map_err(|error| problem_of_edit(&error))?;
        let note = Note {
            action: "rates.put",
            resource: "rate-cards".to_owned(),
            before: Value::Null,
            after: json!({ "rows": rows.rows.len(), "file": rows.file }),
        };
        let made = edit.put_in_force(caller, &current, &change, note)?;
        Ok(of_tariff(&self.context, made))
    }

    fn remove_rate(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        place: RatePlaceQuery,
    ) -> Answer<Versioned<TariffChange>> {
        let network = NetworkCode::new(&place.mcc, place.mnc.as_deref().unwrap_or_default());
        let network = network.ok_or_else(|| Problem::field("mcc", "is not the code of a network"))?;
        let effective_from = place.effective_from.map_or(UnixMicros::default(), |at| at.0);
        let place = RatePlace { plan: Arc::from(place.plan), network, effective_from };
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let current = edit.files_on_disk()?;
        let change = remove_rates(edit.config(), &current, std::slice::from_ref(&place));
        let change = change.map_err(|error| problem_of_edit(&error))?;
        let said = json!({
            "plan": *place.plan, "network": network.to_string(), "effective_from": from_of(effective_from),
        });
        let resource = "rate-cards".to_owned();
        let note = Note { action: "rates.remove", resource, before: said, after: Value::Null };
        let made = edit.put_in_force(caller, &current, &change, note)?;
        Ok(of_tariff(&self.context, made))
    }

    fn upload_deck(
        &self,
        caller: &Caller,
        if_match: IfMatch,
        query: DeckQuery,
        deck: Vec<u8>,
    ) -> Answer<Versioned<DeckDifference>> {
        let show = query.show.unwrap_or(SHOWN);
        if show > SHOWN_MAX {
            return Err(Problem::field("show", format!("must be at most {SHOWN_MAX}")));
        }
        let limit = move_limit(query.move_limit_percent.as_deref())?;
        let options = DeckOptions { file: query.file, plan: query.plan, move_limit_percent: limit };
        let mut edit = self.edits.begin();
        edit.check_tariff(if_match)?;
        let current = edit.files_on_disk()?;
        let difference =
            plan_deck(edit.config(), &current, deck, &options).map_err(|error| problem_of_edit(&error))?;
        let networks = &current.provisioning.networks;
        let made = if query.dry_run {
            edit.dry_run(&current, &difference.change)?
        } else {
            if difference.over_limit > 0 && !query.accept_flagged {
                return Err(flagged_problem(&difference, limit, networks));
            }
            let note = deck_note(&difference, &options, query.accept_flagged);
            edit.put_in_force(caller, &current, &difference.change, note)?
        };
        Ok(of_tariff(&self.context, difference_of(&difference, made, show as usize, networks)))
    }
}

fn deck_note(
    difference: &tariff_files::DeckDifference,
    options: &DeckOptions,
    accepted: bool,
) -> Note<'static> {
    Note {
        action: "rates.upload",
        resource: format!("rate-cards/{}", difference.file),
        before: Value::Null,
        after: json!({
            "plan": options.plan,
            "added": difference.added.len(),
            "removed": difference.removed.len(),
            "changed": difference.changed.len(),
            "flagged": difference.over_limit,
            "accept_flagged": accepted,
            "move_limit_percent": to_value(Percent(options.move_limit_percent)).unwrap_or_default(),
        }),
    }
}

/// The limit of moves in percent; 20 where the query names none.
pub fn move_limit(text: Option<&str>) -> Answer<Decimal> {
    let Some(text) = text else { return Ok(Decimal::from(MOVE_LIMIT)) };
    let limit = Decimal::from_str_exact(text).ok().filter(|limit| !limit.is_sign_negative());
    limit.ok_or_else(|| {
        Problem::field("move_limit_percent", "is not a decimal number of at least 0, such as 12.5")
    })
}

/// The problem of a deck that is refused because of prices that move too far, which it names.
fn flagged_problem(
    difference: &tariff_files::DeckDifference,
    limit: Decimal,
    networks: &Networks,
) -> Problem {
    let flagged = difference.over_limit;
    let problem = Problem::wrong_state(format!(
        "{flagged} prices move by more than {limit} %; look at them with dry_run=true, and send accept_flagged=true \
         to take them"
    ));
    flagged_rows(difference, FLAGGED_NAMED, networks).into_iter().fold(
        problem,
        |problem, FlaggedRow { row, price }| {
            let percent =
                price.percent.map_or_else(|| "from zero".to_owned(), |percent| format!("{} %", percent.0));
            let (old, new) = (price.old.0, price.new.0);
            problem
                .and_field(&format!("{}:{}", difference.file, row.line), format!("{old} → {new}: {percent}"))
        },
    )
}

fn difference_of(
    difference: &tariff_files::DeckDifference,
    made: TariffChange,
    show: usize,
    networks: &Networks,
) -> DeckDifference {
    let tariff_files::DeckDifference { file, added, removed, changed, unchanged, over_limit, .. } =
        difference;
    DeckDifference {
        result: made.result,
        version: made.version,
        file: file.clone(),
        added: added.len() as u64,
        removed: removed.len() as u64,
        changed: changed.len() as u64,
        unchanged: *unchanged as u64,
        flagged: *over_limit as u64,
        added_rows: added
            .iter()
            .take(show)
            .map(|added| AddedRow {
                row: row_of(&added.rate, networks),
                price: added.price.as_ref().map(move_of),
            })
            .collect(),
        removed_rows: removed.iter().take(show).map(|rate| row_of(rate, networks)).collect(),
        changed_rows: changed
            .iter()
            .take(show)
            .map(|changed| ChangedRow {
                before: row_of(&changed.old, networks),
                after: row_of(&changed.new, networks),
                price: move_of(&changed.price),
            })
            .collect(),
        flagged_rows: flagged_rows(difference, show, networks),
    }
}

/// The price moves over the limit, the largest first; from nothing to something is the largest of all.
fn flagged_rows(
    difference: &tariff_files::DeckDifference,
    most: usize,
    networks: &Networks,
) -> Vec<FlaggedRow> {
    let added = difference.added.iter().filter_map(|added| Some((&added.rate, added.price.as_ref()?)));
    let changed = difference.changed.iter().map(|changed| (&changed.new, &changed.price));
    let mut flagged: Vec<_> = added.chain(changed).filter(|(_, price)| price.is_over_limit).collect();
    let size = |price: &tariff_files::PriceMove| price.percent.map_or(Decimal::MAX, |percent| percent.abs());
    flagged.sort_by_key(|(_, price)| std::cmp::Reverse(size(price)));
    let rows = flagged.into_iter().take(most);
    rows.map(|(rate, price)| FlaggedRow { row: row_of(rate, networks), price: move_of(price) }).collect()
}

/// A move of a price as the API shows it.
pub fn move_of(price: &tariff_files::PriceMove) -> PriceMove {
    PriceMove {
        old: Money(price.old),
        new: Money(price.new),
        percent: price.percent.map(Percent),
        is_flagged: price.is_over_limit,
    }
}

/// A row as the API shows it.
pub fn row_of(rate: &WrittenRate, networks: &Networks) -> DeckRow {
    let network = networks.id(rate.network);
    let country = network.and_then(|id| networks.country_of(id));
    DeckRow {
        plan: rate.plan.to_string(),
        mcc: format!("{:03}", rate.network.mcc),
        mnc: rate.network.mnc.map(|mnc| mnc.to_string()),
        price_per_sms: Money(rate.price),
        effective_from: from_of(rate.effective_from),
        effective_to: rate.effective_to.map(Time),
        country_name: country.map(|country| country.name.to_string()).unwrap_or_default(),
        operator: network.map(|id| networks.get(id).operator.to_string()).unwrap_or_default(),
        note: rate.note.clone(),
        line: rate.origin.line,
    }
}

fn view_of(line: RateLine) -> RateCard {
    let rate = line.rate;
    RateCard {
        plan: rate.plan.to_string(),
        mcc: format!("{:03}", rate.network.mcc),
        mnc: rate.network.mnc.map(|mnc| mnc.to_string()),
        country_code: line.country,
        country_name: line.country_name,
        operator: line.operator,
        price_per_sms: Money(rate.price),
        currency: line.currency.map(CurrencyCode),
        effective_from: from_of(rate.effective_from),
        effective_to: rate.effective_to.map(Time),
        note: rate.note,
        file: rate.origin.file.to_string(),
        line: rate.origin.line,
    }
}

/// The key that pages continue at. Prices are never below zero, so that their digits sort as the prices do.
fn key_of(rate: &WrittenRate, sort: RateSort) -> String {
    let network = format!("{:07}", rate.network.to_bits());
    let (plan, from) = (&rate.plan, rate.effective_from.0);
    match sort {
        RateSort::Network => format!("{network}\n{plan}\n{from:020}"),
        RateSort::Plan => format!("{plan}\n{network}\n{from:020}"),
        RateSort::Price => format!("{:020}\n{network}\n{plan}\n{from:020}", rate.price.micros()),
    }
}

fn from_of(at: UnixMicros) -> Option<Time> {
    (at != UnixMicros::default()).then_some(Time(at))
}

/// The row to be written. The reader of the file checks it; only what would break its lines is refused here.
fn input_of(row: &RateRow, at: usize) -> Answer<RateInput> {
    let field = |name: &str| format!("rows.{at}.{name}");
    let mnc = row.mnc.clone().unwrap_or_default();
    if NetworkCode::new(&row.mcc, &mnc).is_none() {
        let message = "must have three digits, and mnc two or three if it is given";
        return Err(Problem::field(&field("mcc"), message));
    }
    let is_line = |text: &str| text.len() <= NOTE_OCTETS_MAX && !text.contains(char::is_control);
    if !is_line(&row.plan) {
        return Err(Problem::field(&field("plan"), "is not the name of a plan"));
    }
    if row.note.as_deref().is_some_and(|note| !is_line(note)) {
        return Err(Problem::field(
            &field("note"),
            format!("is not one line of at most {NOTE_OCTETS_MAX} octets"),
        ));
    }
    Ok(RateInput {
        plan: row.plan.clone(),
        mcc: row.mcc.clone(),
        mnc,
        price: row.price_per_sms.0.to_string(),
        effective_from: row.effective_from.map(|at| at.0.to_rfc3339()),
        effective_to: row.effective_to.map(|at| at.0.to_rfc3339()),
        note: row.note.clone(),
    })
}
