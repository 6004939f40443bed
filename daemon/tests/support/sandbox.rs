//! A folder of its own for one test: a copy of the shipped config, a data directory, and the logs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::daemon::Daemon;

/// The last part of the data directory that the config names, in which nothing ever is.
pub const UNUSED_DATA_DIR: &str = "not-the-data";

/// Removed with everything in it when dropped.
pub struct Sandbox {
    folder: TempDir,
    data_dir: PathBuf,
    starts: AtomicU32,
}

/// The end of a command.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

impl Sandbox {
    /// With the shipped config and no data yet.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("tollgate-test-").tempdir().expect("a temporary folder");
        copy_folder(&repository().join("config"), &folder.path().join("config"));
        let data_dir = folder.path().join("data");
        let sandbox = Self { folder, data_dir, starts: AtomicU32::new(0) };
        // A command without `--data-dir` finds no books, neither these nor those that the machine may have.
        let elsewhere = format!("data_dir = \"{}\"", sandbox.path().join(UNUSED_DATA_DIR).display());
        sandbox.replace("tollgate.toml", "data_dir = \"/var/lib/tollgate\"", &elsewhere);
        sandbox
    }

    /// The same, with the books in another place.
    pub fn with_data_dir(mut self, data_dir: PathBuf) -> Self {
        self.data_dir = data_dir;
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// A file of the config, such as `rates/samples.csv`.
    pub fn config(&self, name: &str) -> PathBuf {
        self.folder.path().join("config").join(name)
    }

    /// Puts a new content in place of a config file at once, as an editor or a deployment does.
    pub fn write(&self, name: &str, content: &str) {
        let aside = self.folder.path().join("written-aside");
        fs::write(&aside, content).expect("the sandbox can be written");
        fs::rename(&aside, self.config(name)).expect("the file can be replaced");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.config(name)).expect("the config file can be read")
    }

    pub fn append(&self, name: &str, text: &str) {
        self.write(name, &format!("{}\n{text}", self.read(name)));
    }

    /// Replaces `from`, which must be there exactly once.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let content = self.read(name);
        assert_eq!(content.matches(from).count(), 1, "{from:?} stands once in {name}");
        self.write(name, &content.replacen(from, to, 1));
    }

    /// Gives a setting of `tollgate.toml` another value than its default: `setting` is a line such as `level = "debug"`.
    pub fn set(&self, section: &str, setting: &str) {
        let header = format!("\n[{section}]");
        let key = setting.split_once('=').map(|(key, _)| key.trim()).expect("a key and a value");
        let content = self.read("tollgate.toml");
        let (before, rest) = content.split_once(&header).expect("tollgate.toml has the section");
        let (inside, after) = rest.split_at(rest.find("\n[").unwrap_or(rest.len()));
        let others = inside.lines().skip(1).filter(|line| line.split('=').next().map(str::trim) != Some(key));
        let inside: Vec<&str> = std::iter::once(setting).chain(others).collect();
        self.write("tollgate.toml", &format!("{before}{header}\n{}{after}\n", inside.join("\n")));
    }

    /// Adds an account to `accounts.toml`, whose password is that of the first sample. `lines` are its further keys.
    pub fn add_account(&self, id: &str, lines: &str) {
        let content = self.read("accounts.toml");
        let hash = content.lines().find(|line| line.starts_with("password_hash")).expect("a sample account");
        self.append("accounts.toml", &format!("[[account]]\nid = \"{id}\"\n{hash}\n{lines}\n"));
    }

    /// The binary with the sandbox's config, to be completed and run.
    pub fn tollgate(&self, command: &str) -> Command {
        let mut tollgate = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        tollgate.arg("--config").arg(self.config("tollgate.toml")).arg(command);
        // What a user keeps is the sandbox's.
        tollgate.env("XDG_RUNTIME_DIR", self.path()).env("XDG_STATE_HOME", self.path().join("state"));
        tollgate
    }

    /// The binary `tollgate-tools`, which is built beside ours, to be completed and run.
    #[expect(clippy::unused_self, reason = "reads as the command of the sandbox, like `tollgate`")]
    pub fn tools(&self, command: &str) -> Command {
        let mut tools = Command::new(tools_program());
        tools.arg(command);
        tools
    }

    /// Runs one of the commands that read the books.
    pub fn on_books(&self, command: &[&str]) -> Finished {
        let (name, arguments) = command.split_first().expect("a command");
        let mut tollgate = self.tollgate(name);
        tollgate.args(arguments).arg("--data-dir").arg(&self.data_dir);
        run(&mut tollgate)
    }

    /// Starts the daemon on free ports and waits until it is ready.
    pub fn start(&self) -> Daemon {
        self.start_by(self.run_command())
    }

    /// The same by a command, which is [`Sandbox::run_command`] with something added.
    pub fn start_by(&self, command: Command) -> Daemon {
        Daemon::start(command, self.next_log())
    }

    /// `run` on free ports with the sandbox's data directory.
    pub fn run_command(&self) -> Command {
        let mut command = self.tollgate("run");
        command.arg("--data-dir").arg(&self.data_dir);
        for listener in ["--smpp-listen", "--http-listen", "--metrics-listen"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        command
    }

    fn next_log(&self) -> PathBuf {
        let start = self.starts.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("daemon-{start}.log"))
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Finished {
    command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}")).into()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

/// `tollgate-tools`, which cargo puts beside `tollgate` when the workspace is built.
pub fn tools_program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_tollgate")).with_file_name("tollgate-tools");
    assert!(
        program.is_file(),
        "{} is missing: build it with `cargo build -p tollgate-tools`",
        program.display()
    );
    program
}
