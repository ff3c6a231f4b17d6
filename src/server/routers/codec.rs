//! Bytes of the RouterOS API: sentences of words, each word preceded by its length.
//!
//! Source: MikroTik documentation, "API" (protocol, words, sentences). A sentence ends with a word of length zero; words
//! are not quoted and not escaped; lengths take one to five bytes, big-endian, the first byte says how many.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest word read or written, in bytes. A wrong peer must not make us allocate gigabytes.
pub const WORD_BYTES_MAX: usize = 1 << 20;
/// Longest sentence read or written, in bytes, length prefixes not counted.
pub const SENTENCE_BYTES_MAX: usize = 8 << 20;

/// The words of one sentence, without the empty word that ends it.
pub type Sentence = Vec<Vec<u8>>;

/// Why bytes could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The stream ended, or broke, inside a sentence.
    #[error("stream cut inside a sentence")]
    Cut,
    /// A first byte that no length begins with (`F1`-`FF`; `F8` and above are reserved control bytes).
    #[error("length byte {0:#04x} is reserved")]
    ReservedLength(u8),
    /// A word or sentence beyond [`WORD_BYTES_MAX`] or [`SENTENCE_BYTES_MAX`].
    #[error("{0} bytes in one word or sentence")]
    TooLong(usize),
    /// The system's own error.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Cut } else { Self::Io(error) }
    }
}

/// Appends the length prefix of a word of `length` bytes to `out`.
pub fn encode_length(length: u32, out: &mut Vec<u8>) {
    let [a, b, c, d] = length.to_be_bytes();
    match length {
        0..=0x7F => out.push(d),
        0x80..=0x3FFF => out.extend([c | 0x80, d]),
        0x4000..=0x1F_FFFF => out.extend([b | 0xC0, c, d]),
        0x20_0000..=0xFFF_FFFF => out.extend([a | 0xE0, b, c, d]),
        _ => out.extend([0xF0, a, b, c, d]),
    }
}

/// Reads a length prefix of which `first` has been read already.
///
/// # Errors
/// [`CodecError::ReservedLength`] for `F1`-`FF`, [`CodecError::Cut`] when the stream ends.
pub async fn read_length<R: AsyncRead + Unpin>(first: u8, from: &mut R) -> Result<u32, CodecError> {
    let (marker, more) = match first {
        0x00..=0x7F => return Ok(u32::from(first)),
        0x80..=0xBF => (0x80, 1),
        0xC0..=0xDF => (0xC0, 2),
        0xE0..=0xEF => (0xE0, 3),
        0xF0 => (0xF0, 4),
        reserved => return Err(CodecError::ReservedLength(reserved)),
    };
    let mut length = u32::from(first ^ marker);
    for _ in 0..more {
        length = (length << 8) | u32::from(from.read_u8().await?);
    }
    Ok(length)
}

/// Appends one word with its length prefix to `out`.
///
/// # Errors
/// [`CodecError::TooLong`] beyond [`WORD_BYTES_MAX`].
pub fn encode_word(word: &[u8], out: &mut Vec<u8>) -> Result<(), CodecError> {
    let length = u32::try_from(word.len()).map_err(|_| CodecError::TooLong(word.len()))?;
    if word.len() > WORD_BYTES_MAX {
        return Err(CodecError::TooLong(word.len()));
    }
    encode_length(length, out);
    out.extend_from_slice(word);
    Ok(())
}

/// Appends a whole sentence, its ending zero byte included, to `out`.
///
/// # Errors
/// [`CodecError::TooLong`] when a word or the sum of the words is over the limit.
pub fn encode_sentence<W: AsRef<[u8]>>(words: &[W], out: &mut Vec<u8>) -> Result<(), CodecError> {
    let total = words.iter().map(|word| word.as_ref().len()).sum();
    if total > SENTENCE_BYTES_MAX {
        return Err(CodecError::TooLong(total));
    }
    for word in words {
        encode_word(word.as_ref(), out)?;
    }
    out.push(0);
    Ok(())
}

/// Writes one sentence and flushes.
///
/// # Errors
/// As [`encode_sentence`], and whatever the stream says.
pub async fn write_sentence<S, W>(to: &mut S, words: &[W]) -> Result<(), CodecError>
where
    S: AsyncWrite + Unpin,
    W: AsRef<[u8]>,
{
    let mut bytes = Vec::new();
    encode_sentence(words, &mut bytes)?;
    to.write_all(&bytes).await?;
    to.flush().await?;
    Ok(())
}

/// Reads one sentence. Empty sentences (a lone zero byte) are skipped, as the protocol asks. `None` when the stream
/// ended cleanly between two sentences. Give a buffered stream: lengths are read byte by byte.
///
/// # Errors
/// [`CodecError::Cut`] when the stream ends inside a sentence, [`CodecError::TooLong`] beyond the limits.
pub async fn read_sentence<R: AsyncRead + Unpin>(from: &mut R) -> Result<Option<Sentence>, CodecError> {
    let mut words = Sentence::new();
    let mut total = 0;
    loop {
        let first = match from.read_u8().await {
            Ok(first) => first,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && words.is_empty() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if first == 0 {
            if words.is_empty() {
                continue;
            }
            return Ok(Some(words));
        }
        let length = usize::try_from(read_length(first, from).await?).map_err(|_| CodecError::TooLong(usize::MAX))?;
        total += length;
        if length > WORD_BYTES_MAX || total > SENTENCE_BYTES_MAX {
            return Err(CodecError::TooLong(length.max(total)));
        }
        if length == 0 {
            // A zero written in a longer form still ends the sentence.
            if words.is_empty() {
                continue;
            }
            return Ok(Some(words));
        }
        let mut word = vec![0; length];
        from.read_exact(&mut word).await?;
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(length: u32) -> String {
        let mut out = Vec::new();
        encode_length(length, &mut out);
        hex::encode(out)
    }

    async fn decoded(bytes: &[u8]) -> Result<u32, CodecError> {
        let mut rest = &bytes[1..];
        read_length(bytes[0], &mut rest).await
    }

    fn sentence(words: &[&str]) -> String {
        let mut out = Vec::new();
        encode_sentence(words, &mut out).unwrap();
        hex::encode(out)
    }

    #[tokio::test]
    async fn lengths_match_the_worked_bytes() {
        for (length, bytes) in [
            (0, "00"),
            (6, "06"),
            (127, "7f"),
            (128, "8080"),
            (200, "80c8"),
            (300, "812c"),
            (16383, "bfff"),
            (16384, "c04000"),
            (100_000, "c186a0"),
            (2_097_151, "dfffff"),
            (2_097_152, "e0200000"),
            (268_435_455, "efffffff"),
            (268_435_456, "f010000000"),
            (4_294_967_295, "f0ffffffff"),
        ] {
            assert_eq!(encoded(length), bytes, "{length}");
            assert_eq!(decoded(&hex::decode(bytes).unwrap()).await.unwrap(), length);
        }
    }

    #[tokio::test]
    async fn reserved_first_bytes_are_refused() {
        for first in 0xF1..=0xFF_u8 {
            assert!(matches!(decoded(&[first, 0, 0, 0, 0]).await, Err(CodecError::ReservedLength(b)) if b == first));
        }
    }

    #[test]
    fn sentences_match_the_worked_bytes() {
        assert_eq!(
            sentence(&["/login", "=name=billing", "=password=s3cret"]),
            "062f6c6f67696e0d3d6e616d653d62696c6c696e67103d70617373776f72643d73336372657400"
        );
        assert_eq!(sentence(&["!done"]), "0521646f6e6500");
        assert_eq!(
            sentence(&["/ppp/secret/print", "=.proplist=.id,name,profile,disabled", "?name=budi 01", ".tag=7"]),
            "112f7070702f7365637265742f7072696e74243d2e70726f706c6973743d2e69642c6e616d652c70726f66696c652c646973\
             61626c65640d3f6e616d653d62756469203031062e7461673d3700"
        );
        assert_eq!(
            sentence(&["/ppp/secret/set", "=.id=*1F", "=profile=ISOLIR", ".tag=8"]),
            "0f2f7070702f7365637265742f736574083d2e69643d2a31460f3d70726f66696c653d49534f4c4952062e7461673d3800"
        );
        assert_eq!(sentence(&["!empty", ".tag=7"]), "0621656d707479062e7461673d3700");
        assert_eq!(
            sentence(&["!trap", "=message=input does not match any value of profile", ".tag=8"]),
            "052174726170323d6d6573736167653d696e70757420646f6573206e6f74206d6174636820616e792076616c7565206f6620\
             70726f66696c65062e7461673d3800"
        );
        assert_eq!(sentence(&["!done", ".tag=8"]), "0521646f6e65062e7461673d3800");
        assert!(sentence(&[&format!("=comment={}", "A".repeat(191))]).starts_with("80c83d636f6d6d656e743d41"));
    }

    #[tokio::test]
    async fn one_byte_at_a_time_reads_the_same() {
        let long = format!("=comment={}", "x".repeat(16384));
        let words = ["!re", "=name=Bu Siti 🌸", "=comment=a=b=c", &long, "=empty=", &"y".repeat(16384)];
        let mut bytes = vec![0, 0];
        encode_sentence(&words, &mut bytes).unwrap();
        // A pipe of one byte hands over one byte at a time, whatever is written.
        let (mut ours, mut theirs) = tokio::io::duplex(1);
        let writer = tokio::spawn(async move { theirs.write_all(&bytes).await });
        let read = read_sentence(&mut ours).await.unwrap().unwrap();
        assert_eq!(read, words.map(|word| word.as_bytes().to_vec()));
        writer.await.unwrap().unwrap();
        assert!(read_sentence(&mut ours).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn every_cut_inside_a_sentence_is_an_error() {
        let mut bytes = Vec::new();
        encode_sentence(&["!re", &"z".repeat(300)], &mut bytes).unwrap();
        for cut in 1..bytes.len() {
            let mut part = &bytes[..cut];
            assert!(matches!(read_sentence(&mut part).await, Err(CodecError::Cut)), "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn limits_hold_both_ways() {
        let mut out = Vec::new();
        assert!(encode_word(&vec![b'a'; WORD_BYTES_MAX], &mut out).is_ok());
        assert!(matches!(encode_word(&vec![b'a'; WORD_BYTES_MAX + 1], &mut out), Err(CodecError::TooLong(_))));
        // A peer announcing 4 GiB is refused before a byte of it is allocated.
        let mut huge: &[u8] = &[0xF0, 0xFF, 0xFF, 0xFF, 0xFF];
        assert!(matches!(read_sentence(&mut huge).await, Err(CodecError::TooLong(_))));
        // Nine words of one MiB are over the sentence's limit.
        let mut many = Vec::new();
        for _ in 0..9 {
            encode_word(&vec![b'a'; WORD_BYTES_MAX], &mut many).unwrap();
        }
        assert!(matches!(read_sentence(&mut many.as_slice()).await, Err(CodecError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn any_length_round_trips(length: u32) {
            let mut out = Vec::new();
            encode_length(length, &mut out);
            let back = futures::executor::block_on(decoded(&out)).unwrap();
            prop_assert_eq!(back, length);
        }
    }
}
