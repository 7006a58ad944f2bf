//! A bucket of S3, at Amazon or elsewhere.

use std::{fs::File, io, time::Duration};

use bytes::Bytes;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, PutOptions,
    RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use sir0_kernel::read_secret;

use super::{Error, OpenError, Put, at};
use crate::{Name, S3};

/// How often a request is sent again after a failure that may pass. All of it happens within the patience of the call.
const RETRIES: usize = 2;

/// Reads the key and prepares the client. Sends nothing, and takes nothing from the environment or from the machine it
/// runs on: the key is the one of the settings.
pub(super) fn open(settings: &S3, patience: Duration) -> Result<AmazonS3, OpenError> {
    let (Some(bucket), Some(key_id), Some(key_file)) =
        (&settings.bucket, &settings.access_key_id, &settings.secret_access_key_file)
    else {
        return Err(OpenError::NoKey);
    };
    let unreadable = |source| OpenError::KeyFile { path: key_file.clone(), source };
    let key = File::open(key_file).and_then(read_secret).map_err(unreadable)?;
    if key.is_empty() {
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is empty")));
    }

    let client = ClientOptions::new()
        .with_allow_http(settings.allow_http)
        .with_connect_timeout(patience)
        .with_timeout(patience);
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(1),
            ..BackoffConfig::default()
        },
        max_retries: RETRIES,
        retry_timeout: patience,
    };
    let mut s3 = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_access_key_id(key_id)
        .with_secret_access_key(key.as_str())
        .with_virtual_hosted_style_request(!settings.path_style)
        .with_client_options(client)
        .with_retry(retry);
    if let Some(endpoint) = &settings.endpoint {
        let endpoint = endpoint.trim_end_matches('/');
        if !settings.allow_http && !endpoint.starts_with("https://") {
            return Err(OpenError::PlainHttp);
        }
        s3 = s3.with_endpoint(match endpoint.split_once("://") {
            Some((scheme, host)) if !settings.path_style => format!("{scheme}://{bucket}.{host}"),
            _ => endpoint.to_owned(),
        });
    }
    s3.build().map_err(OpenError::S3)
}

/// Asks first, because a picture is larger than the question. Two who ask at the same moment write the same bytes.
pub(super) async fn put(store: &dyn ObjectStore, name: Name, bytes: Bytes) -> Result<Put, Error> {
    match store.head(&at(name)).await.map_err(|fault| Error::of(name, fault)) {
        Ok(_) => return Ok(Put::Known),
        Err(Error::NotFound(_)) => {}
        Err(fault) => return Err(fault),
    }
    let media_type = name.format().media_type();
    let options = PutOptions {
        attributes: Attributes::from_iter([(Attribute::ContentType, media_type)]),
        ..PutOptions::default()
    };
    // No object has to be there for this, so one that is missing is the bucket.
    store.put_opts(&at(name), bytes.into(), options).await.map_err(Error::of_store)?;
    Ok(Put::New)
}
