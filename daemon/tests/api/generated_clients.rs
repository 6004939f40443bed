//! The OpenAPI document as others read it: two validators find nothing wrong with it, and the clients that two generators make
//! of it, in Python and in TypeScript, log in, make an account and understand a problem.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use crate::support::api::{ADMIN_EMAIL, ADMIN_PASSWORD, Api, start_with_admin};
use crate::support::peer::tools;
use crate::support::sandbox::{Sandbox, repository, run};
use serde_json::json;

fn python(program: &str) -> Command {
    Command::new(tools().join("openapi/bin").join(program))
}

fn node(program: &str) -> Command {
    Command::new(tools().join("openapi-node/node_modules/.bin").join(program))
}

fn document() -> PathBuf {
    repository().join("docs/openapi.json")
}

/// A file beside the pins of the tools.
fn beside(name: &str) -> PathBuf {
    repository().join("daemon/tests/openapi").join(name)
}

/// Runs a command, which has to end well.
#[track_caller]
fn well(command: &mut Command) -> String {
    let finished = run(command);
    assert_eq!(finished.code, Some(0), "{command:?}: {}{}", finished.stdout, finished.stderr);
    finished.stdout
}

#[test]
fn two_validators_find_nothing_wrong() {
    well(python("openapi-spec-validator").arg(document()));
    well(node("redocly").arg("lint").arg("--config").arg(beside("redocly.yaml")).arg(document()));
}

#[test]
fn a_client_in_python_works() {
    let sandbox = Sandbox::new();
    let (daemon, _) = start_with_admin(&sandbox);
    let folder = sandbox.path().join("clients");
    // Its own programs are found by the generator, which tidies up what it has made.
    let path = format!("{}:/usr/bin:/bin", tools().join("openapi/bin").display());
    let mut generate = python("openapi-python-client");
    generate.arg("generate").arg("--path").arg(document()).args(["--meta", "none", "--output-path"]);
    well(generate.arg(folder.join("tollgate_client")).env("PATH", path));
    let mut client = python("python");
    client.arg(beside("client.py")).arg(&folder).arg(format!("http://{}", daemon.http));
    assert_eq!(well(client.args([ADMIN_EMAIL, ADMIN_PASSWORD])), "python: well\n");
    daemon.stop();
}

#[test]
fn a_client_in_typescript_works() {
    let sandbox = Sandbox::new();
    let (daemon, _) = start_with_admin(&sandbox);
    let login = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
    let token =
        Api::anonymous(&daemon).post("/v1/auth/login", &login).expect(200).json["access_token"].clone();
    let folder = sandbox.path().join("client");
    fs::create_dir(&folder).expect("the sandbox can be written");
    symlink(tools().join("openapi-node/node_modules"), folder.join("node_modules"))
        .expect("a link can be made");
    for name in ["client.ts", "tsconfig.json"] {
        fs::copy(beside(name), folder.join(name)).expect("the client can be copied");
    }
    well(node("openapi-typescript").arg(document()).arg("-o").arg(folder.join("api.d.ts")));
    well(node("tsc").args(["-p", "."]).current_dir(&folder));
    let mut client = Command::new("node");
    client.arg("client.js").arg(format!("http://{}", daemon.http)).arg(token.as_str().expect("a token"));
    assert_eq!(well(client.current_dir(&folder)), "typescript: well\n");
    daemon.stop();
}
