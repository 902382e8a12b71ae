//! The loads, as our own simulator has them: frames of 64 bytes, 5 ms each way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub const LATENCY: Duration = Duration::from_millis(5);
pub const CLIENTS: u16 = 4;
const FRAME_BYTES: usize = 64;
/// Frames that the writer of a stream has under way, unacknowledged.
const WINDOW: u64 = 128;
/// Readers of a stream acknowledge each so-many-th frame.
const ACK_EVERY: u64 = 16;

#[derive(Clone, Copy)]
pub enum Load {
    /// Clients that each send the next frame when the one before has come back.
    PingPong,
    /// One writer, whose readers acknowledge what they have now and then.
    Stream,
}

impl Load {
    /// The server's end of a connection, until that is closed.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        // A client that has seen enough goes without a word.
        let _gone = match self {
            Load::PingPong => echo(stream).await,
            Load::Stream => write_on(stream).await,
        };
    }

    /// A client's end, until `is_over`. Counts the frames that have arrived, at both ends.
    pub async fn ask(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
        is_over: impl Fn() -> bool + Send,
        arrived: &AtomicU64,
    ) {
        let end = match self {
            Load::PingPong => ping(stream, is_over, arrived).await,
            Load::Stream => read_on(stream, is_over, arrived).await,
        };
        end.expect("nothing fails here");
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut frame = [0; FRAME_BYTES];
    loop {
        stream.read_exact(&mut frame).await?;
        stream.write_all(&frame).await?;
        stream.flush().await?;
    }
}

async fn ping(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    is_over: impl Fn() -> bool,
    arrived: &AtomicU64,
) -> std::io::Result<()> {
    let mut frame = [b'x'; FRAME_BYTES];
    while !is_over() {
        stream.write_all(&frame).await?;
        stream.flush().await?;
        stream.read_exact(&mut frame).await?;
        arrived.fetch_add(2, Ordering::Relaxed);
    }
    Ok(())
}

async fn write_on(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let (mut sent, mut acknowledged) = (0, 0);
    let frame = [b'x'; FRAME_BYTES];
    loop {
        while sent < acknowledged + WINDOW {
            stream.write_all(&frame).await?;
            stream.flush().await?;
            sent += 1;
        }
        let mut ack = [0; 8];
        stream.read_exact(&mut ack).await?;
        acknowledged = u64::from_le_bytes(ack);
    }
}

async fn read_on(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    is_over: impl Fn() -> bool,
    arrived: &AtomicU64,
) -> std::io::Result<()> {
    let mut frame = [0; FRAME_BYTES];
    let mut read = 0_u64;
    while !is_over() {
        stream.read_exact(&mut frame).await?;
        read += 1;
        arrived.fetch_add(1, Ordering::Relaxed);
        if read.is_multiple_of(ACK_EVERY) {
            stream.write_all(&read.to_le_bytes()).await?;
            stream.flush().await?;
        }
    }
    Ok(())
}

/// The front door: `PROGRAM ping-pong|stream SECONDS` runs a load for so many simulated seconds and prints the frames
/// that have arrived and the microseconds of CPU time that they took.
pub fn main(run: impl Fn(Load, Duration) -> u64) -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = match &arguments[..] {
        [load, seconds] => seconds.parse().ok().and_then(|seconds| match load.as_str() {
            "ping-pong" => Some((Load::PingPong, seconds)),
            "stream" => Some((Load::Stream, seconds)),
            _ => None,
        }),
        _ => None,
    };
    let Some((load, seconds)) = wanted else {
        eprintln!("usage: PROGRAM ping-pong|stream SECONDS");
        return std::process::ExitCode::from(2);
    };
    let begun = cpu_time::ProcessTime::now();
    let frames = run(load, Duration::from_secs(seconds));
    println!("{frames} {}", begun.elapsed().as_micros());
    std::process::ExitCode::SUCCESS
}
