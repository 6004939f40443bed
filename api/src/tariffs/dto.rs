//! The bodies and parameters of requests about tariff versions and of changes of the files.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::list_query;
use crate::time::Time;

/// The result of a change of the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TariffChange {
    /// The result, which says if anything is different now.
    pub result: ChangeResult,
    /// The tariff version in force now.
    #[schema(example = "5f3a9c0d1e2b4a67")]
    pub version: String,
    /// The differences, one on each line.
    pub changes: Vec<String>,
}

/// The result of a change, which says if it made a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeResult {
    /// It is in force.
    Applied,
    /// All is as it was.
    Unchanged,
    /// It was only looked at what it would do.
    DryRun,
}

/// A version of the tariff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TariffVersion {
    /// The hash of its content, which CDRs are explained by.
    #[schema(example = "5f3a9c0d1e2b4a67")]
    pub version: String,
    /// Its number, in the order in which versions were first applied.
    pub number: u32,
    /// The time at which it was first applied.
    pub applied_at: Time,
    /// True if it is in force now.
    pub is_in_force: bool,
    /// The files that it was read from, by name.
    pub files: Vec<TariffFile>,
}

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TariffFile {
    /// As it is configured; what accounts and operators have of their own stands under a name with a blank.
    #[schema(example = "plans.toml")]
    pub name: String,
    /// Octets of it that are kept.
    pub octets: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// The way in which the files are read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReloadQuery {
    /// Only says what would be different.
    #[serde(default)]
    pub dry_run: bool,
}

/// The options of a rollback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RollbackQuery {
    /// Only says what would be different.
    #[serde(default)]
    pub dry_run: bool,
}

/// The result of a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TariffRollback {
    /// The result, which says if anything is different now.
    pub result: ChangeResult,
    /// The version that was gone back to.
    pub rolled_back_to: String,
    /// The tariff version in force now; another one than that where something was not rolled back.
    pub version: String,
    /// The differences, one on each line.
    pub changes: Vec<String>,
    /// Files that have what they had.
    pub restored: Vec<String>,
    /// Rate files that the version did not have: their rows are gone.
    pub emptied: Vec<String>,
    /// The differences from the version that stay as they are: own settings of accounts and operators,
    /// networks, numbering, costs.
    pub not_rolled_back: Vec<String>,
}

/// The order in which versions are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TariffSort {
    /// The one that came last first.
    #[default]
    Newest,
    /// The one that came first first.
    Oldest,
}

list_query! {
    /// The filters of a list of versions.
    pub struct TariffsQuery {
        /// Only those first applied at or after this.
        #[param(value_type = Option<Time>)]
        pub from: Option<Time>,
        /// Only those first applied before this.
        #[param(value_type = Option<Time>)]
        pub to: Option<Time>,
        /// The order of the list; the newest first if it is not given.
        #[param(inline)]
        pub sort: Option<TariffSort>,
    }
}
