//! A reload that somebody has asked for, and what is written in the commit that puts its files in force.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_storage::change::Change;

/// Writes into the change: the tariff version that it puts in force, and what is different, which takes time to find out.
type Write = Box<dyn FnOnce(&mut Change, &str, &dyn Fn() -> Vec<String>) + Send>;

/// A reload that somebody has asked for.
pub struct ExpectedReload {
    /// The tariff version of the files that are expected; `None` for whatever there is.
    version: Option<Arc<str>>,
    write: Write,
}

/// The reload that is expected, if one is. Whichever reload puts its files in force first writes what belongs to it: that of
/// the order, or that of a watched file.
#[derive(Debug, Default)]
pub struct ExpectedReloads(Mutex<Option<ExpectedReload>>);

impl ExpectedReload {
    /// A reload of files with this tariff version, or of whatever there is.
    pub fn new(
        version: Option<Arc<str>>,
        write: impl FnOnce(&mut Change, &str, &dyn Fn() -> Vec<String>) + Send + 'static,
    ) -> Self {
        Self { version, write: Box::new(write) }
    }

    /// Writes what belongs to it.
    pub(crate) fn write(self, change: &mut Change, version: &str, changes: &dyn Fn() -> Vec<String>) {
        (self.write)(change, version, changes);
    }
}

impl fmt::Debug for ExpectedReload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectedReload").field("version", &self.version).finish_non_exhaustive()
    }
}

impl ExpectedReloads {
    /// Expects a reload, in place of one that never came.
    pub fn expect(&self, reload: ExpectedReload) {
        *self.0.lock() = Some(reload);
    }

    /// True if a reload was expected and has not come: it is expected no longer.
    pub fn cancel(&self) -> bool {
        self.0.lock().take().is_some()
    }

    /// The reload that files of this version are expected by.
    pub(crate) fn take(&self, version: &str) -> Option<ExpectedReload> {
        self.0.lock().take_if(|reload| reload.version.as_deref().is_none_or(|expected| expected == version))
    }
}
