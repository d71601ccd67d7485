//! The yardstick: the same lane, a plain file, append and fdatasync per batch.

use crate::load::{Run, median, run};
use anyhow::Context;
use novacore_store::lane::{LaneReceiver, lane};
use std::{fs::File, io::Write, path::Path, time::Duration};
use tokio::sync::oneshot;

/// Bytes of a record: what an entry of the ledger takes.
const RECORD_BYTES: usize = 178;

/// Durable appends per second of `callers` callers.
pub(crate) async fn measure(
    dir: &Path,
    callers: usize,
    time: Duration,
    runs: usize,
) -> anyhow::Result<Run> {
    let mut all = Vec::new();
    for number in 0..runs {
        let file = File::create(dir.join(format!("raw-{callers}-{number}")))?;
        let (sender, receiver) = lane::<oneshot::Sender<()>>(|_| 1);
        let writer = std::thread::spawn(move || write(file, receiver));
        let ask = move |_, _| {
            let sender = sender.clone();
            async move {
                let (reply, answer) = oneshot::channel();
                sender.send(reply)?;
                answer.await.context("the writer is gone")
            }
        };
        all.push(run(callers, time, ask).await?);
        writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    }
    Ok(median(all))
}

fn write(mut file: File, mut jobs: LaneReceiver<oneshot::Sender<()>>) -> anyhow::Result<()> {
    loop {
        let batch = jobs.next_batch();
        if batch.is_empty() {
            return Ok(());
        }
        file.write_all(&vec![7; RECORD_BYTES * batch.len()])?;
        file.sync_data()?;
        for reply in batch {
            // A caller may have stopped waiting at the end of the run.
            let _ = reply.send(());
        }
    }
}
