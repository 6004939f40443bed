//! Operators in a sandbox's config: `operators.toml` as a test needs it.

use super::sandbox::Sandbox;

/// One `[[operator]]` on this machine.
#[derive(Clone, Debug)]
pub struct Operator {
    code: String,
    port: u16,
    lines: Vec<String>,
    smpp: Vec<String>,
}

impl Operator {
    /// Serves every network at 0.01 USD and is bound to again at once.
    pub fn new(code: &str, port: u16) -> Self {
        let keys = ["currency = \"USD\"", "base_cost = \"0.01\""];
        let smpp = ["reconnect_min_ms = 50", "reconnect_max_ms = 200", "response_seconds = 5"];
        let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Self { code: code.into(), port, lines: own(&keys), smpp: own(&smpp) }
    }

    /// A key of `[[operator]]`, such as `priority = 1`, in place of what it was.
    pub fn with(mut self, line: &str) -> Self {
        put(&mut self.lines, line);
        self
    }

    /// A key of `[operator.smpp]`.
    pub fn smpp(mut self, line: &str) -> Self {
        put(&mut self.smpp, line);
        self
    }

    fn toml(&self) -> String {
        let Self { code, port, lines, smpp } = self;
        format!(
            "[[operator]]\ncode = \"{code}\"\n{}\n\n[operator.smpp]\nhost = \"127.0.0.1\"\nport = {port}\n\
             system_id = \"tollgate\"\npassword = \"secret\"\n{}\n",
            lines.join("\n"),
            smpp.join("\n")
        )
    }
}

fn put(lines: &mut Vec<String>, line: &str) {
    let key = |line: &str| line.split('=').next().map(|key| key.trim().to_owned());
    lines.retain(|other| key(other) != key(line));
    lines.push(line.into());
}

/// A sandbox whose daemon hands messages to these operators, in tests' haste.
pub fn sandbox(operators: &[Operator]) -> Sandbox {
    let sandbox = Sandbox::new();
    provision(&sandbox, operators);
    sandbox.append("tollgate.toml", "[operators]\nfile = \"operators.toml\"\n");
    for setting in
        ["retry_min_ms = 20", "retry_max_ms = 200", "unknown_outcome_seconds = 1", "receipt_retry_ms = 200"]
    {
        sandbox.set("delivery", setting);
    }
    sandbox
}

/// Puts these operators in place of those there are.
pub fn provision(sandbox: &Sandbox, operators: &[Operator]) {
    let files: Vec<String> = operators.iter().map(Operator::toml).collect();
    sandbox.write("operators.toml", &files.join("\n"));
}
