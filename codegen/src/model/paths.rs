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
    /// Everything behind one facade, such as `::sestina`: for builds outside this workspace.
    #[must_use]
    pub fn facade(root: &str) -> Self {
        let under = |module: &str| format!("{root}::{module}");
        Self {
            wire: under("wire"),
            storage: under("storage"),
            types: under("types"),
            session: under("session"),
            skeletons: under("skeletons"),
            plugins: under("plugins"),
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
