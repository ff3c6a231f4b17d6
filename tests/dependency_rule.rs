//! Which room of the house may know which (DESIGN, section 1): the rules know nobody, the server does not know who
//! drives it, the screens reach the server only where they run on it. Comments do not count.
#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail loudly")]

use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file under a folder of `src` (and the file beside it of the same name), with its path from `src`.
fn files(room: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![source().join(room)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(source()).expect("under src").display().to_string();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    assert!(!found.is_empty(), "src/{room} is empty");
    found
}

/// The code of a file without line comments, as numbered lines.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default()))
}

/// Whether `line` names the path `wanted` as a whole: `crate::jobs`, not `crate::jobs_of`.
fn names(line: &str, wanted: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(wanted).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + wanted.len()..].chars().next();
        !before.is_some_and(part_of_a_name) && !after.is_some_and(part_of_a_name)
    })
}

fn assert_unknown(room: &str, forbidden: &[&str]) {
    let mut broken = Vec::new();
    for (name, text) in files(room) {
        for (n, line) in code(&text) {
            for wanted in forbidden {
                if names(line, wanted) {
                    broken.push(format!("src/{name}:{n} names {wanted}: {}", line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_rules_know_nobody() {
    let others = [
        "sqlx",
        "leptos",
        "axum",
        "tokio",
        "reqwest",
        "crate::server",
        "crate::app",
        "crate::jobs",
        "crate::cli",
        "crate::sandbox",
    ];
    assert_unknown("billing", &others);
}

#[test]
fn the_server_does_not_know_who_drives_it() {
    // What answers HTTP renders the screens and takes uploads; everything else of the server knows neither.
    assert_unknown("server", &["crate::cli"]);
    let mut broken = Vec::new();
    for (name, text) in files("server").into_iter().filter(|(name, _)| !name.starts_with("server/http")) {
        for (n, line) in code(&text) {
            if names(line, "crate::jobs") {
                broken.push(format!("src/{name}:{n} names crate::jobs: {}", line.trim()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_simulators_know_nothing_of_what_they_test() {
    // Clock and database-free helpers they share; the ledger, the gateways' clients and the screens they do not.
    let own = [
        "crate::server::ledger",
        "crate::server::work",
        "crate::server::access",
        "crate::app",
        "crate::jobs",
        "crate::cli",
        "sqlx",
    ];
    let mut broken = Vec::new();
    for (name, text) in files("sandbox").into_iter().filter(|(name, _)| !name.contains("test")) {
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        for (n, line) in code(&shipped) {
            for wanted in own {
                if names(line, wanted) {
                    broken.push(format!("src/{name}:{n} names {wanted}: {}", line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn screens_reach_the_server_only_where_they_run_on_it() {
    let broken: Vec<_> = files("app")
        .into_iter()
        .filter(|(_, text)| code(text).any(|(_, line)| names(line, "crate::server")))
        .filter(|(name, text)| !(text.contains("feature = \"ssr\"") || text.contains("#[server") || gated(name)))
        .map(|(name, _)| name)
        .collect();
    assert!(broken.is_empty(), "without #[server] or cfg(feature = \"ssr\"): {broken:?}");
}

/// Whether the module that declares a file does so under `cfg(feature = "ssr")`.
fn gated(name: &str) -> bool {
    let path = Path::new(name);
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    // `query_tests.rs` is a part of `query.rs`, and built where that is.
    let mut module = stem.strip_suffix("_tests").unwrap_or(stem).to_owned();
    let mut folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    if module == "mod" {
        module = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        folder.pop();
    }
    [folder.join("mod.rs"), folder.with_extension("rs")].iter().any(|parent| {
        let text = std::fs::read_to_string(source().join(parent)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.windows(2).any(|pair| {
            pair[0].contains("feature = \"ssr\"")
                && pair[1].trim().split(") ").last().unwrap_or_default().trim_start_matches("pub ")
                    == format!("mod {module};")
        })
    })
}

#[test]
fn names_are_whole() {
    assert!(names("use crate::jobs::worker;", "crate::jobs"));
    assert!(!names("use crate::jobs_of;", "crate::jobs"));
    assert!(!names("my_sqlx()", "sqlx"));
    assert_eq!(code("a // sqlx\nb").map(|(_, line)| line.trim()).collect::<Vec<_>>(), ["a", "b"]);
}
