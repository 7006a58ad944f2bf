//! `sir0 probe`: whether a process serves, for a supervisor that starts it again when it does not.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::Config;

/// The limit of the whole probe. The program that runs the probe has a limit too.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the process at this URL, or where this configuration listens, whether it serves.
pub async fn probe(config: &Config, url: Option<String>) -> bool {
    let url = url.unwrap_or_else(|| format!("http://{}", from_here(config.listen)));
    let serves = async {
        let channel = Endpoint::from_shared(url).ok()?.connect().await.ok()?;
        let asked = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(channel).check(asked).await.ok()?;
        Some(answer.into_inner().status() == ServingStatus::Serving)
    };
    let answer = tokio::time::timeout(PATIENCE, serves).await;
    answer.is_ok_and(Option::unwrap_or_default)
}

/// The address by which this machine reaches a server that listens on all addresses.
pub(crate) fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_on_this_machine() {
        let asked = |listen: &str| from_here(listen.parse().expect("an address")).to_string();

        assert_eq!(asked("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(asked("[::]:8080"), "[::1]:8080");
        assert_eq!(asked("192.0.2.7:80"), "192.0.2.7:80");
    }
}
