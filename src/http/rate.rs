//! How much one address may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::dev::ServiceRequest;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config;

/// After so many checks, addresses that have been quiet are forgotten.
const CHECKS_BETWEEN_SWEEPS: u32 = 10_000;

/// One limit for each address, or none at all.
#[derive(Debug)]
pub(super) struct Limit {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl Limit {
    pub(super) fn new(limit: config::RateLimit) -> Limit {
        let quota = |per_second| {
            let burst = NonZeroU32::new(limit.burst).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(per_second).allow_burst(burst)
        };
        let limiter = NonZeroU32::new(limit.per_second).map(|rate| RateLimiter::keyed(quota(rate)));
        Limit { limiter, clock: DefaultClock::default(), checks: AtomicU32::new(0) }
    }

    /// Takes one, or says in how many seconds there is one again.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_BETWEEN_SWEEPS == CHECKS_BETWEEN_SWEEPS - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(&neighbourhood(address)).map_err(|wait| {
            let wait = wait.wait_time_from(self.clock.now());
            wait.as_secs() + 1
        })
    }
}

/// The address that speaks: the peer, or what a trusted proxy says of it.
///
/// Each proxy adds the address it was called from at the end, so the last one that is not a trusted proxy's is the
/// client; whatever stands before it may be invented.
pub(super) fn address_of(request: &ServiceRequest, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !trusted.contains(&peer) {
        return Some(peer);
    }
    let forwarded = request.headers().get_all("x-forwarded-for");
    let mut hops: Vec<&str> = Vec::new();
    for header in forwarded {
        hops.extend(header.to_str().unwrap_or_default().split(',').map(str::trim));
    }
    let client =
        hops.iter().rev().map_while(|hop| hop.parse::<IpAddr>().ok()).find(|hop| !trusted.contains(hop));
    Some(client.unwrap_or(peer))
}

/// One customer of IPv6 has a whole /64.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_limit_holds_at_and_past_the_edge_and_for_one_address_only() {
        let limit = Limit::new(config::RateLimit { per_second: 1, burst: 3 });
        let address = |last| IpAddr::from([192, 0, 2, last]);
        for _ in 0..3 {
            assert_eq!(limit.check(address(1)), Ok(()));
        }
        assert_eq!(limit.check(address(1)), Err(1));
        assert_eq!(limit.check(address(2)), Ok(()));
        let unlimited = Limit::new(config::RateLimit { per_second: 0, burst: 1 });
        assert!((0..100).all(|_| unlimited.check(address(1)).is_ok()));
    }

    #[test]
    fn neighbours_of_one_64_share() {
        let limit = Limit::new(config::RateLimit { per_second: 1, burst: 1 });
        assert!(limit.check("2001:db8::1".parse().unwrap()).is_ok());
        assert!(limit.check("2001:db8::2".parse().unwrap()).is_err());
        assert!(limit.check("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        let request = |peer: &str, forwarded: &str| {
            let request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
            request.insert_header(("x-forwarded-for", forwarded.to_owned())).to_srv_request()
        };
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let found = |peer, forwarded, trusted: &[IpAddr]| {
            address_of(&request(peer, forwarded), trusted).unwrap().to_string()
        };
        assert_eq!(found("192.0.2.9", "203.0.113.5", &[proxy]), "192.0.2.9");
        assert_eq!(found("10.0.0.1", "203.0.113.5", &[]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", "203.0.113.5", &[proxy]), "203.0.113.5");
        assert_eq!(found("10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.1", &[proxy]), "203.0.113.5");
        assert_eq!(found("10.0.0.1", "unknown", &[proxy]), "10.0.0.1");
    }
}
