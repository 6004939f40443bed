//! Jobs as the books keep them, and which of them may be done now.

pub mod claims;
pub mod record;
