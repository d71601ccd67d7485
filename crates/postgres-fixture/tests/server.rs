//! The server: private, durable, stopped and frozen at will, and gone when its process is.

use novacore_postgres_fixture::{Failure, Server};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::{self, yield_now},
    time::{Duration, Instant},
};

/// Nothing here takes as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} in time");
        yield_now();
    }
}

#[test]
fn databases_are_fresh_and_commits_durable() {
    let server = Server::start();
    let (one, two) = (server.fresh_database(), server.fresh_database());
    server.psql(&one, "CREATE TABLE t (n int)").unwrap();
    assert!(matches!(server.psql(&two, "SELECT * FROM t"), Err(Failure::Program { .. })));
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        assert_eq!(server.psql(&one, &format!("SHOW {setting}")).unwrap(), "on");
    }
    assert_eq!(server.psql(&one, "SELECT 1, 'ä' UNION SELECT 2, 'b'").unwrap(), "1|ä\n2|b");

    server.psql(&one, "INSERT INTO t VALUES (7)").unwrap();
    server.stop_immediate();
    assert!(server.psql(&one, "SELECT 1").is_err());
    server.start_again();
    assert_eq!(server.psql(&one, "SELECT n FROM t").unwrap(), "7");
    server.stop_fast();
    server.start_again();
    server.start_again();
    assert_eq!(server.psql(&one, "SELECT n FROM t").unwrap(), "7");
}

#[test]
fn the_password_is_asked_for() {
    let server = Server::start();
    let url = server.fresh_database();
    let (user, rest) = url
        .split_once(':')
        .and_then(|(scheme, rest)| {
            let (_, rest) = rest.split_once('@')?;
            Some((format!("{scheme}://novacore:guessed"), rest.to_owned()))
        })
        .unwrap();
    assert!(server.psql(&format!("{user}@{rest}"), "SELECT 1").is_err());
    assert_eq!(server.psql(&url, "SELECT 1").unwrap(), "1");
}

#[test]
fn a_setting_may_be_another() {
    let server = Server::start_with(&[("fsync", "off"), ("max_connections", "17")]);
    let url = server.fresh_database();
    let settings = "SELECT current_setting('fsync'), current_setting('max_connections')";
    assert_eq!(server.psql(&url, settings).unwrap(), "off|17");

    let refused = Server::try_start(&[("max_connections", "many")]);
    let said = refused.map(drop).unwrap_err().to_string();
    assert!(said.contains("max_connections"), "{said}");
}

/// The states of all processes of a server: they live in its data.
fn states(server: &Server) -> Vec<char> {
    let data = server.folder().join("data");
    let processes = fs::read_dir("/proc").expect("the processes").flatten();
    let own = processes
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data));
    let stats = own.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next()).collect()
}

#[test]
fn a_paused_server_answers_nobody_until_it_goes_on() {
    let server = Server::start();
    let url = server.fresh_database();
    server.pause();
    let frozen = states(&server);
    assert!(frozen.len() > 2 && frozen.iter().all(|state| *state == 'T'), "{frozen:?}");
    thread::scope(|scope| {
        // The kernel takes the connection, and nobody reads from it.
        let answer = scope.spawn(|| server.psql(&url, "SELECT 1"));
        assert!(!answer.is_finished());
        server.resume();
        assert_eq!(answer.join().unwrap().unwrap(), "1");
    });
    assert!(!states(&server).contains(&'T'));
    // Neither a stop nor the end has to wait until somebody lets a frozen server go on.
    server.pause();
    server.stop_immediate();
    server.start_again();
    server.pause();
}

#[test]
fn nothing_is_left_of_a_server_that_is_dropped() {
    let server = Server::start();
    let (folder, address) = (server.folder().to_owned(), server.address());
    drop(server);
    assert!(!folder.exists());
    assert!(TcpStream::connect(address).is_err());

    let panicked = thread::spawn(move || {
        let server = Server::start();
        let folder = server.folder().to_owned();
        std::panic::panic_any(folder);
    });
    let folder = *panicked.join().unwrap_err().downcast::<PathBuf>().unwrap();
    assert!(!folder.exists());
}

/// A process that holds a server, the URL of its database and its folder.
fn held_elsewhere() -> (Child, String, PathBuf) {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_novacore-postgres-fixture"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(holder.stdout.take().expect("piped")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let url = line();
    (holder, url, line().into())
}

#[test]
fn nothing_is_left_of_a_server_whose_process_was_killed() {
    let (mut holder, url, folder) = held_elsewhere();
    let (_, rest) = url.split_once('@').unwrap();
    let (address, _) = rest.split_once('/').unwrap();
    let mut session = TcpStream::connect(address).unwrap();
    assert!(folder.join("data/postmaster.pid").exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    // A session that waits for its first message ends with its server.
    session.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(session.read(&mut [0; 1]).unwrap_or(0), 0);
    wait_until("the folder goes", || !folder.exists());
    assert!(TcpStream::connect(address).is_err());
}

/// Servers begin with copies of one cluster: what one does to its own, another does not see.
#[test]
fn a_server_has_data_and_folder_of_its_own() {
    let (one, other) = (Server::start(), Server::start());
    assert_ne!(one.folder(), other.folder());
    let (url, also) = (one.fresh_database(), other.fresh_database());
    one.psql(&url, "CREATE TABLE only_here ()").expect("a table");
    let exists = "SELECT to_regclass('only_here') IS NOT NULL";
    assert_eq!(one.psql(&url, exists).expect("an answer"), "t");
    assert_eq!(other.psql(&also, exists).expect("an answer"), "f");
    drop((one, other));
    let third = Server::start();
    let databases = "SELECT count(*) FROM pg_database";
    assert_eq!(third.psql(&third.fresh_database(), databases).expect("an answer"), "4");
}
