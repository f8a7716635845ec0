//! `cargo xtask setup`: what the tests need and cargo does not bring.

use crate::shell::{self, Failure, cargo, has, say};
use std::process::Command;

/// Real Clojure, real Clojure sources, and git.
const DEBIAN_PACKAGES: [&str; 8] = [
    "clojure",
    "leiningen",
    "libcore-async-clojure",
    "libring-core-clojure",
    "libinstaparse-clojure",
    "libprismatic-schema-clojure",
    "libtools-reader-clojure",
    "git",
];

fn install_missing() -> Result<usize, Failure> {
    let mut done = 0;
    let missing: Vec<&str> =
        DEBIAN_PACKAGES.into_iter().filter(|package| !installed(package)).collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
        done += missing.len();
    }
    if !has("cargo", &["nextest", "--version"]) {
        say("cargo-nextest is missing: building it (a few minutes)");
        shell::run(cargo().args(["install", "--locked", "cargo-nextest"]))?;
        done += 1;
    }
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !has("cargo", &[probe, "--version"]) {
            say(&format!("{component} is missing"));
            shell::run(Command::new("rustup").args(["component", "add", component]))?;
            done += 1;
        }
    }
    Ok(done)
}

/// Installs what is missing and says so.
pub(crate) fn run() -> Result<(), Failure> {
    match install_missing()? {
        0 => say("setup: everything is there"),
        n => say(&format!("setup: {n} installed")),
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    let status = Command::new("dpkg-query").args(["-W", "-f=${Status}", package]).output();
    status.is_ok_and(|o| o.stdout.ends_with(b"install ok installed"))
}

fn install_packages(missing: &[&str]) -> Result<(), Failure> {
    let list = missing.join(" ");
    if !has("apt-get", &["--version"]) {
        return Err(Failure::new(format!(
            "these Debian packages are missing, and there is no apt-get to install them with: {list}\n\
             Install Clojure, Leiningen and the libraries by hand, or run this on Debian or Ubuntu."
        )));
    }
    say(&format!("missing Debian packages: {list}"));
    shell::run(apt_get()?.arg("update"))?;
    shell::run(apt_get()?.args(["install", "-y", "--no-install-recommends"]).args(missing))
}

/// `apt-get` as root, or through `sudo` where this is somebody else.
fn apt_get() -> Result<Command, Failure> {
    let is_root =
        Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0");
    let mut command = if is_root {
        Command::new("apt-get")
    } else if has("sudo", &["-V"]) {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    } else {
        return Err(Failure::new("installing packages needs root or sudo; run this as root once"));
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}
