//! Black-box tests of the real binary, over HTTP on loopback.

mod binary;
mod chaos;
mod conformance;
mod connections;
mod crash;
mod flow;
mod gateway;
mod hostile;
mod memory;
mod migrate;
mod models;
mod operate;
mod postgres;
mod provider;
mod sdk;
mod site;
