//! Derived files against what they are derived from: the entries themselves.

mod codec;
mod cost;
mod crash;
mod fixture;
mod pressure;
mod same;
