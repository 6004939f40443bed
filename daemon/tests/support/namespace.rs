//! A small disk that can be filled: a tmpfs in a mount namespace of its own, gone with the process that holds it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Unmounted when dropped.
pub struct SmallDisk {
    holder: Child,
    /// The mount point, as seen from outside the namespace.
    path: PathBuf,
    _mount_point: TempDir,
}

impl SmallDisk {
    /// Mounts it; the reason as an error where this user or machine may not mount anything.
    pub fn mount(mebibytes: u32) -> Result<Self, String> {
        let mount_point = tempfile::tempdir().expect("a temporary folder");
        // The holder lives until its standard input is closed. Inside a user namespace it needs no privilege.
        let script = r#"mount -t tmpfs -o "size=$1" tmpfs "$2" && echo mounted && exec cat"#;
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(format!("{mebibytes}m"))
            .arg(mount_point.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut said = String::new();
        let stdout = holder.stdout.take().expect("standard output is piped");
        BufReader::new(stdout).read_line(&mut said).expect("the holder can be read");
        if said.trim() != "mounted" {
            let output = holder.wait_with_output().expect("the holder can be waited for");
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let inside = mount_point.path().strip_prefix("/").expect("an absolute path");
        let path = Path::new("/proc").join(holder.id().to_string()).join("root").join(inside);
        Ok(Self { holder, path, _mount_point: mount_point })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Both fail only when the holder has ended, and the mount with it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
