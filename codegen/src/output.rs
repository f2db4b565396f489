//! What a renderer hands back.

use std::path::Path;

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Path below the output folder, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
}

impl Output {
    /// A file.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Writes the file below `folder`, unless it is there with the same text already, so that nothing that
    /// depends on it is built again for nothing.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let path = folder.join(&self.path);
        if std::fs::read_to_string(&path).is_ok_and(|text| text == self.text) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &self.text)
    }
}
