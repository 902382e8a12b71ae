//! How does an event lie in a recording?

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use bytes::Bytes;

use super::varint::{Malformed, Reader, put, put_bytes};
use crate::port::{
    CloseCause, ConnId, DialFailure, DiskFailure, DiskOutcome, Event, ListenFailure, Peer, Signal, Ticket,
};

/// The kinds of calls. Those below ten are events.
pub(super) mod kind {
    pub(crate) const RECEIVED: u8 = 1;
    pub(crate) const CLOSED: u8 = 2;
    pub(crate) const DIALLED: u8 = 3;
    pub(crate) const TIMERS: u8 = 4;
    pub(crate) const DISK: u8 = 5;
    pub(crate) const LISTENING: u8 = 6;
    pub(crate) const SIGNAL: u8 = 7;
    pub(crate) const START: u8 = 10;
    pub(crate) const ACCEPT: u8 = 11;
    pub(crate) const WORK: u8 = 12;
    pub(crate) const SENT: u8 = 13;
}

pub(super) fn kind_of(event: &Event<'_>) -> u8 {
    match event {
        Event::Received { .. } => kind::RECEIVED,
        Event::Closed { .. } => kind::CLOSED,
        Event::Dialled { .. } => kind::DIALLED,
        Event::Timers => kind::TIMERS,
        Event::Disk { .. } => kind::DISK,
        Event::Listening { .. } => kind::LISTENING,
        Event::Signal(_) => kind::SIGNAL,
    }
}

/// Writes what an event holds.
#[inline]
pub(super) fn put_event(out: &mut Vec<u8>, event: &Event<'_>) {
    match event {
        Event::Received { conn, bytes } => {
            put_conn(out, *conn);
            put_bytes(out, bytes);
        }
        Event::Closed { conn, cause } => {
            put_conn(out, *conn);
            out.push(match cause {
                CloseCause::Eof => 0,
                CloseCause::Reset => 1,
            });
        }
        Event::Dialled { conn, outcome } => {
            put_conn(out, *conn);
            put_dialled(out, *outcome);
        }
        Event::Timers => {}
        Event::Disk { ticket, outcome } => {
            put(out, ticket.0);
            put_outcome(out, outcome);
        }
        Event::Listening { outcome } => out.push(u8::from(outcome.is_ok())),
        Event::Signal(Signal::Terminate) => out.push(0),
        Event::Signal(Signal::Interrupt) => out.push(1),
    }
}

pub(super) fn read_event<'a>(kind: u8, reader: &mut Reader<'a>) -> Result<Event<'a>, Malformed> {
    Ok(match kind {
        kind::RECEIVED => Event::Received { conn: read_conn(reader)?, bytes: reader.bytes()? },
        kind::CLOSED => {
            let conn = read_conn(reader)?;
            let cause = match reader.byte()? {
                0 => CloseCause::Eof,
                1 => CloseCause::Reset,
                _ => return Err(Malformed),
            };
            Event::Closed { conn, cause }
        }
        kind::DIALLED => Event::Dialled { conn: read_conn(reader)?, outcome: read_dialled(reader)? },
        kind::TIMERS => Event::Timers,
        kind::DISK => Event::Disk { ticket: Ticket(reader.varint()?), outcome: read_outcome(reader)? },
        kind::LISTENING => Event::Listening {
            outcome: match reader.byte()? {
                0 => Err(ListenFailure),
                1 => Ok(()),
                _ => return Err(Malformed),
            },
        },
        kind::SIGNAL => Event::Signal(match reader.byte()? {
            0 => Signal::Terminate,
            1 => Signal::Interrupt,
            _ => return Err(Malformed),
        }),
        _ => return Err(Malformed),
    })
}

#[inline]
pub(super) fn put_conn(out: &mut Vec<u8>, conn: ConnId) {
    put(out, u64::from(conn.slot));
    put(out, u64::from(conn.generation));
}

pub(super) fn read_conn(reader: &mut Reader<'_>) -> Result<ConnId, Malformed> {
    Ok(ConnId { slot: reader.small()?, generation: reader.small()? })
}

pub(super) fn put_peer(out: &mut Vec<u8>, peer: Peer) {
    put_address(out, peer.remote);
    put_address(out, peer.local);
    put(out, peer.descriptor.map_or(0, |descriptor| u64::from(descriptor) + 1));
}

pub(super) fn read_peer(reader: &mut Reader<'_>) -> Result<Peer, Malformed> {
    let (remote, local) = (read_address(reader)?, read_address(reader)?);
    let descriptor = match reader.varint()?.checked_sub(1) {
        Some(descriptor) => Some(u32::try_from(descriptor).map_err(|_| Malformed)?),
        None => None,
    };
    Ok(Peer { remote, local, descriptor })
}

fn put_address(out: &mut Vec<u8>, address: SocketAddr) {
    match address {
        SocketAddr::V4(address) => {
            out.push(4);
            out.extend_from_slice(&address.ip().octets());
        }
        SocketAddr::V6(address) => {
            out.push(6);
            out.extend_from_slice(&address.ip().octets());
            put(out, u64::from(address.flowinfo()));
            put(out, u64::from(address.scope_id()));
        }
    }
    put(out, u64::from(address.port()));
}

fn read_address(reader: &mut Reader<'_>) -> Result<SocketAddr, Malformed> {
    Ok(match reader.byte()? {
        4 => SocketAddr::new(IpAddr::V4(Ipv4Addr::from(reader.array::<4>()?)), reader.small()?),
        6 => {
            let ip = Ipv6Addr::from(reader.array::<16>()?);
            let (flowinfo, scope_id) = (reader.small()?, reader.small()?);
            SocketAddr::V6(SocketAddrV6::new(ip, reader.small()?, flowinfo, scope_id))
        }
        _ => return Err(Malformed),
    })
}

fn put_dialled(out: &mut Vec<u8>, outcome: Result<Peer, DialFailure>) {
    match outcome {
        Ok(peer) => {
            out.push(0);
            put_peer(out, peer);
        }
        Err(DialFailure::UnknownHost) => out.push(1),
        Err(DialFailure::Refused) => out.push(2),
        Err(DialFailure::Unreachable) => out.push(3),
    }
}

fn read_dialled(reader: &mut Reader<'_>) -> Result<Result<Peer, DialFailure>, Malformed> {
    Ok(match reader.byte()? {
        0 => Ok(read_peer(reader)?),
        1 => Err(DialFailure::UnknownHost),
        2 => Err(DialFailure::Refused),
        3 => Err(DialFailure::Unreachable),
        _ => return Err(Malformed),
    })
}

fn put_outcome(out: &mut Vec<u8>, outcome: &DiskOutcome) {
    match outcome {
        DiskOutcome::Done => out.push(0),
        DiskOutcome::Bytes(bytes) => {
            out.push(1);
            put_bytes(out, bytes);
        }
        DiskOutcome::Listed(files) => {
            out.push(2);
            put(out, files.len() as u64);
            for (name, len) in files {
                put_bytes(out, name.as_bytes());
                put(out, *len);
            }
        }
        DiskOutcome::Entered(path) => {
            out.push(3);
            put_bytes(out, path.as_bytes());
        }
        DiskOutcome::Failed(DiskFailure::NotFound) => out.push(4),
        DiskOutcome::Failed(DiskFailure::NoSpace) => out.push(5),
        DiskOutcome::Failed(DiskFailure::Other(reason)) => {
            out.push(6);
            put_bytes(out, reason.as_bytes());
        }
    }
}

fn read_outcome(reader: &mut Reader<'_>) -> Result<DiskOutcome, Malformed> {
    Ok(match reader.byte()? {
        0 => DiskOutcome::Done,
        1 => DiskOutcome::Bytes(Bytes::copy_from_slice(reader.bytes()?)),
        2 => {
            // Not sized by its number: each one takes bytes that must be there.
            let mut files = Vec::new();
            for _ in 0..reader.varint()? {
                files.push((reader.text()?, reader.varint()?));
            }
            DiskOutcome::Listed(files)
        }
        3 => DiskOutcome::Entered(reader.text()?),
        4 => DiskOutcome::Failed(DiskFailure::NotFound),
        5 => DiskOutcome::Failed(DiskFailure::NoSpace),
        6 => DiskOutcome::Failed(DiskFailure::Other(reader.text()?)),
        _ => return Err(Malformed),
    })
}
