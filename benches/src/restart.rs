//! The time that a start takes with many CDRs on disk, and the disk space that they take.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tollgate_tools::demo::server::Server;
use tollgate_tools::load::figures::grouped;
use tollgate_tools::load::{self, Limits, Mix};

use crate::results::table;
use crate::{Failure, disk, fixture, machine, process};

const BINDS: usize = 4;
const WINDOW: usize = 1000;
const SETTLE_TIMEOUT: Duration = Duration::from_mins(1);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Fills a data directory with this many CDRs and measures it. The results in Markdown.
pub fn measure(cdrs: u64) -> Result<String, Failure> {
    let directory = fixture::directory()?;
    let config = fixture::configure(directory.path(), BINDS)?;
    let start = || -> Result<(Server, std::net::SocketAddr, Duration), Failure> {
        let begun = Instant::now();
        let (server, address) = fixture::start_tollgate(directory.path(), &config)?;
        Ok((server, address, begun.elapsed()))
    };
    let (server, address, empty) = start()?;
    fill(address, cdrs)?;
    server.kill()?;
    let (server, _, after_kill) = start()?;
    let memory = process::resident_bytes(server.pid())?;
    process::settle(server.pid(), SETTLE_TIMEOUT)?;
    let stop = server.stop(STOP_TIMEOUT)?;
    let (server, _, after_stop) = start()?;
    process::settle(server.pid(), SETTLE_TIMEOUT)?;
    server.stop(STOP_TIMEOUT)?;
    let (all, logs) = disk::used_bytes(&fixture::data_dir(directory.path()))?;
    let verify = verify(&config, directory.path())?;
    let seconds = |duration: Duration| format!("{:.2} s", duration.as_secs_f64());
    let rows = [
        ["start with an empty data directory".to_owned(), seconds(empty)],
        ["start after `kill -9`".to_owned(), seconds(after_kill)],
        ["stop".to_owned(), seconds(stop)],
        ["start after a stop".to_owned(), seconds(after_stop)],
        ["memory after a start".to_owned(), mebibytes(memory)],
        ["data directory".to_owned(), mebibytes(all)],
        ["of that, write-ahead logs, which are kept and written over again".to_owned(), mebibytes(logs)],
        ["on disk per CDR, without these logs".to_owned(), tenths((all - logs) * 10 / cdrs)],
        ["`tollgate verify` of everything".to_owned(), seconds(verify)],
    ];
    Ok(format!(
        "{}.\n\n{} CDRs of real texts, in {BINDS} accounts. A start is everything from the process to the served port.\n\n{}",
        machine::describe(),
        grouped(cdrs),
        table(["what", "figure"], &rows),
    ))
}

fn fill(address: std::net::SocketAddr, cdrs: u64) -> Result<(), Failure> {
    let traffic = fixture::traffic(Mix::Real)?;
    let mut binds = fixture::binds(BINDS, BINDS);
    for bind in &mut binds {
        bind.messages = Some(cdrs / BINDS as u64);
    }
    let report =
        load::start(&Limits { window: WINDOW, ..Limits::new(address) }, binds, &traffic, None)?.finish();
    if report.tally.acknowledged < cdrs / BINDS as u64 * BINDS as u64 {
        return Err(format!("not every message was accepted:\n{report}").into());
    }
    Ok(())
}

fn verify(config: &Path, directory: &Path) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let output = Command::new(fixture::binary("tollgate")?)
        .arg("--config")
        .arg(config)
        .arg("verify")
        .arg("--data-dir")
        .arg(fixture::data_dir(directory))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into_owned().into());
    }
    Ok(begun.elapsed())
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", grouped(bytes >> 20))
}

fn tenths(value: u64) -> String {
    format!("{}.{} bytes", value / 10, value % 10)
}
