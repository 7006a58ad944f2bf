//! Calls with an idempotency key: a call that is sent again with the same key changes nothing more, and is answered as it was
//! before. What stands between the doors and a service is generated; what is remembered, and where, [`Keys`] decides.

use futures::future::BoxFuture;
use prost::Message;
use tonic::{
    Request, Response, Status,
    metadata::{MetadataMap, MetadataValue},
};

use crate::Call;

/// The header, and the metadata, that names a request. It is the same as a field `request_id` of the request.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Marks an answer as one that was given before.
pub const IDEMPOTENCY_REPLAYED: &str = "idempotency-replayed";

/// Remembers what calls with keys did.
pub trait Keys: Send + Sync {
    /// The key of a call, if it has one. Refuses a bad key, and a caller who may not make the call.
    fn asked(
        &self,
        call: &'static Call,
        metadata: &MetadataMap,
        request_id: Option<&str>,
    ) -> Result<Option<Key>, Status>;

    /// What stands for a request, so that another one with the same key can be told from it.
    fn stands_for(&self, key: &Key, request: &[u8]) -> [u8; 32];

    /// Makes the call, unless one with the same key was made before: then it answers with the message of that one.
    fn once<'a>(
        &'a self,
        key: Key,
        request: [u8; 32],
        making: BoxFuture<'a, Result<(), Status>>,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, Status>>;

    /// Refuses for a fault of ours, which is logged.
    fn fault(&self, why: &str) -> Status;
}

/// The key of a call.
#[derive(Clone, Debug)]
pub struct Key {
    /// The call.
    pub call: &'static Call,
    /// The account of the caller.
    pub user: i64,
    /// What the caller named the request.
    pub name: String,
}

/// A request that may hold what its caller named it, in a field `request_id`.
pub trait Named: Message + Clone {
    /// What its caller named it.
    fn name(&self) -> Option<&str> {
        None
    }

    /// Takes the name away: two requests that differ only in it ask for the same.
    fn forget_name(&mut self) {}
}

/// The key of a call, if it has one.
pub fn asked(
    keys: &dyn Keys,
    call: &'static Call,
    request: &Request<impl Named>,
) -> Result<Option<Key>, Status> {
    keys.asked(call, request.metadata(), request.get_ref().name())
}

/// Makes a call once for its key.
pub async fn once<'a, Q, A>(
    keys: &dyn Keys,
    key: Key,
    request: Request<Q>,
    make: impl FnOnce(Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>> + Send,
) -> Result<Response<A>, Status>
where
    Q: Named,
    A: Message + Default,
{
    // The copy of what is asked may hold a password, and is gone before the call waits for anything.
    let asked = {
        let mut asked = request.get_ref().clone();
        asked.forget_name();
        keys.stands_for(&key, &asked.encode_to_vec())
    };
    let mut answer = None;
    let making = make(request);
    let making = Box::pin(async {
        answer = Some(making.await?);
        Ok(())
    });
    match keys.once(key, asked, making).await? {
        None => answer.ok_or_else(|| keys.fault("the call was neither made nor remembered")),
        Some(before) => {
            let before = A::decode(&*before).map_err(|error| keys.fault(&error.to_string()))?;
            let mut response = Response::new(before);
            let mark = MetadataValue::from_static("true");
            response.metadata_mut().insert(IDEMPOTENCY_REPLAYED, mark);
            Ok(response)
        }
    }
}
