//! The gRPC question that is measured, and the proof that both sides answer it alike, to a real client.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use prost::Message;
use sir0_contract::storefront::{self as pb, games_service_client::GamesServiceClient};
use tonic::transport::{Channel, Endpoint};

/// The path of the call.
pub(crate) const GET_GAME: &str = "/sir0.storefront.v1.GamesService/GetGame";

/// The question.
pub(crate) const QUESTION: pb::GetGameRequest = pb::GetGameRequest { game_id: 1 };

/// A client on a separate connection.
pub(crate) async fn client(address: SocketAddr) -> Result<GamesServiceClient<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let channel = endpoint.connect().await.context("could not connect over HTTP/2")?;
    Ok(GamesServiceClient::new(channel))
}

/// Asks sir0 and keeps its answer in a file, for the bare server to repeat.
pub(crate) async fn copy_answer(sir0: SocketAddr, folder: &Path) -> Result<PathBuf> {
    let answer = client(sir0).await?.get_game(QUESTION).await?.into_inner();
    ensure!(answer.game.is_some(), "GetGame answered without a game");
    let file = folder.join("answer.bin");
    fs::write(&file, answer.encode_to_vec()).context("could not keep an answer")?;
    Ok(file)
}

/// Fails unless both servers give the same answer.
pub(crate) async fn must_agree(sir0: SocketAddr, bare: SocketAddr) -> Result<()> {
    let ours = client(sir0).await?.get_game(QUESTION).await?.into_inner();
    let theirs = client(bare).await?.get_game(QUESTION).await?.into_inner();
    ensure!(ours == theirs, "the servers disagree on GetGame");
    Ok(())
}

/// A message as gRPC frames it: not compressed, its length, itself.
pub(crate) fn frame(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a message of a few bytes");
    [&[0], length.to_be_bytes().as_slice(), &message].concat()
}
