//! URLs of webhooks, as accounts may set them. They are read as browsers read them (the URL standard of the WHATWG), so that
//! a host in hexadecimal or octal digits is the address that it means.

use std::net::IpAddr;

use url::{Host, Url};

/// Longest URL, in octets.
const URL_OCTETS_MAX: usize = 2_000;

/// Reads a URL that events can be posted to.
pub fn webhook_url(text: &str) -> Result<Url, String> {
    let is_plain = text.bytes().all(|octet| octet.is_ascii_graphic());
    if text.len() > URL_OCTETS_MAX || !is_plain {
        return Err(format!("is to be at most {URL_OCTETS_MAX} visible ASCII characters"));
    }
    let has_slashes = ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && !text.get(scheme.len()..).unwrap_or_default().starts_with(['/', '\\'])
    });
    let url = Url::parse(text).ok().filter(|url| has_slashes && url.has_host());
    let url = url.ok_or_else(|| "is to begin with http:// or https:// and a host".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("is to name no user and no password; calls are signed".to_owned());
    }
    Ok(url)
}

/// The address that a URL names without a look-up, if its host is one.
pub fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_posted_to() {
        for url in ["http://127.0.0.1:9/hook", "https://example.com", "HTTPS://example.com:8443/a?b=c"] {
            assert!(webhook_url(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://",
            "http:///a",
            "http:example.com",
            "https:/example.com",
            "file:///etc/passwd",
            "http://a b/",
            "http://a\r\nb/",
            "http://[::1",
            "http://256.1.1.1/",
        ] {
            assert!(webhook_url(url).is_err(), "{url}");
        }
        assert!(webhook_url(&format!("http://example.com/{}", "a".repeat(2_000))).is_err());
    }

    #[test]
    fn nobody_hides_a_host_behind_a_user_name() {
        for url in ["https://u:p@example.com/", "http://example.com@127.0.0.1/", "http://:x@example.com/"] {
            assert!(webhook_url(url).unwrap_err().contains("no user"), "{url}");
        }
    }

    #[test]
    fn hosts_in_other_digits_are_the_addresses_that_they_mean() {
        for host in ["127.0.0.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "①②⑦.0.0.1"]
        {
            let url = Url::parse(&format!("http://{host}/")).unwrap();
            assert_eq!(literal_address(&url), Some("127.0.0.1".parse().unwrap()), "{host}");
        }
        let url = webhook_url("http://[::ffff:7f00:1]:80/").unwrap();
        assert_eq!(literal_address(&url), Some("::ffff:127.0.0.1".parse().unwrap()));
        assert_eq!(literal_address(&webhook_url("http://localhost/").unwrap()), None);
    }
}
