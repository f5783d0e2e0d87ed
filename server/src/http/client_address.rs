//! Which client address counts when the server is behind a proxy.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::HeaderName;

use crate::domain::client::Peer;

/// Where to find the address of a client. `Default` is the connection itself: a header can be forged.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientAddress {
    header: Option<HeaderName>,
    /// The number of proxies that append to the header.
    proxies: usize,
}

impl ClientAddress {
    /// The address that the outermost of this many trusted proxies wrote into the header.
    pub(crate) fn from_header(header: HeaderName, proxies: usize) -> Self {
        Self {
            header: Some(header),
            proxies: proxies.max(1),
        }
    }

    pub(super) fn of(&self, peer: Peer, headers: &HeaderMap) -> Peer {
        let Some(name) = &self.header else {
            return peer;
        };
        // Each proxy appends the address that it saw. Anything further left may be forged by the client.
        let lines = headers.get_all(name).iter().rev();
        let mut seen = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let found = seen.nth(self.proxies - 1).and_then(address);
        found.map_or(peer, Peer)
    }
}

/// Parses an address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = text
        .parse()
        .map(|address: std::net::SocketAddr| address.ip());
    let bare = text.trim_start_matches('[').trim_end_matches(']').parse();
    bare.or(with_port).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_trusted_proxies_wrote_counts() {
        let peer = Peer("192.0.2.9".parse().unwrap());
        let of = |client: &ClientAddress, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            client.of(peer, &headers).0.to_string()
        };
        let name = HeaderName::from_static("x-forwarded-for");
        let one = ClientAddress::from_header(name.clone(), 1);
        let two = ClientAddress::from_header(name, 2);
        let lines = &["10.0.0.1, 192.0.2.1", "192.0.2.2"];
        assert_eq!(of(&ClientAddress::default(), lines), "192.0.2.9");
        assert_eq!(of(&one, lines), "192.0.2.2");
        assert_eq!(of(&two, lines), "192.0.2.1");
        assert_eq!(of(&two, &["192.0.2.2"]), "192.0.2.9");
        assert_eq!(of(&one, &["unknown"]), "192.0.2.9");
        assert_eq!(of(&one, &[]), "192.0.2.9");
        assert_eq!(of(&one, &["192.0.2.1:4711"]), "192.0.2.1");
        assert_eq!(of(&one, &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(of(&one, &["2001:db8::1"]), "2001:db8::1");
    }
}
