//! Time series, from the counters that the committer keeps.

mod figures;
mod groups;
mod names;
mod reading;
mod span;
mod view;

use std::sync::Arc;

use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::problem::Problem;
use tollgate_api::series::{Series, SeriesGroup, SeriesPoint, SeriesQuery, SeriesService};
use tollgate_api::time::Time;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;
use tollgate_storage::series::KeptFrom;

use crate::context::Context;
use crate::identity::visibility::Visibility;
use crate::messaging::lookup::Lookup;
use crate::problems::unavailable;
use figures::{Figures, Sums};
use groups::Groups;
use names::Names;
use reading::Reading;
use span::Span;
use view::View;

/// Points of an answer at most.
const POINTS_MAX: usize = 6_000;
/// Groups that come by name, where the query does not say how many.
const TOP: usize = 20;
/// Groups that may come by name.
const TOP_MAX: u32 = 100;

/// The time series of what callers may see.
#[derive(Debug)]
pub struct TimeSeries {
    context: Arc<Context>,
    visibility: Arc<Visibility>,
    lookup: Arc<Lookup>,
}

impl SeriesService for TimeSeries {
    fn series(&self, caller: &Caller, query: &SeriesQuery) -> Answer<Series> {
        let present = now();
        let span = Span::of(query, present)?;
        let groups_max = groups_max(query, span.steps())?;
        let view = View::of(&self.context, (&self.visibility, &self.lookup), caller, query)?;
        let reading = Reading::of(query, &view, &span)?;
        if reading.has_refusals() {
            self.context.core.clients.wait_for_refusals();
        }
        let read = self.context.store().series().at_one_instant(|instant| {
            let groups = Groups::read(instant, &reading, (query.measure.first(), groups_max), span.steps())?;
            Ok((groups, instant.kept_from))
        });
        let (groups, kept_from) = read.map_err(|error| unavailable(&error))?;
        self.answer(query, (&reading, &span), &groups, (kept_from, present))
    }
}

impl TimeSeries {
    /// Of the accounts that a caller may see.
    pub fn new(context: Arc<Context>, visibility: Arc<Visibility>, lookup: Arc<Lookup>) -> Self {
        Self { context, visibility, lookup }
    }

    fn answer(
        &self,
        query: &SeriesQuery,
        (reading, span): (&Reading, &Span),
        Groups { named, sums, has_rest }: &Groups,
        (kept, present): (KeptFrom, UnixMicros),
    ) -> Answer<Series> {
        let mut totals = Sums::default();
        sums.iter().flatten().for_each(|step| totals.extend(step));
        let figures = Figures::new(&query.measure, reading.side, &totals);
        let names = Names::read(&self.context, named)?;
        let mut groups = Vec::with_capacity(sums.len());
        for (at, steps) in sums.iter().enumerate() {
            let key = named.get(at);
            if key.is_none() && !*has_rest {
                continue;
            }
            let mut of_group = Sums::default();
            for step in steps {
                of_group.extend(step);
            }
            let (id, name) = key.map_or((None, None), |key| names.of(key));
            groups.push(SeriesGroup {
                key: id,
                name,
                is_other: key.is_none() && query.by.is_some(),
                totals: figures.of(&of_group),
                points: steps
                    .iter()
                    .zip(span.bounds())
                    .map(|(step, at)| SeriesPoint { at: Time(*at), figures: figures.of(step) })
                    .collect(),
            });
        }
        let kept_from = kept.of(reading.step);
        Ok(Series {
            measures: query.measure.all().to_vec(),
            by: query.by,
            step: query.step,
            from: Time(span.from()),
            to: Time(span.to()),
            time_zone: span.time_zone().to_owned(),
            as_of: Time(present),
            kept_from: (kept_from.0 > 0).then(|| Time(kept_from.starts_at())),
            groups,
            totals: figures.of(&totals),
        })
    }
}

/// The number of groups that come by name, beside the rest.
fn groups_max(query: &SeriesQuery, steps: usize) -> Answer<usize> {
    if query.top.is_some() && query.by.is_none() {
        return Err(Problem::field("top", "is for series that are told `by` something"));
    }
    if query.top.is_some_and(|top| !(1..=TOP_MAX).contains(&top)) {
        return Err(Problem::field("top", format!("is not between 1 and {TOP_MAX}")));
    }
    let room = (POINTS_MAX / steps.max(1)).saturating_sub(1);
    let wanted = query.top.map(|top| usize::try_from(top).unwrap_or(usize::MAX));
    match wanted {
        _ if query.by.is_none() => Ok(0),
        None if room == 0 => Err(too_many(steps, 2)),
        None => Ok(TOP.min(room)),
        Some(wanted) if wanted > room => Err(too_many(steps, wanted + 1)),
        Some(wanted) => Ok(wanted),
    }
}

fn too_many(steps: usize, groups: usize) -> Problem {
    let points = steps.saturating_mul(groups);
    Problem::field(
        "top",
        format!(
            "{groups} series of {steps} steps are {points} points, and an answer has at most {POINTS_MAX}: ask \
             for fewer groups, a shorter span or a longer step"
        ),
    )
}
