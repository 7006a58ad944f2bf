//! Someone who uses a platform, signed in or not.

use std::net::SocketAddr;

use sir0_contract::{
    accounts::{
        LoginRequest, RegisterRequest, accounts_service_client::AccountsServiceClient,
        administration_service_client::AdministrationServiceClient,
        api_tokens_service_client::ApiTokensServiceClient,
        audit_service_client::AuditServiceClient, sessions_service_client::SessionsServiceClient,
    },
    status::status_service_client::StatusServiceClient,
    storefront::{
        bulk_service_client::BulkServiceClient, games_service_client::GamesServiceClient,
    },
};
use tonic::transport::{Channel, Endpoint};

use crate::{Bearer, Rest, Socket, address::Address};

/// The password of everyone here.
pub const PASSWORD: &str = "nine quiet lanterns over 58 harbours";

/// Accounts over gRPC.
pub type AccountsClient = AccountsServiceClient<Bearer>;
/// The storefront over gRPC.
pub type GamesClient = GamesServiceClient<Bearer>;

/// Someone who uses a platform, through as many clients as they like.
#[derive(Clone)]
pub struct Person {
    /// Identifies the account. 0 for a visitor, who has no account.
    pub id: i32,
    /// The access token, if signed in.
    pub token: Option<String>,
    address: Address,
}

/// The e-mail that a person of this name has here: `northlight@example.com`.
#[must_use]
pub fn email_of(name: &str) -> String {
    let local: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '.' })
        .collect();
    format!("{local}@example.com")
}

impl Person {
    pub(crate) const fn visitor(address: Address) -> Self {
        Self { id: 0, token: None, address }
    }

    /// The same person, with the same token, where something else is reached.
    pub(crate) fn at(&self, address: Address) -> Self {
        Self { address, ..self.clone() }
    }

    /// Where the platform is reached now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.now()
    }

    /// The access token of someone who signed in.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("someone who signed in")
    }

    /// The same person with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Makes an account of this name. Answers with its id.
    pub async fn registers(&self, name: &str) -> i32 {
        let request = RegisterRequest {
            username: name.to_owned(),
            email: email_of(name),
            password: PASSWORD.to_owned(),
            setup_token: None,
        };
        let made = self.accounts().register(request).await.expect("a name that is free and good");
        made.into_inner().user_id
    }

    /// Begins a session of the account of this name.
    pub async fn signs_in(&self, name: &str) -> Self {
        let request = LoginRequest {
            email: email_of(name),
            password: PASSWORD.to_owned(),
            ..Default::default()
        };
        let begun = self.accounts().login(request).await.expect("an account of this name");
        let begun = begun.into_inner();
        Self { id: begun.user_id, token: Some(begun.token), address: self.address.clone() }
    }

    /// Signs in with this name to a session that is refreshed, and answers with its refresh token.
    pub async fn begins_to_refresh(&self, name: &str) -> String {
        let request = LoginRequest {
            email: email_of(name),
            password: PASSWORD.to_owned(),
            with_refresh_token: true,
            ..Default::default()
        };
        let begun = self.accounts().login(request).await.expect("an account of this name");
        begun.into_inner().refresh_token.expect("asked for")
    }

    /// Accounts over gRPC, on a separate connection.
    #[must_use]
    pub fn accounts(&self) -> AccountsClient {
        AccountsServiceClient::new(self.connection())
    }

    /// The API tokens of accounts over gRPC, on a separate connection.
    #[must_use]
    pub fn api_tokens(&self) -> ApiTokensServiceClient<Bearer> {
        ApiTokensServiceClient::new(self.connection())
    }

    /// The sessions of accounts over gRPC, on a separate connection.
    #[must_use]
    pub fn sessions(&self) -> SessionsServiceClient<Bearer> {
        SessionsServiceClient::new(self.connection())
    }

    /// The administration of accounts over gRPC, on a separate connection.
    #[must_use]
    pub fn administration(&self) -> AdministrationServiceClient<Bearer> {
        AdministrationServiceClient::new(self.connection())
    }

    /// What happened to accounts over gRPC, on a separate connection.
    #[must_use]
    pub fn audit(&self) -> AuditServiceClient<Bearer> {
        AuditServiceClient::new(self.connection())
    }

    /// The storefront over gRPC, on a separate connection.
    #[must_use]
    pub fn games(&self) -> GamesClient {
        GamesServiceClient::new(self.connection())
    }

    /// The storefront's catalogues as files over gRPC, on a separate connection.
    #[must_use]
    pub fn bulk(&self) -> BulkServiceClient<Bearer> {
        BulkServiceClient::new(self.connection())
    }

    /// The status service over gRPC, on a separate connection.
    #[must_use]
    pub fn status(&self) -> StatusServiceClient<Channel> {
        StatusServiceClient::new(self.channel())
    }

    /// A gRPC connection that is opened with the first call.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address()));
        endpoint.expect("an address is a URI").connect_lazy()
    }

    /// REST.
    #[must_use]
    pub fn rest(&self) -> Rest {
        Rest::new(self.address.clone(), self.token.as_deref())
    }

    /// A WebSocket, open.
    pub async fn socket(&self) -> Socket {
        Socket::open(self.address()).await
    }

    /// A gRPC connection, on which every call says who makes it.
    #[must_use]
    pub fn bearer(&self) -> Bearer {
        self.connection()
    }

    fn connection(&self) -> Bearer {
        Bearer::new(self.channel(), self.token.as_deref(), self.address.clone())
    }
}

/// The people of a platform, written once for every way to put one together. They sign in where its visitors are, and
/// its operator makes their accounts.
macro_rules! people {
    ($platform:ty, |$it:ident| $visitor:expr, $operator:expr) => {
        impl $platform {
            /// Someone who registered and signed in.
            pub async fn player(&self, name: &str) -> $crate::Person {
                let $it = self;
                let visitor = $visitor;
                visitor.registers(name).await;
                visitor.signs_in(name).await
            }

            /// A studio: an operator made its account, and it signed in.
            pub async fn publisher(&self, name: &str) -> $crate::Person {
                self.made_by_operator(name, sir0_kernel::Role::Publisher).await
            }

            /// An administrator: an operator made the account, and it signed in.
            pub async fn admin(&self, name: &str) -> $crate::Person {
                self.made_by_operator(name, sir0_kernel::Role::Admin).await
            }

            async fn made_by_operator(
                &self,
                name: &str,
                role: sir0_kernel::Role,
            ) -> $crate::Person {
                let $it = self;
                $operator.creates(name, role).await;
                $visitor.signs_in(name).await
            }
        }
    };
}
pub(crate) use people;
