//! URLs of webhooks, as accounts may set them.

/// Longest URL, in octets.
const URL_OCTETS_MAX: usize = 2_000;

/// Checks that events can be posted to a URL.
pub fn check_url(url: &str) -> Result<(), String> {
    let is_plain = url.bytes().all(|octet| octet.is_ascii_graphic());
    if url.len() > URL_OCTETS_MAX || !is_plain {
        return Err(format!("is to be at most {URL_OCTETS_MAX} visible ASCII characters"));
    }
    let parsed: ureq::http::Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
    let is_web = matches!(parsed.scheme_str(), Some("http" | "https"));
    if !is_web || parsed.host().is_none_or(str::is_empty) {
        return Err("is to begin with http:// or https:// and a host".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_posted_to() {
        for url in ["http://127.0.0.1:9/hook", "https://example.com", "https://u:p@example.com:8443/a?b=c"] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://",
            "http:///a",
            "file:///etc/passwd",
            "http://a b/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
        assert!(check_url(&format!("http://example.com/{}", "a".repeat(2_000))).is_err());
    }
}
