"""The incident log, imported at its branches and synced to headquarters, against an independent count."""
import concurrent.futures
import collections
import csv
import gzip
import io

from proofs import incidents
from proofs.harness import Hub, Replica, expect, expect_agreement, expect_equal, oracle_counts, oracle_cuts

CLAIM = "whole-log"
ABOUT = "The incident log, imported at its branches up to each of many times, gives headquarters the oracle's counts."

CUTS = (1, 10, 25, 40, 50, 60, 75, 90, 95, 100)
SHORT_CUTS = (1, 25, 50, 90)
# Cuts at which the log is rich enough that few statuses would mean something was dropped.
RICH_CUTS = (1, 25, 50, 90)
SHORT_LOCATIONS = 8
UNKNOWN = "unknown"


def prove(proof):
    file = proof.log_file()
    is_real = file is not None
    proof.figures["source"] = "the development log" if is_real else "generated: the development log is not here"
    if not is_real:
        file = incidents.write(proof.path("log.csv"), incidents.rows(proof.seed, 900))
    locations, rows = locations_of(file)
    if not proof.full:
        locations = sorted(locations[:SHORT_LOCATIONS] + [UNKNOWN])
    percentages = CUTS if proof.full else SHORT_CUTS
    cuts = oracle_cuts(file, percentages)

    hub = Hub(proof, chain="Incident log").start()
    headquarters = Replica(proof, "Headquarters").join(hub.url, hub.branch_code("Headquarters", headquarters=True))
    branches = {location: Replica(proof, location).join(hub.url, hub.branch_code(location)) for location in locations}
    proof.figures.update(branches=len(branches), rowsInFile=rows, statuses={})

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for percentage in percentages:
            until = cuts[percentage]
            imported = list(pool.map(lambda name: import_and_sync(branches[name], name, file, until), locations))
            proof.figures["rowsImported"] = proof.figures.get("rowsImported", 0) + sum(imported)
            headquarters.sync()
            wanted, totals = oracle_counts(file, until, [] if proof.full else locations)
            expect_equal(differences(hub.report(), wanted), {}, f"at {percentage} % the hub's report (found, wanted)")
            held = collections.Counter()
            for status, count in headquarters.rows("SELECT status, count(*) FROM recovery_case GROUP BY 1"):
                held[status] += count
            by_status = collections.Counter()
            for (_, status), count in wanted.items():
                by_status[status] += count
            expect_equal(held, by_status, f"at {percentage} % the cases at headquarters by status")
            proof.figures["statuses"][f"{percentage:g}"] = len(by_status)
            if is_real and percentage in RICH_CUTS:
                expect(len(by_status) >= 5, f"at {percentage} % there are only {len(by_status)} statuses")
            proof.figures["cases"] = sum(wanted.values())
            proof.round()
        if proof.full:
            expect_equal(proof.figures["rowsImported"], rows, "rows imported in all")

        list(pool.map(lambda replica: replica.sync(), branches.values()))
        everybody = [headquarters, *branches.values()]
        list(pool.map(Replica.verify, everybody))
        list(pool.map(lambda replica: replica.run("diff", replica.file, headquarters.file), branches.values()))
    headquarters.run("diff", headquarters.file, hub.url)
    proof.figures["verified"] = len(everybody)
    expect_agreement(everybody, proof)


def import_and_sync(branch, location, file, until):
    found = branch.run("import", "incident-log", file, "--location", location, "--until", until, "--json", timeout=600).json
    expect_equal(
        found["read"], found["imported"] + found["unchanged"] + found["rejected"], f"{location}: the rows read, counted up")
    branch.sync(timeout=600)
    return found["imported"]


def differences(found, wanted):
    return {key: (found.get(key), wanted.get(key)) for key in {*found, *wanted} if found.get(key) != wanted.get(key)}


def locations_of(file):
    """The locations, those with most rows first and `unknown` left for last, and the number of rows."""
    opened = gzip.open(file, "rb") if file.suffix == ".gz" else open(file, "rb")
    counts = collections.Counter()
    rows = 0
    with opened:
        for row in csv.DictReader(io.TextIOWrapper(opened, encoding="utf-8-sig", newline="")):
            rows += 1
            if row["location"] not in ("", "?"):
                counts[row["location"]] += 1
    return [location for location, _ in counts.most_common()] + [UNKNOWN], rows
