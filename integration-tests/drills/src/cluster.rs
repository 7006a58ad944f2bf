//! A cluster to look at: where everything is, and how to make trouble for it.

use std::{fmt::Write, net::Ipv4Addr};

use anyhow::{Context, Result};
use clap::Args;
use sir0_testkit::{Cluster, Plan};
use tokio::signal::unix::{SignalKind, signal};

/// How large, and where.
#[derive(Args)]
pub(crate) struct Options {
    /// How many instances of the storefront.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    storefront: u8,
    /// How many instances of accounts.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=20))]
    accounts: u8,
    /// The one public port, on loopback.
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

/// Starts it and keeps it until Ctrl-C.
pub(crate) async fn run(options: Options) -> Result<()> {
    let mut asked =
        signal(SignalKind::terminate()).context("the process cannot listen to signals")?;
    println!("starting two PostgreSQL servers, Redis, sir0 and Envoy …");
    let plan = Plan {
        accounts: options.accounts.into(),
        storefronts: options.storefront.into(),
        listen: Some((Ipv4Addr::LOCALHOST, options.port).into()),
        own_databases: true,
        cheap_passwords: false,
        ..Plan::default()
    };
    let started = tokio::select! {
        cluster = plan.starts() => Some(cluster),
        _ = tokio::signal::ctrl_c() => None,
        _ = asked.recv() => None,
    };
    // What was started so far is ended where it is dropped.
    let Some(mut cluster) = started else { return Ok(()) };
    println!("{}", welcome(&mut cluster));
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be heard")?,
        _ = asked.recv() => {}
    }
    println!("stopping …");
    cluster.stops().await;
    Ok(())
}

/// Where everything is.
fn welcome(cluster: &mut Cluster) -> String {
    let address = cluster.address();
    let mut text = format!(
        "\n  The platform is ready at http://{address}/docs\n\n  envoy          {address}, admin http://{}\n",
        cluster.envoy.admin()
    );
    let line = |text: &mut String, name: &str, rest: &str| {
        writeln!(text, "  {name:<14} {rest}").expect("a string grows");
    };
    line(&mut text, "accounts-db", &cluster.accounts_db.url());
    line(&mut text, "storefront-db", &cluster.storefront_db.url());
    line(&mut text, "redis", &format!("127.0.0.1:{}", cluster.redis.port()));
    let folder = cluster.folder().display().to_string();
    let mut victim = 0;
    for instance in cluster.instances() {
        let (at, pid) = (instance.address(), instance.pid());
        line(&mut text, instance.name(), &format!("{at}, metrics http://{at}/metrics, pid {pid}"));
        if instance.name().starts_with("storefront") {
            victim = pid;
        }
    }
    let operator = "admin create --email you@example.com --username you";
    write!(
        text,
        "\n  Logs and secrets are in {folder}, a folder for each process.\n  \
         Kill one:   kill -9 {victim}   (it stays down; Envoy sends its calls elsewhere)\n  \
         Make the first administrator:\n    {} {operator}\n  Stop with Ctrl-C.\n",
        cluster.operators_command()
    )
    .expect("a string grows");
    text
}
