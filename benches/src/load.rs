//! Callers in a closed loop: each waits for its answer before it asks again.

use hdrhistogram::Histogram;
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// Answers per second.
    pub(crate) per_second: f64,
    /// Microseconds from question to answer.
    pub(crate) latency: Histogram<u64>,
    /// Microseconds of processor per answer, callers and engine together: what stays the same when
    /// neighbours take their share of the machine.
    pub(crate) cpu_us: f64,
}

/// Runs callers for a while; `ask` is told the caller and how often he has asked.
pub(crate) async fn run<F, A>(callers: usize, time: Duration, ask: F) -> anyhow::Result<Run>
where
    F: Fn(usize, u64) -> A + Clone + Send + 'static,
    A: Future<Output = anyhow::Result<()>> + Send,
{
    let (begun, cpu) = (Instant::now(), cpu_time());
    let end = begun + time;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let ask = ask.clone();
            tokio::spawn(async move {
                let mut latency = Histogram::<u64>::new(3)?;
                let mut count = 0;
                while Instant::now() < end {
                    let asked = Instant::now();
                    ask(caller, count).await?;
                    latency.record(asked.elapsed().as_micros() as u64)?;
                    count += 1;
                }
                anyhow::Ok(latency)
            })
        })
        .collect();
    let mut latency = Histogram::<u64>::new(3)?;
    for task in tasks {
        latency.add(task.await??)?;
    }
    let per_second = latency.len() as f64 / begun.elapsed().as_secs_f64();
    let cpu_us = (cpu_time() - cpu).as_secs_f64() * 1e6 / latency.len().max(1) as f64;
    Ok(Run { per_second, latency, cpu_us })
}

/// The processor time that this process has used.
fn cpu_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

/// The run with the median rate.
pub(crate) fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    runs.swap_remove(runs.len() / 2)
}
