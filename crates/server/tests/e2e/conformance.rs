//! What every gateway gets asked: two hundred calls at once, no maximum, a provider that lies, one
//! that is slow, callers who leave, no usage reported, a store that dies, a process that is killed.
//!
//! Each run tells its figures; `docs/guides/models.md` shows them.

use crate::{
    binary::{Answer, Folder, Server},
    postgres::environment,
    provider::{PROMPT, Provider},
};
use novacore_postgres_fixture::Server as Database;
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::mpsc,
    time::{Duration, Instant},
};

/// Nothing here takes as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const CALLS: usize = 200;
const ROOM: usize = 10;
const MOST: i64 = 90;
/// Life of a hold. A node that is kept from renewing for most of it loses its holds, so that it is
/// not shorter than a busy machine may need.
const LIFE_S: u64 = 5;
/// Of the tier.
const CAP: i64 = 20_000;

/// A server before a provider, with a user who may use so many tokens.
struct Stage {
    folder: Folder,
    environment: Vec<(String, String)>,
    provider: Provider,
    server: Server,
    token: String,
}

fn configuration(url: &str) -> String {
    let models = ["plain", "gated", "silent"]
        .map(|name| format!("{{ name = \"{name}\", tokenizer = \"o200k\" }}"));
    format!(
        "[gateway]\nhold_seconds = {LIFE_S}\n[tiers.free_trial.limits.llm_tokens]\n\
         cap = {CAP}\nwindow = \"day\"\n[[providers]]\nname = \"p\"\ndialect = \"openai\"\n\
         base_url = \"{url}\"\nmodels = [{}]\n[[providers]]\nname = \"liar\"\n\
         dialect = \"openai\"\nbase_url = \"{url}\"\nenforces_maximum = false\n\
         models = [{{ name = \"lying\", tokenizer = \"o200k\" }}]\n",
        models.join(",")
    )
}

impl Stage {
    fn new(database: Option<&Database>) -> Stage {
        let (provider, folder) = (Provider::start(), Folder::new());
        folder.configure(&configuration(&provider.url));
        let url = database.map(Database::fresh_database);
        let environment = url.iter().flat_map(|url| environment(url));
        let environment: Vec<_> =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if url.is_some() {
            assert!(folder.run_with(&borrowed(&environment), &["migrate"]).status.success());
        }
        let server = folder.serve_with(&borrowed(&environment));
        let (_, token) = server.register("ada@example.com");
        Stage { folder, environment, provider, server, token }
    }

    /// Another user, with a cap of his own if he is given one.
    fn user(&self, name: &str, cap: Option<i64>) -> String {
        let (user, token) = self.server.register(&format!("{name}@example.com"));
        if let Some(cap) = cap {
            let admin = format!("Bearer {}", self.server.admin());
            let path = format!("/api/admin/users/{user}/overrides/llm_tokens");
            let body = json!({ "cap": cap, "reason": "conformance" }).to_string();
            let set = self.server.send("PUT", &path, &[("authorization", &admin)], &body);
            let set = set.expect("answered");
            assert!(matches!(set.status, 200 | 201 | 204), "{}", set.body);
        }
        token
    }

    /// Waits until nothing is held; what was used.
    fn settled(&self, token: &str) -> i64 {
        let until = Instant::now() + PATIENCE;
        loop {
            let (used, held) = self.server.tokens(token);
            if held == 0 {
                return used;
            }
            assert!(Instant::now() < until, "{held} still held");
            std::thread::yield_now();
        }
    }
}

fn borrowed(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn ask(model: &str, words: i64, most: Option<i64>) -> Value {
    let mut body = json!({ "model": model,
        "messages": [{ "role": "user", "content": format!("say {words}") }] });
    if let Some(most) = most {
        body["max_tokens"] = json!(most);
    }
    body
}

fn streamed(model: &str, words: i64, most: Option<i64>) -> Value {
    let mut body = ask(model, words, most);
    body["stream"] = json!(true);
    body
}

fn call(server: &Server, token: &str, body: &Value) -> Option<Answer> {
    let bearer = format!("Bearer {token}");
    server.post("/v1/chat/completions", &[("authorization", &bearer)], body)
}

/// Makes calls at once; each says its status as soon as it has one, or 0 if the connection broke.
fn at_once<'s>(
    scope: &'s std::thread::Scope<'s, '_>,
    (server, token): (&'s Server, &'s str),
    calls: usize,
    body: &'s Value,
) -> mpsc::Receiver<u16> {
    let (tell, told) = mpsc::channel();
    for _ in 0..calls {
        let tell = tell.clone();
        scope.spawn(move || tell.send(call(server, token, body).map_or(0, |it| it.status)));
    }
    told
}

/// Figures for the table of the guide.
fn tell(case: &str, figures: &str) {
    println!("conformance: {case}: {figures}");
}

fn two_hundred_with_room_for_ten(stage: &Stage) {
    // What one call holds, while it waits.
    let meter = stage.user("meter", None);
    let body = ask("gated", MOST, Some(MOST));
    let each = std::thread::scope(|scope| {
        let _one = at_once(scope, (&stage.server, &meter), 1, &body);
        let until = Instant::now() + PATIENCE;
        loop {
            let (_, held) = stage.server.tokens(&meter);
            if held > 0 {
                stage.provider.open(1);
                return held;
            }
            assert!(Instant::now() < until, "nothing is held");
        }
    });
    let served = stage.provider.served();
    let token = stage.user("many", Some(each * i64::try_from(ROOM).expect("few")));
    let statuses = std::thread::scope(|scope| {
        let told = at_once(scope, (&stage.server, &token), CALLS, &body);
        let next = || told.recv_timeout(PATIENCE).expect("as many are refused as have no room");
        let mut statuses: Vec<u16> = (0..CALLS - ROOM).map(|_| next()).collect();
        stage.provider.open(ROOM);
        statuses.extend((0..ROOM).map(|_| next()));
        statuses
    });
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!((admitted, refused), (ROOM, CALLS - ROOM));
    let used = stage.settled(&token);
    assert_eq!(used, stage.provider.served() - served);
    assert_eq!(used, (PROMPT + MOST) * i64::try_from(ROOM).expect("few"));
    tell("200 at once, room for 10", &format!("{admitted} admitted"));
}

fn no_maximum(stage: &Stage) {
    let token = stage.user("open", Some(CAP));
    let body = streamed("plain", 2_000, None);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let told = at_once(scope, (&stage.server, &token), CALLS, &body);
        told.iter().collect()
    });
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 429)), "{statuses:?}");
    let used = stage.settled(&token);
    assert!((CAP * 99 / 100..=CAP).contains(&used), "{used} of {CAP}");
    tell("no maximum", &format!("{admitted} admitted, {used} of {CAP} used"));
}

fn a_liar(stage: &Stage) {
    let token = stage.user("lied-to", Some(1_500));
    let mut words = Vec::new();
    for stream in [true, false] {
        let mut body = ask("lying", 5_000, Some(MOST));
        body["stream"] = json!(stream);
        for _ in 0..5 {
            let answer = call(&stage.server, &token, &body).expect("answered");
            assert_eq!(answer.status, 200, "{}", answer.body);
            words.push(answer.body.to_string().matches("hello").count());
            stage.settled(&token);
        }
    }
    let most = usize::try_from(MOST).expect("few");
    assert!(words.iter().all(|words| *words <= most), "{words:?}");
    let used = stage.settled(&token);
    assert!(used <= 1_500, "{used}");
    tell("5,000 tokens to max_tokens 90", &format!("at most {MOST} passed on, {used} for ten"));
}

fn callers_who_leave(stage: &Stage) {
    let (token, served) = (stage.user("leaver", None), stage.provider.served());
    for most in [Some(200), None] {
        for _ in 0..5 {
            let body = streamed("plain", 100, most).to_string();
            let mut stream = TcpStream::connect(stage.server.address()).expect("connected");
            let head = format!(
                "POST /v1/chat/completions HTTP/1.1\r\nhost: n\r\nauthorization: Bearer {token}\
                 \r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).expect("sent");
            assert!(stream.read(&mut [0; 600]).expect("it begins") > 0);
        }
    }
    let until = Instant::now() + PATIENCE;
    let want = 10 * (PROMPT + 100);
    while stage.settled(&token) != want {
        assert!(Instant::now() < until, "{} of {want}", stage.settled(&token));
    }
    assert_eq!(stage.provider.served() - served, want);
    tell("10 streams left after a chunk", &format!("{want} charged of {want} served"));
}

fn no_usage(stage: &Stage) {
    let (token, served) = (stage.user("guessed", None), stage.provider.served());
    for _ in 0..10 {
        let answer = call(&stage.server, &token, &streamed("silent", 100, Some(200)));
        assert_eq!(answer.expect("answered").status, 200);
    }
    let (used, served) = (stage.settled(&token), stage.provider.served() - served);
    // Output is counted as the provider does; of the prompt only the framing is not known.
    assert!((used - served).abs() * 100 <= served * 10, "{used} of {served}");
    tell("10 streams without usage", &format!("{used} charged of {served} served"));
}

/// A hold that ran out while its call waits would let others in.
fn a_slow_one(stage: &Stage) {
    let token = stage.user("patient", Some(150));
    let body = ask("gated", MOST, Some(MOST));
    std::thread::scope(|scope| {
        let told = at_once(scope, (&stage.server, &token), 1, &body);
        let (begun, mut seen) = (Instant::now(), 0);
        // A life and a half.
        while begun.elapsed() < Duration::from_millis(LIFE_S * 1_500) {
            let (used, held) = stage.server.tokens(&token);
            assert!(used == 0 && held >= seen, "the hold is gone while the call waits");
            seen = held;
        }
        let other = call(&stage.server, &token, &ask("plain", MOST, Some(MOST)));
        assert_eq!(other.expect("answered").status, 429, "there is no room beside it");
        stage.provider.open(1);
        assert_eq!(told.recv_timeout(PATIENCE), Ok(200));
    });
    assert_eq!(stage.settled(&token), PROMPT + MOST);
    tell("an answer after the life of its hold", "held all the while");
}

fn killed(stage: Stage) -> Stage {
    let body = ask("gated", MOST, Some(MOST));
    let calls = stage.provider.calls();
    std::thread::scope(|scope| {
        let told = at_once(scope, (&stage.server, &stage.token), 20, &body);
        let until = Instant::now() + PATIENCE;
        while stage.provider.calls() < calls + 20 {
            assert!(Instant::now() < until, "20 are in flight");
            std::thread::yield_now();
        }
        stage.server.kill_now();
        assert!(told.iter().all(|status| status == 0), "nobody is answered");
    });
    let Stage { folder, environment, provider, server, token } = stage;
    drop(server);
    // Whoever waits there waits for nobody.
    provider.open(20);
    let server = folder.serve_with(&borrowed(&environment));
    let stage = Stage { folder, environment, provider, server, token };
    let used = stage.settled(&stage.token);
    assert_eq!(used, 0, "nobody was answered");
    // All of it can be used.
    let whole = call(&stage.server, &stage.token, &ask("plain", 5, Some(CAP - 100)));
    assert_eq!(whole.expect("answered").status, 200);
    tell("SIGKILL with 20 in flight", "nothing held after the life of a hold, drift 0");
    stage
}

fn conforms(database: Option<&Database>) -> Stage {
    let stage = Stage::new(database);
    two_hundred_with_room_for_ten(&stage);
    no_maximum(&stage);
    a_liar(&stage);
    callers_who_leave(&stage);
    no_usage(&stage);
    a_slow_one(&stage);
    killed(stage)
}

#[test]
fn on_the_embedded_store() {
    conforms(None);
}

#[test]
fn on_postgresql_and_without_it() {
    let database = Database::start();
    let stage = conforms(Some(&database));
    let calls = stage.provider.calls();
    database.stop_immediate();
    let body = ask("plain", 5, Some(MOST));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let told = at_once(scope, (&stage.server, &stage.token), 20, &body);
        told.iter().collect()
    });
    assert!(statuses.iter().all(|status| *status == 503), "{statuses:?}");
    assert_eq!(stage.provider.calls(), calls, "nothing is sent without a hold");
    database.start_again();
    let until = Instant::now() + PATIENCE;
    while call(&stage.server, &stage.token, &body).is_none_or(|answer| answer.status != 200) {
        assert!(Instant::now() < until, "it recovers by itself");
    }
    tell("the store dies", "0 of 20 admitted, recovers by itself");
}
