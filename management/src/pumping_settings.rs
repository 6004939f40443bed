//! The search for traffic pumping as requests set it for accounts and plans, and as answers show it.

use tollgate_api::accounts::TrafficPumping;
use tollgate_api::choice::Word;
use tollgate_api::problem::Problem;
use tollgate_engine::pumping::{PumpingOverrides, PumpingSettings};
use tollgate_provisioning::bounds::pumping;

/// Settings as a request has them, over more general ones. Refused where a number is out of bounds.
pub fn pumping_overrides(asked: TrafficPumping) -> Result<PumpingOverrides, Problem> {
    let numbers = [
        (pumping::SEQUENCE_NUMBERS, asked.sequence_numbers),
        (pumping::NARROW_NUMBERS, asked.narrow_numbers),
        (pumping::SHARE_PERCENT, asked.share_percent),
        (pumping::EXPENSIVE_PERCENT, asked.expensive_percent),
        (pumping::DELIVERED_PERCENT, asked.delivered_percent),
        (pumping::STEP_DOWN_PER_MINUTE, asked.step_down_per_minute),
        (pumping::QUIET_MINUTES, asked.quiet_minutes),
    ];
    for (number, value) in numbers {
        let checked = value.map_or(Ok(()), |value| number.bounds.check(value));
        let refused = |key: &str, message| Problem::field(&format!("traffic_pumping.{key}"), message);
        checked.map_err(|error| refused(error.key, error.to_string()))?;
    }
    Ok(PumpingOverrides {
        mode: asked.mode.map(|mode| mode.0),
        sequence_numbers: asked.sequence_numbers,
        narrow_numbers: asked.narrow_numbers,
        share_percent: asked.share_percent,
        expensive_percent: asked.expensive_percent,
        delivered_percent: asked.delivered_percent,
        step_down_per_minute: asked.step_down_per_minute,
        quiet_minutes: asked.quiet_minutes,
    })
}

/// Settings that differ from more general ones, and null for all else.
pub fn shown_overrides(overrides: &PumpingOverrides) -> TrafficPumping {
    TrafficPumping {
        mode: overrides.mode.map(Word),
        sequence_numbers: overrides.sequence_numbers,
        narrow_numbers: overrides.narrow_numbers,
        share_percent: overrides.share_percent,
        expensive_percent: overrides.expensive_percent,
        delivered_percent: overrides.delivered_percent,
        step_down_per_minute: overrides.step_down_per_minute,
        quiet_minutes: overrides.quiet_minutes,
    }
}

/// All settings that hold.
pub fn shown_settings(settings: &PumpingSettings) -> TrafficPumping {
    TrafficPumping {
        mode: Some(Word(settings.mode)),
        sequence_numbers: Some(settings.sequence_numbers),
        narrow_numbers: Some(settings.narrow_numbers),
        share_percent: Some(settings.share_percent),
        expensive_percent: Some(settings.expensive_percent),
        delivered_percent: Some(settings.delivered_percent),
        step_down_per_minute: Some(settings.step_down_per_minute),
        quiet_minutes: Some(settings.quiet_minutes),
    }
}
