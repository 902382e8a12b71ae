//! The loads on turmoil: `on-turmoil` prints a line for each, with frames per CPU second.

mod load;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use load::{ACK_EVERY, CLIENTS, FRAME_BYTES, LATENCY, WINDOW, measure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use turmoil::net::{TcpListener, TcpStream};

/// Frames that have arrived, counted by whoever has read them.
#[derive(Clone, Default)]
struct Arrived(Rc<Cell<u64>>);

impl Arrived {
    fn add(&self, frames: u64) {
        self.0.set(self.0.get() + frames);
    }

    fn count(&self) -> u64 {
        self.0.get()
    }
}

fn simulation(seconds: u64) -> turmoil::Sim<'static> {
    turmoil::Builder::new()
        .rng_seed(1)
        .simulation_duration(Duration::from_secs(seconds + 5))
        .min_message_latency(LATENCY)
        .max_message_latency(LATENCY)
        .tcp_capacity(1 << 16)
        .build()
}

/// One host answers, others ask, one frame at a time.
fn ping_pong(seconds: u64) -> u64 {
    let mut sim = simulation(seconds);
    sim.host("server", || async {
        let listener = TcpListener::bind("0.0.0.0:6379").await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let mut frame = [0; FRAME_BYTES];
                while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
            });
        }
    });
    let arrived = Arrived::default();
    for client in 0..CLIENTS {
        let arrived = arrived.clone();
        sim.client(format!("client-{client}"), async move {
            let mut stream = TcpStream::connect("server:6379").await?;
            let end = Instant::now() + Duration::from_secs(seconds);
            let mut frame = [b'x'; FRAME_BYTES];
            while Instant::now() < end {
                stream.write_all(&frame).await?;
                stream.read_exact(&mut frame).await?;
                arrived.add(2);
            }
            Ok(())
        });
    }
    sim.run().expect("nothing fails here");
    arrived.count()
}

/// One host sends, others read and acknowledge.
fn stream(seconds: u64) -> u64 {
    let mut sim = simulation(seconds);
    sim.host("server", || async {
        let listener = TcpListener::bind("0.0.0.0:6379").await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let (mut sent, mut acknowledged) = (0_u64, 0_u64);
                let frame = [b'x'; FRAME_BYTES];
                loop {
                    while sent < acknowledged + WINDOW {
                        if stream.write_all(&frame).await.is_err() {
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
            });
        }
    });
    let arrived = Arrived::default();
    for client in 0..CLIENTS {
        let arrived = arrived.clone();
        sim.client(format!("client-{client}"), async move {
            let mut stream = TcpStream::connect("server:6379").await?;
            let end = Instant::now() + Duration::from_secs(seconds);
            let mut frame = [0; FRAME_BYTES];
            let mut read = 0_u64;
            while Instant::now() < end {
                stream.read_exact(&mut frame).await?;
                read += 1;
                arrived.add(1);
                if read % ACK_EVERY == 0 {
                    stream.write_all(&read.to_le_bytes()).await?;
                }
            }
            Ok(())
        });
    }
    sim.run().expect("nothing fails here");
    arrived.count()
}

fn main() {
    measure("turmoil", "ping-pong", || ping_pong(100));
    measure("turmoil", "stream", || stream(20));
}
