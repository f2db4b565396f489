//! Versions of a namespace that share a type.

/// Which version of its namespace an element is in.
///
/// A payload with several versions has a field of such a type, reads any of the namespaces and is written in
/// the one that the field names. What is inside an element follows it.
pub trait Version: Copy + Default + PartialEq + Send + Sync + 'static {
    /// The newest namespace, which is the default.
    const NEWEST: &'static str;
    /// All namespaces, the newest first.
    const NAMESPACES: &'static [&'static str];

    /// The version with this namespace.
    fn of(namespace: &str) -> Option<Self>;

    /// The namespace of this version.
    fn namespace(self) -> &'static str;
}
