//! Holds a private server until its input ends: for a look around by hand, and for the test that
//! kills this process.

use novacore_postgres_fixture::Server;
use std::io;

fn main() -> io::Result<()> {
    let server = Server::start();
    println!("{}", server.fresh_database());
    println!("{}", server.folder().display());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
