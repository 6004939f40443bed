//! The certificates of the configuration, and when they end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tollgate_provisioning::Loaded;
use x509_cert::Certificate;

use super::finding::Finding;
use crate::run::server_config;

const SECONDS_PER_DAY: u64 = 86_400;
/// Days before its end at which a certificate is to be renewed.
const RENEW_DAYS: u64 = 21;

/// One finding for each file of certificates, and one for a key that does not go with its own.
pub fn findings(loaded: &Loaded) -> Vec<Finding> {
    let ends = ends(loaded);
    let identity = server_config(&loaded.settings.smpp).tls.and_then(|(_, files)| {
        let error = files.check().err()?;
        Some(Finding::fault(
            "TLS",
            error.to_string(),
            "put the key of smpp.tls_certificate where smpp.tls_key names it",
        ))
    });
    ends.into_iter().chain(identity).collect()
}

fn ends(loaded: &Loaded) -> Vec<Finding> {
    let own = loaded.settings.smpp.tls_certificate.clone();
    let operators = loaded.provisioning.operators.iter();
    let of_operators = operators.filter_map(|operator| operator.smpp.tls.as_ref()?.ca_file.clone());
    let mut files: Vec<PathBuf> = own.into_iter().chain(of_operators).collect();
    files.sort();
    files.dedup();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    files.iter().map(|file| look(file, now)).collect()
}

fn look(file: &Path, now: Duration) -> Finding {
    const SUBJECT: &str = "certificate";
    let name = file.display();
    let ends = fs::read(file).map_err(|error| error.to_string()).and_then(|pem| earliest_end(&pem));
    match ends {
        Err(error) => Finding::fault(SUBJECT, format!("{name}: {error}"), "put a certificate in PEM there"),
        Ok(ends) if ends <= now => {
            Finding::fault(SUBJECT, format!("{name} has expired"), "renew it and start the daemon again")
        }
        Ok(ends) => {
            let days = ends.saturating_sub(now).as_secs() / SECONDS_PER_DAY;
            let text = format!("{name} is valid for {days} more days");
            if days < RENEW_DAYS {
                Finding::warning(SUBJECT, text, "renew it and start the daemon again")
            } else {
                Finding::good(SUBJECT, text)
            }
        }
    }
}

/// The time since 1970 at which the first certificate of a file ends.
fn earliest_end(pem: &[u8]) -> Result<Duration, String> {
    let chain = Certificate::load_pem_chain(pem).map_err(|error| error.to_string())?;
    let ends = chain.iter().map(|one| one.tbs_certificate().validity().not_after.to_unix_duration());
    ends.min().ok_or_else(|| "there is no certificate in it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn the_end_of_a_certificate_comes_near() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificate.pem");
        let mut parameters = rcgen::CertificateParams::new(vec!["tollgate.example.com".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        fs::write(&file, parameters.self_signed(&key).unwrap().pem()).unwrap();
        // 2030-01-01T00:00:00Z, in hours since 1970.
        let end = Duration::from_hours(525_960);
        let level =
            |days: u64| look(&file, end.saturating_sub(Duration::from_secs(days * SECONDS_PER_DAY))).level;
        assert_eq!(level(0), Level::Fault);
        assert_eq!(level(20), Level::Warning);
        assert_eq!(level(21), Level::Good);
        fs::write(&file, "no certificate").unwrap();
        assert_eq!(look(&file, end).level, Level::Fault);
        assert_eq!(look(&folder.path().join("none"), end).level, Level::Fault);
    }
}
