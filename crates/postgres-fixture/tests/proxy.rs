//! The proxy: which side of a COMMIT a connection is lost on decides what is stored.

use novacore_postgres_fixture::{Failure, Moment, Proxy, Rule, Server, Side};
use std::{
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    server: &'static Server,
    proxy: Proxy,
    direct: String,
    through: String,
}

impl Bench {
    fn new() -> Bench {
        let server = Server::shared();
        let proxy = Proxy::start(server.address()).expect("a proxy");
        let direct = server.fresh_database();
        let through = proxy.url_of(&direct);
        assert_ne!(direct, through);
        server.psql(&direct, "CREATE TABLE t (n int)").expect("a table");
        Bench { server, proxy, direct, through }
    }

    fn insert(&self, n: u32) -> Result<String, Failure> {
        let insert = format!("INSERT INTO t VALUES ({n})");
        self.server.psql_script(&self.through, &["BEGIN", &insert, "COMMIT"])
    }

    /// Asked past the proxy.
    fn rows(&self) -> String {
        let sql = "SELECT string_agg(n::text, ' ' ORDER BY n) FROM t";
        self.server.psql(&self.direct, sql).expect("the rows")
    }
}

#[test]
fn what_is_lost_before_the_server_is_not_stored_and_what_is_lost_behind_it_is() {
    let bench = Bench::new();
    bench.insert(1).unwrap();
    bench.proxy.arm(Rule::at_commit(Moment::BeforeServer));
    assert!(bench.insert(2).is_err());
    assert!(bench.proxy.wait_for_cuts(1, PATIENCE));
    assert_eq!(bench.rows(), "1");

    bench.proxy.arm(Rule::at_commit(Moment::BeforeAnswer));
    assert!(bench.insert(3).is_err());
    assert!(bench.proxy.wait_for_cuts(2, PATIENCE));
    assert_eq!(bench.rows(), "1 3");

    // A rule cuts once.
    bench.insert(4).unwrap();
    assert_eq!(bench.rows(), "1 3 4");
    assert!(!bench.proxy.wait_for_cuts(3, Duration::ZERO));
}

#[test]
fn a_connection_is_cut_in_the_middle_of_a_message() {
    let bench = Bench::new();
    let many = "SELECT repeat('x', 100000)";
    assert_eq!(bench.server.psql(&bench.through, many).unwrap().len(), 100_000);
    for (cut, (from, bytes)) in
        [(Side::Server, 50_000), (Side::Server, 0), (Side::Client, 3)].into_iter().enumerate()
    {
        bench.proxy.arm(Rule::AfterBytes { from, bytes });
        assert!(bench.server.psql(&bench.through, many).is_err());
        assert!(bench.proxy.wait_for_cuts(cut as u64 + 1, PATIENCE));
    }
    assert_eq!(bench.server.psql(&bench.through, many).unwrap().len(), 100_000);
}

#[test]
fn all_connections_are_cut_at_once_and_new_ones_refused() {
    let bench = Bench::new();
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
    thread::scope(|scope| {
        let sleepers = [0, 1]
            .map(|_| scope.spawn(|| bench.server.psql(&bench.through, "SELECT pg_sleep(900)")));
        let deadline = Instant::now() + PATIENCE;
        while bench.server.psql(&bench.direct, sleeping).unwrap() != "2" {
            assert!(Instant::now() < deadline, "both sleep in time");
        }
        bench.proxy.refuse();
        assert!(bench.server.psql(&bench.through, "SELECT 1").is_err());
        assert!(sleepers.iter().all(|sleeper| !sleeper.is_finished()));
        assert_eq!(bench.proxy.cut_all(), 2);
        for sleeper in sleepers {
            assert!(sleeper.join().unwrap().is_err());
        }
    });
    bench.proxy.accept();
    assert_eq!(bench.server.psql(&bench.through, "SELECT 1").unwrap(), "1");
}
