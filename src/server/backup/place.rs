//! The second place of a backup: a folder (another disk, a share) or a bucket of anything that speaks S3.

use super::BackupError as Error;
use crate::server::error::Result;
use crate::server::settings::Settings;
use crate::server::state::AppState;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, PutPayload, WriteMultipart};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// Bytes read at a time; S3 takes parts of at least 5 MiB.
const PART: usize = 8 * 1024 * 1024;
/// Parts under way at once, so that memory stays flat.
const PARTS_AT_ONCE: usize = 2;
/// Longest wait for one part.
const PART_TIMEOUT: Duration = Duration::from_secs(300);

/// A place that is set.
enum Place {
    Folder(PathBuf),
    Bucket(Box<AmazonS3>, String),
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}

/// The places that the settings name.
fn places(settings: &Settings) -> Result<Vec<Place>> {
    let mut list = Vec::new();
    let folder = settings.text("backup.folder").trim();
    if !folder.is_empty() {
        list.push(Place::Folder(PathBuf::from(folder)));
    }
    let bucket = settings.text("backup.s3.bucket").trim();
    if !bucket.is_empty() {
        let region = Some(settings.text("backup.s3.region").trim()).filter(|region| !region.is_empty());
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region.unwrap_or("us-east-1"))
            .with_access_key_id(settings.text("backup.s3.access_key").trim())
            .with_secret_access_key(settings.secret("backup.s3.secret_key")?)
            .with_client_options(ClientOptions::new().with_timeout(PART_TIMEOUT).with_allow_http(true));
        let endpoint = settings.text("backup.s3.endpoint").trim();
        if !endpoint.is_empty() {
            builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
        }
        let prefix = settings.text("backup.s3.prefix").trim_matches([' ', '/']).to_owned();
        list.push(Place::Bucket(Box::new(builder.build().map_err(failed)?), prefix));
    }
    Ok(list)
}

fn key(prefix: &str, file: &str) -> Key {
    if prefix.is_empty() { Key::from(file) } else { Key::from(format!("{prefix}/{file}")) }
}

/// Copies a backup to every second place; whether there is one.
pub(super) async fn copy(_state: &AppState, settings: &Settings, path: &Path, file: &str) -> Result<bool> {
    let list = places(settings)?;
    for place in &list {
        match place {
            Place::Folder(folder) => {
                // Not made here: a share that is not mounted is a missing folder, and a copy on the same disk none.
                if !folder.is_dir() {
                    return Err(
                        Error::Failed(format!("folder {} tidak ada atau tidak terpasang", folder.display())).into()
                    );
                }
                let (draft, whole) = (folder.join(format!("{file}.part")), folder.join(file));
                tokio::fs::copy(path, &draft).await?;
                tokio::fs::File::open(&draft).await?.sync_all().await?;
                tokio::fs::rename(&draft, &whole).await?;
            }
            Place::Bucket(store, prefix) => upload(store, &key(prefix, file), path).await?,
        }
    }
    Ok(!list.is_empty())
}

async fn upload(store: &AmazonS3, key: &Key, path: &Path) -> Result<(), Error> {
    let mut file = tokio::fs::File::open(path).await?;
    let upload = store.put_multipart(key).await.map_err(failed)?;
    let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
    let mut block = vec![0; PART];
    loop {
        let n = file.read(&mut block).await?;
        if n == 0 {
            break;
        }
        writer.wait_for_capacity(PARTS_AT_ONCE).await.map_err(failed)?;
        writer.write(block.get(..n).unwrap_or_default());
    }
    writer.finish().await.map_err(failed)?;
    Ok(())
}

/// Takes an old backup out of the second places.
pub(super) async fn remove(settings: &Settings, file: &str) -> Result<()> {
    for place in places(settings)? {
        match place {
            Place::Folder(folder) => match tokio::fs::remove_file(folder.join(file)).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            },
            Place::Bucket(store, prefix) => match store.delete(&key(&prefix, file)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error).into()),
            },
        }
    }
    Ok(())
}

/// Writes a small file to each second place, reads it back, and takes it away: what the button on the page does.
pub async fn check_second(settings: &Settings) -> Result<()> {
    const NAME: &str = "kimonet-uji-tulis.txt";
    const TEXT: &[u8] = b"Kimonet\n";
    let list = places(settings)?;
    if list.is_empty() {
        return Err(Error::Refused("Tempat kedua belum diatur.".to_owned()).into());
    }
    for place in list {
        match place {
            Place::Folder(folder) => {
                let file = folder.join(NAME);
                let trial = async {
                    tokio::fs::write(&file, TEXT).await?;
                    tokio::fs::read(&file).await?;
                    tokio::fs::remove_file(&file).await
                };
                trial.await.map_err(|error| Error::Refused(format!("Folder {}: {error}", folder.display())))?;
            }
            Place::Bucket(store, prefix) => {
                let key = key(&prefix, NAME);
                let trial = async {
                    store.put(&key, PutPayload::from_static(TEXT)).await?;
                    store.get(&key).await?.bytes().await?;
                    store.delete(&key).await
                };
                trial.await.map_err(|error| Error::Refused(format!("S3: {error}")))?;
            }
        }
    }
    Ok(())
}
