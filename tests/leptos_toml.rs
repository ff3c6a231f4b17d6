//! `Leptos.toml` is what an installed site carries, `[package.metadata.leptos]` what it is built with: where both say
//! something they say the same, but for `env`, which is DEV while building and PROD once installed.
#![cfg(feature = "ssr")]

use std::path::Path;

fn table(file: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let whole: toml::Table = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
    let place = |name: &str, table: &toml::Table| table.get(name).and_then(toml::Value::as_table).cloned();
    place("package", &whole)
        .and_then(|package| place("metadata", &package))
        .and_then(|metadata| place("leptos", &metadata))
        .unwrap_or_else(|| panic!("{file} has no [package.metadata.leptos]"))
}

#[test]
fn both_files_agree() {
    let (built, installed) = (table("Cargo.toml"), table("Leptos.toml"));
    let mut shared = 0;
    for (key, value) in &installed {
        if key == "env" {
            continue;
        }
        let other = built.get(key).unwrap_or_else(|| panic!("{key} stands in Leptos.toml only"));
        assert_eq!(value, other, "{key} differs between Leptos.toml and Cargo.toml");
        shared += 1;
    }
    assert!(shared >= 5, "only {shared} keys compared");
}

#[test]
fn an_installed_site_does_not_reload_itself() {
    assert_eq!(table("Leptos.toml").get("env").and_then(toml::Value::as_str), Some("PROD"));
}
