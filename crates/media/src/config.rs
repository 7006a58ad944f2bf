//! What can be tuned: where pictures are kept, and how many are encoded at a time.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use sir0_settings::{Kind, Setting};

/// The settings of [`Config`].
pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "storefront.media.folder",
        "SIR0_STOREFRONT_MEDIA_FOLDER",
        Kind::Folder,
        "where pictures are kept without a bucket; unset, `media` in the data folder",
    ),
    Setting::new(
        "storefront.media.patience",
        "SIR0_STOREFRONT_MEDIA_PATIENCE",
        Kind::Duration,
        "how long the folder or the bucket may take for one call, or for the next piece of a picture",
    ),
    Setting::new(
        "storefront.media.jobs",
        "SIR0_STOREFRONT_MEDIA_JOBS",
        Kind::Number,
        "how many pictures are encoded at a time, each within 512 MiB",
    ),
    Setting::new(
        "storefront.media.jobs_waiting",
        "SIR0_STOREFRONT_MEDIA_JOBS_WAITING",
        Kind::Number,
        "how many more may wait, each with up to 16 MiB",
    ),
    Setting::new(
        "storefront.media.s3.bucket",
        "SIR0_STOREFRONT_MEDIA_S3_BUCKET",
        Kind::Name,
        "keeps pictures in this bucket of S3 instead of a folder",
    ),
    Setting::new(
        "storefront.media.s3.endpoint",
        "SIR0_STOREFRONT_MEDIA_S3_ENDPOINT",
        Kind::Url,
        "where the bucket is; unset, Amazon's address for the region",
    ),
    Setting::new(
        "storefront.media.s3.region",
        "SIR0_STOREFRONT_MEDIA_S3_REGION",
        Kind::Name,
        "the region of the bucket",
    ),
    Setting::new(
        "storefront.media.s3.access_key_id",
        "SIR0_STOREFRONT_MEDIA_S3_ACCESS_KEY_ID",
        Kind::Name,
        "the name of the key that requests are signed with",
    ),
    Setting::new(
        "storefront.media.s3.secret_access_key_file",
        "SIR0_STOREFRONT_MEDIA_S3_SECRET_ACCESS_KEY_FILE",
        Kind::File,
        "holds the key, so that no variable does",
    ),
    Setting::new(
        "storefront.media.s3.path_style",
        "SIR0_STOREFRONT_MEDIA_S3_PATH_STYLE",
        Kind::Switch,
        "whether the bucket is a part of the path, or else of the host",
    ),
    Setting::new(
        "storefront.media.s3.allow_http",
        "SIR0_STOREFRONT_MEDIA_S3_ALLOW_HTTP",
        Kind::Switch,
        "whether the endpoint may be `http://`, on a private network",
    ),
];

/// Where pictures are kept, and how many are encoded at a time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of the pictures; without one, `media` in the data folder.
    pub folder: Option<PathBuf>,
    /// The bucket to keep them in instead.
    pub s3: S3,
    /// How long one call may take, and how long the next piece of a picture or of a list.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// How many pictures are encoded at a time. 0 is taken as 1.
    pub jobs: u8,
    /// How many uploads may wait for that.
    pub jobs_waiting: u8,
}

/// A bucket of S3, at Amazon or elsewhere. Without a bucket there is no S3.
///
/// The key needs `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` on the objects, and `s3:ListBucket` on the bucket:
/// without that, S3 answers 403 where a picture is missing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    /// The name of the bucket.
    pub bucket: Option<String>,
    /// Its address without the bucket, such as `https://s3.example`; without one, Amazon's for the region.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The name of the key.
    pub access_key_id: Option<String>,
    /// The file with the key.
    pub secret_access_key_file: Option<PathBuf>,
    /// `https://host/bucket`, which every S3 understands, rather than `https://bucket.host`.
    pub path_style: bool,
    /// Whether the endpoint may be `http://`.
    pub allow_http: bool,
}

impl Config {
    /// The folder of the pictures, with this data folder. `None` if they are in a bucket.
    #[must_use]
    pub fn folder(&self, data_dir: &Path) -> Option<PathBuf> {
        let folder = || self.folder.clone().unwrap_or_else(|| data_dir.join("media"));
        self.s3.bucket.is_none().then(folder)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: None,
            s3: S3::default(),
            patience: Duration::from_secs(10),
            jobs: 1,
            jobs_waiting: 8,
        }
    }
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            bucket: None,
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_id: None,
            secret_access_key_file: None,
            path_style: true,
            allow_http: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_means_a_folder_and_one_job() {
        let config: Config = toml::from_str("").expect("settings");

        assert_eq!(config, Config::default());
        assert_eq!((config.s3.bucket, config.jobs), (None, 1));
    }

    #[test]
    fn each_setting_is_a_field() {
        let value = |kind| match kind {
            Kind::Number => "3",
            Kind::Switch => "true",
            Kind::Duration => "'3s'",
            _ => "'x'",
        };

        for setting in SETTINGS {
            let key =
                setting.key.strip_prefix("storefront.media.").expect("all are of one section");
            let line = format!("{key} = {}", value(setting.kind));

            toml::from_str::<Config>(&line).unwrap_or_else(|fault| panic!("{line}: {fault}"));
        }
    }
}
