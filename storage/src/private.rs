//! A data directory that its owner alone reads: it holds phone numbers, texts and keys.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Permissions of folders and of files, and those that others have none of.
const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
const OF_OTHERS: u32 = 0o077;
const ROOT: u32 = 0;

/// Makes the directory, or takes away from one that is there what others may do with it and its files. One that belongs to
/// another user is refused; root, who may do everything, has to see to it that files stay their owner's.
pub fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    let (owner, own) = (fs::metadata(path)?.uid(), rustix::process::geteuid().as_raw());
    if owner != own && own != ROOT {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "it belongs to the user with the number {owner}, and this process runs as number {own}; run it as the owner, \
                 or give the directory and all that is in it to the other user (chown -R)"
            ),
        ));
    }
    let mut open = Vec::new();
    take_away(path, &mut open)?;
    if let Some(first) = open.first() {
        tracing::warn!(
            first = %first.display(),
            count = open.len(),
            "files of the data directory could be read by other users, and no longer can; what is in them may be known"
        );
    }
    Ok(())
}

/// Takes permissions away below a folder, and notes what had them. What disappears meanwhile is none of it.
fn take_away(path: &Path, open: &mut Vec<PathBuf>) -> io::Result<()> {
    restrict(path, FOLDER, open)?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let done = match () {
            () if kind.is_dir() => take_away(&entry.path(), open),
            () if kind.is_file() => restrict(&entry.path(), FILE, open),
            // A link leads out of the directory, and a socket has no content.
            () => Ok(()),
        };
        match done {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
    }
    Ok(())
}

fn restrict(path: &Path, most: u32, open: &mut Vec<PathBuf>) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & OF_OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode & most))?;
        open.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_is_made_for_its_owner_and_one_that_is_open_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new/data");
        make_private(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        fs::create_dir(data.join("mail")).unwrap();
        for name in ["000001.log", "mail/1.eml"] {
            fs::write(data.join(name), "x").unwrap();
            fs::set_permissions(data.join(name), Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
        let outside = folder.path().join("outside");
        fs::write(&outside, "x").unwrap();
        fs::set_permissions(&outside, Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&outside, data.join("link")).unwrap();
        make_private(&data).unwrap();
        assert_eq!([mode(&data), mode(&data.join("mail"))], [0o700, 0o700]);
        assert_eq!([mode(&data.join("000001.log")), mode(&data.join("mail/1.eml"))], [0o600, 0o600]);
        assert_eq!(mode(&outside), 0o644, "a link is not followed");
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        // Whoever runs the tests owns not both of these.
        let refused = ["/proc/1", "/proc/self"].map(|path| make_private(Path::new(path)));
        let mine = fs::metadata("/proc/self").unwrap().uid() == fs::metadata("/proc/1").unwrap().uid();
        assert!(
            mine || refused
                .iter()
                .any(|done| done.as_ref().is_err_and(|error| error.to_string().contains("chown")))
        );
    }
}
