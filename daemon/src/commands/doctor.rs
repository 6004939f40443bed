//! `tollgate doctor`: looks at everything that a daemon needs, and says what is wrong and what to do about it. Whatever
//! `tollgate run` refuses to start for is a fault here.

mod anchors;
mod books;
mod certificates;
mod data_directory;
mod finding;
mod limits;
mod listeners;
mod passwords;
mod room;
mod running;

use std::path::{Path, PathBuf};

use tollgate_console::say;
use tollgate_provisioning::Loaded;

use finding::{Finding, Level};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::target::{Target, TargetArguments};

/// The arguments of `tollgate doctor`. It looks at files of this machine, so that there is no daemon elsewhere to be asked.
#[derive(Debug, clap::Args)]
pub struct DoctorArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON, one value on a line
    #[arg(long)]
    pub json: bool,
}

/// Looks at everything, and prints one line for each finding. A finding that keeps a daemon from serving is a failure.
pub fn doctor(config: &Path, arguments: &DoctorArguments) -> Result<(), Failure> {
    let data_dir = DataDir::find(config, arguments.data_dir.as_ref());
    let mut findings = vec![configuration(config, &data_dir)];
    if let Ok(data_dir) = data_dir {
        let is_running = matches!(data_dir.daemon(), Ok(Some(_)));
        let (is_ours, found) = data_directory::findings(&data_dir.path);
        findings.extend(found);
        if is_ours {
            let refusal = anchors::refusal(&data_dir);
            let is_refused = refusal.is_err();
            findings.extend(refusal.unwrap_or_else(|refusal| vec![refusal]));
            findings.extend(books::findings(&data_dir, is_running, is_refused));
        }
        if let Ok(loaded) = &data_dir.loaded {
            findings.extend(of_settings(loaded, &data_dir.path, is_running));
        }
        let target = TargetArguments { data_dir: arguments.data_dir.clone(), ..TargetArguments::default() };
        findings.extend(running::findings(&Target::find(config, &target)));
    }
    for finding in &findings {
        finding.print(arguments.json);
    }
    let faults = findings.iter().filter(|finding| finding.level == Level::Fault).count();
    if !arguments.json {
        let warnings = findings.iter().filter(|finding| finding.level == Level::Warning).count();
        say!("{} looked at: {}, {}", findings.len(), counted(faults, "fault"), counted(warnings, "warning"));
    }
    if faults > 0 { Err(Failure::Shown) } else { Ok(()) }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn configuration(config: &Path, data_dir: &Result<DataDir, Failure>) -> Finding {
    let failure = match data_dir {
        Ok(data_dir) => data_dir.loaded.as_ref().err(),
        Err(failure) => Some(failure),
    };
    match failure {
        None => Finding::good("configuration", format!("{} has no errors", config.display())),
        Some(failure) => {
            let text = failure.text();
            let first = text.lines().next().unwrap_or_default();
            Finding::fault("configuration", first, "run `tollgate check`, which names every error")
        }
    }
}

fn of_settings(loaded: &Loaded, data_dir: &Path, is_running: bool) -> Vec<Finding> {
    let mut findings = room::findings(data_dir, loaded.settings.storage.minimum_free_bytes);
    findings.push(limits::descriptors(loaded.settings.smpp.max_connections));
    findings.extend(listeners::findings(&loaded.settings, is_running));
    findings.extend(certificates::findings(loaded));
    findings.push(passwords::published(loaded));
    findings
}
