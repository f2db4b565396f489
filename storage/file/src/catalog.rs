//! The segments of a table.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use sestina_storage::{StorageError, TableDescriptor, Value, ordered};

use crate::{disk, line, names, segment::Segment};

/// The folder of a table.
pub(crate) fn folder(root: &Path, table: &str) -> PathBuf {
    root.join("tables").join(table)
}

/// The file of a segment.
pub(crate) fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.jsonl"))
}

/// A segment that is there, in use or not.
pub(crate) struct Slot {
    /// Whose it is.
    pub(crate) owner: Option<Value>,
    /// Its file, without folder and extension.
    pub(crate) name: String,
    /// Whether it was changed since the last checkpoint.
    pub(crate) changed: bool,
    /// Whether what was removed from it has to go from the disk as well, and soon.
    pub(crate) scrub: bool,
    /// When it was used last.
    pub(crate) used: u64,
    segment: Option<Box<Segment>>,
}

/// A table.
pub(crate) struct Catalog {
    /// Its description.
    pub(crate) table: &'static TableDescriptor,
    folder: PathBuf,
    /// By the octets of the owner, which sort as the owners do.
    slots: BTreeMap<Vec<u8>, Slot>,
}

impl Catalog {
    /// Looks what there is of a table.
    pub(crate) fn open(root: &Path, table: &'static TableDescriptor) -> Result<Self, StorageError> {
        let mut catalog = Self {
            table,
            folder: folder(root, table.name),
            slots: BTreeMap::new(),
        };
        let said = |error: io::Error| disk::said(&catalog.folder, &error);
        disk::make_folder(&catalog.folder).map_err(said)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&catalog.folder).map_err(said)? {
            let path = entry.map_err(said)?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("jsonl") => found.push(path),
                // A segment that was being written anew: the old one is still there.
                Some("new") => fs::remove_file(&path).map_err(said)?,
                _ => {}
            }
        }
        for path in found {
            let owner = owner(table, &path)?;
            let name = names::segment(owner.as_ref());
            let right = path.file_stem().and_then(|name| name.to_str()) == Some(name.as_str());
            if !right || owner.is_some() != catalog.partitioned() {
                return Err(StorageError::Corrupt(format!(
                    "{} is not where it belongs",
                    path.display()
                )));
            }
            catalog.slot(owner);
        }
        Ok(catalog)
    }

    /// Whether each owner has a segment.
    pub(crate) fn partitioned(&self) -> bool {
        self.table.key.len() > 1
    }

    /// The owner of the row with this key.
    pub(crate) fn owner_of(&self, key: &[Value]) -> Option<Value> {
        key.first().filter(|_| self.partitioned()).cloned()
    }

    /// The owners that have a segment, as octets, in their order, from this one on.
    pub(crate) fn owners(&self, from: Option<&Value>) -> Vec<Vec<u8>> {
        let from = octets(from);
        self.slots
            .range(from..)
            .map(|(owner, _)| owner.clone())
            .collect()
    }

    /// The slot of an owner, made if there is none.
    pub(crate) fn slot(&mut self, owner: Option<Value>) -> &mut Slot {
        self.slots
            .entry(octets(owner.as_ref()))
            .or_insert_with(|| Slot {
                name: names::segment(owner.as_ref()),
                owner,
                changed: false,
                scrub: false,
                used: 0,
                segment: None,
            })
    }

    /// The slot of an owner in octets.
    pub(crate) fn known(&mut self, owner: &[u8]) -> Option<&mut Slot> {
        self.slots.get_mut(owner)
    }

    /// Forgets an owner that has nothing.
    pub(crate) fn forget(&mut self, owner: &[u8]) {
        self.slots.remove(owner);
    }

    /// The slots.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Vec<u8>, &Slot)> {
        self.slots.iter()
    }

    /// The segment of an owner in octets, read from its file if it was not in use; `None` where
    /// there is none. Whether it was read now.
    pub(crate) fn segment(
        &mut self,
        owner: &[u8],
        tick: u64,
    ) -> Result<Option<(&mut Segment, bool)>, StorageError> {
        let Some(slot) = self.slots.get_mut(owner) else {
            return Ok(None);
        };
        slot.used = tick;
        let loaded = slot.segment.is_none();
        if loaded {
            let path = file(&self.folder, &slot.name);
            let segment = Segment::load(self.table, slot.owner.clone(), path)?;
            slot.segment = Some(Box::new(segment));
        }
        Ok(slot.segment.as_deref_mut().map(|segment| (segment, loaded)))
    }
}

impl Slot {
    /// The segment, if it is in use.
    pub(crate) fn loaded(&self) -> Option<&Segment> {
        self.segment.as_deref()
    }

    /// The same, to change.
    pub(crate) fn loaded_mut(&mut self) -> Option<&mut Segment> {
        self.segment.as_deref_mut()
    }

    /// Lets go of the segment.
    pub(crate) fn unload(&mut self) {
        self.segment = None;
    }
}

/// An owner as octets that sort as the owners do.
pub(crate) fn octets(owner: Option<&Value>) -> Vec<u8> {
    owner.map_or_else(Vec::new, |owner| {
        ordered::encode(std::slice::from_ref(owner))
    })
}

/// Whose segment a file is, from its first line.
fn owner(table: &TableDescriptor, path: &Path) -> Result<Option<Value>, StorageError> {
    let said = |error: io::Error| disk::said(path, &error);
    let mut header = String::new();
    let file = File::open(path).map_err(said)?;
    let read = BufReader::with_capacity(512, file).read_line(&mut header);
    read.map_err(said)?;
    line::read_header(table, &header).ok_or_else(|| {
        StorageError::Corrupt(format!("{}: its first line is no header", path.display()))
    })
}
