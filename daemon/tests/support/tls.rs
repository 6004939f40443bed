//! A certificate for 127.0.0.1, made for one test.

use std::fs;
use std::path::{Path, PathBuf};

/// The files, in PEM.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// Signed by itself, and written into the folder.
    pub fn write(folder: &Path) -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
        let files = Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        fs::write(&files.certificate, made.cert.pem()).expect("the folder can be written");
        fs::write(&files.key, made.signing_key.serialize_pem()).expect("the folder can be written");
        files
    }
}
