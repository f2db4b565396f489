//! Where generated code finds the runtime.

/// The Rust paths of the crates that generated code names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Stanzas and their codec.
    pub wire: String,
    /// Tables and stores.
    pub storage: String,
    /// The generated types of the specs that name no crate of their own.
    pub types: String,
    /// Hosts and plugins.
    pub session: String,
    /// The generated skeletons.
    pub skeletons: String,
    /// The plugins over the skeletons.
    pub plugins: String,
    /// serde, for settings.
    pub serde: String,
}

impl Paths {
    /// The runtime behind one facade, such as `::sestina`: for builds outside this workspace. What is
    /// generated there belongs to the crate that generates it: the modules `types`, `skeletons` and `plugins`
    /// of its own.
    #[must_use]
    pub fn facade(root: &str) -> Self {
        let under = |module: &str| format!("{root}::{module}");
        let own = |module: &str| format!("crate::{module}");
        Self {
            wire: under("wire"),
            storage: under("storage"),
            types: own("types"),
            session: under("session"),
            skeletons: own("skeletons"),
            plugins: own("plugins"),
            serde: under("serde"),
        }
    }
}

impl Default for Paths {
    /// The crates of this workspace themselves.
    fn default() -> Self {
        Self {
            wire: "::sestina_wire".into(),
            storage: "::sestina_storage".into(),
            types: "::sestina_types".into(),
            session: "::sestina_session".into(),
            skeletons: "::sestina_skeletons".into(),
            plugins: "::sestina_plugins".into(),
            serde: "::serde".into(),
        }
    }
}
