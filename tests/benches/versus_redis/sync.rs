//! How long does a full synchronisation take, within each system and across?

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cores::{Cores, Job};
use crate::median;
use crate::server::{Programs, Server, System};

/// Bytes of each value.
pub(crate) const VALUE_BYTES: u32 = 100;

/// Times of full synchronisations in seconds, the median of the rounds; named `<master>_to_<replica>`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Times {
    pub(crate) keys: u64,
    pub(crate) ours_to_ours_s: f64,
    pub(crate) redis_to_redis_s: f64,
    pub(crate) ours_to_redis_s: f64,
    pub(crate) redis_to_ours_s: f64,
}

/// How many synchronisations [`measure`] makes.
pub(crate) fn steps(rounds: u16) -> u64 {
    (System::BOTH.len() * System::BOTH.len()) as u64 * u64::from(rounds)
}

/// Attaches fresh replicas to masters, by turns. Nothing is pinned: Redis forks, and its child needs a processor of
/// its own.
pub(crate) fn measure(programs: &Programs, rounds: u16, is_quick: bool, progress: &ProgressBar) -> Result<Times> {
    let keys = if is_quick { 200_000 } else { 1_000_000 };
    let cores = Cores::unpinned();
    let ours = filled(programs, System::Afterimage, &cores, keys)?;
    let redis = filled(programs, System::Redis, &cores, keys)?;
    let kinds = [
        (&ours, System::Afterimage, "Afterimage to Afterimage"),
        (&redis, System::Redis, "Redis to Redis"),
        (&ours, System::Redis, "Afterimage to Redis"),
        (&redis, System::Afterimage, "Redis to Afterimage"),
    ];
    let mut times_s = [const { Vec::new() }; 4];
    for _ in 0..rounds {
        for ((master, system, name), times_s) in kinds.iter().zip(&mut times_s) {
            progress.set_message(format!("full synchronisation, {name}"));
            let replica = Server::start(programs, *system, &cores, Job::Replica)?;
            times_s.push(replica.follow(master).context(*name)?.as_secs_f64());
            progress.inc(1);
        }
    }
    let [ours_to_ours_s, redis_to_redis_s, ours_to_redis_s, redis_to_ours_s] =
        times_s.map(|times_s| median(times_s.into_iter()));
    Ok(Times { keys, ours_to_ours_s, redis_to_redis_s, ours_to_redis_s, redis_to_ours_s })
}

fn filled(programs: &Programs, system: System, cores: &Cores, keys: u64) -> Result<Server> {
    let server = Server::start(programs, system, cores, Job::Server)?;
    let mut client = server.client()?;
    client.call(&format!("DEBUG POPULATE {keys} key {VALUE_BYTES}"))?;
    let found = client.key_count()?;
    ensure!(found == keys, "{} has {found} keys after DEBUG POPULATE {keys}", system.name());
    Ok(server)
}
