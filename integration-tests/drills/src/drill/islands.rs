//! Two places with separate networks on this machine, each with a line to it that can be cut in part.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    os::unix::process::CommandExt,
    process::{Child, Command, Output, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// Waits until our end of its standard input is closed, which happens when we end, however we end. Then it ends the
/// processes in the places, and removes the places, their lines, and the rules that cut the lines.
const WARDEN: &str = r#"
    read -r _
    nft delete table inet "$1"
    shift
    for place in "$@"; do
        for id in $(ip netns pids "$place"); do kill -KILL "$id"; done
        ip link delete "$place"
        ip netns delete "$place"
    done"#;

/// What stands in the way of making such places, if anything does.
pub(super) fn hindrance() -> Option<String> {
    let said = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().ok().filter(|it| it.status.success())
    };
    let is_root = said("id", &["-u"]).is_some_and(|id| id.stdout.trim_ascii() == b"0");
    if !is_root {
        return Some("only root can make network namespaces".to_owned());
    }
    let lacks = [("ip", ["netns", "list"]), ("nft", ["list", "tables"])];
    let lacking = lacks.into_iter().find(|(program, words)| said(program, words).is_none())?;
    Some(format!("`{} {}` does not work here", lacking.0, lacking.1.join(" ")))
}

/// The places. They are gone, with all processes in them, when this is dropped.
pub(super) struct Islands {
    pub(super) places: Vec<Place>,
    /// The name of the rules that cut lines.
    table: String,
    warden: Child,
}

/// A network namespace, and a line to it.
pub(super) struct Place {
    /// Its name, and that of this end of its line.
    name: String,
    /// This machine, as seen from there.
    here: Ipv4Addr,
    there: Ipv4Addr,
    relays: Vec<AbortHandle>,
}

impl Islands {
    /// So many places.
    pub(super) fn of(count: u8) -> Result<Self> {
        let id = std::process::id();
        let names: Vec<_> = (0..count).map(|number| format!("sir0-{id}-{number}")).collect();
        let table = format!("sir0_drill_{id}");
        let warden = Command::new("sh")
            .args(["-c", WARDEN, "sh", &table])
            .args(&names)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("there is no shell")?;
        let mut islands = Self { places: Vec::new(), table, warden };
        // 198.18.0.0/15 is set aside for measurements (RFC 2544).
        let net = u8::try_from(id % 251).expect("below 251");
        for (name, first) in names.into_iter().zip((0..).step_by(4)) {
            let (here, there) =
                (Ipv4Addr::new(198, 18, net, first + 1), Ipv4Addr::new(198, 18, net, first + 2));
            let place = Place { name, here, there, relays: Vec::new() };
            place.appears()?;
            islands.places.push(place);
        }
        Ok(islands)
    }

    /// From now on, what goes over the lines to these ports of this machine, or comes from there, vanishes.
    pub(super) fn cut(&self, ports: &[u16]) -> Result<()> {
        let rules = |end: &str, port_of: &str| -> String {
            let lines = self.places.iter().zip(ports);
            let rule = |(it, port): (&Place, &u16)| {
                format!("{end} {} tcp {port_of} {port} drop; ", it.name)
            };
            lines.map(rule).collect::<Vec<_>>().concat()
        };
        let (table, into, out) =
            (&self.table, rules("iifname", "dport"), rules("oifname", "sport"));
        let rules = format!(
            "table inet {table} {{
                chain into {{ type filter hook input priority 0; {into}}}
                chain out {{ type filter hook output priority 0; {out}}}
             }}"
        );
        let mut nft = Command::new("nft");
        let mut nft = nft.args(["-f", "-"]).stdin(Stdio::piped()).spawn().context("no nft")?;
        let mut stdin = nft.stdin.take().context("a piped stream is there once")?;
        stdin.write_all(rules.as_bytes())?;
        drop(stdin);
        ensure!(nft.wait()?.success(), "nft does not take the rules");
        Ok(())
    }

    /// Everything arrives again.
    pub(super) fn heal(&self) -> Result<()> {
        run("nft", &["delete", "table", "inet", &self.table]).map(|_| ())
    }
}

impl Drop for Islands {
    fn drop(&mut self) {
        for relay in self.places.iter().flat_map(|place| &place.relays) {
            relay.abort();
        }
        drop(self.warden.stdin.take());
        // It has nothing to say.
        let _ = self.warden.wait();
    }
}

impl Place {
    fn appears(&self) -> Result<()> {
        let Self { name, here, there, .. } = self;
        let (here, there) = (format!("{here}/30"), format!("{there}/30"));
        let steps = format!(
            "netns add {name}
             link add {name} type veth peer name line netns {name}
             addr add {here} dev {name}
             link set {name} up
             -n {name} addr add {there} dev line
             -n {name} link set line up
             -n {name} link set lo up"
        );
        for step in steps.lines() {
            run("ip", &step.split_whitespace().collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// A port of this machine, as seen from there, that stands for one of loopback.
    pub(super) async fn reaches(&mut self, port: u16) -> Result<SocketAddr> {
        let listener = TcpListener::bind((self.here, 0)).await?;
        let address = listener.local_addr()?;
        let relay = tokio::spawn(async move {
            while let Ok((mut there, _)) = listener.accept().await {
                tokio::spawn(async move {
                    // When one side is gone, the other is soon gone too.
                    if let Ok(mut here) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                        let _ = there.set_nodelay(true).and_then(|()| here.set_nodelay(true));
                        let _ = copy_bidirectional(&mut there, &mut here).await;
                    }
                });
            }
        });
        self.relays.push(relay.abort_handle());
        Ok(address)
    }

    /// Where something that listens there on this port is reached from here.
    pub(super) fn door(&self, port: u16) -> SocketAddr {
        (self.there, port).into()
    }

    /// What runs a program there.
    pub(super) fn runs(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        command
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<Output> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("there is no {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("`{program} {}` says: {said}", arguments.join(" "));
    }
    Ok(output)
}
