//! The front door: from the command line to nodes that run, and from their end to an exit status.

mod allocator;
mod cli;
mod clock;
mod cluster;
mod connection;
mod dial;
mod disk;
mod listen;
mod listeners;
mod log;
mod process;
mod reactor;
mod recorder;
#[cfg(test)]
mod scratch;
mod settings;
mod supervisor;
mod tasks;

use std::env;
use std::process::ExitCode;

use afterimage_core::port::{self, Level};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

use crate::cli::{Launch, Refusal, Request};
use crate::log::{Log, Speaker};

fn main() -> ExitCode {
    match cli::parse(arguments()) {
        Ok(Request::Version) => log::print(cli::VERSION_LINE),
        Ok(Request::Help) => log::print(cli::HELP.trim_end()),
        Ok(Request::Serve(launch)) => return serve(&launch),
        Err(Refusal(text)) => {
            log::complain(&text);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Without the program's name. Paths and values that are not UTF-8 are rare enough to be told so by their first use.
fn arguments() -> Vec<String> {
    env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

fn serve(launch: &Launch) -> ExitCode {
    let log = Log::new(settings::threshold(&launch.config), launch.config.logfile.clone());
    if let Err(error) = log.check() {
        eprintln!("Can't open the log file '{}': {error}", launch.config.logfile);
        return ExitCode::FAILURE;
    }
    let mut configs = cluster::configurations(launch);
    greet(&log);
    for line in process::make_room_for_clients(&mut configs) {
        log.line(Speaker::Starting, Level::Warning, line);
    }
    if let Some(line) = process::choose_pages(&launch.config) {
        log.line(Speaker::Starting, Level::Warning, line);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            log.line(Speaker::Starting, Level::Warning, format_args!("Can't start the event loop: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let _pid_file = cluster::write_pid_file(&launch.config, &log);
    let environment = process::environment(launch.config_file.clone());
    if launch.record.is_some() {
        recorder::rescue_on_panic();
    }
    match runtime.block_on(cluster::run(configs, &environment, launch.record.as_ref())) {
        Ok(port::ExitCode::Orderly) => ExitCode::SUCCESS,
        Ok(port::ExitCode::Failed) | Err(cluster::StartFailure) => ExitCode::FAILURE,
    }
}

/// One thread runs all tasks: nodes are borrowed, not sent.
fn runtime() -> std::io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_io().enable_time().build_local(LocalOptions::default())
}

fn greet(log: &Log) {
    let line = |level, text: &str| log.line(Speaker::Starting, level, text);
    let version = env!("CARGO_PKG_VERSION");
    line(Level::Warning, "oO0OoO0OoO0Oo Afterimage is starting oO0OoO0OoO0Oo");
    let pid = std::process::id();
    line(Level::Warning, &format!("Afterimage version={version}, bits=64, pid={pid}, just started"));
    if env::args_os().len() == 1 {
        let text = "Warning: no config file specified, using the default config. In order to specify a config file \
                    use afterimage-server /path/to/redis.conf";
        line(Level::Warning, text);
    } else {
        line(Level::Warning, "Configuration loaded");
    }
}
