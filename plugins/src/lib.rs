//! What each specification does: one room a specification, which reads like it.
//!
//! A room implements the skeleton that is generated from its specification, as a server, a client or a
//! component, and nothing in it knows of another room but by name.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod held;

pub mod rfc_6120;
pub mod rfc_6121;
pub mod xep_0012;
pub mod xep_0030;
pub mod xep_0033;
pub mod xep_0045;
pub mod xep_0049;
pub mod xep_0050;
pub mod xep_0054;
pub mod xep_0055;
pub mod xep_0060;
pub mod xep_0065;
pub mod xep_0077;
pub mod xep_0092;
pub mod xep_0115;
pub mod xep_0122;
pub mod xep_0133;
pub mod xep_0157;
pub mod xep_0160;
pub mod xep_0163;
pub mod xep_0175;
pub mod xep_0191;
pub mod xep_0198;
pub mod xep_0199;
pub mod xep_0202;
pub mod xep_0203;
pub mod xep_0215;
pub mod xep_0220;
pub mod xep_0280;
pub mod xep_0288;
pub mod xep_0313;
pub mod xep_0317;
pub mod xep_0328;
pub mod xep_0352;
pub mod xep_0355;
pub mod xep_0356;
pub mod xep_0357;
pub mod xep_0363;
pub mod xep_0369;
pub mod xep_0377;
pub mod xep_0379;
pub mod xep_0386;
pub mod xep_0388;
pub mod xep_0390;
pub mod xep_0398;
pub mod xep_0401;
pub mod xep_0402;
pub mod xep_0405;
pub mod xep_0424;
pub mod xep_0425;
pub mod xep_0431;
pub mod xep_0433;
pub mod xep_0440;
pub mod xep_0441;
pub mod xep_0445;
pub mod xep_0455;
pub mod xep_0463;
pub mod xep_0478;
pub mod xep_0484;
pub mod xep_0485;
pub mod xep_0486;
pub mod xep_0490;
pub mod xep_0494;
pub mod xep_0500;
pub mod xep_0502;
pub mod xep_0504;
pub mod xep_0513;
