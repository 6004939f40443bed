//! Checks of the fields of a charge: they must fit into a submit_sm.

use std::ops::RangeInclusive;

use tollgate_api::answer::Answer;
use tollgate_api::charges::NewCharge;
use tollgate_api::problem::Problem;
use tollgate_api::user_sms_id::{self, UserSmsId};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;

/// Octets of an address (SMPP 3.4 §4.4.1).
pub const ADDRESS_OCTETS_MAX: usize = 20;
/// Octets of a dispatch id.
const DISPATCH_OCTETS_MAX: usize = 64;
/// The highest priority_flag (SMPP 3.4 §5.2.14).
const PRIORITY_MAX: u8 = 3;
/// The furthest time ahead that a message may be scheduled for: times in SMPP have two digits of the year.
const AHEAD_MAX_MICROS: u64 = 366 * 86_400 * 1_000_000;

/// Refuses what the fields of a submit_sm cannot hold.
pub fn check(new: &NewCharge) -> Answer<()> {
    octets("to", &new.to, 1..=ADDRESS_OCTETS_MAX)?;
    octets("from", &new.from, 0..=ADDRESS_OCTETS_MAX)?;
    if let Some(dispatch_id) = &new.dispatch_id {
        octets("dispatch_id", dispatch_id, 1..=DISPATCH_OCTETS_MAX)?;
    }
    if let Some(UserSmsId::Text(id)) = &new.user_sms_id {
        octets("user_sms_id", id, 1..=user_sms_id::OCTETS_MAX)?;
    }
    if new.priority > PRIORITY_MAX {
        return Err(Problem::field("priority", format!("must be from 0 to {PRIORITY_MAX}")));
    }
    Ok(())
}

/// Refuses a text of fewer or more octets, or with a NUL in it.
pub fn octets(field: &str, text: &str, count: RangeInclusive<usize>) -> Answer<()> {
    if !count.contains(&text.len()) {
        let (least, most) = count.into_inner();
        return Err(Problem::field(field, format!("must have {least} to {most} octets")));
    }
    if text.contains('\0') {
        return Err(Problem::field(field, "has a NUL in it"));
    }
    Ok(())
}

/// The time at which the message is to be sent and the end of its validity. A time that has passed is no schedule.
pub fn times(new: &NewCharge, now: UnixMicros) -> Answer<(Option<UnixMicros>, Option<UnixMicros>)> {
    let latest = now.0.saturating_add(AHEAD_MAX_MICROS);
    for (field, time) in [("scheduled_at", new.scheduled_at), ("expires_at", new.expires_at)] {
        if time.is_some_and(|time| time.0.0 > latest) {
            return Err(Problem::field(field, "is more than a year away"));
        }
    }
    let expires_at = new.expires_at.map(|time| time.0);
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::refused(Refusal::InvalidValidity));
    }
    Ok((new.scheduled_at.map(|time| time.0).filter(|at| *at > now), expires_at))
}
