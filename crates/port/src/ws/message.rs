//! What travels over the socket: commands from the client, and answers, updates and refusals to it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use sir0_host::{BadTopic, Said, Topic};
use tonic::Status;
use tonic_types::StatusExt;

use super::{MAX_MESSAGE, MAX_TOPICS};

/// What a client asks for. The name of the topic may be that of none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Subscribe { topic: String, resume: Option<String> },
    Unsubscribe { topic: String },
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
            "subscribe" => Ok(Self::Subscribe { topic: topic.into_owned(), resume }),
            "unsubscribe" if resume.is_some() => Err(BadMessage::ResumeWithoutSubscribe),
            "unsubscribe" => Ok(Self::Unsubscribe { topic: topic.into_owned() }),
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
    #[error("use {0}")]
    UnknownTopic(String),
    #[error("{}", .0.details)]
    BadTopic(BadTopic),
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
            Self::UnknownTopic(_) => "Unknown topic",
            Self::BadTopic(bad) => bad.title,
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
    pub(super) fn subscribed(topic: &Topic, resume_token: Option<String>) -> Self {
        Self { message: format!("Subscribed to {topic}"), resume_token }
    }

    pub(super) fn unsubscribed(topic: &Topic) -> Self {
        Self { message: format!("Unsubscribed from {topic}"), resume_token: None }
    }
}

/// One thing that a subscriber hears.
pub(super) struct Update<'a> {
    topic: &'a Topic,
    event: &'static str,
    said: &'a Said,
}

impl<'a> Update<'a> {
    /// `None` when a newer service says something that this version does not know.
    pub(super) fn new(topic: &'a Topic, said: &'a Said) -> Option<Self> {
        Some(Self { topic, event: said.event?, said })
    }
}

impl Serialize for Update<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { topic, event, said } = self;
        let mut update = serializer.serialize_map(None)?;
        update.serialize_entry("topic", topic.as_str())?;
        update.serialize_entry("event", event)?;
        if let Some((name, json)) = &said.about {
            update.serialize_entry(name, json)?;
        }
        if !said.resume_token.is_empty() {
            update.serialize_entry("resumeToken", &said.resume_token)?;
        }
        update.end()
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

    /// The refusal of the service: its message, and every bad field.
    pub(super) fn of_service(topic: &Topic, status: &Status) -> Self {
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

    /// The service did not answer.
    pub(super) fn no_answer(topic: &Topic) -> Self {
        let refusal = Self::new("Too busy", format!("not subscribed to {topic}, try again"));
        Self { topic: Some(topic.to_string()), ..refusal }
    }

    /// The stream stopped without a word.
    pub(super) fn ended(topic: &Topic) -> Self {
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
        assert_eq!(
            Command::parse(r#" {"topic":"game_updates/7","resume":"t","action":"subscribe"} "#)
                .unwrap(),
            Command::Subscribe { topic: "game_updates/7".to_owned(), resume: Some("t".to_owned()) }
        );
        assert_eq!(
            Command::parse(r#"{"action":"unsubscribe","topic":"game_updates","resume":null}"#)
                .unwrap(),
            Command::Unsubscribe { topic: "game_updates".to_owned() }
        );
        assert_eq!(
            Command::parse(r#"{"action":"\u0073ubscribe","topic":"game_updates"}"#).unwrap(),
            Command::Subscribe { topic: "game_updates".to_owned(), resume: None }
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
