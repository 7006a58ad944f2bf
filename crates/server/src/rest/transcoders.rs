//! From REST to the services of this process: one transcoder a service, for those that are here.

use bytes::Bytes;
use http::HeaderMap;
use rest_over_grpc::transcoding::{Transcode, TranscodeResponse};
use sir0_accounts::Accounts;
use sir0_contract::{
    Call,
    rest::{
        AccountsServiceRestBridge, AccountsTranscoder, GamesServiceRestBridge, GamesTranscoder,
        StatusServiceRestBridge, StatusTranscoder,
    },
};
use sir0_storefront::Storefront;
use tonic::{Status, metadata::MetadataMap};

use crate::{parts::Part, status::StatusBoard};

/// Lets everything through: a caller is identified inside the call.
type Guard = fn(&MetadataMap) -> Result<(), Status>;

/// The services of this process, as REST reaches them.
pub(crate) struct Transcoders {
    accounts: Option<AccountsTranscoder<AccountsServiceRestBridge<Accounts, Guard>>>,
    storefront: Option<GamesTranscoder<GamesServiceRestBridge<Storefront, Guard>>>,
    status: Option<StatusTranscoder<StatusServiceRestBridge<StatusBoard, Guard>>>,
}

impl Transcoders {
    pub(crate) fn new(
        accounts: Option<Accounts>,
        storefront: Option<Storefront>,
        status: Option<StatusBoard>,
    ) -> Self {
        Self {
            accounts: accounts.map(|accounts| {
                AccountsTranscoder::new(AccountsServiceRestBridge::externally_authenticated(
                    accounts,
                ))
            }),
            storefront: storefront.map(|storefront| {
                GamesTranscoder::new(GamesServiceRestBridge::externally_authenticated(storefront))
            }),
            status: status.map(|status| {
                StatusTranscoder::new(StatusServiceRestBridge::externally_authenticated(status))
            }),
        }
    }

    /// Makes the call. `None` when this process does not serve it, or its path does not fit after all.
    pub(super) async fn transcode(
        &self,
        call: &Call,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: &Bytes,
    ) -> Option<TranscodeResponse> {
        match Part::of(call) {
            Part::Accounts => {
                self.accounts.as_ref()?.try_transcode(method, target, headers, body).await
            }
            Part::Storefront => {
                self.storefront.as_ref()?.try_transcode(method, target, headers, body).await
            }
            Part::Edge => self.status.as_ref()?.try_transcode(method, target, headers, body).await,
        }
    }
}
