//! A data directory that its owner alone reads: it holds phone numbers, texts and keys.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::data_folder::each_own;

/// Permissions of folders and of files, and those that others have none of.
const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
const OF_OTHERS: u32 = 0o077;
const ROOT: u32 = 0;

/// Makes the directory, or takes away from one that is there what others may do with it and with those of its files that are
/// ours. One that belongs to another user is refused; root, who may do everything, has to see to it that files stay their
/// owner's. The caller has seen that the directory is ours.
pub fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    check_owner(path)?;
    let mut closed = Closed::default();
    closed.restrict(path, &fs::metadata(path)?, FOLDER)?;
    each_own(path, |path, known| {
        let most = match () {
            () if known.is_dir() => FOLDER,
            () if known.is_file() => FILE,
            // A socket has no content.
            () => return Ok(()),
        };
        closed.restrict(path, known, most)
    })?;
    closed.say();
    Ok(())
}

/// Refuses a folder of another user.
pub fn check_owner(path: &Path) -> io::Result<()> {
    let (owner, own) = (fs::metadata(path)?.uid(), rustix::process::geteuid().as_raw());
    if owner == own || own == ROOT {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!(
            "it belongs to the user with the number {owner}, and this process runs as number {own}; run it as the owner, \
             or give the directory and all that is in it to the other user (chown -R)"
        ),
    ))
}

/// The files that others could read.
#[derive(Debug, Default)]
struct Closed {
    /// They no longer can.
    closed: Vec<PathBuf>,
    /// They have another name somewhere, and stay as they are: what is there may be somebody else's.
    left: Vec<PathBuf>,
}

impl Closed {
    /// Takes permissions away. What disappears meanwhile has none.
    fn restrict(&mut self, path: &Path, known: &Metadata, most: u32) -> io::Result<()> {
        let mode = known.permissions().mode();
        if mode & OF_OTHERS == 0 {
            return Ok(());
        }
        if known.is_file() && known.nlink() > 1 {
            self.left.push(path.to_owned());
            return Ok(());
        }
        match fs::set_permissions(path, Permissions::from_mode(mode & most)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map(|()| self.closed.push(path.to_owned())),
        }
    }

    fn say(&self) {
        if let Some(first) = self.closed.first() {
            tracing::warn!(
                first = %first.display(),
                count = self.closed.len(),
                "files of the data directory could be read by other users, and no longer can; what is in them may be known"
            );
        }
        if let Some(first) = self.left.first() {
            tracing::warn!(
                first = %first.display(),
                count = self.left.len(),
                "files of the data directory can be read by other users, and stay as they are, as they have another name \
                 elsewhere (a hard link): remove that, or take their permissions away with `chmod 0600`"
            );
        }
    }
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
        let open = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&outside, data.join("000002.log")).unwrap();
        fs::hard_link(&outside, data.join("000003.sst")).unwrap();
        fs::create_dir(data.join("config")).unwrap();
        for name in ["notes.txt", "config/tollgate.toml", "mail/notes.txt"] {
            fs::write(data.join(name), "x").unwrap();
            open(&data.join(name));
        }
        make_private(&data).unwrap();
        assert_eq!([mode(&data), mode(&data.join("mail"))], [0o700, 0o700]);
        assert_eq!([mode(&data.join("000001.log")), mode(&data.join("mail/1.eml"))], [0o600, 0o600]);
        assert_eq!(mode(&outside), 0o644, "no link is followed, neither a symbolic nor a hard one");
        for name in ["notes.txt", "config/tollgate.toml", "mail/notes.txt"] {
            assert_eq!(mode(&data.join(name)), 0o644, "{name} is none of ours");
        }
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
