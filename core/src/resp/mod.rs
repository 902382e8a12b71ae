//! RESP, the Redis serialization protocol: requests in, replies out.

mod args;
mod encode;
mod output;
mod push;
mod reply;
mod request;

pub use args::Args;
pub use encode::{push_array, push_bulk, push_command, push_select};
pub use output::{Mark, Output};
pub use push::Push;
pub use reply::{Proto, Reply};
pub use request::{Parsed, ProtocolError, RequestLimits, RequestParser};
