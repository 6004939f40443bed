//! `tollgate doctor`: looks at everything that a daemon needs, and says what is wrong and what to do about it.

mod books;
mod certificates;
mod files;
mod finding;
mod listeners;
mod passwords;
mod running;

use std::path::Path;

use tollgate_console::say;
use tollgate_provisioning::Loaded;

use finding::{Finding, Level};

use crate::data_dir::DataDir;
use crate::failure::Failure;
use crate::target::{Target, TargetArguments};

/// Looks at everything, and prints one line for each finding. A finding that keeps a daemon from serving is a failure.
pub fn doctor(config: &Path, arguments: &TargetArguments) -> Result<(), Failure> {
    if arguments.remote || arguments.url.is_some() {
        return Err("doctor looks at files of this machine: run it where the daemon runs".into());
    }
    let data_dir = DataDir::find(config, arguments.data_dir.as_ref());
    let mut findings = vec![configuration(config, &data_dir)];
    if let Ok(data_dir) = data_dir {
        let is_running = matches!(data_dir.daemon(), Ok(Some(_)));
        findings.extend(files::permissions(&data_dir.path));
        findings.push(books::anchor(&data_dir));
        if let Ok(loaded) = &data_dir.loaded {
            findings.extend(of_settings(loaded, &data_dir.path, is_running));
        }
        findings.extend(running::findings(&Target::find(config, arguments)));
    }
    for finding in &findings {
        finding.print(arguments.json);
    }
    let faults = findings.iter().filter(|finding| finding.level == Level::Fault).count();
    if !arguments.json {
        let warnings = findings.iter().filter(|finding| finding.level == Level::Warning).count();
        say!("{} looked at: {faults} faults, {warnings} warnings", findings.len());
    }
    if faults > 0 { Err(Failure::Shown) } else { Ok(()) }
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
    let mut findings = vec![files::room(data_dir, loaded.settings.storage.minimum_free_bytes)];
    findings.push(files::descriptors(loaded.settings.smpp.max_connections));
    findings.extend(listeners::findings(&loaded.settings, is_running));
    findings.extend(certificates::findings(loaded));
    findings.push(passwords::published(loaded));
    findings
}
