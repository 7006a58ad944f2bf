//! Sessions that go on: a refresh token is used once for the next two tokens.

use std::net::IpAddr;

use sir0_contract_accounts::calls::sessions_service as calls;
use sir0_rpc::{Client, request_id};

use super::{
    Accounts,
    audit::{happened, record},
    failures::Why,
    guard::At,
    sessions::announce,
};
use crate::{
    AccountsError,
    db::Refresh,
    domain::{
        ClientId, Kind, RefreshToken, Refreshable, Refreshed, SecurityEvent, SessionEnded, SignedIn,
    },
};

/// What a refresh token that was shown is.
enum Shown {
    Good(Refreshed),
    Bad,
    /// Used before, and so was the next one.
    Replayed(SessionEnded),
}

impl Accounts {
    /// Answers with the next tokens of a session.
    pub(crate) async fn refresh(
        &self,
        shown: Option<RefreshToken>,
        client: ClientId,
    ) -> Result<SignedIn, AccountsError> {
        if let Err(exceeded) = self.guard.pass(calls::REFRESH_SESSION, At::NoOne, None).await {
            self.count_refused(Why::Limit, None);
            return Err(exceeded.into());
        }
        let address = request_id::client().map(Client::address);
        let refreshed = match shown {
            Some(shown) => {
                let refreshing = self.clone().save_refresh(shown, client, address);
                self.shared.tasks.to_completion(refreshing).await
            }
            None => Err(AccountsError::RefreshRefused),
        };
        if matches!(refreshed, Err(AccountsError::RefreshRefused)) {
            self.count_refused(Why::Refresh, None);
        }
        let outcome = match &refreshed {
            Ok(_) => "refreshed",
            Err(AccountsError::RefreshRefused) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("sir0_refreshes_total", "outcome" => outcome).increment(1);
        refreshed
    }

    async fn save_refresh(
        self,
        shown: RefreshToken,
        client: ClientId,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, AccountsError> {
        let now = self.shared.clock.now();
        let (next, another) = (shown.next(&self.refreshing), shown.another());
        let refresh = Refresh {
            session: shown.session,
            client,
            shown: shown.hash(),
            next: next.hash(),
            another: another.hash(),
            same_since: now.before(RefreshToken::SAME_ANSWER),
            at: now,
            address,
            expires: now.after(self.lifetimes.idle),
            token_expires: now.after(self.lifetimes.token),
        };
        let family = shown.family_hash();
        let refreshing = self.db.unit(async |tx| {
            if let Some(refreshed) = tx.refresh_session(&refresh).await? {
                return Ok::<_, AccountsError>(Shown::Good(refreshed));
            }
            let replayed = tx.end_replayed_session(refresh.session, &family, &refresh.shown, now);
            let Some(ended) = replayed.await? else { return Ok(Shown::Bad) };
            announce(tx, &[ended], now).await?;
            let user = tx.session_owner(ended.session).await?;
            let event = SecurityEvent {
                user,
                session: Some(ended.session),
                client: Some(refresh.client.clone()),
                ..happened(Kind::REFRESH_REPLAYED, now)
            };
            record(tx, event).await?;
            Ok(Shown::Replayed(ended))
        });
        let refreshed = match refreshing.await? {
            Shown::Good(refreshed) => refreshed,
            Shown::Bad => return Err(AccountsError::RefreshRefused),
            Shown::Replayed(ended) => {
                self.ended(&[ended]);
                metrics::counter!("sir0_refresh_tokens_replayed_total").increment(1);
                return Err(AccountsError::RefreshRefused);
            }
        };
        let is_next = refreshed.refresh_hash == refresh.next;
        let sign_in = refreshed.sign_in(refresh.session, &refresh.client);
        let token = self.trust.mint.mint(&sign_in, now, refreshed.token_expires);
        let token_after = if is_next { next } else { another };
        let refresh = Some(Refreshable { token: token_after, expires: refreshed.expires });
        Ok(SignedIn { user: refreshed.user, token, refresh, device: None })
    }
}
