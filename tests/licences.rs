//! Everything that goes into the program is under a licence that lets an operator use it as they like: the tree of
//! normal and build dependencies with both features, for every platform, over `cargo metadata` (which fetches what this
//! machine has not built). An expression with OR needs one licence of the list, one with AND needs all.
#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail loudly")]

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand, PackageId};
use std::collections::{HashMap, HashSet};

const ALLOWED: [&str; 11] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "MPL-2.0",
    "OFL-1.1",
    "0BSD",
];

/// Permissive licences outside that list, each for the one crate that brings it; leptos cannot be used without them.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("xxhash-rust", "BSL-1.0", "hashes the names of server functions (server_fn); Boost asks for nothing in binaries"),
    ("base16", "CC0-1.0", "public domain, and only inside a macro of leptos at compile time"),
];

/// Whether an SPDX expression can be met by [`ALLOWED`] alone; an error where it is not one. `/` is the old OR.
fn allowed(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = either(&words, &mut at)?;
    if at == words.len() { Ok(met) } else { Err(format!("{expression:?}: {:?} is one word too many", words[at])) }
}

/// a OR b …
fn either(words: &[&str], at: &mut usize) -> Result<bool, String> {
    let mut met = both(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= both(words, at)?;
    }
    Ok(met)
}

/// a AND b …: binds more tightly than OR.
fn both(words: &[&str], at: &mut usize) -> Result<bool, String> {
    let mut met = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at)?;
    }
    Ok(met)
}

/// A licence, `licence WITH exception` (an exception only allows more), or an expression in parentheses.
fn one(words: &[&str], at: &mut usize) -> Result<bool, String> {
    let word = *words.get(*at).ok_or("the expression ends too early")?;
    *at += 1;
    if word == "(" {
        let met = either(words, at)?;
        if words.get(*at) != Some(&")") {
            return Err("a parenthesis is not closed".to_owned());
        }
        *at += 1;
        return Ok(met);
    }
    if matches!(word, ")" | "OR" | "AND" | "WITH") {
        return Err(format!("{word} where a licence should stand"));
    }
    if words.get(*at) == Some(&"WITH") {
        *at += 2;
        if *at > words.len() {
            return Err("WITH without an exception".to_owned());
        }
    }
    Ok(ALLOWED.contains(&word))
}

/// Everything reachable from the crate itself over kinds of dependencies that pass.
fn reachable(start: &[(DependencyKind, bool)]) -> Vec<(String, Option<String>)> {
    let metadata = MetadataCommand::new()
        .manifest_path(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .features(CargoOpt::SomeFeatures(vec!["ssr".to_owned(), "hydrate".to_owned()]))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .expect("cargo metadata");
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let root = resolve.root.as_ref().expect("a root package");
    let nodes: HashMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let takes = |kind: DependencyKind, at_root: bool| {
        matches!(kind, DependencyKind::Normal | DependencyKind::Build) || (at_root && start.contains(&(kind, true)))
    };
    let mut seen: HashSet<&PackageId> = HashSet::from([root]);
    let mut next = vec![root];
    while let Some(id) = next.pop() {
        for dependency in &nodes[id].deps {
            if dependency.dep_kinds.iter().any(|kind| takes(kind.kind, id == root)) && seen.insert(&dependency.pkg) {
                next.push(&dependency.pkg);
            }
        }
    }
    seen.remove(root);
    seen.into_iter()
        .map(|id| {
            let package = &metadata[id];
            (format!("{} {}", package.name, package.version), package.license.clone())
        })
        .collect()
}

fn is_exception(package: &str, licence: Option<&str>) -> bool {
    EXCEPTIONS.iter().any(|(name, its, _)| package.split([' ', '@']).next() == Some(*name) && licence == Some(*its))
}

fn assert_allowed(packages: Vec<(String, Option<String>)>) {
    let mut wrong: Vec<String> = packages
        .into_iter()
        .filter_map(|(package, licence)| match licence.as_deref().map(allowed) {
            None => Some(format!("{package}: no licence named")),
            Some(Ok(true)) => None,
            Some(Ok(false)) if is_exception(&package, licence.as_deref()) => None,
            Some(Ok(false)) => Some(format!("{package}: {}", licence.unwrap_or_default())),
            Some(Err(error)) => Some(format!("{package}: {error}")),
        })
        .collect();
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_shipped_is_under_an_allowed_licence() {
    let packages = reachable(&[]);
    assert!(packages.len() > 100, "only {} packages found", packages.len());
    assert_allowed(packages);
}

#[test]
fn what_only_tests_use_is_too() {
    assert_allowed(reachable(&[(DependencyKind::Development, true)]));
}

#[test]
fn expressions_are_understood() {
    for yes in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(MIT OR GPL-2.0-only) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
        "MIT AND BSD-3-Clause OR GPL-3.0-only",
    ] {
        assert_eq!(allowed(yes), Ok(true), "{yes}");
    }
    for no in [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "(MIT OR ISC) AND AGPL-3.0-only",
    ] {
        assert_eq!(allowed(no), Ok(false), "{no}");
    }
    for nonsense in ["", "MIT OR", "(MIT", "MIT ISC", "AND MIT", "MIT WITH", ")"] {
        assert!(allowed(nonsense).is_err(), "{nonsense}");
    }
}
