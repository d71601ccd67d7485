//! A client: asks through whichever node, and repeats under the same key what was not answered.
//!
//! Invariant: only an answer that is certain ends a call, or giving up, which is recorded as such.

use super::{
    cluster::Cluster,
    history::{Call, Fate, Journal, Verb},
};
use crate::binary::SERVICE_TOKEN;
use novacore_sim::Rng;
use serde_json::{Value, json};
use std::time::Duration;

/// When an answer that has not come is not waited for.
const ANSWER: Duration = Duration::from_secs(2);
/// The pause before a call is repeated.
const BACK_OFF: Duration = Duration::from_millis(25);
/// Repetitions after which a call should have been answered by somebody.
const TRIES_MAX: usize = 4_000;
/// Of a thousand calls without an answer so many are given up.
const GIVEN_UP: u32 = 30;
/// Of a thousand calls so many are sent to two nodes at once, or again after their answer.
const TWICE: u32 = 100;
/// Of a thousand uses so many are told without a key, and so but once.
const ONCE: u32 = 600;

/// What a client likes to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Of a thousand holds so many charge when they run out.
    pub(super) charging: u32,
    /// Holds that give back are large.
    pub(super) large: (i64, i64),
    /// Whether holds that give back are settled too, although they may have run out by then.
    pub(super) settles_all: bool,
    /// The longest life of a hold.
    pub(super) ttl_s_max: i64,
}

/// A hold that the client has not ended.
#[derive(Clone, Copy, Debug)]
struct Kept {
    version: u64,
    amount: i64,
    charges: bool,
}

/// One client of one user.
pub(super) struct Client<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) journal: &'a Journal,
    pub(super) user: &'a str,
    pub(super) name: String,
    pub(super) habits: Habits,
    pub(super) rng: Rng,
    agent: ureq::Agent,
    kept: Vec<Kept>,
    calls: u64,
}

/// An answer that is certain.
enum Certain {
    Applied(Value),
    Refused(Value),
}

impl<'a> Client<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        journal: &'a Journal,
        user: &'a str,
        name: String,
        habits: Habits,
        rng: Rng,
    ) -> Client<'a> {
        let (kept, calls) = (Vec::new(), 0);
        Client { cluster, journal, user, name, habits, rng, agent: agent(), kept, calls }
    }

    /// Calls until the journal is closed.
    pub(super) fn run(mut self) {
        while self.journal.goes_on() {
            let verb = self.draw();
            self.call(verb);
        }
    }

    fn draw(&mut self) -> Verb {
        if !self.kept.is_empty() && self.rng.per_mille(550) {
            let at = self.rng.index(self.kept.len());
            let Kept { version: hold, amount, charges } = self.kept.swap_remove(at);
            if self.rng.per_mille(750) {
                return if charges || (self.habits.settles_all && self.rng.per_mille(500)) {
                    Verb::Settle { hold, amount: self.rng.within(0, amount) }
                } else {
                    Verb::Release { hold }
                };
            }
            // The others are left to run out.
        }
        if self.rng.per_mille(300) {
            let amount = self.rng.within(1, 20);
            return if self.rng.per_mille(ONCE) {
                Verb::RecordOnce { amount }
            } else {
                Verb::Record { amount }
            };
        }
        let charges = self.rng.per_mille(self.habits.charging);
        let (low, high) = if charges { (5, 60) } else { self.habits.large };
        let ttl_s = self.rng.within(1, self.habits.ttl_s_max);
        Verb::Reserve { amount: self.rng.within(low, high), ttl_s, charges }
    }

    /// Makes a call and repeats it until it is answered, if it has a key; how it ended.
    pub(super) fn call(&mut self, verb: Verb) -> Fate {
        self.calls += 1;
        let key = format!("{} {}", self.name, self.calls);
        let began = self.journal.tick();
        let mut node = self.rng.index(self.cluster.len());
        let (mut in_doubt, mut applied, mut refused) = (false, Vec::new(), Vec::new());
        let once = matches!(verb, Verb::RecordOnce { .. });
        for tries in 0.. {
            assert!(tries < TRIES_MAX, "{key:?} is not answered: {verb:?}");
            for answer in self.try_at(node, &key, &verb, once) {
                match answer {
                    Some(Certain::Applied(value)) => applied.push(value),
                    Some(Certain::Refused(value)) => refused.push(value),
                    None => in_doubt = true,
                }
            }
            if once || !applied.is_empty() || !refused.is_empty() || self.gives_up() {
                break;
            }
            self.journal.back_off(BACK_OFF);
            node = (node + 1) % self.cluster.len();
        }
        let ended = self.journal.tick();
        if !once && !applied.is_empty() && self.rng.per_mille(TWICE) {
            let other = self.rng.index(self.cluster.len());
            match self.ask(other, &key, &verb) {
                Some(Certain::Applied(again)) => applied.push(again),
                Some(Certain::Refused(value)) => panic!("{key:?} had an answer, now {value}"),
                None => {}
            }
        }
        let fate = match (applied.is_empty(), refused.is_empty(), in_doubt) {
            (false, _, _) => Fate::Applied,
            (true, false, false) => Fate::Refused,
            (true, _, true) | (true, true, false) => Fate::Unknown,
        };
        let answers = if applied.is_empty() { refused } else { applied };
        let call = Call { key, verb, began, ended, fate, answers };
        self.keep(&call);
        self.journal.write(call);
        fate
    }

    fn gives_up(&mut self) -> bool {
        self.journal.is_abandoned() || self.rng.per_mille(GIVEN_UP)
    }

    fn keep(&mut self, call: &Call) {
        if let (Verb::Reserve { amount, charges, .. }, Some(version)) = (&call.verb, call.hold()) {
            self.kept.push(Kept { version, amount: *amount, charges: *charges });
        }
    }

    /// One try, or two at once at two nodes.
    fn try_at(&mut self, node: usize, key: &str, verb: &Verb, once: bool) -> Vec<Option<Certain>> {
        if once || !self.rng.per_mille(TWICE) {
            return vec![self.ask(node, key, verb)];
        }
        let other = (node + 1) % self.cluster.len();
        let this = &*self;
        std::thread::scope(|scope| {
            let beside = scope.spawn(move || this.ask(other, key, verb));
            let answer = this.ask(node, key, verb);
            vec![answer, beside.join().expect("no panic beside")]
        })
    }

    /// Asks a node; nothing if there is no answer that is certain.
    fn ask(&self, node: usize, key: &str, verb: &Verb) -> Option<Certain> {
        let (path, body) = request(self.user, key, verb);
        let url = format!("{}{path}", self.cluster.address(node)?);
        let mut request = ureq::http::Request::post(url)
            .header("x-service-token", SERVICE_TOKEN)
            .header("content-type", "application/json");
        if !matches!(verb, Verb::RecordOnce { .. }) {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(body.to_string()).expect("a request");
        let mut response = self.agent.run(request).ok()?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string().ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        match (status, value["type"].as_str()) {
            (200 | 201, _) => Some(Certain::Applied(value)),
            (429, Some("urn:novacore:problem:quota-exceeded"))
            | (409, Some("urn:novacore:problem:reservation-ended")) => {
                Some(Certain::Refused(value))
            }
            (503, _) => None,
            (status, _) => panic!("{key:?} {verb:?}: {status} {value}"),
        }
    }
}

/// Makes calls that do not wait for ever.
pub(super) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    config.http_status_as_error(false).timeout_global(Some(ANSWER)).build().into()
}

fn request(user: &str, key: &str, verb: &Verb) -> (String, Value) {
    let amounts = |amount: i64| json!([{ "resourceType": "llm_tokens", "amount": amount }]);
    let of_hold = |hold: u64, what: &str| {
        format!("/usage/reservations/res_{}_{hold}/{what}", user.replace('-', ""))
    };
    match *verb {
        Verb::Record { amount } => (
            "/usage/record".to_owned(),
            json!({ "userId": user, "resourceType": "llm_tokens", "amount": amount,
                "enforce": true }),
        ),
        Verb::RecordOnce { amount } => (
            "/usage/record".to_owned(),
            json!({ "userId": user, "resourceType": "llm_tokens", "amount": amount,
                "enforce": true, "metadata": { "op": key } }),
        ),
        Verb::Reserve { amount, ttl_s, charges } => (
            "/usage/reservations".to_owned(),
            json!({ "userId": user, "amounts": amounts(amount), "ttlSeconds": ttl_s,
                "onExpiry": if charges { "charge" } else { "release" } }),
        ),
        Verb::Settle { hold, amount } => {
            (of_hold(hold, "settle"), json!({ "amounts": amounts(amount) }))
        }
        Verb::Release { hold } => (of_hold(hold, "release"), json!({})),
    }
}
