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
/// XEP-0004: Data Forms, version 2.13.2.
///
/// Forms to be filled in, and tables of results, with fields that carry their type.
pub mod xep_0004 {
    include!(concat!(env!("OUT_DIR"), "/skeletons/xep_0004.rs"));
}
/// XEP-0003: Shelves.
///
/// Uses what a specification can say of elements beyond where they travel.
pub mod xep_0003 {
    include!(concat!(env!("OUT_DIR"), "/skeletons/xep_0003.rs"));
}
/// XEP-0005: Gates.
///
/// Uses what a specification can say of elements that travel otherwise than in stanzas.
pub mod xep_0005 {
    include!(concat!(env!("OUT_DIR"), "/skeletons/xep_0005.rs"));
}
