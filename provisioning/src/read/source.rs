//! Files as they were read, with their lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{credentials, texts};
use crate::secret::Secret;

/// Nothing that people edit is larger; a million accounts take about a quarter of it.
const MOST_BYTES: u64 = 1 << 30;

/// A file with a password and nothing else is far smaller.
const MOST_SECRET_BYTES: u64 = 1_024;

/// New contents of files, by the names that the configuration has for them, such as `rates/samples.csv`.
pub type Overlay = BTreeMap<String, Vec<u8>>;

/// The text of one file.
pub struct SourceFile {
    /// The name in the configuration.
    pub name: Arc<str>,
    /// The path, for messages.
    pub path: Arc<str>,
    /// True for a file of an archived tariff, which is read by the rules of its time.
    pub is_archived: bool,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// Makes a file of bytes that must be UTF-8; the error names the line in which they are not. A byte order
    /// mark, which spreadsheets write, is dropped.
    pub fn new(name: &str, path: &Path, bytes: Vec<u8>) -> Result<Self, String> {
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = good.split(|byte| *byte == b'\n').count();
            format!("line {line} of {} is not UTF-8", path.display())
        })?;
        let text = if text.starts_with('\u{feff}') { text.split_off('\u{feff}'.len_utf8()) } else { text };
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let path = path.to_string_lossy().into();
        Ok(Self { name: name.into(), path, is_archived: false, text, line_starts })
    }

    /// Makes a file of an archived tariff of bytes that must be UTF-8.
    pub fn archived(name: &str, bytes: Vec<u8>) -> Result<Self, String> {
        Ok(Self { is_archived: true, ..Self::new(name, Path::new(name), bytes)? })
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of an octet, counted from one.
    pub fn line_at(&self, offset: usize) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }
}

/// The text is not printed: there may be passwords in it.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The files below one directory, each read once however often it is named.
#[derive(Debug)]
pub struct Sources {
    directory: PathBuf,
    /// New contents that some files have here in place of those on disk.
    overlay: BTreeMap<PathBuf, Vec<u8>>,
    files: BTreeMap<PathBuf, Arc<SourceFile>>,
    /// Files with passwords, whose content is not kept.
    secrets: BTreeSet<PathBuf>,
    /// Files with keys, which no copy of the configuration has.
    private: BTreeSet<PathBuf>,
}

impl Sources {
    /// Makes a reader of files below `directory`. Contents of `overlay` come before those on disk.
    pub fn new(directory: &Path, overlay: &Overlay) -> Self {
        let overlay = overlay.iter().map(|(name, bytes)| (directory.join(name), bytes.clone())).collect();
        Self {
            directory: directory.to_owned(),
            overlay,
            files: BTreeMap::new(),
            secrets: BTreeSet::new(),
            private: BTreeSet::new(),
        }
    }

    /// Files of the overlay that were not read.
    pub fn unread_overlay(&self) -> impl Iterator<Item = &Path> {
        self.overlay.keys().map(PathBuf::as_path).filter(|path| !self.files.contains_key(*path))
    }

    /// The path of a file by its name. Files in the folder `secrets` are read as the service manager has handed them over,
    /// where it has.
    pub fn path_of(&self, name: &str) -> PathBuf {
        credentials::handed_over(name).unwrap_or_else(|| self.directory.join(name))
    }

    /// The file of that name; the error is for the place that names it.
    pub fn read(&mut self, name: &str) -> Result<Arc<SourceFile>, String> {
        let path = self.path_of(name);
        if let Some(file) = self.files.get(&path) {
            return Ok(Arc::clone(file));
        }
        let bytes = match self.overlay.get(&path) {
            Some(bytes) => bytes.clone(),
            None => read_bounded(&path, MOST_BYTES)?,
        };
        let file = Arc::new(SourceFile::new(name, &path, bytes)?);
        self.files.insert(path, Arc::clone(&file));
        Ok(file)
    }

    /// The one line of a file that holds nothing but a password. It is not kept here, and no error shows any
    /// of it.
    pub fn read_secret(&mut self, name: &str) -> Result<Secret, String> {
        let path = self.path_of(name);
        let bytes = read_bounded(&path, MOST_SECRET_BYTES)?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let secret = texts::password(line).map_err(|message| format!("{} {message}", path.display()))?;
        self.secrets.insert(path);
        Ok(secret)
    }

    /// The text of a file with keys, which is not kept here.
    pub fn read_private(&mut self, name: &str) -> Result<String, String> {
        let path = self.path_of(name);
        let bytes = read_bounded(&path, MOST_SECRET_BYTES)?;
        let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", path.display()))?;
        self.private.insert(path);
        Ok(text)
    }

    /// Files with passwords and keys that other users of the machine can read.
    pub fn readable_secrets(&self) -> Vec<PathBuf> {
        let written = self.files.iter().filter(|(_, file)| has_password(file.text())).map(|(path, _)| path);
        let files = self.secrets.iter().chain(&self.private).chain(written);
        files.filter(|path| is_readable_by_others(path)).cloned().collect()
    }

    /// The paths of all files that were read, those of keys aside: whoever copies the configuration does not copy them.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.keys().chain(&self.secrets).cloned().collect()
    }
}

/// True if a password stands in the clear in a file of settings.
fn has_password(text: &str) -> bool {
    let keys = text.lines().filter_map(|line| line.split_once('='));
    keys.map(|(key, _)| key.trim()).any(|key| key == "password" || key.ends_with(".password"))
}

/// True if a file can be read by users who are neither its owner nor of its group.
pub fn is_readable_by_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let cannot = |why: &dyn fmt::Display| format!("cannot read {}: {why}", path.display());
    // A pipe or a device would be read for ever.
    let metadata = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    if !metadata.is_file() {
        return Err(cannot(&"not a file"));
    }
    let file = File::open(path).map_err(|error| cannot(&error))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
    if bytes.len() as u64 > most {
        return Err(cannot(&format_args!("larger than {most} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(bytes: &[u8]) -> Result<SourceFile, String> {
        SourceFile::new("a.csv", Path::new("config/a.csv"), bytes.to_vec())
    }

    #[test]
    fn offsets_become_lines() {
        let file = source("\u{feff}ab\r\nc\n\nd".as_bytes()).unwrap();
        assert_eq!(file.text(), "ab\r\nc\n\nd");
        for (offset, line) in [(0, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 4), (99, 4)] {
            assert_eq!(file.line_at(offset), line, "{offset}");
        }
    }

    #[test]
    fn other_encodings_are_refused_with_the_line() {
        assert_eq!(source(b"a\nb\xff\n").unwrap_err(), "line 2 of config/a.csv is not UTF-8");
    }

    #[test]
    fn the_text_is_not_printed() {
        let printed = format!("{:?}", source(b"password").unwrap());
        assert_eq!(printed, "SourceFile { path: \"config/a.csv\", .. }");
    }

    #[test]
    fn a_secret_is_the_one_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources = Sources::new(folder.path(), &Overlay::new());
        let mut read = |bytes: &[u8]| {
            std::fs::write(folder.path().join("password"), bytes).unwrap();
            sources.read_secret("password")
        };
        for (bytes, expected) in [
            (b"hunter22".as_slice(), "hunter22"),
            (b"hunter22\n", "hunter22"),
            (b"hunter22\r\n", "hunter22"),
            (b" hunter 22 ", " hunter 22 "),
            (b"", ""),
        ] {
            assert_eq!(read(bytes), Ok(Secret::new(expected)));
        }
        let too_long = [b'x'; 2_000];
        for bytes in [b"hunter22\n\n".as_slice(), b"hunter22\nhunter22", b"hunter22\xff", &too_long] {
            let message = read(bytes).unwrap_err();
            assert!(message.contains("password") && !message.contains("hunter22"), "{message}");
        }
        assert_eq!(sources.paths(), [folder.path().join("password")], "it is watched");
    }

    #[test]
    fn what_is_not_a_file_is_refused() {
        let mut sources = Sources::new(Path::new("/"), &Overlay::new());
        assert!(sources.read("dev").unwrap_err().contains("not a file"));
        assert!(sources.read("dev/zero").unwrap_err().contains("not a file"));
        assert!(sources.read("nothing/here").unwrap_err().contains("cannot read /nothing/here: "));
        assert!(sources.paths().is_empty());
    }
}
