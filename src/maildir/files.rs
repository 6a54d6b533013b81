//! The folder on disk: blocking, and without memory of what was seen.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A message file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) received: SystemTime,
    /// The file name without flags, which stays the same for the life of the message.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) size: u64,
}

/// All messages in `new` and `cur`, oldest first.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for sub in ["new", "cur"] {
        for file in fs::read_dir(folder.join(sub))? {
            entries.extend(entry(&file?.path())?);
        }
    }
    entries.sort_by(|a, b| (a.received, &a.name).cmp(&(b.received, &b.name)));
    Ok(entries)
}

/// `None`: no message, or moved away meanwhile.
fn entry(path: &Path) -> io::Result<Option<Entry>> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) else {
        return Ok(None);
    };
    // Links, pipes and folders are no messages; opening a pipe would wait for ever.
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => meta,
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = unique(name).to_owned();
    Ok(Some(Entry { received: meta.modified()?, name, path: path.to_owned(), size: meta.len() }))
}

/// The part of a file name before its flags.
fn unique(file_name: &str) -> &str {
    file_name.split_once(':').map_or(file_name, |(name, _)| name)
}

/// The message's bytes with its size, or its header section if it is over `limit`; never more than `limit` bytes.
pub(super) fn read(entry: &Entry, limit: u64) -> io::Result<(u64, Vec<u8>)> {
    let mut bytes = Vec::new();
    File::open(&entry.path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length <= limit {
        return Ok((length, bytes));
    }
    bytes.truncate(header_end(&bytes).unwrap_or(0));
    Ok((entry.size.max(length), bytes))
}

/// The end of the header section, its empty line included.
fn header_end(bytes: &[u8]) -> Option<usize> {
    let crlf = bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
    let lf = bytes.windows(2).position(|w| w == b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min()
}

/// Marks a message as read in the way of mail programs: from `new` to `cur`. One that is gone is left alone.
pub(super) fn mark_read(folder: &Path, name: &str) -> io::Result<()> {
    let from = folder.join("new").join(name);
    gone_is_fine(fs::rename(from, folder.join("cur").join(format!("{name}:2,"))))
}

/// Moves a message into the Maildir++ folder `target`, creating that; one that is gone is left alone.
pub(super) fn move_to(folder: &Path, name: &str, target: &str) -> io::Result<()> {
    let Some(found) = find(folder, name)? else {
        return Ok(());
    };
    let target = folder.join(format!(".{target}"));
    make(&target)?;
    let marker = target.join("maildirfolder");
    if !marker.exists() {
        fs::write(&marker, b"")?;
    }
    let file_name = found.file_name().and_then(|name| name.to_str()).unwrap_or(name);
    let with_flags = if file_name.contains(':') { file_name.to_owned() } else { format!("{file_name}:2,") };
    gone_is_fine(fs::rename(&found, target.join("cur").join(with_flags)))?;
    File::open(target.join("cur"))?.sync_all()
}

/// Makes an empty Maildir, or does nothing.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    ["tmp", "new", "cur"].iter().try_for_each(|sub| fs::create_dir_all(folder.join(sub)))
}

/// Where the message lies now, whatever its flags.
fn find(folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let fresh = folder.join("new").join(name);
    if fresh.exists() {
        return Ok(Some(fresh));
    }
    for file in fs::read_dir(folder.join("cur"))? {
        let path = file?.path();
        if path.file_name().and_then(|name| name.to_str()).map(unique) == Some(name) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_sections_end_at_the_first_empty_line() {
        let cases: [(&[u8], Option<usize>); 5] = [
            (b"A: b\r\n\r\nbody\n\nx", Some(8)),
            (b"A: b\n\nbody\r\n\r\nx", Some(6)),
            (b"A: b\n", None),
            (b"", None),
            (b"\n\n", Some(2)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(header_end(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
