#!/usr/bin/env python3
"""Proves the import with files that are not ours: XLSX written by openpyxl, as published.

A thousand rows of what people really keep in such sheets. Every bad row must be named with row, column, value and what
to do, every good one must be in, and the same file again must change nothing.

Usage: spreadsheet_import.py [ignored…]   (KIMONET_BINARY: the program, default target/debug/kimonet)
Needs: openpyxl in the Python environment. Prints OK, or what went wrong and exits 1.
"""

import datetime
import json
import os
import subprocess
import sys
import tempfile

import openpyxl

BINARY = os.path.abspath(os.environ.get("KIMONET_BINARY", "target/debug/kimonet"))
HEAD = [
    "Nama Pelanggan", "nomor_layanan", "telepon", "PAKET", "tanggal_pasang", "tanggal_tempo", "dibayar_sampai", "tunggakan",
    "saldo", "diskon", "alamat",
]
ROWS = 1_000


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class World:
    """A data folder with key, schema and two packages."""

    def __init__(self, folder):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KIMONET_")}
        self.env = {**kept, "KIMONET_DATA": folder, "DATABASE_URL": f"sqlite:{folder}/kimonet.db", "KIMONET_LOG": "error"}
        self.run("key:generate")
        self.run("db:migrate")
        for name, price in (("Home 20M", "300000"), ("Home 50M", "450000")):
            self.run("package:add", "--name", name, "--price", price, "--profile", name)

    def run(self, *args, code=0):
        done = subprocess.run([BINARY, "--json", *args], env=self.env, capture_output=True, text=True, timeout=300, check=False)
        check(done.returncode == code, f"{args}: exit {done.returncode}, not {code}\n{done.stderr}\n{done.stdout}")
        return json.loads(done.stdout)

    def load(self, path):
        return self.run("customer:import", path, "--date", "2026-01-15")


def good(n):
    """A row that is right, in one of the forms that sheets have."""
    phone = [f"0812-{3_000 + n // 10:04}-{n:04}", f"+62 812 {30_000_000 + n}", 81_230_000_000 + n, f"62 812 {40_000_000 + n}"][n % 4]
    day = [datetime.date(2024, 1 + n % 12, 1 + n % 28), f"{1 + n % 28:02}/{1 + n % 12:02}/2024", f"2024-{1 + n % 12:02}-{1 + n % 28:02}", None][n % 4]
    return {
        "nama": f"Pelanggan {n}", "nomor": f"P{n:05}", "telepon": phone, "paket": "Home 20M" if n % 3 else "home 50m",
        "pasang": day, "tempo": [31, "31", 5, None][n % 4], "sampai": ["2025-12", datetime.date(2025, 12, 1)][n % 2],
        "tunggakan": 150_000 if n % 50 == 1 else None, "saldo": "Rp 25.000" if n % 50 == 2 else None,
        "diskon": "10%" if n % 40 == 3 else None, "alamat": f"Jl. Melati No. {n}, RT 0{n % 9}" if n % 5 else None,
    }


# Which rows are spoilt, how, and which column must be named.
FAULTS = [
    ("nama", None, "nama_pelanggan"),
    ("telepon", "8.12E+10", "telepon"),
    ("telepon", "0812-34", "telepon"),
    ("telepon", None, "telepon"),
    ("paket", "Home 999M", "paket"),
    ("tempo", 32, "tanggal_tempo"),
    ("pasang", "31/02/2025", "tanggal_pasang"),
    ("tunggakan", -5, "tunggakan"),
    ("saldo", 1.5, "saldo"),
    ("sampai", "Desember", "dibayar_sampai"),
]


def thousand(path):
    """Writes the file; the rows and columns that must be named, and the opening amounts."""
    book = openpyxl.Workbook(write_only=False)
    sheet = book.active
    sheet.append(HEAD)
    expected, arrears, credit = {}, 0, 0
    for n in range(ROWS):
        row, at = good(n), n + 2
        if n % 25 == 24:
            field, value, column = FAULTS[(n // 25) % len(FAULTS)]
            row[field] = value
            expected[at] = column
        elif n % 100 == 10:
            row = {**good(n), "nomor": f"P{n - 1:05}"}
            expected[at] = "nomor_layanan"
        else:
            arrears += row["tunggakan"] or 0
            credit += 25_000 if row["saldo"] else 0
        sheet.append([row[key] for key in ("nama", "nomor", "telepon", "paket", "pasang", "tempo", "sampai", "tunggakan", "saldo", "diskon", "alamat")])
    book.save(path)
    return expected, arrears, credit


def a_thousand_rows(world, folder):
    path = os.path.join(folder, "pelanggan.xlsx")
    expected, arrears, credit = thousand(path)
    check(len(expected) == ROWS // 25 + ROWS // 100, f"{len(expected)} spoilt rows")
    report = world.load(path)
    named = {bad["row"]: bad["column"] for bad in report["rejected"]}
    check(named == expected, f"named {sorted(named.items() ^ expected.items())}")
    for bad in report["rejected"]:
        check(set(bad) == {"row", "column", "value", "problem"} and len(bad["problem"]) > 10, f"{bad} says what to do")
    check(report["rows"] == ROWS and report["imported"] == ROWS - len(expected) and report["updated"] == 0, f"{report}")
    check(report["opening"] == {"arrears": arrears, "credit": credit}, f"opening {report['opening']}, not {arrears}, {credit}")

    again = world.load(path)
    check((again["imported"], again["updated"]) == (0, 0), "the second import changes nothing")
    check(again["opening"] == {"arrears": 0, "credit": 0}, f"opening again: {again['opening']}")
    check({bad["row"] for bad in again["rejected"]} == set(expected), "the same rows are named again")
    books = world.run("verify")
    check(books["customers"] == ROWS - len(expected) and books["differences"] == [], f"{books}")
    opened = world.run("invoice:list")["invoices"]
    check(sum(bill["total"] for bill in opened) == arrears, "only the opening arrears were billed")
    check(world.run("balance", "--service-number", "P00002")["credit"] == 25_000, "opening credit is Saldo")


def what_we_export(world, folder):
    """openpyxl reads what Kimonet writes, and phone numbers keep their digits."""
    path = os.path.join(folder, "keluar.xlsx")
    rows = world.run("customer:export", path)["rows"]
    sheet = openpyxl.load_workbook(path, read_only=True).active
    values = list(sheet.iter_rows(values_only=True))
    head = [str(name).rstrip("*") for name in values[0]]
    check(len(values) == rows + 1, f"{len(values)} lines for {rows} rows")
    phones = [row[head.index("telepon")] for row in values[1:]]
    check(all(isinstance(phone, str) and phone.strip("+").isdigit() for phone in phones), f"phones {phones[:3]}")


def files_that_are_no_list(world, folder):
    path = os.path.join(folder, "salah.xlsx")
    openpyxl.Workbook().save(path)
    said = world.run("customer:import", path, code=1)
    check("error" in said, f"an empty sheet: {said}")
    with open(path, "wb") as file:
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
    check("bukan berkas Excel" in world.run("customer:import", path, code=1)["error"], "a renamed PDF")
    with open(path, "wb") as file:
        file.write(b"PK\x03\x04" + os.urandom(20 * 1024 * 1024))
    check("10 MB" in world.run("customer:import", path, code=1)["error"], "a file of 20 MB")


def main():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        files_that_are_no_list(world, folder)
        a_thousand_rows(world, folder)
        what_we_export(world, folder)
    print("OK")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
