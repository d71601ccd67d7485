//! A reader: looks at the user's standing through whichever node, while others write.

use super::{
    client::agent,
    cluster::Cluster,
    history::{Journal, Look, standing_of},
};
use crate::binary::SERVICE_TOKEN;
use novacore_sim::Rng;
use serde_json::Value;
use std::time::Duration;

/// The pause between two looks.
const BETWEEN: Duration = Duration::from_millis(25);

/// Looks until the journal is closed; a look that is not answered shows nothing.
pub(super) fn read(cluster: &Cluster, journal: &Journal, user: &str, mut rng: Rng) {
    let agent = agent();
    while journal.goes_on() {
        let began = journal.tick();
        let address = cluster.address(rng.index(cluster.len()));
        if let Some(stats) = address.and_then(|address| stats(&agent, &address, user))
            && let Some(standing) = shown(&stats).and_then(standing_of)
        {
            journal.note(Look { began, standing });
        }
        journal.back_off(BETWEEN);
    }
}

fn stats(agent: &ureq::Agent, address: &str, user: &str) -> Option<Value> {
    let request = agent
        .get(format!("{address}/usage/stats?days=1"))
        .header("x-service-token", SERVICE_TOKEN)
        .header("x-user-id", user);
    let text = request.call().ok()?.body_mut().read_to_string().ok()?;
    serde_json::from_str(&text).ok()
}

/// What the answer of `/usage/stats` says of the tokens.
pub(super) fn shown(stats: &Value) -> Option<&Value> {
    let rows = stats["breakdown"].as_array()?;
    Some(&rows.iter().find(|row| row["resourceType"] == "llm_tokens")?["current"])
}
