//! The loads on turmoil.

mod load;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use load::{CLIENTS, LATENCY, Load};
use tokio::time::Instant;
use turmoil::net::{TcpListener, TcpStream};

fn main() -> ExitCode {
    load::main(run)
}

fn run(load: Load, time: Duration) -> u64 {
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .simulation_duration(time + Duration::from_secs(5))
        .min_message_latency(LATENCY)
        .max_message_latency(LATENCY)
        .tcp_capacity(1 << 16)
        .build();
    sim.host("server", move || async move {
        let listener = TcpListener::bind("0.0.0.0:6379").await?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(load.serve(stream));
        }
    });
    let arrived = Arc::new(AtomicU64::new(0));
    for client in 0..CLIENTS {
        let arrived = arrived.clone();
        sim.client(format!("client-{client}"), async move {
            let stream = TcpStream::connect("server:6379").await?;
            let end = Instant::now() + time;
            load.ask(stream, || Instant::now() >= end, &arrived).await;
            Ok(())
        });
    }
    sim.run().expect("nothing fails here");
    arrived.load(Ordering::Relaxed)
}
