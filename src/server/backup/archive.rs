//! The file of a backup: a tar of `manifest.json`, the database and the files, compressed with gzip, and sealed in the
//! age format where there is a passphrase, so that `age -d`, `gunzip` and `tar` open it without Kimonet. Everything is
//! streamed. Nothing here is asynchronous: call it in `spawn_blocking`.

use super::BackupError as Error;
use age::secrecy::SecretString;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Name of the first member.
const MANIFEST: &str = "manifest.json";
/// Largest manifest that is read.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What our gzip writes before the data; the bytes that its checksum does not cover are compared.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// First bytes of a sealed file.
const AGE_HEAD: &[u8] = b"age-encryption.org/";
/// scrypt's work, as a power of two: 64 MiB and some tenths of a second, on a small server too.
const SCRYPT_LOG_N: u8 = 16;
/// The most work that a file may ask for.
const SCRYPT_LOG_N_MAX: u8 = 20;
/// Bytes copied at a time.
const BLOCK: usize = 128 * 1024;

/// One member as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the archive.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Form of the archive.
    pub format: u32,
    /// Version of Kimonet.
    pub kimonet: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// Migrations of its schema.
    pub migrations: usize,
    /// By this one knows the application key that its secrets are sealed with; the key is not in the backup.
    pub key_check: String,
    /// Rows of the log of activities, and the hash of the last.
    pub audit_rows: i64,
    /// The hash.
    pub audit_hash: String,
    /// Everything else in the archive; the first is the database.
    pub members: Vec<Member>,
}

/// The form that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Reads through, and counts and hashes what passed.
struct Hashed<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Hashed<T> {
    fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    fn took(&mut self, part: &[u8]) {
        self.hash.update(part);
        self.bytes += u64::try_from(part.len()).unwrap_or(0);
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(into)?;
        self.took(into.get(..n).unwrap_or_default());
        Ok(n)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        let n = self.inner.write(from)?;
        self.took(from.get(..n).unwrap_or_default());
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Size and SHA-256 of a file.
pub fn digest(path: &Path) -> Result<(u64, String), Error> {
    let mut file = Hashed::new(File::open(path)?);
    std::io::copy(&mut file, &mut std::io::sink())?;
    Ok((file.bytes, hex::encode(file.hash.finalize())))
}

/// Where the compressed stream goes: into the file, or through the seal.
enum Out {
    Open(Hashed<BufWriter<File>>),
    Sealed(Box<age::stream::StreamWriter<Hashed<BufWriter<File>>>>),
}

impl Write for Out {
    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Open(file) => file.write(from),
            Self::Sealed(seal) => seal.write(from),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Open(file) => file.flush(),
            Self::Sealed(seal) => seal.flush(),
        }
    }
}

/// Writes the archive `into`, whole or not at all: `sources` are the members of the manifest, in their order. Answers
/// its size and SHA-256.
pub fn pack(
    into: &Path,
    manifest: &Manifest,
    sources: &[PathBuf],
    passphrase: Option<&str>,
) -> Result<(u64, String), Error> {
    let mut draft = into.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let result = pack_into(&draft, manifest, sources, passphrase)
        .and_then(|done| std::fs::rename(&draft, into).map(|()| done).map_err(Error::from));
    if result.is_err() && draft.exists() {
        std::fs::remove_file(&draft)?;
    }
    result
}

fn pack_into(
    path: &Path,
    manifest: &Manifest,
    sources: &[PathBuf],
    passphrase: Option<&str>,
) -> Result<(u64, String), Error> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Customers' data: for the owner of the process only.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = Hashed::new(BufWriter::with_capacity(BLOCK, options.open(path)?));
    let out = match passphrase {
        None => Out::Open(file),
        Some(words) => {
            let mut recipient = age::scrypt::Recipient::new(SecretString::from(words.to_owned()));
            recipient.set_work_factor(SCRYPT_LOG_N);
            let one: &dyn age::Recipient = &recipient;
            let seal = age::Encryptor::with_recipients(std::iter::once(one))
                .map_err(|error| Error::Failed(format!("penyegelan: {error}")))?;
            Out::Sealed(Box::new(seal.wrap_output(file)?))
        }
    };
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::default()));
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Failed(error.to_string()))?;
    tar.append_data(&mut header(u64::try_from(text.len()).unwrap_or(0)), MANIFEST, text.as_slice())?;
    for (member, source) in manifest.members.iter().zip(sources) {
        let mut read = Hashed::new(File::open(source)?.take(member.bytes));
        tar.append_data(&mut header(member.bytes), &member.name, &mut read)?;
        if (read.bytes, hex::encode(read.hash.finalize())) != (member.bytes, member.sha256.clone()) {
            return Err(Error::Failed(format!("{} berubah saat dicadangkan", member.name)));
        }
    }
    let mut file = match tar.into_inner()?.finish()? {
        Out::Open(file) => file,
        Out::Sealed(seal) => seal.finish()?,
    };
    file.flush()?;
    file.inner.get_ref().sync_all()?;
    Ok((file.bytes, hex::encode(file.hash.finalize())))
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// An archive that is open: its manifest was read, the members follow.
type Inner = GzDecoder<BufReader<Box<dyn Read>>>;

fn broken(error: &std::io::Error) -> Error {
    Error::Broken(format!("Berkas cadangan rusak atau terpotong: {error}."))
}

/// The compressed stream of a file, its seal opened.
fn open(path: &Path, passphrase: Option<&str>) -> Result<Inner, Error> {
    let mut file = BufReader::with_capacity(BLOCK, File::open(path)?);
    let sealed = file.fill_buf()?.starts_with(AGE_HEAD);
    let mut stream: Box<dyn Read> = if sealed {
        let words = passphrase.filter(|words| !words.is_empty()).ok_or(Error::NeedsPassphrase)?;
        let mut identity = age::scrypt::Identity::new(SecretString::from(words.to_owned()));
        identity.set_max_work_factor(SCRYPT_LOG_N_MAX);
        let one: &dyn age::Identity = &identity;
        let seal = age::Decryptor::new_buffered(file).map_err(|error| unsealed(&error))?;
        Box::new(seal.decrypt(std::iter::once(one)).map_err(|error| unsealed(&error))?)
    } else {
        Box::new(file)
    };
    let mut head = [0; GZIP_HEAD.len()];
    stream.read_exact(&mut head).map_err(|error| broken(&error))?;
    if head != GZIP_HEAD {
        return Err(Error::Broken("Berkas ini bukan cadangan Kimonet, atau awalnya rusak.".to_owned()));
    }
    let whole: Box<dyn Read> = Box::new(Cursor::new(head).chain(stream));
    Ok(GzDecoder::new(BufReader::with_capacity(BLOCK, whole)))
}

fn unsealed(error: &age::DecryptError) -> Error {
    match error {
        age::DecryptError::KeyDecryptionFailed
        | age::DecryptError::NoMatchingKeys
        | age::DecryptError::DecryptionFailed => Error::WrongPassphrase,
        age::DecryptError::Io(error) => broken(error),
        _ => Error::Broken("Berkas cadangan rusak: kepala segelnya tidak terbaca.".to_owned()),
    }
}

fn read_manifest<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Manifest, Error> {
    let wrong = || Error::Broken("Berkas cadangan tidak memuat daftar isinya (manifest.json).".to_owned());
    if entry.path().map_err(|error| broken(&error))?.as_os_str() != MANIFEST {
        return Err(wrong());
    }
    let mut text = Vec::new();
    entry.take(MANIFEST_BYTES_MAX).read_to_end(&mut text).map_err(|error| broken(&error))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| wrong())?;
    if manifest.format != FORMAT {
        return Err(Error::Refused(format!(
            "Cadangan ini dibuat oleh Kimonet {} dalam bentuk yang belum dikenal versi ini.",
            manifest.kimonet
        )));
    }
    Ok(manifest)
}

/// Reads only what a backup says of itself.
pub fn manifest(path: &Path, passphrase: Option<&str>) -> Result<Manifest, Error> {
    let mut tar = tar::Archive::new(open(path, passphrase)?);
    let mut entries = tar.entries().map_err(|error| broken(&error))?;
    let mut first = entries
        .next()
        .ok_or_else(|| Error::Broken("Berkas cadangan kosong.".to_owned()))?
        .map_err(|error| broken(&error))?;
    read_manifest(&mut first)
}

/// Unpacks into the empty folder `into`; every member that the manifest lists must come, with its size and hash, and
/// nothing else.
pub fn unpack(path: &Path, passphrase: Option<&str>, into: &Path) -> Result<Manifest, Error> {
    let mut tar = tar::Archive::new(open(path, passphrase)?);
    let mut found: Option<(Manifest, BTreeMap<String, Member>)> = None;
    for entry in tar.entries().map_err(|error| broken(&error))? {
        let mut entry = entry.map_err(|error| broken(&error))?;
        let Some((_, open)) = &mut found else {
            let manifest = read_manifest(&mut entry)?;
            let members = manifest.members.iter().map(|member| (member.name.clone(), member.clone())).collect();
            found = Some((manifest, members));
            continue;
        };
        let name = entry.path().map_err(|error| broken(&error))?.display().to_string();
        let plain = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
        let member = open
            .remove(&name)
            .filter(|_| plain && entry.header().entry_type().is_file())
            .ok_or_else(|| Error::Broken(format!("Berkas cadangan memuat {name}, yang tidak ada di daftar isinya.")))?;
        let target = into.join(&name);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut written = Hashed::new(BufWriter::with_capacity(BLOCK, File::create(&target)?));
        copy(&mut entry, &mut written)?;
        written.flush()?;
        if (written.bytes, hex::encode(written.hash.finalize())) != (member.bytes, member.sha256) {
            return Err(Error::Broken(format!("Isi {name} di berkas cadangan tidak sama dengan saat dicadangkan.")));
        }
    }
    // To the very end: only there gzip and the seal say that all of it was right.
    let mut rest = tar.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(|error| broken(&error))?;
    let mut beyond = [0; 1];
    if rest.into_inner().read(&mut beyond).map_err(|error| broken(&error))? > 0 {
        return Err(Error::Broken("Di belakang isi berkas cadangan ada sesuatu yang bukan bagiannya.".to_owned()));
    }
    let (manifest, missing) = found.ok_or_else(|| Error::Broken("Berkas cadangan kosong.".to_owned()))?;
    match missing.keys().next() {
        Some(name) => Err(Error::Broken(format!("{name} tidak ada di berkas cadangan."))),
        None => Ok(manifest),
    }
}

/// Copies; what cannot be read is the archive's fault, what cannot be written the disk's.
fn copy<R: Read, W: Write>(from: &mut R, into: &mut W) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    loop {
        let n = from.read(&mut block).map_err(|error| broken(&error))?;
        if n == 0 {
            return Ok(());
        }
        into.write_all(block.get(..n).unwrap_or_default())?;
    }
}
