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

/// A client of the games.
pub(crate) type Client = GamesServiceClient<Channel>;

/// A client on a separate connection.
pub(crate) async fn client(address: SocketAddr) -> Result<Client> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let channel = endpoint.connect().await.context("could not connect over HTTP/2")?;
    Ok(GamesServiceClient::new(channel))
}

/// The files with what sir0 answered, for the bare server to repeat.
pub(crate) struct Answers {
    pub(crate) one: PathBuf,
    pub(crate) twenty: PathBuf,
}

/// The question for twenty games.
pub(crate) fn question_of_twenty() -> pb::ListGamesRequest {
    pb::ListGamesRequest { page_size: 20, ..Default::default() }
}

/// Asks sir0 and keeps its answers in files.
pub(crate) async fn copy_answers(sir0: SocketAddr, folder: &Path) -> Result<Answers> {
    let mut client = client(sir0).await?;
    let one = client.get_game(QUESTION).await?.into_inner();
    ensure!(one.game.is_some(), "GetGame answered without a game");
    let twenty = client.list_games(question_of_twenty()).await?.into_inner();
    ensure!(twenty.games.len() == 20, "ListGames answered with {} games", twenty.games.len());
    let answers = Answers { one: folder.join("one.bin"), twenty: folder.join("twenty.bin") };
    fs::write(&answers.one, one.encode_to_vec()).context("could not keep an answer")?;
    fs::write(&answers.twenty, twenty.encode_to_vec()).context("could not keep an answer")?;
    Ok(answers)
}

/// Fails unless both servers give the same answers.
pub(crate) async fn must_agree(sir0: SocketAddr, bare: SocketAddr) -> Result<()> {
    let (mut sir0, mut bare) = (client(sir0).await?, client(bare).await?);
    let (ours, theirs) = (sir0.get_game(QUESTION).await?, bare.get_game(QUESTION).await?);
    ensure!(ours.into_inner() == theirs.into_inner(), "the servers disagree on GetGame");
    let ours = sir0.list_games(question_of_twenty()).await?;
    let theirs = bare.list_games(question_of_twenty()).await?;
    ensure!(ours.into_inner() == theirs.into_inner(), "the servers disagree on ListGames");
    Ok(())
}

/// A message as gRPC frames it: not compressed, its length, itself.
pub(crate) fn frame(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a message of a few bytes");
    [&[0], length.to_be_bytes().as_slice(), &message].concat()
}
