//! The loads on madsim. Only with `RUSTFLAGS="--cfg madsim"`.

#[cfg(madsim)]
mod load;

use std::process::ExitCode;

#[cfg(not(madsim))]
fn main() -> ExitCode {
    eprintln!("on-madsim: build it with RUSTFLAGS=\"--cfg madsim\"");
    ExitCode::from(2)
}

#[cfg(madsim)]
fn main() -> ExitCode {
    load::main(on_madsim::run)
}

#[cfg(madsim)]
mod on_madsim {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use madsim::net::{TcpListener, TcpStream};
    use madsim::runtime::Runtime;
    use madsim::time::Instant;

    use crate::load::{CLIENTS, LATENCY, Load};

    const SERVER: &str = "10.0.0.1:6379";

    pub fn run(load: Load, time: Duration) -> u64 {
        let mut config = madsim::Config::default();
        config.net.send_latency = LATENCY..LATENCY + Duration::from_nanos(1);
        let runtime = Runtime::with_seed_and_config(1, config);
        let server: SocketAddr = SERVER.parse().expect("an address");
        runtime.create_node().ip(server.ip()).build().spawn(async move {
            let listener = TcpListener::bind(server).await.expect("it is free");
            loop {
                let (stream, _) = listener.accept().await.expect("nothing fails here");
                madsim::task::spawn(load.serve(stream));
            }
        });
        let arrived = Arc::new(AtomicU64::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let arrived = arrived.clone();
                let node = runtime.create_node().ip(([10, 0, 1, client as u8]).into()).build();
                node.spawn(async move {
                    // The server is to listen by then.
                    madsim::time::sleep(Duration::from_millis(10)).await;
                    let stream = TcpStream::connect(server).await.expect("it listens");
                    let end = Instant::now() + time;
                    load.ask(stream, || Instant::now() >= end, &arrived).await;
                })
            })
            .collect();
        runtime.block_on(async move {
            for client in clients {
                client.await.expect("nothing fails here");
            }
        });
        arrived.load(Ordering::Relaxed)
    }
}
