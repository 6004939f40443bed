//! Traffic pumping, also called artificially inflated traffic or SMS toll fraud: messages that are sent only so that
//! somebody earns a share of their price.
//!
//! A [`Detector`] watches the traffic of one account. It is fed with every message that is charged and with what becomes of
//! it, and finds four signs: many numbers in sequence, many numbers close together, a sudden share of a network that is new
//! for the account and expensive, and a delivery rate that falls away for one range and not for others. A sign is a
//! [`Finding`] with its evidence. Where the evidence is strong ([`verdict`]) and the account says so, the rate of the range is
//! stepped down: [`Detector::admits`] lets a few messages a minute through until the range has been quiet for a while.
//!
//! **Architecture invariant:** a detector takes at most [`OCTETS_MAX`] octets, whatever it is fed with, and a message costs
//! it one look at each entry of its bounded tables. What it compares are counts and ratios of integers.

mod detector;
mod finding;
mod findings;
mod networks;
mod outcomes;
mod range;
mod regions;
mod sent;
mod settings;
mod track;
mod tracks;
pub mod verdict;

pub use detector::{Detector, OCTETS_MAX};
pub use finding::{EndReason, Evidence, Finding, FindingKind, News};
pub use networks::Familiarity;
pub use outcomes::Outcomes;
pub use range::{Block, Range};
pub use sent::Sent;
pub use settings::{PumpingMode, PumpingOverrides, PumpingSettings};
pub use track::EXAMPLES_MAX;
