//! The program `tollgate`, which the demo runs as a user would.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that exists.
pub struct Program(PathBuf);

impl Program {
    /// The program at `path`, or, without one, `tollgate` in the directory of this program.
    pub fn find(path: Option<&Path>) -> Result<Self, String> {
        let program = match path {
            Some(path) => path.to_owned(),
            None => std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("tollgate"),
        };
        if program.is_file() {
            return Ok(Self(program));
        }
        let program = program.display();
        Err(format!(
            "there is no program {program}: build it, install it there, or name it with --tollgate PATH"
        ))
    }

    /// A command of it with this configuration.
    pub fn command(&self, config: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("--config").arg(config);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_an_error_that_says_what_to_do() {
        assert!(Program::find(Some(Path::new("/bin/sh"))).is_ok());
        let error = Program::find(Some(Path::new("/nowhere/tollgate"))).err().unwrap();
        assert!(error.starts_with("there is no program /nowhere/tollgate: "), "{error}");
        assert!(error.contains("--tollgate"), "{error}");
    }
}
