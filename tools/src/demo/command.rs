//! The command line of the demo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tollgate_provisioning as config;

use super::program::Program;
use super::run::Demo;

/// Starts the daemon and two operators on temporary data, sends real texts through them, kills one operator
/// midway, and checks the books.
#[derive(Debug, clap::Args)]
pub struct DemoCommand {
    /// Messages to submit.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
    messages: u64,
    /// The program tollgate [default: the one in the directory of this program].
    #[arg(long, value_name = "PATH")]
    tollgate: Option<PathBuf>,
}

impl DemoCommand {
    /// Runs it. Success means that every acknowledged message has its CDR and the books balance.
    pub fn run(&self, config: &Path) -> Result<(), String> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .map_err(|error| error.to_string())?;
        }
        let program = Program::find(self.tollgate.as_deref())?;
        let directory = tempfile::Builder::new().prefix("tollgate-demo-").tempdir();
        let directory = directory.map_err(|error| format!("no temporary directory: {error}"))?;
        let loaded = config::load(config).map_err(|problems| problems.to_string())?;
        let account_ids: BTreeMap<String, String> = loaded
            .provisioning
            .accounts
            .iter()
            .map(|provisioned| (provisioned.system_id.to_string(), provisioned.account.id.to_string()))
            .collect();
        let demo = Demo {
            program: &program,
            config,
            directory: directory.path(),
            numbering: config.with_file_name(&loaded.settings.tariff.numbering),
            account_ids,
            interrupted: &interrupted,
        };
        demo.run(self.messages)
    }
}
