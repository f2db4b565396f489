//! What an address says of itself beyond features.

use std::sync::{Arc, PoisonError, RwLock};

use sestina_session::host::Host;
use sestina_session::plugin::On;
use sestina_types::xep_0004::Form;
use sestina_wire::{AnyElement, Payload as _, Text};

/// Forms in the answers of service discovery (XEP-0128), each of another type. A host keeps one such list, empty unless a
/// plugin adds to it; it does so while it is installed, since capabilities are hashed afterwards.
#[derive(Debug, Default)]
pub struct Forms(RwLock<Vec<Told>>);

/// One of them, and as it is sent.
#[derive(Debug)]
struct Told {
    on: On,
    form: Form,
    written: AnyElement,
}

impl Forms {
    /// The list of a host.
    #[must_use]
    pub fn of(host: &Host) -> Arc<Self> {
        host.extensions().get_or_insert_with(Self::default)
    }

    /// Adds a form; where there is one of its type, its fields go there (XEP-0128 §4, XEP-0485 §9.2).
    pub fn add(&self, on: On, form: &Form) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = all
            .iter_mut()
            .find(|told| told.on == on && type_of(&told.form) == type_of(form));
        if let Some(told) = known {
            let fields = form.fields.iter();
            let more = fields.filter(|field| field.var.as_deref() != Some("FORM_TYPE"));
            told.form.fields.extend(more.cloned());
            told.written = told.form.to_any();
            return;
        }
        all.push(Told {
            on,
            form: form.clone(),
            written: form.to_any(),
        });
    }

    pub(super) fn all(&self, on: On) -> Vec<AnyElement> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of = all.iter().filter(|told| told.on == on);
        of.map(|told| told.written.clone()).collect()
    }
}

/// What a form is about: the value of its `FORM_TYPE` (XEP-0068).
fn type_of(form: &Form) -> Option<&Text> {
    let mut fields = form.fields.iter();
    let field = fields.find(|field| field.var.as_deref() == Some("FORM_TYPE"))?;
    field.values.first()
}
