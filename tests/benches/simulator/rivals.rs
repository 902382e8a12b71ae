//! What do other simulators make of the same loads?
//!
//! They are programs of a package of their own (`tests/rivals/`), which the workspace does not depend on: each is built here, runs in
//! turn with ours, and says how many frames have arrived, and what that has cost.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// A simulator, and for how long each load lasts in it: some tenths of a second of CPU time.
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    program: &'static str,
    rustflags: &'static str,
    ping_pong_seconds: u32,
    stream_seconds: u32,
}

pub(crate) const RIVALS: &[Rival] = &[
    Rival { name: "turmoil", program: "on-turmoil", rustflags: "", ping_pong_seconds: 100, stream_seconds: 20 },
    Rival {
        name: "madsim",
        program: "on-madsim",
        rustflags: "--cfg madsim",
        ping_pong_seconds: 1000,
        stream_seconds: 200,
    },
];

impl Rival {
    /// Builds it, and tells where it is.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the package lies in the workspace")?;
        let target = root.join("target/rivals").join(self.name);
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--bin", self.program, "--target-dir"])
            .arg(&target)
            .arg("--manifest-path")
            .arg(root.join("tests/rivals/Cargo.toml"))
            .env("RUSTFLAGS", self.rustflags)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()
            .context("cargo does not run")?;
        ensure!(status.success(), "{} could not be built", self.name);
        Ok(target.join("release").join(self.program))
    }

    /// Frames per CPU second of ping-pong in one run.
    pub(crate) fn ping_pong(&self, program: &Path) -> Result<f64> {
        run(program, "ping-pong", self.ping_pong_seconds)
    }

    /// Frames per CPU second of the stream in one run.
    pub(crate) fn stream(&self, program: &Path) -> Result<f64> {
        run(program, "stream", self.stream_seconds)
    }
}

fn run(program: &Path, load: &str, seconds: u32) -> Result<f64> {
    let output = Command::new(program).args([load, &seconds.to_string()]).output().context("it does not run")?;
    ensure!(output.status.success(), "{load}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    let (frames, micros) = said.trim().split_once(' ').context("two numbers")?;
    let cpu = Duration::from_micros(micros.parse()?);
    Ok(frames.parse::<f64>()? / cpu.as_secs_f64())
}
