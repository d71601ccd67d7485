//! Callers in a closed loop: each waits for its answer before it asks again.

use hdrhistogram::Histogram;
use std::{
    future::Future,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, mpsc};

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

/// Asks at a fixed rate, whatever the answers take: a question waits for a caller to be free, and
/// its latency counts from when it was due.
pub(crate) async fn run_at<C, F, A>(
    per_second: f64,
    time: Duration,
    callers: Vec<C>,
    ask: F,
) -> anyhow::Result<Run>
where
    C: Send + 'static,
    F: Fn(C) -> A + Clone + Send + 'static,
    A: Future<Output = anyhow::Result<C>> + Send,
{
    let (begun, cpu) = (Instant::now(), cpu_time());
    let (due, questions) = mpsc::unbounded_channel();
    let questions = Arc::new(Mutex::new(questions));
    let (running, end) = std::sync::mpsc::channel();
    let pacer = std::thread::spawn(move || pace(begun, per_second, time, &due, &end));
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|mut caller| {
            let (ask, questions) = (ask.clone(), questions.clone());
            tokio::spawn(async move {
                let mut latency = Histogram::<u64>::new(3)?;
                while let Some(due) = next(&questions).await {
                    caller = ask(caller).await?;
                    latency.record(Instant::now().duration_since(due).as_micros() as u64)?;
                }
                anyhow::Ok(latency)
            })
        })
        .collect();
    let mut latency = Histogram::<u64>::new(3)?;
    for task in tasks {
        latency.add(task.await??)?;
    }
    drop(running);
    pacer.join().map_err(|_| anyhow::anyhow!("the pacer panicked"))?;
    let per_second = latency.len() as f64 / begun.elapsed().as_secs_f64();
    let cpu_us = (cpu_time() - cpu).as_secs_f64() * 1e6 / latency.len().max(1) as f64;
    Ok(Run { per_second, latency, cpu_us })
}

async fn next(questions: &Mutex<mpsc::UnboundedReceiver<Instant>>) -> Option<Instant> {
    questions.lock().await.recv().await
}

/// Says when each question is due. A thread of its own, since the runtime's timers tick in
/// milliseconds.
fn pace(
    begun: Instant,
    per_second: f64,
    time: Duration,
    due: &mpsc::UnboundedSender<Instant>,
    end: &Receiver<()>,
) {
    let count = (per_second * time.as_secs_f64()) as u64;
    for number in 0..count {
        let at = begun + Duration::from_secs_f64(number as f64 / per_second);
        let left = at.saturating_duration_since(Instant::now());
        let ended = end.recv_timeout(left) != Err(RecvTimeoutError::Timeout);
        if ended || due.send(at).is_err() {
            return;
        }
    }
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
