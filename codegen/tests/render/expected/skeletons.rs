// Generated from the specifications by sestina-codegen. Do not edit.

/// XEP-0001: Lists, version 1.2.
///
/// Uses every construct that a specification can use.
pub mod xep_0001 {
    include!(concat!(env!("OUT_DIR"), "/skeletons/xep_0001.rs"));
}
/// XEP-0002: Nothing Much, version 0.1.
///
/// Has nothing to answer, and refers to another specification.
pub mod xep_0002 {
    include!(concat!(env!("OUT_DIR"), "/skeletons/xep_0002.rs"));
}
/// XEP-0003: Shelves.
///
/// Uses what a specification can say of elements beyond where they travel.
pub mod xep_0003 {
    include!(concat!(env!("OUT_DIR"), "/skeletons/xep_0003.rs"));
}
