//! `kfleet generate`: a run that has nothing to do, and a cold one of 50 addons with 5,000 objects from a server on
//! loopback, against downloading the same files and writing the same results plainly.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench makes files, starts the program and prints what it measured"
)]

mod support;

use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{median, timed};

const ROUNDS: usize = 11;

/// `count` objects of about 1 kB, for one addon.
fn mk_release(addon: usize, count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-{n}\n  namespace: addon-{addon}\ndata:\n"
        );
        for line in 0..16 {
            let _ = writeln!(text, "  key-{line}: value of number {line} in the configuration {n} # why");
        }
    }
    text
}

fn mk_fleet(folder: &Path, addons: usize, source: impl Fn(usize) -> String) {
    let mut text = "apiVersion: kfleet.dev/v1alpha1\nkind: Fleet\naddons:\n".to_owned();
    for addon in 0..addons {
        let _ = write!(text, "  addon-{addon}:\n    sources: [{{{}}}]\n", source(addon));
    }
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("fleet.yaml"), text).expect("written");
}

fn generate(folder: &Path, home: &Path) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    timed(command.args(["generate", "-q"]).current_dir(folder).env_clear().env("HOME", home)).0
}

/// Serves texts by their paths, until the program ends.
fn serve(files: BTreeMap<String, String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let files = Arc::new(files);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let files = Arc::clone(&files);
            std::thread::spawn(move || answer(client, &files));
        }
    });
    address
}

fn answer(mut client: TcpStream, files: &BTreeMap<String, String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let text = &files[first.split(' ').nth(1).unwrap_or_default()];
    write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
}

fn download(address: &str, path: &str) -> Vec<u8> {
    let mut server = TcpStream::connect(address).expect("connected");
    write!(server, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("asked");
    let mut bytes = Vec::new();
    server.read_to_end(&mut bytes).expect("answered");
    bytes
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(path).expect("readable") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                found.push((path.strip_prefix(folder).expect("below").to_owned(), fs::read(&path).expect("readable")));
            }
        }
    }
    found
}

fn main() {
    let temp = tempfile::tempdir().expect("folder");
    let (home, small) = (temp.path().join("home"), temp.path().join("small"));
    fs::create_dir(&home).expect("made");
    mk_fleet(&small, 8, |addon| format!("path: releases/{addon}.yaml"));
    fs::create_dir(small.join("releases")).expect("made");
    for addon in 0..8 {
        fs::write(small.join(format!("releases/{addon}.yaml")), mk_release(addon, 32)).expect("written");
    }
    generate(&small, &home);
    let mut again: Vec<Duration> = (0..ROUNDS).map(|_| generate(&small, &home)).collect();
    let (again, spread) = median(&mut again);
    println!(
        "generate, 8 addons with 256 objects, nothing to do: {again:.1} ms (target: below 50; slowest/fastest {spread:.1})"
    );

    let releases = (0..50).map(|addon| (format!("/{addon}.yaml"), mk_release(addon, 100))).collect();
    let address = serve(releases);
    let (mut cold, mut plain) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let folder = temp.path().join(format!("cold-{round}"));
        let own_home = temp.path().join(format!("home-{round}"));
        mk_fleet(&folder, 50, |addon| format!("url: \"http://{address}/{addon}.yaml\""));
        fs::create_dir(&own_home).expect("made");
        cold.push(generate(&folder, &own_home));
        let results = files(&folder.join("config"));
        assert!(results.len() > 5_000);
        let start = Instant::now();
        let folder = temp.path().join(format!("plain-{round}"));
        (0..50).into_par_iter().for_each(|addon| drop(download(&address, &format!("/{addon}.yaml"))));
        results.par_iter().for_each(|(path, bytes)| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, bytes).expect("written");
        });
        plain.push(start.elapsed());
    }
    let ((cold, cold_spread), (plain, plain_spread)) = (median(&mut cold), median(&mut plain));
    println!(
        "generate, 50 addons with 5,000 objects, cold: {cold:.0} ms against {plain:.0} ms for downloading and writing plainly: \
         {:.2} times (slowest/fastest {cold_spread:.1} and {plain_spread:.1})",
        cold / plain
    );
}
