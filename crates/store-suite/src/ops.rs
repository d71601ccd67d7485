//! Random operations on one account, each a function of a seed and of what is known so far.
//!
//! They aim at what goes wrong: amounts beside the room that is left and at the ends of the range,
//! keys used again, settles on the tick of an expiry, overrides, tiers and clock steps between.
//! A stream of seeds is a stream of operations, so a test framework can shrink it by dropping some.
//!
//! Not here: what must come of them; that is [`crate::model::Model`].

mod draw;
mod policy;
mod view;

pub use draw::Ops;
pub use policy::{policy, profile};
pub use view::{Op, SeenHold, View};
