//! Passwords that a person types or a program pipes in. They are never shown.

use std::io::{self, BufRead, IsTerminal, stdin};

/// Octets that are read of a password. More is no password, and may never end.
const OCTETS_MAX: u64 = 1024;

/// The number of times that a person is asked. A program is asked once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// For a password that is compared with one that is known.
    Once,
    /// For a new password, which a slip would make an unknown one.
    Twice,
}

/// Asks for a password on the terminal without showing it; where standard input is no terminal, its first line is the
/// password. `Err` is for a person to read.
pub fn read(prompt: &str, asked: Asked) -> Result<String, String> {
    let cannot = |error: io::Error| format!("cannot read the password: {error}");
    if !stdin().is_terminal() {
        return first_line(stdin().lock());
    }
    let password = rpassword::prompt_password(format!("{prompt}: ")).map_err(cannot)?;
    if asked == Asked::Twice {
        let again = rpassword::prompt_password(format!("{prompt}, once more: ")).map_err(cannot)?;
        if again != password {
            return Err("the two passwords differ".to_owned());
        }
    }
    checked(password)
}

fn first_line(input: impl BufRead) -> Result<String, String> {
    let mut line = Vec::new();
    let read = input.take(OCTETS_MAX + 1).read_until(b'\n', &mut line);
    read.map_err(|error| format!("cannot read the password: {error}"))?;
    let line = String::from_utf8(line).map_err(|_| "the password is not UTF-8".to_owned())?;
    checked(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn checked(password: String) -> Result<String, String> {
    if password.is_empty() {
        return Err("the password is empty; give it on standard input".to_owned());
    }
    if password.len() as u64 > OCTETS_MAX {
        return Err(format!("the password has more than {OCTETS_MAX} octets"));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(first_line(&b"secret 01\r\nmore\n"[..]).unwrap(), "secret 01");
        assert_eq!(first_line(&b"secret"[..]).unwrap(), "secret");
        assert!(first_line(&b"\nsecret\n"[..]).unwrap_err().contains("empty"));
        assert!(first_line(&b""[..]).unwrap_err().contains("empty"));
        assert!(first_line(&b"\xFF\xFE\n"[..]).unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn a_line_without_an_end_is_no_password() {
        assert!(first_line(io::BufReader::new(io::repeat(b'a'))).unwrap_err().contains("more than"));
    }
}
