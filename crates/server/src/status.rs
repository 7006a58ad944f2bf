//! The status service: how the platform is.

use prost_types::Timestamp;
use sir0_contract::status::{self as pb, status_service_server::StatusService};
use sir0_rpc::{Denied, HTTP_STATUS};
use tokio::sync::watch;
use tonic::{Request, Response, Status, metadata::MetadataValue};

use crate::health::Health;

/// Tells what the last check found.
#[derive(Clone)]
pub(crate) struct StatusBoard(pub(crate) watch::Receiver<Health>);

#[tonic::async_trait]
impl StatusService for StatusBoard {
    async fn get_status(
        &self,
        request: Request<pb::GetStatusRequest>,
    ) -> Result<Response<pb::GetStatusResponse>, Status> {
        // No doorman stands here: an edge may know no keys.
        Denied::if_tags_are_named(request.metadata())?;
        let health = self.0.borrow().clone();
        let details = health.complaint();
        let is_well = details.is_none();
        let mut response = Response::new(pb::GetStatusResponse {
            service: "sir0".to_owned(),
            status: if is_well { "OK" } else { "ERROR" }.to_owned(),
            timestamp: Some(Timestamp {
                seconds: health.found_at.seconds(),
                nanos: health.found_at.subsec_nanos(),
            }),
            details,
        });
        if !is_well {
            // The call succeeds in telling bad news; over REST a monitor looks at the status only.
            response.metadata_mut().insert(HTTP_STATUS, MetadataValue::from_static("500"));
        }
        Ok(response)
    }
}
