#!/usr/bin/env python3
"""Counts cases per branch and status from the incident event log, independently of Amends.

usage: incident_counts.py FILE [--until T] [--location NAME ...] [--json]
       incident_counts.py FILE --cuts 1,25,50,90 [--json]

FILE is CSV, plain or gzip; - is standard input. Only the standard library is used, and nothing of Amends.

The rules:
  * Rows are taken in the file's order. Rows whose sys_updated_at lies after T (yyyy-mm-ddThh:mm, on the file's own
    clock) are left out as if they were not there, whatever else is wrong with them.
  * A row belongs to its incident's last known location; `?` or nothing keeps the one before; before any is known
    that is `unknown`.
  * Each stay of an incident at a location is a case. When the incident leaves, also from `unknown`, the case's status
    is `moved`; otherwise its status is the incident_state of the last row of the stay.
  * Rows with the same number, sys_mod_count, sys_updated_at and sys_updated_by are one fact; copies change nothing.
  * A row without one of these, or without a state, or with an impossible date, or of another width than the header,
    is rejected. What the importer checks besides (optional dates, counts and booleans) is not checked here.
  * --location keeps the counts of these locations; other rows are `elsewhere`. Rejected rows count as read, always.

--cuts prints, for each percentage, the earliest T up to which at least that share of the rows was updated, with the
number of those rows.
"""
import argparse
import collections
import csv
import datetime
import gzip
import io
import json
import re
import sys

UNKNOWN = "unknown"
IDENTITY = ("number", "sys_mod_count", "sys_updated_at", "sys_updated_by")
NEEDED = IDENTITY + ("incident_state", "location")
DATE = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}) (\d{1,2}):(\d{1,2})", re.ASCII)
LONE_SURROGATE = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is not UTF-8


class Rejected(Exception):
    """One row cannot be used."""


def open_text(path):
    raw = sys.stdin.buffer if path == "-" else open(path, "rb")
    buffered = io.BufferedReader(raw) if not isinstance(raw, io.BufferedReader) else raw
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        buffered = gzip.GzipFile(fileobj=buffered)
    return io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="surrogateescape", newline="")


def parse_minute(text):
    match = DATE.fullmatch(text)
    if not match:
        raise Rejected("date")
    day, _, month, year, hour, minute = match.groups()
    try:
        return datetime.datetime(int(year), int(month), int(day), int(hour), int(minute))
    except ValueError as error:
        raise Rejected("date") from error


def parse_row(cells, header, until):
    """The six values that matter, typed, a missing location being None; or None for a row after `until`."""
    if len(cells) != len(header):
        raise Rejected("width")
    if any(LONE_SURROGATE.search(cell) for cell in cells):
        raise Rejected("not UTF-8")
    row = {name: cells[header[name]] for name in NEEDED}
    row = {name: None if value in ("", "?") else value for name, value in row.items()}
    row["sys_updated_at"] = parse_minute(row["sys_updated_at"] or "")
    if until is not None and row["sys_updated_at"] > until:
        return None
    if any(value is None for name, value in row.items() if name != "location"):
        raise Rejected("missing value")
    if not re.fullmatch(r"[0-9]{1,18}", row["sys_mod_count"]):
        raise Rejected("version")
    row["sys_mod_count"] = int(row["sys_mod_count"])
    return row


def records(path, until=None):
    """Yields the rows up to `until`, and None for each rejected one."""
    csv.field_size_limit(1 << 20)
    reader = csv.reader(open_text(path), strict=True)
    names = next(reader, None)
    if names is None:
        sys.exit("The file is empty.")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        sys.exit("The file has no column " + ", ".join(missing) + ".")
    header = {name: place for place, name in enumerate(names)}
    if len(header) != len(names):
        sys.exit("The file has a column twice.")

    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None
            continue
        if not cells:
            continue
        try:
            row = parse_row(cells, header, until)
        except Rejected:
            yield None
            continue
        if row is not None:
            yield row


def count(rows, locations):
    stays = collections.defaultdict(list)  # number -> [[location, last state], ...]
    stay_of_fact = {}
    totals = collections.Counter(read=0, rejected=0, repeated=0, elsewhere=0)
    for row in rows:
        if row is None:
            totals["read"] += 1
            totals["rejected"] += 1
            continue
        fact = tuple(row[name] for name in IDENTITY)
        known = stays[row["number"]]
        repeated = fact in stay_of_fact
        if not repeated:
            location = row["location"] or (known[-1][0] if known else UNKNOWN)
            if not known or known[-1][0] != location:
                known.append([location, None])
            known[-1][1] = row["incident_state"]
            stay_of_fact[fact] = location
        if locations and stay_of_fact[fact] not in locations:
            totals["elsewhere"] += 1
        else:
            totals["read"] += 1
            totals["repeated"] += repeated
    cases = collections.Counter()
    for known in stays.values():
        for place, (location, state) in enumerate(known):
            if not locations or location in locations:
                cases[location, state if place + 1 == len(known) else "moved"] += 1
    return totals, cases


def cuts(rows, percentages):
    """(percentage, T, rows up to T), T being the earliest minute that reaches the share."""
    times = sorted(row["sys_updated_at"] for row in rows if row is not None)
    if not times:
        sys.exit("The file has no rows.")
    result = []
    for percentage in percentages:
        place = max(0, -int(-percentage * len(times) // 100) - 1)
        minute = times[min(place, len(times) - 1)]
        result.append((percentage, minute, sum(time <= minute for time in times), len(times)))
    return result


def percentage_list(text):
    values = [float(part) for part in text.split(",")]
    if not all(0 < value <= 100 for value in values):
        raise argparse.ArgumentTypeError("percentages lie above 0 and up to 100")
    return values


def iso_minute(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text, re.ASCII):
        raise argparse.ArgumentTypeError("a time is written yyyy-mm-ddThh:mm")
    return datetime.datetime.fromisoformat(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--until", type=iso_minute, metavar="T")
    parser.add_argument("--location", action="append", default=[], metavar="NAME")
    parser.add_argument("--cuts", type=percentage_list, metavar="P,P,...")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    if options.cuts:
        found = cuts(records(options.file), options.cuts)
        minutes = [(p, minute.isoformat(timespec="minutes"), rows, total) for p, minute, rows, total in found]
        if options.json:
            print(json.dumps([dict(percent=p, until=t, rows=rows, of=total) for p, t, rows, total in minutes]))
        else:
            for p, t, rows, total in minutes:
                print(f"{p:g}\t{t}\t{rows}\t{total}")
        return

    totals, cases = count(records(options.file, options.until), set(options.location))
    ordered = sorted(cases.items())
    if options.json:
        counts = [dict(branch=branch, status=status, cases=number) for (branch, status), number in ordered]
        print(json.dumps(dict(totals, cases=sum(cases.values()), counts=counts), ensure_ascii=False))
    else:
        for (branch, status), number in ordered:
            print(f"{branch}\t{status}\t{number}")
        print(" ".join(f"{name}={value}" for name, value in totals.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
