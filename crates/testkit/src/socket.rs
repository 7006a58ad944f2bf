//! A WebSocket as its clients use it.

use std::net::SocketAddr;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::CloseFrame},
};

use crate::LONG;

/// An open WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let opened = connect_async(format!("ws://{address}/ws")).await;
        let (stream, _) = opened.expect("a handshake");
        Self { stream }
    }

    /// Sends one text frame.
    pub async fn says(&mut self, frame: Value) {
        self.sends(Message::text(frame.to_string())).await;
    }

    /// Sends one message of any kind.
    pub async fn sends(&mut self, message: Message) {
        let sent = timeout(LONG, self.stream.send(message)).await;
        sent.expect("room to write").expect("an open socket");
    }

    /// Subscribes and waits for the answer.
    pub async fn subscribes(&mut self, topic: &str) {
        self.says(json!({"action": "subscribe", "topic": topic})).await;
        let answer = self.hears().await;
        assert_eq!(answer["message"], format!("Subscribed to {topic}"), "{answer}");
    }

    /// The next text frame.
    pub async fn hears(&mut self) -> Value {
        match self.receives().await {
            Message::Text(text) => serde_json::from_str(&text).expect("every text frame is JSON"),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// The close frame, past whatever comes before it.
    pub async fn is_closed(&mut self) -> CloseFrame {
        loop {
            if let Message::Close(frame) = self.receives().await {
                // The library answers the frame on the way; a server that is gone needs no answer.
                let _ = self.stream.flush().await;
                return frame.expect("the server gives its reason");
            }
        }
    }

    /// The next message that is neither a ping nor a pong.
    pub async fn receives(&mut self) -> Message {
        loop {
            let received = timeout(LONG, self.stream.next()).await.expect("a frame in time");
            match received.expect("an open socket").expect("a good frame") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }
}
