//! The server on PostgreSQL.

mod clocks;
mod import;
mod nodes;
mod operate;
mod outage;
mod start;

use crate::binary::{Folder, SERVICE_TOKEN, Server};
use novacore_postgres_fixture::Server as Database;
use std::process::Output;

const JWT_SECRET: &str = "jwt-secret-of-the-tests-0123456789abcdef";
const REFRESH_SECRET: &str = "refresh-secret-of-the-tests-0123456789ab";

/// What every node on a database is told.
pub(crate) fn environment(url: &str) -> [(&str, &str); 4] {
    [
        ("NOVACORE_DATABASE_URL", url),
        ("NOVACORE_JWT_SECRET", JWT_SECRET),
        ("NOVACORE_REFRESH_SECRET", REFRESH_SECRET),
        ("NOVACORE_SERVICE_TOKEN", SERVICE_TOKEN),
    ]
}

/// A migrated database, and a folder for its nodes.
struct Site {
    folder: Folder,
    url: String,
}

impl Site {
    /// A site on a server of its own or a shared one.
    fn on(database: &Database) -> Site {
        let site = Site { folder: Folder::new(), url: database.fresh_database() };
        site.written(&["migrate"]);
        site
    }

    fn environment(&self) -> [(&str, &str); 4] {
        environment(&self.url)
    }

    /// Starts a node.
    fn serve(&self) -> Server {
        self.folder.serve_with(&self.environment())
    }

    /// Runs a command of an operator.
    fn run(&self, arguments: &[&str]) -> Output {
        self.folder.run_with(&self.environment(), arguments)
    }

    /// What a command wrote that succeeded.
    fn written(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// What a command complained of that failed.
    fn complaint(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("text")
    }
}
