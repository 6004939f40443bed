//! Schemathesis against the served OpenAPI document: requests that fit it and requests that do not, and every answer as
//! the document says, never a 5xx. `EXAMPLES` sets how many random requests each route gets beside those that schemathesis
//! makes of the document's examples and limits.

use std::process::Command;

use crate::support::api::{ADMIN_EMAIL, ADMIN_PASSWORD, create_admin};
use crate::support::peer::tools;
use crate::support::sandbox::{Sandbox, repository, run};

#[test]
fn every_answer_is_as_the_document_says() {
    let may = Command::new("unshare").args(["--user", "--map-root-user", "--net", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("left out: there is no network of its own to be had here, and hosts are invented");
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.set("api", "requests_per_second = 100000");
    create_admin(&sandbox);
    let folder = tools().join("schemathesis/bin");
    let daemon = sandbox.run_command();
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--net"])
        .arg(folder.join("python"))
        .arg(repository().join("daemon/tests/schemathesis/run.py"))
        .arg(folder.join("schemathesis"))
        .args([ADMIN_EMAIL, ADMIN_PASSWORD])
        .arg(daemon.get_program())
        .args(daemon.get_args());
    command.current_dir(sandbox.path());
    let finished = run(&mut command);
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.stdout, finished.stderr);
    let verified = run(sandbox.tollgate("verify").arg("--data-dir").arg(sandbox.data_dir()));
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
