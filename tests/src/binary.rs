//! Where are our own binaries?

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The path of our server, built once per test run in the profile and target directory of the running test.
///
/// Cargo builds binaries for the tests of their own package only, so that a plain `cargo test` of this package would find none, or
/// an old one. When all is fresh the nested build costs a fraction of a second.
///
/// # Panics
/// If the build fails; its output stands on standard error.
pub fn our_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("afterimage-server", &[]))
}

/// The path of our simulator, built in the same way.
///
/// # Panics
/// If the build fails; its output stands on standard error.
pub fn our_simulator() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("afterimage-sim", &[]))
}

/// The path of our simulator, built as `cargo sim` builds it: with mistakes that nodes can make on purpose.
///
/// # Panics
/// If the build fails; its output stands on standard error.
pub fn our_simulator_with_defects() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("afterimage-sim", &["--features", "museum,marks"]))
}

/// Builds a package of which the binary has the same name.
///
/// Each choice of features puts its binary into the same place: what is returned is another name for it, which stays.
fn build(package: &str, features: &[&str]) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let profile_dir = profile_dir();
    let target_dir = profile_dir.parent().expect("a profile's directory lies in the target directory");
    let folder = profile_dir.file_name().expect("a profile's directory has a name");
    let profile = if folder == "debug" { OsString::from("dev") } else { folder.to_owned() };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace()).args(["build", "--quiet", "--package", package, "--profile"]).arg(profile);
    cargo.arg("--target-dir").arg(target_dir).args(features);
    eprintln!("building what is tested: {cargo:?}");
    let status = cargo.status().expect("cargo can be run");
    assert!(status.success(), "{package} does not build: {status}");
    let built = profile_dir.join(package);
    let kept_dir = profile_dir.join("tested").join(if features.is_empty() { "plain" } else { "featured" });
    let kept = kept_dir.join(package);
    fs::create_dir_all(&kept_dir).expect("a directory can be made where cargo makes them");
    let _ = fs::remove_file(&kept);
    fs::hard_link(&built, &kept).expect("both names lie on one disk");
    kept
}

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

/// Tests run as `<target>/<profile>/deps/<name>`.
fn profile_dir() -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    let deps = test.parent().expect("a test lies in a directory");
    deps.parent().expect("that directory lies in the profile's").to_owned()
}
