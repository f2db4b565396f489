//! The segments of a table.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::{self, BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use sestina_storage::{StorageError, TableDescriptor, Value, ordered};

use crate::{
    disk, line, names,
    run::{self, Part},
    segment::Segment,
    upkeep::PART,
};

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
    /// The runs there are of its indexes; of one in use it says itself which.
    parts: Vec<Part>,
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
        let folder = catalog.folder.clone();
        let said = |error: io::Error| disk::said(&folder, &error);
        disk::make_folder(&catalog.folder).map_err(said)?;
        let mut found = Vec::new();
        let mut runs: HashMap<String, Vec<Part>> = HashMap::new();
        for entry in fs::read_dir(&catalog.folder).map_err(said)? {
            let path = entry.map_err(said)?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("jsonl") => found.push(path),
                Some("idx") => {
                    if let Some((segment, part)) = run::named(&path) {
                        runs.entry(segment.to_owned()).or_default().push(part);
                    }
                }
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
            let parts = runs.remove(&name).unwrap_or_default();
            let chain = run::chain(&parts);
            for left in parts.iter().filter(|part| !chain.contains(part)) {
                fs::remove_file(run::file(&folder, &name, *left)).map_err(said)?;
            }
            catalog.slot(owner).parts = chain;
        }
        for (name, parts) in runs {
            for part in parts {
                fs::remove_file(run::file(&folder, &name, part)).map_err(said)?;
            }
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
                parts: Vec::new(),
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

    /// The owners of segments that would be read for long when they come into use, as nothing of their
    /// indexes is on the disk: files that were brought here, or were changed.
    pub(crate) fn without_runs(&self) -> Vec<Vec<u8>> {
        let large = |slot: &Slot| {
            let path = file(&self.folder, &slot.name);
            let large = fs::metadata(&path).is_ok_and(|about| about.len() > PART);
            large && !run::is_stamped(&self.folder, &slot.name, &slot.parts, &path)
        };
        let slots = self.slots.iter();
        let slots = slots.filter(|(_, slot)| slot.segment.is_none() && large(slot));
        slots.map(|(owner, _)| owner.clone()).collect()
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
            let parts = std::mem::take(&mut slot.parts);
            let segment = Segment::load(self.table, slot.owner.clone(), path, &parts)?;
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
        if let Some(segment) = self.segment.take() {
            self.parts = segment.parts();
        }
    }

    /// Notes that the runs of a segment are those of its file as it is.
    pub(crate) fn stamp(&self, folder: &Path) {
        if let Some(segment) = &self.segment {
            segment.stamp();
        } else if let Err(error) =
            run::stamp(folder, &self.name, &self.parts, &file(folder, &self.name))
        {
            tracing::warn!(name = self.name, %error, "its indexes will be made again at the next start");
        }
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
