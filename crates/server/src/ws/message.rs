//! What travels over the socket: commands from the client, and answers, updates and refusals to it.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sir0_contract::{
    shapes::SIR0_STOREFRONT_V1_GAME,
    storefront::{WatchGamesResponse, watch_games_response::Update as Change},
};
use sir0_kernel::GameId;
use tonic::Status;
use tonic_types::StatusExt;

use super::{MAX_MESSAGE, MAX_TOPICS};

/// What a client can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    AllGames,
    Game(GameId),
}

impl Topic {
    const ALL_GAMES: &str = "game_updates";

    fn parse(text: &str) -> Result<Self, BadMessage> {
        let Some(rest) = text.strip_prefix(Self::ALL_GAMES) else {
            return Err(BadMessage::UnknownTopic);
        };
        if rest.is_empty() {
            return Ok(Self::AllGames);
        }
        let id = rest.strip_prefix('/').ok_or(BadMessage::UnknownTopic)?;
        // One spelling for each id, because answers and updates repeat the topic: neither `+7` nor `007`.
        if id.starts_with('0') || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadMessage::BadId);
        }
        id.parse()
            .ok()
            .and_then(|number| GameId::parse(number).ok())
            .map(Self::Game)
            .ok_or(BadMessage::BadId)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllGames => f.write_str(Self::ALL_GAMES),
            Self::Game(id) => write!(f, "{}/{id}", Self::ALL_GAMES),
        }
    }
}

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Subscribe { topic: Topic, resume: Option<String> },
    Unsubscribe { topic: Topic },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCommand<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    topic: Cow<'a, str>,
    resume: Option<String>,
}

impl Command {
    /// Reads one text message.
    pub(super) fn parse(text: &str) -> Result<Self, BadMessage> {
        // The derived reader would also take the fields as an array, which is documented nowhere.
        if !text.trim_start().starts_with('{') {
            return Err(BadMessage::NotAnObject);
        }
        let WireCommand { action, topic, resume } = serde_json::from_str(text)?;
        match &*action {
            "subscribe" => Ok(Self::Subscribe { topic: Topic::parse(&topic)?, resume }),
            "unsubscribe" if resume.is_some() => Err(BadMessage::ResumeWithoutSubscribe),
            "unsubscribe" => Ok(Self::Unsubscribe { topic: Topic::parse(&topic)? }),
            _ => Err(BadMessage::UnknownAction),
        }
    }
}

/// Why a message is not a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadMessage {
    #[error("send text frames with one JSON object each")]
    NotText,
    #[error("a message has at most {MAX_MESSAGE} bytes")]
    TooLarge,
    #[error("the text is not UTF-8")]
    NotUtf8,
    #[error("the frames break RFC 6455")]
    BadFrame,
    #[error("expected a JSON object")]
    NotAnObject,
    #[error("{0}")]
    NotACommand(#[from] serde_json::Error),
    #[error("use `subscribe` or `unsubscribe`")]
    UnknownAction,
    #[error("use `game_updates`, or `game_updates/{{gameId}}` for one game")]
    UnknownTopic,
    #[error("the id behind `game_updates/` must be a number from 1 to {max}", max = i32::MAX)]
    BadId,
    #[error("`resume` goes with `subscribe`")]
    ResumeWithoutSubscribe,
    #[error("a socket holds at most {MAX_TOPICS} topics, unsubscribe from one first")]
    TooManyTopics,
}

impl BadMessage {
    const fn title(&self) -> &'static str {
        match self {
            Self::NotText => "Not a text frame",
            Self::TooLarge => "Message too large",
            Self::NotUtf8 | Self::BadFrame | Self::NotAnObject | Self::NotACommand(_) => {
                "Malformed message"
            }
            Self::UnknownAction => "Unknown action",
            Self::UnknownTopic => "Unknown topic",
            Self::BadId => "Invalid game id",
            Self::ResumeWithoutSubscribe => "Unexpected resume token",
            Self::TooManyTopics => "Too many topics",
        }
    }
}

/// Says that a command was carried out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    message: String,
    /// Where a subscription begins, so that a client that breaks off before the first update loses none.
    #[serde(skip_serializing_if = "Option::is_none")]
    resume_token: Option<String>,
}

impl Answer {
    pub(super) fn subscribed(topic: Topic, resume_token: Option<String>) -> Self {
        Self { message: format!("Subscribed to {topic}"), resume_token }
    }

    pub(super) fn unsubscribed(topic: Topic) -> Self {
        Self { message: format!("Unsubscribed from {topic}"), resume_token: None }
    }
}

/// One thing that a subscriber hears.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update<'a> {
    topic: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    game: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    resume_token: &'a str,
}

impl<'a> Update<'a> {
    /// `None` when a newer storefront says something that this bridge does not know.
    pub(super) fn new(topic: Topic, heard: &'a WatchGamesResponse) -> Option<Self> {
        let (event, game) = match heard.update.as_ref()? {
            Change::Present(game) => ("present", Some(game)),
            Change::InSync(_) => ("in_sync", None),
            Change::Added(game) => ("added", Some(game)),
            Change::Changed(game) => ("changed", Some(game)),
            Change::Removed(game) => ("removed", Some(game)),
            Change::Heartbeat(_) => ("heartbeat", None),
            Change::StartOver(_) => ("start_over", None),
            Change::GoingAway(_) => ("going_away", None),
        };
        let game = game.map(|game| {
            let json = sir0_transcoding::to_json(&SIR0_STOREFRONT_V1_GAME, game);
            json.expect("a game has texts, whole numbers and a finite price")
        });
        Some(Self { topic: topic.to_string(), event, game, resume_token: &heard.resume_token })
    }
}

/// Says what went wrong and what to do.
#[derive(Serialize)]
pub(super) struct Refusal {
    error: Cow<'static, str>,
    details: String,
    /// The same word as in gRPC's `ErrorInfo` and in REST.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
}

impl Refusal {
    /// Descriptions of faults quote the client: enough to recognise it, and too little to make an amplifier.
    const MAX_DETAILS: usize = 300;

    pub(super) fn new(error: impl Into<Cow<'static, str>>, details: impl Into<String>) -> Self {
        let mut details = details.into();
        if let Some((end, _)) = details.char_indices().nth(Self::MAX_DETAILS) {
            details.truncate(end);
            details.push('…');
        }
        Self { error: error.into(), details, reason: None, topic: None }
    }

    /// The refusal of `WatchGames`: its message, and every bad field.
    pub(super) fn of_watch(topic: Topic, status: &Status) -> Self {
        let fields =
            status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
        let details = if fields.is_empty() {
            format!("not subscribed to {topic}")
        } else {
            let faults = fields.iter().map(|bad| format!("{}: {}", bad.field, bad.description));
            faults.collect::<Vec<_>>().join(", ")
        };
        let reason = status.get_details_error_info().map(|info| info.reason);
        let refusal = Self::new(status.message().to_owned(), details);
        Self { reason, topic: Some(topic.to_string()), ..refusal }
    }

    /// `WatchGames` did not answer.
    pub(super) fn no_answer(topic: Topic) -> Self {
        let refusal = Self::new("Too busy", format!("not subscribed to {topic}, try again"));
        Self { topic: Some(topic.to_string()), ..refusal }
    }

    /// `WatchGames` stopped without a word.
    pub(super) fn ended(topic: Topic) -> Self {
        let advice = format!("subscribe to {topic} again, with the last resumeToken");
        Self { topic: Some(topic.to_string()), ..Self::new("Subscription ended", advice) }
    }

    pub(super) fn to_json(&self) -> String {
        to_json(self)
    }
}

impl From<BadMessage> for Refusal {
    fn from(bad: BadMessage) -> Self {
        Self::new(bad.title(), bad.to_string())
    }
}

/// The text of one frame.
pub(super) fn to_json(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("strings, whole numbers and finite prices are always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> &'static str {
        Command::parse(text).expect_err(text).title()
    }

    #[test]
    fn a_command_names_its_topic_and_may_resume() {
        let one = Topic::Game(GameId::parse(7).unwrap());

        assert_eq!(
            Command::parse(r#" {"topic":"game_updates/7","resume":"t","action":"subscribe"} "#)
                .unwrap(),
            Command::Subscribe { topic: one, resume: Some("t".to_owned()) }
        );
        assert_eq!(
            Command::parse(r#"{"action":"unsubscribe","topic":"game_updates","resume":null}"#)
                .unwrap(),
            Command::Unsubscribe { topic: Topic::AllGames }
        );
        assert_eq!(
            Command::parse(r#"{"action":"\u0073ubscribe","topic":"game_updates"}"#).unwrap(),
            Command::Subscribe { topic: Topic::AllGames, resume: None }
        );
    }

    #[test]
    fn what_is_not_exactly_a_command_is_refused() {
        for text in [
            "",
            "{",
            "7",
            "null",
            r#"["subscribe","game_updates",null]"#,
            r#"{"action":"subscribe"}"#,
            r#"{"topic":"game_updates"}"#,
            r#"{"action":"subscribe","topic":7}"#,
            r#"{"action":"subscribe","topic":"game_updates","resume":7}"#,
            r#"{"action":"subscribe","topic":"game_updates","extra":1}"#,
            r#"{"action":"subscribe","action":"subscribe","topic":"game_updates"}"#,
            r#"{"action":"subscribe","topic":"game_updates"} {}"#,
        ] {
            assert_eq!(refused(text), "Malformed message", "{text}");
        }
        assert_eq!(refused(r#"{"action":"dance","topic":"game_updates"}"#), "Unknown action");
        assert_eq!(
            refused(r#"{"action":"unsubscribe","topic":"game_updates","resume":"t"}"#),
            "Unexpected resume token"
        );
    }

    #[test]
    fn a_topic_has_one_spelling() {
        for topic in ["", "game_update", "game_updates7", "GAME_UPDATES", " game_updates"] {
            let text = format!(r#"{{"action":"subscribe","topic":"{topic}"}}"#);
            assert_eq!(refused(&text), "Unknown topic", "{topic}");
        }
        for id in ["", "0", "-1", "+7", "007", "7 ", "seven", "7/8", "٧", "2147483648"] {
            let text = format!(r#"{{"action":"subscribe","topic":"game_updates/{id}"}}"#);
            assert_eq!(refused(&text), "Invalid game id", "{id}");
        }
    }

    #[test]
    fn a_deep_message_is_refused_without_exhausting_the_stack() {
        let deep = format!(r#"{{"action":{}"#, "[".repeat(MAX_MESSAGE));

        assert_eq!(refused(&deep), "Malformed message");
    }

    #[test]
    fn a_refusal_does_not_echo_a_long_message() {
        let long = format!(r#"{{"{}":1}}"#, "ä".repeat(10_000));

        let refusal = Refusal::from(Command::parse(&long).expect_err("an unknown field"));

        assert!(refusal.to_json().len() < 1_000);
    }
}
