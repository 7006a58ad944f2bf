use std::time::Instant;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

fn local(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn free() -> SocketAddr {
    local(sir0_throwaway::free_port().expect("a free port"))
}

#[test]
fn every_address_of_a_container_gives_way_to_those_of_the_instances() {
    let text = fs::read_to_string(settings::deploy().join("envoy/envoy.yaml")).unwrap();
    let upstreams = [
        Upstream { name: "accounts", instances: vec![local(11), local(12)] },
        Upstream { name: "storefront", instances: vec![local(21), local(22), local(23)] },
        Upstream { name: "edge", instances: vec![local(31)] },
    ];
    let ports = Ports { front: local(1), monitoring: local(2), admin: local(3) };

    let placed = placed(&text, ports, &upstreams);

    let count = |port: u16| placed.matches(&format!("port_value: {port} }}")).count();
    assert_eq!((count(8080), count(9901), count(9902)), (0, 0, 0));
    assert_eq!((count(1), count(2)), (1, 1), "the door, and the one for what it counts");
    assert_eq!(count(3), 2, "the admin's, and who asks there");
    assert_eq!((count(11), count(12), count(31)), (1, 1, 1));
    assert_eq!((count(21), count(22), count(23)), (2, 2, 2), "calls and WebSockets");
}

/// Notes the head of the first request that the proxy passes on, and answers it. Requests of the proxy itself are
/// ignored.
async fn hears_one(storefront: TcpListener) -> String {
    loop {
        let (mut stream, _) = storefront.accept().await.expect("it listens");
        let mut told = vec![0; 16 * 1024];
        let length = stream.read(&mut told).await.unwrap_or_default();
        let told = String::from_utf8_lossy(&told[..length]).into_owned();
        if told.starts_with("GET /ws ") {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.expect("the proxy waits for it");
            return told;
        }
    }
}

#[tokio::test]
async fn a_service_is_told_the_address_that_connected_and_none_that_a_client_made_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let storefront = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = storefront.local_addr().expect("it is bound");
    let upstreams = ["accounts", "storefront", "edge"].map(|name| Upstream {
        name,
        instances: vec![if name == "storefront" { at } else { free() }],
    });
    let ports = Ports { front: free(), monitoring: free(), admin: free() };
    let warden = Arc::new(Warden::start(folder.path()));
    let _envoy = Envoy::start(folder.path(), ports, &upstreams, warden);
    let heard = tokio::spawn(hears_one(storefront));

    let begun = Instant::now();
    while !heard.is_finished() {
        assert!(begun.elapsed() < LONG, "nothing arrives behind the proxy");
        let asked = rest::plain_client()
            .get(format!("http://{}/ws", ports.front))
            .header("x-forwarded-for", "6.6.6.6, 10.0.0.1")
            .header("x-forwarded-for", "7.7.7.7");
        // Repeated until the proxy listens, has found no instance healthy, and therefore calls any instance.
        let _ = asked.timeout(Duration::from_secs(5)).send().await;
        sleep(Duration::from_millis(100)).await;
    }

    let told = heard.await.expect("it answered").to_lowercase();
    let noted: Vec<_> =
        told.lines().filter_map(|line| line.strip_prefix("x-forwarded-for:")).collect();
    let [one] = noted[..] else { panic!("one header: {told}") };
    // For a client on the same machine, the proxy notes any address of that machine.
    let address: std::net::IpAddr = one.trim().parse().expect("one address and nothing else");
    assert!(!["6.6.6.6", "10.0.0.1", "7.7.7.7"].contains(&address.to_string().as_str()), "{told}");
}
