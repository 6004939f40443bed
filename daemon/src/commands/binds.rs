//! `tollgate binds`: the gateways that are bound to a daemon.

use std::path::Path;

use tollgate_console::complain;

use crate::failure::Failure;
use crate::table::{self, Column};
use crate::target::{Ask, Target, TargetArguments};

const COLUMNS: [Column; 10] = [
    ("ACCOUNT", "/account"),
    ("SYSTEM ID", "/system_id"),
    ("MODE", "/mode"),
    ("VERSION", "/version"),
    ("ADDRESS", "/address"),
    ("WINDOW", "/window"),
    ("WAITING", "/in_flight"),
    ("PER SECOND", "/per_second"),
    ("MESSAGES", "/messages"),
    ("SINCE", "/bound_at"),
];

/// Lists the binds.
pub fn binds(config: &Path, arguments: &TargetArguments) -> Result<(), Failure> {
    let target = Target::find(config, arguments)?;
    let mut binds = Vec::new();
    target.list(&Ask::Binds, |page| binds.extend(page))?;
    table::print(&binds, &COLUMNS, arguments.json);
    if binds.is_empty() {
        complain!(
            "{}",
            if target.is_running() { "nobody is bound" } else { "nobody is bound: no daemon runs" }
        );
    }
    Ok(())
}
