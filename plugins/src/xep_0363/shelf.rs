//! The folder where the files are. A file is called by its identifier alone, so that nothing anybody writes becomes part
//! of a path; it appears under this name only when it is complete and on the disk.

use std::io;
use std::path::{Path, PathBuf};

use sestina_session::http::Bytes;
use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::address::is_id;

/// What is gathered before it is written.
const BUFFER: usize = 256 * 1024;
/// What the name of a file ends with that is not complete.
const PART: &str = ".part";

/// The folder of a host.
#[derive(Debug)]
pub(super) struct Shelf(PathBuf);

/// A file on its way in; removed unless it is [placed](Arriving::place).
pub(super) struct Arriving {
    file: BufWriter<File>,
    part: Part,
    place: PathBuf,
}

/// A file that goes when this value goes.
struct Part(Option<PathBuf>);

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // A moment's work, and whoever gave up does not wait for it. What stays is found when the folder is tidied.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Shelf {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self(folder))
    }

    /// A folder for each first two digits: some file systems get slow with many files in one.
    fn folder_of(&self, id: &str) -> PathBuf {
        self.0.join(id.get(..2).unwrap_or_default())
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder_of(id).join(id)
    }

    /// Begins to take a file.
    pub(super) async fn begin(&self, id: &str) -> io::Result<Arriving> {
        fs::create_dir_all(self.folder_of(id)).await?;
        let place = self.path(id);
        let part = place.with_file_name(format!("{id}{PART}"));
        let file = File::create(&part).await?;
        Ok(Arriving {
            file: BufWriter::with_capacity(BUFFER, file),
            part: Part(Some(part)),
            place,
        })
    }

    /// A complete file.
    pub(super) async fn read(&self, id: &str) -> io::Result<File> {
        File::open(self.path(id)).await
    }

    /// Removes a file, where there is one.
    pub(super) async fn remove(&self, id: &str) -> io::Result<()> {
        removed(fs::remove_file(self.path(id)).await)
    }

    /// The folders that there are, in order, by their first digits.
    pub(super) async fn folders(&self) -> io::Result<Vec<String>> {
        names(&self.0).await
    }

    /// What is in a folder, in order: the identifier, and whether the file is complete.
    pub(super) async fn files(&self, folder: &str) -> io::Result<Vec<(String, bool)>> {
        let names = names(&self.0.join(folder)).await?;
        let files = names
            .into_iter()
            .filter_map(|name| match name.strip_suffix(PART) {
                Some(id) => is_id(id).then(|| (id.to_owned(), false)),
                None => is_id(&name).then_some((name, true)),
            });
        Ok(files.collect())
    }

    /// Removes what is left of an upload that never ended.
    pub(super) async fn remove_part(&self, id: &str) -> io::Result<()> {
        removed(fs::remove_file(self.folder_of(id).join(format!("{id}{PART}"))).await)
    }
}

impl Arriving {
    pub(super) async fn write(&mut self, piece: &Bytes) -> io::Result<()> {
        self.file.write_all(piece).await
    }

    /// Puts the file in its place, once it is on the disk.
    pub(super) async fn place(mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        if let Some(part) = &self.part.0 {
            fs::rename(part, &self.place).await?;
        }
        self.part.0 = None;
        if let Some(folder) = self.place.parent() {
            // The name is on the disk when its folder is.
            File::open(folder).await?.sync_all().await?;
        }
        Ok(())
    }
}

/// What is not there is removed.
fn removed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut entries = fs::read_dir(folder).await?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}
