//! Chains, bundles, caps and commissions: every level's postings are durable together, given back together, and proven.

mod below;
mod changes;
mod charges;
mod model;
