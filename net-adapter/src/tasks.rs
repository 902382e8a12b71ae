//! Which tasks does a node have? Each waits for one kind of thing and then makes a turn in the reactor.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use afterimage_core::port::{ConnId, Event, ExitCode, Level, Peer};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{AbortHandle, spawn_local, yield_now};

use crate::connection::descriptor;
use crate::disk::Answer;
use crate::reactor::Shared;
use crate::recorder::HAND_OVER_INTERVAL;
use crate::{clock, dial, listen};

/// Waits for a connection's socket, until the connection is gone.
pub(crate) fn spawn_connection(node: Shared, id: ConnId) -> AbortHandle {
    spawn_local(poll_fn(move |cx| node.borrow_mut().turn(id, cx))).abort_handle()
}

/// Dials, and goes on as the task of the connection that comes of it.
pub(crate) fn spawn_dial(node: Shared, id: ConnId, host: String, port: u16) -> AbortHandle {
    let task = async move {
        let source = node.borrow().config().bind_source_addr.as_deref().and_then(|source| source.parse().ok());
        let outcome = dial::dial(&host, port, source).await;
        if node.borrow_mut().dialled(id, outcome) {
            poll_fn(|cx| node.borrow_mut().turn(id, cx)).await;
        }
    };
    spawn_local(task).abort_handle()
}

/// Gives the task another turn after the runtime has looked at all sockets. A task that wakes itself in the plain way
/// has many turns before that, and whoever became ready in the meantime waits for all of them.
pub(crate) fn defer(cx: &mut Context<'_>) {
    // The first poll of this future asks for the deferred wake-up, and that is all it is for.
    let _ = pin!(yield_now()).poll(cx);
}

/// Takes in those who connect to `listener`, until it is gone.
pub(crate) fn spawn_accept(node: Shared, listener: Weak<TcpListener>) -> AbortHandle {
    spawn_local(accept(node, listener)).abort_handle()
}

/// Takes in those who connect to a Unix socket.
pub(crate) fn spawn_accept_unix(node: Shared, listener: Rc<UnixListener>) -> AbortHandle {
    spawn_local(accept_unix(node, listener)).abort_handle()
}

/// Accepting fails when descriptors or memory have run out; it takes a while until some are free.
async fn rest_after(error: std::io::Error, node: &Shared) {
    const RETRY_DELAY: Duration = Duration::from_millis(100);
    node.borrow_mut().say(Level::Warning, format_args!("Accepting client connection: {error}"));
    tokio::time::sleep(RETRY_DELAY).await;
}

async fn accept_unix(node: Shared, listener: Rc<UnixListener>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let peer = Peer { descriptor: descriptor(&stream), ..Peer::UNIX_SOCKET };
                node.borrow_mut().accepted(stream.into(), peer);
            }
            Err(error) => rest_after(error, &node).await,
        }
    }
}

async fn accept(node: Shared, listener: Weak<TcpListener>) {
    loop {
        let accepted = poll_fn(|cx| match listener.upgrade() {
            Some(listener) => listener.poll_accept(cx).map(Some),
            None => Poll::Ready(None),
        });
        let (stream, remote) = match accepted.await {
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                rest_after(error, &node).await;
                continue;
            }
            None => return,
        };
        let keepalive_s = u64::from(node.borrow().config().tcp_keepalive);
        // Any of these fails only if the client has gone already; its socket will say so.
        if let Ok(local) = stream.local_addr() {
            let _ = listen::prepare_accepted(&stream, Duration::from_secs(keepalive_s));
            let peer = Peer { remote, local, descriptor: descriptor(&stream) };
            node.borrow_mut().accepted(stream.into(), peer);
        }
    }
}

/// Writes the output that one connection's turn made for others, after all turns that are due with it.
pub(crate) async fn flush(node: Shared) {
    poll_fn(|cx| {
        let mut node = node.borrow_mut();
        if node.flush() {
            defer(cx);
        }
        node.wakers.flusher = Some(cx.waker().clone());
        Poll::Pending
    })
    .await
}

/// Tells the node its time.
pub(crate) async fn keep_time(node: Shared) {
    let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
    poll_fn(|cx| {
        loop {
            let next = node.borrow_mut().time();
            node.borrow_mut().wakers.timer = Some(cx.waker().clone());
            let Some(next) = next else { return Poll::Pending };
            sleep.as_mut().reset(clock::instant(next));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Does the node's background work in slices, between which the sockets have their turns.
pub(crate) async fn work(node: Shared) {
    let mut pace = Pace::new();
    loop {
        poll_fn(|cx| {
            let mut node = node.borrow_mut();
            if node.has_work() {
                return Poll::Ready(());
            }
            node.wakers.worker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
        let begin = clock::stopwatch();
        let has_more = node.borrow_mut().work(pace.units);
        pace.learn(clock::stopwatch().saturating_sub(begin), has_more);
        // The runtime looks at the sockets before it comes back here.
        yield_now().await;
    }
}

/// Brings the node the outcomes of its disk operations.
pub(crate) async fn hear_disk(node: Shared, mut answers: UnboundedReceiver<Answer>) {
    while let Some((ticket, outcome)) = answers.recv().await {
        node.borrow_mut().handle(Event::Disk { ticket, outcome });
        // A piece of a file may take milliseconds to load, and the next one is there at once: the sockets have their turns between them.
        yield_now().await;
    }
}

/// Brings what was recorded nearer to the disk, again and again.
pub(crate) async fn tend_recording(node: Shared) {
    loop {
        tokio::time::sleep(HAND_OVER_INTERVAL).await;
        node.borrow_mut().tend_recording();
    }
}

/// Waits for the end of the node.
pub(crate) async fn end(node: Shared) -> ExitCode {
    poll_fn(|cx| {
        let mut node = node.borrow_mut();
        node.wakers.end = Some(cx.waker().clone());
        node.ended().map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// How many units of work make a slice that is long enough to be worth it and short enough for nobody to notice: looking at the sockets costs a
/// few microseconds, and a client that asks again and again meets a slice each time.
struct Pace {
    units: u32,
}

impl Pace {
    const SLICE_NANOS_MIN: u64 = 50_000;
    const SLICE_NANOS_MAX: u64 = 125_000;
    const UNITS_MIN: u32 = 1;
    /// Bounds what a sudden change from the cheapest to costly units can do to one slice.
    const UNITS_MAX: u32 = 8192;

    fn new() -> Pace {
        Pace { units: 64 }
    }

    /// Adapts to how long the last slice took. One that ended early for lack of work teaches only that it was not
    /// too long.
    fn learn(&mut self, slice_nanos: u64, has_more: bool) {
        if slice_nanos > Pace::SLICE_NANOS_MAX {
            self.units = (self.units / 2).max(Pace::UNITS_MIN);
        } else if slice_nanos < Pace::SLICE_NANOS_MIN && has_more {
            self.units = (self.units * 2).min(Pace::UNITS_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_settle_between_the_bounds_for_units_of_any_cost() {
        for unit_nanos in [30, 100, 1_000, 20_000, 60_000] {
            let mut pace = Pace::new();
            for _ in 0..20 {
                pace.learn(u64::from(pace.units) * unit_nanos, true);
            }
            let slice_nanos = u64::from(pace.units) * unit_nanos;
            assert!(
                (Pace::SLICE_NANOS_MIN..=Pace::SLICE_NANOS_MAX).contains(&slice_nanos),
                "{unit_nanos} ns a unit: {slice_nanos} ns a slice"
            );
        }
    }

    #[test]
    fn units_stay_within_their_bounds() {
        let mut pace = Pace::new();
        for _ in 0..40 {
            pace.learn(0, true);
        }
        assert_eq!(pace.units, Pace::UNITS_MAX);
        for _ in 0..40 {
            pace.learn(u64::MAX, true);
        }
        assert_eq!(pace.units, Pace::UNITS_MIN);
    }

    #[test]
    fn a_slice_that_ran_out_of_work_does_not_lengthen_the_next() {
        let mut pace = Pace::new();
        let before = pace.units;
        pace.learn(10, false);
        assert_eq!(pace.units, before);
    }
}
