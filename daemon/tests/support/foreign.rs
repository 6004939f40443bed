//! Operators of other makers, each behind a small script that prints what its library saw, one JSON object per line.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::peer::tools;
use super::ports::free_port;
use super::sandbox::repository;
use super::wait::eventually;

/// Listens until dropped.
pub struct Foreign {
    child: Child,
    /// The script ends with it, also when this process is killed.
    _stdin: ChildStdin,
    port: u16,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Foreign {
    /// node-smpp, with the options that its script explains.
    pub fn node(options: Value) -> Self {
        let mut node = Command::new("node");
        node.env("NODE_PATH", tools().join("node/node_modules"));
        Self::start(node, "node_smsc.js", options)
    }

    /// smpp34, which speaks Rust under its Python and shares no code with ours.
    pub fn smpp34() -> Self {
        Self::start(Command::new(tools().join("python/bin/python")), "smpp34_smsc.py", json!({}))
    }

    /// smppy, which reads one PDU at a time and gives no ids.
    pub fn smppy() -> Self {
        Self::start(Command::new(tools().join("python/bin/python")), "smppy_smsc.py", json!({}))
    }

    /// Net::SMPP, a Perl module.
    pub fn net_smpp() -> Self {
        let mut perl = Command::new("perl");
        perl.arg("-I").arg(tools().join("debian/perl"));
        Self::start(perl, "net_smpp_smsc.pl", json!({}))
    }

    fn start(mut command: Command, script: &str, mut options: Value) -> Self {
        let port = free_port();
        options["port"] = json!(port);
        let script = repository().join("daemon/tests/interop").join(script);
        command.arg(script).arg(options.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; `ops/setup.sh test` installs it", Path::new(command.get_program()).display())
        });
        let stdin = child.stdin.take().expect("standard input is piped");
        let stdout = child.stdout.take().expect("standard output is piped");
        let events = Arc::<Mutex<Vec<Value>>>::default();
        thread::spawn({
            let events = Arc::clone(&events);
            move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let event = serde_json::from_str(&line).expect("JSON");
                    events.lock().expect("no panic with it").push(event);
                }
            }
        });
        let operator = Self { child, _stdin: stdin, port, events };
        operator.until("listening", 1);
        operator
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every event of a kind until now.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.events.lock().expect("no panic with it");
        events.iter().filter(|event| event["event"] == kind).cloned().collect()
    }

    /// Waits until there were so many events of a kind.
    pub fn until(&self, kind: &str, at_least: usize) -> Vec<Value> {
        eventually(&format!("{at_least} × {kind} at the operator"), || {
            let events = self.events(kind);
            (events.len() >= at_least).then_some(events)
        })
    }

    /// Ends the process as a power cut would end it.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // Both fail when the process has ended and been waited for, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until somebody listens on the port.
pub fn until_listening(port: u16) {
    eventually(&format!("a listener on port {port}"), || TcpStream::connect(("127.0.0.1", port)).ok());
}

/// The octets that a script printed in hexadecimal.
pub fn octets(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("hexadecimal digits");
    let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(octet).collect()
}
