//! Afterimage's engine: a Redis-compatible, replicating server as one pure state machine.
//!
//! A [`Node`] is a function of its inputs. A driver hands it [events](port::Event) and the time; it changes its own state and
//! leaves [actions](port::Action) in a buffer of the driver's. It owns no socket, file, clock or thread and cannot name one: this crate
//! knows no standard library. Two drivers exist, a simulator and a server on tokio, and neither decides anything.
//!
//! ```
//! use afterimage_core::node::Environment;
//! use afterimage_core::port::{Action, DiskFailure, DiskOutcome, Effects, Event, Now, Peer};
//! use afterimage_core::{Config, Node};
//!
//! let environment = Environment { process_id: 1, ..Environment::default() };
//! let (now, mut effects) = (Now::default(), Effects::new());
//! let mut node = Node::start(Config::default(), environment, 42, now, &mut effects);
//!
//! // It asks for what was kept over a restart, one file after another; there is none.
//! loop {
//!     let asked: Vec<Action> = effects.drain().collect();
//!     let tickets = asked.iter().filter_map(|action| match action {
//!         Action::Disk { ticket, .. } => Some(*ticket),
//!         _ => None,
//!     });
//!     let tickets: Vec<_> = tickets.collect();
//!     if tickets.is_empty() {
//!         break;
//!     }
//!     for ticket in tickets {
//!         let outcome = DiskOutcome::Failed(DiskFailure::NotFound);
//!         node.handle(Event::Disk { ticket, outcome }, now, &mut effects);
//!     }
//! }
//!
//! // A client comes and speaks.
//! let address = "127.0.0.1:6379".parse().unwrap();
//! let conn = node.accept(Peer { remote: address, local: address, descriptor: None }, now, &mut effects);
//! let bytes = b"SET greeting hello\r\nGET greeting\r\n";
//! node.handle(Event::Received { conn, bytes }, now, &mut effects);
//!
//! // Its replies wait in the node's own queue.
//! let mut slices = [&[][..]; 8];
//! let filled = node.gather(conn, &mut slices);
//! let replies = slices[..filled].concat();
//! assert_eq!(replies, b"+OK\r\n$5\r\nhello\r\n");
//! node.sent(conn, replies.len(), now, &mut effects);
//! ```
//!
//! # The floors
//!
//! From the ground up; a lower one never imports a higher one:
//!
//! | floor | modules |
//! | --- | --- |
//! | bytes and their meaning | [`codec`], [`table`], [`resp`], [`rdb`] |
//! | the border | [`port`], [`config`], [`museum`], [`marks`] |
//! | values and the keyspace | [`value`], [`keyspace`] |
//! | commands on data | [`command`] |
//! | replication and persistence | [`replication`], [`persistence`] |
//! | what ties them | [`node`] |
//! | what is written down of its life | [`recording`] |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[macro_use]
mod catalogue;

pub mod codec;
pub mod command;
pub mod config;
pub mod keyspace;
pub mod marks;
pub mod museum;
pub mod node;
pub mod persistence;
pub mod port;
pub mod rdb;
pub mod recording;
pub mod replication;
pub mod resp;
pub mod table;
pub mod value;

pub use config::Config;
pub use node::{Environment, Node};
