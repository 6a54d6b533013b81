use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{Error, file_error};
use crate::model::{Limits, Origin, RawMessage};

/// What stands for standard input.
const STDIN: &str = "-";

/// Reads a mail from a file, or from standard input for `-`.
///
/// Like a mailbox, it hands on only the header section of a message over the size limit.
pub fn read_message(path: &Path, limits: &Limits) -> Result<RawMessage, Error> {
    let failed = |error| file_error("read", path, &error);
    if path.as_os_str() == STDIN {
        return bounded(&mut std::io::stdin().lock(), None, OffsetDateTime::now_utc(), limits).map_err(failed);
    }
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let received = metadata.modified().map_or_else(|_| OffsetDateTime::now_utc(), OffsetDateTime::from);
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    bounded(&mut file, Some(metadata.len()), received, limits).map_err(failed)
}

fn bounded(
    input: &mut impl Read,
    size: Option<u64>,
    received: OffsetDateTime,
    limits: &Limits,
) -> std::io::Result<RawMessage> {
    let whole = size.is_none_or(|size| size <= limits.message_size);
    let most = if whole { limits.message_size.saturating_add(1) } else { limits.header_size as u64 };
    let mut bytes = Vec::new();
    input.take(most).read_to_end(&mut bytes)?;
    let mut real = bytes.len() as u64;
    if !whole || real > limits.message_size {
        // What goes on after the limit is counted and not kept.
        real = real.saturating_add(std::io::copy(input, &mut std::io::sink())?);
        bytes.truncate(header_end(&bytes).min(limits.header_size));
        bytes.shrink_to_fit();
    }
    Ok(RawMessage { origin: Origin::Pipe, received, size: real, bytes })
}

/// Length of the header section with its empty line.
fn header_end(bytes: &[u8]) -> usize {
    let after = |mark: &[u8]| bytes.windows(mark.len()).position(|window| window == mark).map(|at| at + mark.len());
    match (after(b"\r\n\r\n"), after(b"\n\n")) {
        (Some(crlf), Some(lf)) => crlf.min(lf),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => bytes.len(),
    }
}

/// The mails that `paths` stand for, in order: a folder means its `*.eml`, sorted by name.
pub fn mail_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |error| file_error("read", path, &error);
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|extension| extension == "eml") && file.is_file() {
                inside.push(file);
            }
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_limit_comes_as_its_header_section() {
        let limits = Limits { message_size: 20, header_size: 12, ..Limits::default() };
        let cases: [(&str, &str); 4] = [
            ("A: b\r\n\r\nshort", "A: b\r\n\r\nshort"),
            ("A: b\r\n\r\nmuch longer than the limit", "A: b\r\n\r\n"),
            ("A: b\n\nmuch longer than the limit\r\n\r\n", "A: b\n\n"),
            ("A: a header section without any end", "A: a header "),
        ];
        for (mail, expected) in cases {
            for size in [None, Some(mail.len() as u64)] {
                let raw = bounded(&mut mail.as_bytes(), size, OffsetDateTime::UNIX_EPOCH, &limits).unwrap();
                assert_eq!(String::from_utf8_lossy(&raw.bytes), expected, "{size:?}");
                assert_eq!(raw.size, mail.len() as u64);
                assert_eq!(raw.is_truncated(), mail.len() as u64 > limits.message_size);
            }
        }
    }
}
