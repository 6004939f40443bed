//! The files of the built screens, each as it is and compressed.

/// A file of the screens.
#[derive(Debug)]
pub(crate) struct Asset {
    /// The path below `/app/`.
    pub(crate) name: &'static str,
    /// The octets as they were built.
    pub(crate) plain: &'static [u8],
    /// The same, compressed by gzip (RFC 1952).
    pub(crate) gzip: &'static [u8],
}

/// The folder of files whose names carry a hash of their content.
pub(crate) const HASHED: &str = "assets/";

/// The page that every screen begins with.
pub(crate) const INDEX: &str = "index.html";

/// All files, by name.
pub(crate) const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file with a name.
pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The media type of a file by the end of its name.
pub(crate) fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn every_file_has_a_media_type_and_reads_back_from_its_compressed_form() {
        assert!(ASSETS.len() > 2, "the screens are not built");
        for asset in ASSETS {
            assert_ne!(media_type(asset.name), "application/octet-stream", "{}", asset.name);
            let mut read = Vec::new();
            GzDecoder::new(asset.gzip).read_to_end(&mut read).unwrap();
            assert_eq!(read, asset.plain, "{}", asset.name);
        }
    }

    #[test]
    fn every_file_but_the_index_has_a_hashed_name() {
        for asset in ASSETS.iter().filter(|asset| asset.name != INDEX) {
            let stem = asset.name.strip_prefix(HASHED).unwrap().rsplit_once('.').unwrap().0;
            let hash = stem.get(stem.len() - 8..).unwrap();
            assert!(
                hash.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'),
                "{}",
                asset.name
            );
        }
    }

    #[test]
    fn the_first_screen_of_each_area_stays_within_120_kb() {
        let size = |begins: &str| {
            let files = ASSETS.iter().filter(|asset| asset.name.starts_with(begins));
            files.map(|asset| asset.gzip.len()).sum::<usize>()
        };
        let shared = size(INDEX) + size("assets/vendor-") + size("assets/app-") + size("assets/icon-");
        for area in [
            "operations",
            "messages",
            "prices",
            "accounts",
            "documents",
            "offers",
            "reseller",
            "account",
            "invoices",
            "bundles",
            "traffic",
            "connection",
            "webhooks",
            "administration",
        ] {
            let parts = match area {
                "accounts" => size("assets/money-") + size("assets/terms-"),
                "documents" | "offers" => size("assets/money-"),
                "invoices" => size("assets/account-"),
                "reseller" => size("assets/terms-"),
                _ => 0,
            };
            let whole = shared + size("assets/charts-") + parts + size(&format!("assets/{area}-"));
            assert!(whole <= 120 * 1024, "{area} needs {whole} octets");
        }
    }

    #[test]
    fn the_page_has_no_inline_script_or_style() {
        let page = std::str::from_utf8(find(INDEX).unwrap().plain).unwrap();
        assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
        for script in page.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains(" src=\"/app/assets/"), "{page}");
            assert!(rest.starts_with("</script>"), "{page}");
        }
    }
}
