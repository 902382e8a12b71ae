//! The loads on madsim: `on-madsim` prints a line for each, with frames per CPU second. Only with `RUSTFLAGS="--cfg madsim"`.

#[cfg(madsim)]
mod load;

#[cfg(not(madsim))]
fn main() {
    eprintln!("on-madsim: build it with RUSTFLAGS=\"--cfg madsim\"");
    std::process::exit(2);
}

#[cfg(madsim)]
fn main() {
    load::measure("madsim", "ping-pong", || on_madsim::ping_pong(1000));
    load::measure("madsim", "stream", || on_madsim::stream(60));
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::load::{ACK_EVERY, CLIENTS, FRAME_BYTES, LATENCY, WINDOW};

    const SERVER: &str = "10.0.0.1:6379";

    fn runtime() -> Runtime {
        let mut config = madsim::Config::default();
        config.net.send_latency = LATENCY..LATENCY + Duration::from_nanos(1);
        Runtime::with_seed_and_config(1, config)
    }

    fn run<S, C>(
        seconds: u64,
        serve: impl Fn(TcpStream) -> S + Copy + Send + 'static,
        ask: impl Fn(TcpStream, Instant, Arc<AtomicU64>) -> C + Copy + Send + 'static,
    ) -> u64
    where
        S: Future<Output = ()> + Send + 'static,
        C: Future<Output = ()> + Send + 'static,
    {
        let runtime = runtime();
        let arrived = Arc::new(AtomicU64::new(0));
        let server: SocketAddr = SERVER.parse().expect("an address");
        runtime.create_node().ip(server.ip()).build().spawn(async move {
            let listener = TcpListener::bind(server).await.expect("it is free");
            loop {
                let (stream, _) = listener.accept().await.expect("nothing fails here");
                madsim::task::spawn(serve(stream));
            }
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let node = runtime.create_node().ip(([10, 0, 1, client as u8]).into()).build();
                let arrived = arrived.clone();
                node.spawn(async move {
                    madsim::time::sleep(Duration::from_millis(10)).await;
                    let stream = TcpStream::connect(server).await.expect("it listens");
                    ask(stream, Instant::now() + Duration::from_secs(seconds), arrived).await;
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

    pub fn ping_pong(seconds: u64) -> u64 {
        let serve = |mut stream: TcpStream| async move {
            let mut frame = [0; FRAME_BYTES];
            while stream.read_exact(&mut frame).await.is_ok()
                && stream.write_all(&frame).await.is_ok()
                && stream.flush().await.is_ok()
            {}
        };
        let ask = |mut stream: TcpStream, end: Instant, arrived: Arc<AtomicU64>| async move {
            let mut frame = [b'x'; FRAME_BYTES];
            while Instant::now() < end {
                stream.write_all(&frame).await.expect("it is open");
                stream.flush().await.expect("it is open");
                stream.read_exact(&mut frame).await.expect("it is open");
                arrived.fetch_add(2, Ordering::Relaxed);
            }
        };
        run(seconds, serve, ask)
    }

    pub fn stream(seconds: u64) -> u64 {
        let serve = |mut stream: TcpStream| async move {
            let (mut sent, mut acknowledged) = (0_u64, 0_u64);
            let frame = [b'x'; FRAME_BYTES];
            loop {
                while sent < acknowledged + WINDOW {
                    if stream.write_all(&frame).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                    sent += 1;
                }
                let mut ack = [0; 8];
                if stream.read_exact(&mut ack).await.is_err() {
                    return;
                }
                acknowledged = u64::from_le_bytes(ack);
            }
        };
        let ask = |mut stream: TcpStream, end: Instant, arrived: Arc<AtomicU64>| async move {
            let mut frame = [0; FRAME_BYTES];
            let mut read = 0_u64;
            while Instant::now() < end {
                stream.read_exact(&mut frame).await.expect("it is open");
                read += 1;
                arrived.fetch_add(1, Ordering::Relaxed);
                if read % ACK_EVERY == 0 {
                    stream.write_all(&read.to_le_bytes()).await.expect("it is open");
                    stream.flush().await.expect("it is open");
                }
            }
        };
        run(seconds, serve, ask)
    }
}
