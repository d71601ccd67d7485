//! Has the web app embedded anew when it was built anew.
//!
//! Not here: building it. npm is slow, wants a network, and is not everybody's.

use std::path::Path;

fn main() {
    let built = "../../web/dist";
    // A path that is not there counts as changed each time; its folder changes when it comes.
    let watched = if Path::new(built).exists() { built } else { "../../web" };
    let watched = if Path::new(watched).exists() { watched } else { "build.rs" };
    println!("cargo::rerun-if-changed={watched}");
}
