//! The shipped configuration, whose networks lists are read against.

use std::path::Path;

use tollgate_provisioning::{Loaded, load};

/// The configuration that is shipped.
pub fn shipped() -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/tollgate.toml");
    load(&path).unwrap_or_else(|problems| panic!("{problems}"))
}
