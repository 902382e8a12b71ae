//! Which nodes run in this process, and how do they begin and end?

use std::fs;
use std::mem;
use std::path::Path;
use std::process;

use afterimage_core::Config;
use afterimage_core::config::Endpoint;
use afterimage_core::node::Environment;
use afterimage_core::port::{Event, ExitCode, Level, Signal};
use afterimage_core::recording::Start;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, spawn_local};

use crate::cli::Launch;
use crate::disk::{self, Disk};
use crate::listeners::Listeners;
use crate::log::{self, Log, Speaker};
use crate::reactor::{Reactor, Shared};
use crate::recorder::{Order, Recorder, rescue};
use crate::{listen, process as own_process, settings, tasks};

/// Why a node did not start, as it was logged.
pub(crate) struct StartFailure;

/// The configurations of the node and of the replicas beside it, the node first.
pub(crate) fn configurations(launch: &Launch) -> Vec<Config> {
    let master = &launch.config;
    let mut all = vec![master.clone()];
    for number in 1..=launch.replicas {
        let port = master.port + number;
        let mut replica = master.clone();
        replica.port = port;
        replica.unixsocket = None;
        replica.dir = Path::new(&master.dir).join(format!("replica-{port}")).display().to_string();
        replica.replicaof = Some(Endpoint { host: listen::local_host(&master.bind), port: master.port });
        if replica.masterauth.is_none() {
            replica.masterauth.clone_from(&master.requirepass);
        }
        all.push(replica);
    }
    all
}

/// A node with its tasks.
struct Running {
    node: Shared,
    /// Dropping them ends them.
    tasks: JoinSet<()>,
}

/// Runs all nodes until each has ended. One that failed makes the whole a failure.
pub(crate) async fn run(
    configs: Vec<Config>,
    environment: &Environment,
    record: Option<&Order>,
) -> Result<ExitCode, StartFailure> {
    let is_cluster = configs.len() > 1;
    let table = is_cluster.then(|| table(&configs));
    let mut running = Vec::new();
    for (index, config) in configs.into_iter().enumerate() {
        let mut log = Log::new(settings::threshold(&config), config.logfile.clone());
        if is_cluster {
            log = log.of_node(config.port);
            if index > 0 {
                create_directory(&config, &log)?;
            }
        }
        let mut environment = environment.clone();
        if index > 0 {
            // The file is about the first node.
            environment.config_file.clear();
        }
        let record = record.map(|order| if is_cluster { order.of_node(config.port) } else { order.clone() });
        running.push(start(config, environment, log, record.as_ref())?);
    }
    if let Some(table) = table {
        log::print(&table);
    }
    let nodes: Vec<Shared> = running.iter().map(|running| running.node.clone()).collect();
    spawn_local(pass_on(SignalKind::terminate(), Signal::Terminate, nodes.clone()));
    spawn_local(pass_on(SignalKind::interrupt(), Signal::Interrupt, nodes));
    // Without a handler SIGHUP would end the process; with one that nobody listens to it is ignored.
    let _hangup = signal(SignalKind::hangup());
    // Likewise, a file that may not grow further is a write that fails (`ulimit -f`), and not the end of the process.
    let _file_size = signal(SignalKind::from_raw(SIGXFSZ));
    let mut ends = JoinSet::new();
    for Running { node, tasks } in running {
        ends.spawn_local(async move {
            let code = tasks::end(node).await;
            // Nobody can connect any more, even if other nodes go on.
            drop(tasks);
            code
        });
    }
    let codes = ends.join_all().await;
    Ok(if codes.contains(&ExitCode::Failed) { ExitCode::Failed } else { ExitCode::Orderly })
}

/// Starts one node: sockets first, so that a port in use is known before anything is loaded.
fn start(
    mut config: Config,
    environment: Environment,
    log: Log,
    record: Option<&Order>,
) -> Result<Running, StartFailure> {
    let speaker = Speaker::Node(settings::first_role(&config));
    let fail = |text: String| {
        log.line(speaker, Level::Warning, text);
        StartFailure
    };
    let backlog = settings::backlog(&config);
    let listeners = Listeners::open(&config).map_err(|error| {
        let failure = fail(format!("Warning: {error}"));
        log.line(speaker, Level::Warning, format_args!("Failed listening on port {} (TCP), aborting.", config.port));
        failure
    })?;
    config.dir = disk::full_name(Path::new(&config.dir))
        .map_err(|error| fail(format!("Can't use the directory '{}': {error}", config.dir)))?;
    let (disk, answers) = Disk::start(&config.dir, &environment.config_file)
        .map_err(|error| fail(format!("Can't start the thread for files: {error}")))?;
    let seed = getrandom::u64().map_err(|error| fail(format!("The system has no random numbers: {error}")))?;

    log.line(speaker, Level::Notice, format_args!("Running mode=standalone, port={}.", config.port));
    log.line(speaker, Level::Notice, format_args!("PID: {}", process::id()));
    if let Some(warning) = listen::backlog_warning(backlog) {
        log.line(speaker, Level::Warning, warning);
    }
    log.line(speaker, Level::Notice, "Server initialized");
    let recorder = match record {
        Some(order) => {
            if Start::of(&config, &environment, seed).is_none() {
                return Err(fail("Can't record: the configuration cannot be written as a file".to_string()));
            }
            let recorder = Recorder::start(order, config.port)
                .map_err(|error| fail(format!("Can't record to '{}': {error}", order.file.display())))?;
            let text =
                format_args!("Recording all that happens, data and passwords included, to {}", order.file.display());
            log.line(speaker, Level::Warning, text);
            Some(recorder)
        }
        None => None,
    };
    let node = Reactor::start(config, environment, seed, recorder, listeners, disk, log);

    let mut tasks = JoinSet::new();
    tasks.spawn_local(tasks::flush(node.clone()));
    tasks.spawn_local(tasks::keep_time(node.clone()));
    tasks.spawn_local(tasks::work(node.clone()));
    tasks.spawn_local(tasks::hear_disk(node.clone(), answers));
    if recorder.is_some() {
        tasks.spawn_local(tasks::tend_recording(node.clone()));
    }
    node.borrow_mut().begin();
    Ok(Running { node, tasks })
}

/// A file has come to the size that the process is allowed: as numbered on Linux and the BSDs.
const SIGXFSZ: i32 = 25;

/// Passes `kind` on to all nodes as `told`. The second SIGINT ends the process at once, as in Redis.
async fn pass_on(kind: SignalKind, told: Signal, nodes: Vec<Shared>) {
    let mut stream = match signal(kind) {
        Ok(stream) => stream,
        Err(error) => {
            let text = format_args!("{told:?} signals cannot be handled: {error}");
            return nodes[0].borrow_mut().say(Level::Warning, text);
        }
    };
    let mut was_received = false;
    while stream.recv().await.is_some() {
        if told == Signal::Interrupt && mem::replace(&mut was_received, true) {
            nodes[0].borrow_mut().say(Level::Warning, "You insist... exiting now.");
            rescue();
            process::exit(1);
        }
        for node in &nodes {
            node.borrow_mut().handle(Event::Signal(told));
        }
    }
}

fn create_directory(config: &Config, log: &Log) -> Result<(), StartFailure> {
    fs::create_dir_all(&config.dir).map_err(|error| {
        let text = format_args!("Can't create the directory '{}': {error}", config.dir);
        log.line(Speaker::Starting, Level::Warning, text);
        StartFailure
    })
}

/// Where each node listens and how to talk to it.
fn table(configs: &[Config]) -> String {
    let mut text = String::from("\n  role      port   talk to it with        files in\n");
    for config in configs {
        let role = if config.replicaof.is_some() { "replica" } else { "master" };
        let cli = format!("redis-cli -p {}", config.port);
        text += &format!("  {role:<8}  {:<5}  {cli:<21}  {}\n", config.port, config.dir);
    }
    text
}

/// Writes the pid file that the configuration asks for. Failing to is worth a line and no more.
pub(crate) fn write_pid_file(config: &Config, log: &Log) -> Option<own_process::PidFile> {
    let path = config.pidfile.as_deref()?;
    match own_process::PidFile::write(path) {
        Ok(file) => Some(file),
        Err(error) => {
            log.line(Speaker::Starting, Level::Warning, format_args!("Failed to write PID file '{path}': {error}"));
            None
        }
    }
}
