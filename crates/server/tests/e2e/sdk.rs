//! The official SDKs of OpenAI and Anthropic against the real binary, before a provider that counts
//! what it serves.
//!
//! The cases are in `tests/sdk`, in the SDKs' own languages. After each of them the ledger is
//! compared with the provider: what was charged must be what was served, and nothing be held.

mod install;

use crate::{
    binary::{Folder, Server},
    provider::Provider,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

/// Longest time until a case is over, and until the ledger must agree.
const CASE_TIME: Duration = Duration::from_secs(60);
const LEDGER_TIME: Duration = Duration::from_secs(20);

#[test]
fn openai_python() {
    run("openai_cases.py", install::python);
}

#[test]
fn anthropic_python() {
    run("anthropic_cases.py", install::python);
}

#[test]
fn openai_node() {
    run("openai_cases.mjs", install::node);
}

#[test]
fn anthropic_node() {
    run("anthropic_cases.mjs", install::node);
}

/// Not through the test's own output, which a runner keeps to itself.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn run(script: &str, install: fn(&str) -> Result<Command, String>) {
    match install(script) {
        Ok(command) => {
            let cases = Stage::new().audit(command);
            say(&format!("sdk: {script}: {cases} cases, each charged as served"));
        }
        Err(why) => say(&format!("sdk: {script} SKIPPED: {why}")),
    }
}

/// A server, its user's key, and the provider behind it.
struct Stage {
    provider: Provider,
    server: Server,
    token: String,
    key: String,
    _folder: Folder,
}

fn configuration(url: &str) -> String {
    let model = |name: &str| {
        format!("{{ name = \"{name}\", tokenizer = \"o200k\", image_tokens_max = 100 }}")
    };
    let models =
        |names: &[&str]| names.iter().map(|name| model(name)).collect::<Vec<_>>().join(",");
    let provider = |name: &str, dialect: &str, names: &[&str]| {
        format!(
            "[[providers]]\nname = \"{name}\"\ndialect = \"{dialect}\"\nbase_url = \"{url}\"\n\
             api_key = \"sk-mock\"\nmodels = [{}]\n",
            models(names)
        )
    };
    let openai = ["plain", "tools", "silent", "breaking", "busy"];
    let anthropic = ["claude", "cached", "thinking", "tools", "breaking", "busy"];
    format!(
        "[tiers.free_trial.limits.llm_tokens]\ncap = 1000000\nwindow = \"day\"\n{}{}",
        provider("openai-mock", "openai", &openai),
        provider("anthropic-mock", "anthropic", &anthropic)
    )
}

impl Stage {
    fn new() -> Stage {
        let provider = Provider::start();
        let folder = Folder::new();
        folder.configure(&configuration(&provider.url));
        let server = folder.serve();
        let (_, token) = server.register("ada@example.com");
        let bearer = format!("Bearer {token}");
        let ask = json!({ "name": "sdk", "scopes": ["llm"] });
        let made = server.post("/api/auth/keys", &[("authorization", &bearer)], &ask);
        let key = made.expect("answered").body["key"].as_str().expect("a key").to_owned();
        Stage { provider, server, token, key, _folder: folder }
    }

    /// Runs a script of cases, and tells how many there were.
    fn audit(&self, mut command: Command) -> usize {
        command.env("NOVACORE_URL", &self.server.url).env("NOVACORE_KEY", &self.key);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut script = Script(child.expect("the interpreter was found"));
        let lines = script.lines();
        let mut verdicts = script.0.stdin.take().expect("piped");
        let (mut cases, mut calls, mut charged) = (0, 0, Charged::default());
        while let Some(line) = script.next(&lines) {
            let told: Value = serde_json::from_str(&line).expect("a case in JSON");
            let case = told["case"].as_str().expect("a name").to_owned();
            let slack = told["slack"].as_i64().expect("a number");
            calls += told["calls"].as_i64().expect("a number");
            assert_eq!(self.provider.calls(), calls, "calls of the provider in {case:?}");
            charged = self.agrees(&case, charged, slack);
            cases += 1;
            writeln!(verdicts, "ok").expect("it listens");
        }
        assert!(script.0.wait().expect("ended").success(), "after {cases} cases");
        assert!(cases > 0, "no case was run");
        cases
    }

    /// Waits until what is charged is what was served, up to `slack`, and nothing is held. What was
    /// `before` is what all cases before were charged. Tells what is charged now.
    fn agrees(&self, case: &str, before: Charged, slack: i64) -> Charged {
        let until = Instant::now() + LEDGER_TIME;
        loop {
            let (used, held) = self.server.tokens(&self.token);
            let served = self.provider.served();
            let (charged, new) = (used - before.used, served - before.served);
            if held == 0 && (charged - new).abs() <= slack {
                return Charged { used, served };
            }
            let told = format!("{case:?}: {charged} charged of {new} served, {held} held");
            assert!(Instant::now() < until, "{told}");
            std::thread::yield_now();
        }
    }
}

/// All that was charged and served so far.
#[derive(Clone, Copy, Default)]
struct Charged {
    used: i64,
    served: i64,
}

/// A script that runs; killed when dropped.
struct Script(Child);

impl Script {
    fn lines(&mut self) -> mpsc::Receiver<String> {
        let (tell, told) = mpsc::channel();
        let lines = BufReader::new(self.0.stdout.take().expect("piped")).lines();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        told
    }

    /// The next case; none at the end.
    fn next(&mut self, lines: &mpsc::Receiver<String>) -> Option<String> {
        match lines.recv_timeout(CASE_TIME) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a case takes too long"),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
