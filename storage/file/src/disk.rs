//! Small duties of files and folders.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use sestina_storage::StorageError;

/// An error of the disk, told with the file it is about.
pub(crate) fn said(path: &Path, error: &io::Error) -> StorageError {
    StorageError::Unavailable(format!("{}: {error}", path.display()))
}

/// Opens a file to read and append, made if it is not there, for its owner only: rows are private.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes a folder for its owner only, and those above it.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes durable which files a folder has.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    File::open(path)?.sync_all()
}

/// Puts a file in place of another, or of none, whole or not at all.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    put(&write_new(path, write)?, path)
}

/// Writes what is to be put in the place of a file, beside it, and makes it durable.
pub(crate) fn write_new(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let new = path.with_extension("new");
    let written = open(&new).and_then(|mut file| {
        file.set_len(0)?;
        write(&mut file)?;
        file.flush()?;
        file.sync_all()
    });
    if let Err(error) = written {
        // It may be the disk that is full.
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    Ok(new)
}

/// Puts one file in the place of another, or of none.
pub(crate) fn put(new: &Path, path: &Path) -> io::Result<()> {
    fs::rename(new, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Reads at a place.
pub(crate) fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileExt as _;
        file.read_exact_at(out, offset)
    }
    #[cfg(not(unix))]
    {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }
}

/// Writes at a place, which is the end of the file. What was written in part goes.
pub(crate) fn append_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom};
    let mut writing = file;
    let written = writing
        .seek(SeekFrom::Start(offset))
        .and_then(|_| writing.write_all(bytes));
    if written.is_err() {
        file.set_len(offset)?;
    }
    written
}
