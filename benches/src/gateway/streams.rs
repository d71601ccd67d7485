//! Many streams at once: how soon the first bytes come, and whether any stream stalls.

use super::{
    Bench, USERS,
    client::{Call, Client, Heard},
    middle,
    mock::{CHUNKS, PACE},
    prompts,
};
use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// Streams that are open at once.
const STREAMS: usize = 512;
/// A silence within a paced stream that a reader would notice.
const STALL: Duration = Duration::from_millis(250);
/// How often memory is looked at while the streams are open.
const LOOK: Duration = Duration::from_millis(900);
const MEMBERS: &str = r#""stream":true,"stream_options":{"include_usage":true},"#;

/// What a run of streams came to.
struct Streams {
    first: Histogram<u64>,
    chunks_per_second: f64,
    stalls: u64,
    silence: Duration,
}

/// Measures paced and unpaced streams.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<()> {
    println!(
        "\n| streams | at once | chunks/s direct / through | first bytes p50 us direct / through \
         | p99 us direct / through | added p50, p99 us | stalls direct / through \
         | longest silence ms | server CPU us a chunk |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, model, count) in [
        ("streams, paced", prompts::PACED, 1),
        ("streams, paced", prompts::PACED, STREAMS),
        ("streams, unpaced", prompts::MODEL, STREAMS),
    ] {
        if bench.is_wanted(name) {
            row(bench, name, model, count).await?;
        }
    }
    Ok(())
}

async fn row(bench: &Bench, name: &str, model: &str, count: usize) -> anyhow::Result<()> {
    let call = prompts::chat(model, MEMBERS, "Say hello, sixty-four times over.");
    let (mut pairs, mut memory) = (Vec::new(), String::new());
    for _ in 0..bench.runs {
        let alone = run(bench, false, count, &call).await?;
        let before = bench.server.cpu()?;
        let looked = async {
            tokio::time::sleep(LOOK).await;
            bench.server.memory()
        };
        let (through, looked) = tokio::join!(run(bench, true, count, &call), looked);
        memory = looked?;
        let through = through?;
        let chunks = through.first.len() * CHUNKS;
        let cpu = (bench.server.cpu()? - before).as_secs_f64() * 1e6 / chunks.max(1) as f64;
        pairs.push((alone, through, cpu));
    }
    show(name, count, &pairs);
    println!("with {count} of these open: {memory}\n");
    Ok(())
}

async fn run(bench: &Bench, through: bool, count: usize, call: &Call) -> anyhow::Result<Streams> {
    let clients = bench.clients(through, count, USERS).await?;
    let whole = PACE * CHUNKS as u32;
    let begun = Instant::now();
    let end = begun + whole + bench.time;
    let tasks = clients.into_iter().enumerate().map(|(number, client)| {
        // Not all at the same moment: that would measure the queue and not the way.
        let start = begun + whole * number as u32 / count as u32;
        tokio::spawn(hear(client, call.clone(), start, end))
    });
    let tasks = tasks.collect::<Vec<_>>();
    let mut all = Streams {
        first: Histogram::new(3)?,
        chunks_per_second: 0.0,
        stalls: 0,
        silence: Duration::ZERO,
    };
    for task in tasks {
        for heard in task.await.context("a caller panicked")?? {
            all.first.record(heard.first.as_micros() as u64)?;
            all.stalls += u64::from(heard.silence > STALL);
            all.silence = all.silence.max(heard.silence);
        }
    }
    let chunks = all.first.len() * CHUNKS;
    all.chunks_per_second = chunks as f64 / begun.elapsed().as_secs_f64();
    Ok(all)
}

/// One stream after the other until the end.
async fn hear(
    mut client: Client,
    call: Call,
    start: Instant,
    end: Instant,
) -> anyhow::Result<Vec<Heard>> {
    tokio::time::sleep_until(start.into()).await;
    let mut all = Vec::new();
    while Instant::now() < end {
        let heard = client.hear(&call).await?;
        // The end of the answer, its usage and the last word come after the chunks.
        ensure!(heard.events == CHUNKS + 3, "{} events", heard.events);
        all.push(heard);
    }
    Ok(all)
}

fn show(name: &str, count: usize, pairs: &[(Streams, Streams, f64)]) {
    let of = |figure: &dyn Fn(&(Streams, Streams, f64)) -> f64| {
        middle(pairs.iter().map(figure).collect())
    };
    let at = |run: &Streams, quantile| run.first.value_at_quantile(quantile) as f64;
    let added = |quantile| of(&|pair| at(&pair.1, quantile) - at(&pair.0, quantile));
    println!(
        "| {name} | {count} | {:.0} / {:.0} | {:.0} / {:.0} | {:.0} / {:.0} | {:.0}, {:.0} \
         | {:.0} / {:.0} | {:.0} / {:.0} | {:.1} |",
        of(&|pair| pair.0.chunks_per_second),
        of(&|pair| pair.1.chunks_per_second),
        of(&|pair| at(&pair.0, 0.5)),
        of(&|pair| at(&pair.1, 0.5)),
        of(&|pair| at(&pair.0, 0.99)),
        of(&|pair| at(&pair.1, 0.99)),
        added(0.5),
        added(0.99),
        of(&|pair| pair.0.stalls as f64),
        of(&|pair| pair.1.stalls as f64),
        of(&|pair| pair.0.silence.as_secs_f64() * 1e3),
        of(&|pair| pair.1.silence.as_secs_f64() * 1e3),
        of(&|pair| pair.2),
    );
}
