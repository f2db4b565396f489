//! From the Rust syntax of a type to its [`Item`]. Every mistake is found in one run, each at its
//! place and with what to write instead.

mod field;
mod item;
mod variant;
mod words;

use syn::{DeriveInput, Error};

use crate::{check::check, model::Item};

/// Reads a type and its `#[stanza(..)]` attributes.
///
/// # Errors
///
/// All the mistakes there are, never an empty list.
pub fn parse(input: &DeriveInput) -> Result<Item, Vec<Error>> {
    let mut errors = Errors::default();
    let item = item::item(input, &mut errors);
    match item {
        Some(item) => {
            errors.0.extend(check(&item));
            if errors.0.is_empty() {
                Ok(item)
            } else {
                Err(errors.0)
            }
        }
        None => Err(errors.0),
    }
}

/// The mistakes found so far.
#[derive(Default)]
pub(super) struct Errors(Vec<Error>);

impl Errors {
    /// One more, at this place.
    pub(super) fn at(&mut self, place: &impl quote::ToTokens, message: impl std::fmt::Display) {
        self.0.push(Error::new_spanned(place, message));
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// One that syn found.
    pub(super) fn push(&mut self, error: Error) {
        self.0.push(error);
    }
}
