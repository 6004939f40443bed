//! SMPP clients of other makers, each behind a small script that performs a plan and prints what its library saw.
//!
//! A plan is a list of steps, as JSON on the script's standard input; the script prints one JSON object per step.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::books::Cdr;
use super::sandbox::{repository, run};
use super::smpp::Login;

/// A client that `ops/setup.sh test` has installed.
pub struct Peer {
    program: PathBuf,
    script: PathBuf,
    node_path: PathBuf,
    /// The certificate that the daemon must have.
    certificate: Option<PathBuf>,
}

impl Peer {
    /// smpplib, a Python module.
    pub fn smpplib() -> Self {
        Self::new(&tools().join("python/bin/python"), "smpplib_peer.py")
    }

    /// node-smpp, a Node.js module.
    pub fn node_smpp() -> Self {
        Self::new(Path::new("node"), "node_peer.js")
    }

    fn new(program: &Path, script: &str) -> Self {
        let script = repository().join("daemon/tests/interop").join(script);
        let node_path = tools().join("node/node_modules");
        Self { program: program.to_path_buf(), script, node_path, certificate: None }
    }

    /// Over TLS, with a daemon that has this certificate; node-smpp's script can.
    pub fn over_tls(mut self, certificate: &Path) -> Self {
        self.certificate = Some(certificate.to_path_buf());
        self
    }

    /// Performs the steps in one session, and gives what the client saw of each.
    pub fn perform(&self, address: SocketAddr, login: Login, steps: &[Value]) -> Vec<Value> {
        let plan = json!({
            "host": address.ip().to_string(), "port": address.port(),
            "system_id": login.system_id, "password": login.password, "steps": steps,
            "certificate": self.certificate,
        });
        let mut script = Command::new(&self.program)
            .arg(&self.script)
            .env("NODE_PATH", &self.node_path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; `ops/setup.sh test` installs it", self.program.display())
            });
        let mut stdin = script.stdin.take().expect("standard input is piped");
        stdin.write_all(plan.to_string().as_bytes()).expect("the script reads its plan");
        drop(stdin);
        let output = script.wait_with_output().expect("the script ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).expect("the script prints UTF-8");
        let seen: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(seen.len(), steps.len(), "every step was performed: {lines}");
        seen
    }
}

/// The folder of the clients.
pub fn tools() -> PathBuf {
    if let Some(tools) = std::env::var_os("TOLLGATE_TOOLS") {
        return tools.into();
    }
    let printed = run(Command::new(repository().join("ops/cache-dir.sh")).arg("tools"));
    printed.stdout.trim().into()
}

/// The facts that the books must hold of one message.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub destination: &'static str,
    /// MCC and MNC, joined.
    pub network: &'static str,
    pub segments: u32,
    pub price_micros: i64,
}

/// Takes the CDRs of a submit step out of the books, and checks them against what is expected, in order.
pub fn expect_charged(cdrs: &mut BTreeMap<String, Cdr>, step: &Value, expected: &[Expected]) -> Vec<Cdr> {
    assert_eq!(step["status"], 0, "{step}");
    let ids = step["message_ids"].as_array().expect("message ids");
    assert_eq!(ids.len(), expected.len(), "{step}");
    let charged = ids.iter().zip(expected).map(|(id, expected)| {
        let id = id.as_str().expect("a message id");
        let cdr = cdrs.remove(id).unwrap_or_else(|| panic!("{id} was acknowledged and is not in the books"));
        assert_eq!(cdr.destination, expected.destination);
        assert_eq!(format!("{}{}", cdr.mcc, cdr.mnc), expected.network);
        assert_eq!((cdr.segments, cdr.net_micros()), (expected.segments, expected.price_micros), "{cdr:?}");
        cdr
    });
    charged.collect()
}
