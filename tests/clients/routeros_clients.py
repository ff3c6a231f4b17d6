#!/usr/bin/env python3
"""Proves the simulated router with a client that is not ours: librouteros, as published.

Usage: routeros_clients.py [HOST [PORT]]   (default 127.0.0.1 3928)
Needs: librouteros in the Python environment. Prints OK, or what went wrong and exits 1.
"""

import os
import sys
import time

import librouteros
from librouteros.exceptions import LibRouterosError, TrapError
from librouteros.query import Key

PATIENCE_S = 10


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def trapped(text, call):
    """The call must end in a trap whose message holds the text."""
    try:
        call()
    except TrapError as error:
        check(text in str(error), f"trap says {error}, not {text}")
        return
    raise AssertionError(f"no trap: {text}")


def until(what, find):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never happened: {what}")


def main():
    host = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 3928
    name = f"klien {os.getpid()} = ñ"
    trapped(
        "invalid user name or password",
        lambda: librouteros.connect(host=host, username="billing", password="salah", port=port, timeout=5, encoding="utf-8"),
    )
    api = librouteros.connect(host=host, username="billing", password="s3cret", port=port, timeout=30, encoding="utf-8")
    secrets, active = api.path("ppp", "secret"), api.path("ppp", "active")

    before = len(list(secrets))
    profiles = {row["name"] for row in api.path("ppp", "profile")}
    check({"default", "ISOLIR", "Home-10M", "Home-20M", "Home-50M", "Home-100M"} <= profiles, f"profiles {profiles}")
    version = next(iter(api.path("system", "resource")))["version"]
    check(version.startswith("7."), f"version {version}")

    row_id = secrets.add(name=name, password="rahasia", profile="Home-10M", service="pppoe", comment="a=b=c")
    try:
        key = Key("name")

        def row():
            found = list(secrets.select(Key(".id"), key, Key("profile"), Key("comment"), Key("disabled")).where(key == name))
            check(len(found) == 1 and found[0][".id"] == row_id, f"rows {found}")
            return found[0]

        def session(other_than=None):
            found = list(active.select(Key(".id"), key).where(key == name))
            return found[0][".id"] if found and found[0][".id"] != other_than else None

        check(row()["comment"] == "a=b=c", "comment came back changed")
        check(len(list(secrets)) == before + 1, "the list did not grow by one")
        trapped("already exists", lambda: secrets.add(name=name, password="x", profile="Home-10M"))
        trapped("does not match any value of profile", lambda: secrets.update(**{".id": row_id, "profile": "tidak ada"}))
        first = until("a session for the new account", session)
        secrets.update(**{".id": row_id, "profile": "ISOLIR"})
        check(row()["profile"] == "ISOLIR", "the profile was not set")
        active.remove(first)
        second = until("another session after the kick", lambda: session(other_than=first))
        secrets.update(**{".id": row_id, "disabled": True})
        check(row()["disabled"] is True, "not disabled")
        check(list(secrets.select(key).where(key == "tidak ada")) == [], "a row from nowhere")
        active.remove(second)
    finally:
        secrets.remove(row_id)
    check(len(list(secrets)) == before, "the account was not removed")
    api.close()
    print("OK")


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, LibRouterosError, OSError) as problem:
        print(f"FAILED: {problem!r}")
        sys.exit(1)
