"""A log is imported twice, saved again by another program, doubled, cut short and made longer."""
import csv
import gzip
import io
import re

from proofs import incidents
from proofs.harness import FAILED, Company, Replica, expect, expect_agreement, expect_equal, oracle_counts

CLAIM = "import-idempotent"
ABOUT = "A second import adds nothing, however it was saved; pieces, and rows in any order, come to the same; memory stays flat."

# Caches of a named size fill up at first; beyond them nothing but the allocator's gaps may grow.
MEMORY_ALLOWANCE = 12 << 20


def prove(proof):
    company = Company(proof, machines=2)
    ana, boris = company.machines
    for number in range(4 if proof.full else 1):
        rows = log_rows(proof, number)
        original = incidents.write(proof.path("log.csv"), rows)
        wanted, _ = oracle_counts(original)
        total = len(rows)

        dry = imported(ana, original, "--dry-run")
        first = imported(ana, original)
        expect_equal(dry, first, "what a dry run says, against the import")
        expect_equal((first["imported"], first["rejected"]), (total, 0), "imported and rejected of a good file")
        before = ana.status()["scopes"]
        for name, file in saved_again(proof, rows, original):
            found = imported(ana, file)
            expect_equal((found["imported"], found["rejected"]), (0, 0), f"imported and rejected, {name}")
            expect_equal(ana.status()["scopes"], before, f"where the replica stands after importing again, {name}")
            proof.count("importedAgain")
        by_standard_input(ana, original, total)
        expect_equal(ana.counts(), by_status(wanted, ana, number), "cases by status after all of it")
        proof.round()

    doubled_and_cut(proof, boris)
    late_rows(proof, company)
    increments(proof)
    # The other machine imports what the first one did: one case, one fact, whoever tells it.
    imported(boris, original)
    company.settle()
    expect_agreement(company.replicas, proof)
    expect_equal(imported(boris, original)["imported"], 0, "imported at the other machine after syncing")
    memory(proof)


def log_rows(proof, number):
    return incidents.rows(proof.seed * 100 + number, 80, start=incidents.datetime.datetime(2024 + number, 2, 28))


def by_status(wanted, replica, number):
    if number:
        return replica.counts()  # several logs in one file: counted for the first
    found = {}
    for (_, status), count in wanted.items():
        found[status] = found.get(status, 0) + count
    return found


def imported(replica, file, *more, **options):
    found = replica.run("import", "incident-log", file, "--json", *more, **options).json
    expect_equal(found["read"], found["imported"] + found["unchanged"] + found["rejected"], f"rows read of {file}")
    return found


def saved_again(proof, rows, original):
    """The same rows as other programs would save them."""
    yield "the same file", original
    yield "every cell quoted", incidents.write(proof.path("quoted.csv"), rows, quoting=csv.QUOTE_ALL)
    yield "CRLF", incidents.write(proof.path("crlf.csv"), rows, line_end="\r\n")

    def padded(text):
        return re.sub(r"(\d+)/(\d+)/(\d{4}) ", lambda m: f"{int(m[1]):02}/{int(m[2]):02}/{m[3]} ", text)

    yield "dates padded", incidents.write(
        proof.path("padded.csv"),
        [{name: padded(value) if name.endswith("_at") else value for name, value in row.items()} for row in rows])
    booleans = {"true": "TRUE", "false": "No"}
    yield "booleans spelled otherwise", incidents.write(
        proof.path("booleans.csv"),
        [{name: booleans.get(value, value) for name, value in row.items()} for row in rows])
    marked = proof.path("marked.csv")
    marked.write_bytes(b"\xef\xbb\xbf" + original.read_bytes())
    yield "a byte-order mark", marked
    packed = proof.path("packed.csv.gz")
    packed.write_bytes(gzip.compress(original.read_bytes()))
    yield "gzip", packed
    shuffled = proof.path("columns.csv")
    order = proof.random.sample(incidents.COLUMNS, len(incidents.COLUMNS))
    out = io.StringIO()
    writer = csv.DictWriter(out, order, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    shuffled.write_text(out.getvalue(), encoding="utf-8", newline="")
    yield "columns in another order", shuffled


def by_standard_input(replica, original, total):
    found = imported(replica, "-", input=original.read_bytes())
    expect_equal((found["read"], found["imported"]), (total, 0), "standard input")


def doubled_and_cut(proof, replica):
    """Exact duplicates are unchanged; of a file that is cut short all before the cut is imported, and it fails."""
    rows = incidents.rows(proof.seed * 100 + 77, 30, start=incidents.datetime.datetime(2020, 1, 1))
    for row in rows:
        row["number"] = "DUP" + row["number"][3:]
    doubled = [row for row in rows for _ in range(proof.random.randint(1, 3))]
    found = imported(replica, incidents.write(proof.path("doubled.csv"), doubled))
    expect_equal(
        (found["read"], found["imported"], found["unchanged"]), (len(doubled), len(rows), len(doubled) - len(rows)),
        "read, imported, unchanged of a file with duplicates")

    rows = incidents.rows(proof.seed * 100 + 78, 30, start=incidents.datetime.datetime(2021, 1, 1))
    for row in rows:
        row["number"] = "CUT" + row["number"][3:]
    whole = incidents.text(rows, quoting=csv.QUOTE_ALL).encode()
    place = whole.index(b"Category", len(whole) * 2 // 3)
    cut = proof.path("cut.csv")
    cut.write_bytes(whole[: place + 4])
    complete = whole[: place].count(b"\n") - 1
    for rehearsal in (["--dry-run"], []):
        found = imported(replica, cut, *rehearsal, statuses=(FAILED,))
        expect_equal((found["imported"], found["rejected"]), (complete, 1), "imported and rejected of a cut file")
        expect_equal(found["complete"], False, "complete, of a cut file")
    ended = replica.run("import", "incident-log", cut, statuses=(FAILED,))
    expect(f"line {complete + 2}" in ended.err, lambda: f"the rejected line {complete + 2} is not named: {ended.said()}")
    expect("cut short" in ended.err, lambda: f"it does not say that the file is cut short: {ended.said()}")

    packed = proof.path("cut.csv.gz")
    packed.write_bytes(gzip.compress(whole)[:-8])  # all rows are there, only the end that vouches for them is not
    found = imported(replica, packed, statuses=(FAILED,))
    expect_equal(
        (found["imported"], found["unchanged"], found["rejected"], found["complete"]),
        (len(rows) - complete, complete, 0, False), "what is counted of a cut gzip file")
    found = imported(replica, incidents.write(proof.path("whole.csv"), rows))
    expect_equal(
        (found["imported"], found["unchanged"], found["rejected"], found["complete"]), (0, len(rows), 0, True),
        "what is counted once the file is whole")
    proof.round()


def late_rows(proof, company):
    """In whatever order the rows of incidents that stay at their place come, cases stand as their latest rows say."""
    rows = incidents.rows(proof.seed * 100 + 79, 60)
    for row in rows:
        row.update(location="Location 1", number="LATE" + row["number"][3:])

    def cases(name, *files):
        replica = Replica(proof, name)
        replica.run("init", "--replica", replica.file, "--name", "Kemang")
        late = sum(
            imported(replica, incidents.write(proof.path("late.csv"), file))["late"] for file in files)
        return late, replica.rows(
            "SELECT number, status, title, category, severity, assignee, team FROM recovery_case ORDER BY number")

    late, wanted = cases("In order", rows)
    expect_equal(late, 0, "rows that are late in a log in its order")
    some = [row for row in rows if proof.random.random() < 0.5]
    scattered = [[] for _ in range(5)]
    for row in rows:
        proof.random.choice(scattered).append(row)
    for name, files in (("Repaired", [some, rows]), ("Backwards", [rows[::-1]]), ("Scattered", scattered)):
        late, found = cases(name, *files)
        expect_equal(found, wanted, f"cases of a log that is imported otherwise: {name}")
        expect(late > 0, f"no row was late: {name}")
        proof.count("lateRows", late)

    for machine, file in zip(company.machines, (some, rows)):
        imported(machine, incidents.write(proof.path("unmet.csv"), file))
    company.settle()
    statuses = {number: status for number, status, *_ in wanted}
    for machine in company.machines:
        expect_equal(
            dict(machine.rows("SELECT number, status FROM recovery_case WHERE number LIKE 'LATE%'")), statuses,
            "statuses where two machines imported without having met")
    proof.round()


def increments(proof):
    """A log that comes in pieces, each with what is new since the one before, comes to the same as the whole of it."""
    rows = incidents.rows(proof.seed * 100 + 80, 120)
    cuts = sorted(proof.random.sample(range(1, len(rows)), 5))
    pieces = [rows[first:end] for first, end in zip([0, *cuts], [*cuts, len(rows)])]
    whole = incidents.write(proof.path("all.csv"), rows)

    def cases(name, files):
        replica = Replica(proof, name)
        replica.run("init", "--replica", replica.file, "--name", "Kemang")
        for file in files:
            expect_equal(imported(replica, file)["rejected"], 0, f"rejected rows, {name}")
        expect_equal(imported(replica, whole)["imported"], 0, f"imported of the whole log behind all of it, {name}")
        return replica.rows(
            "SELECT number, status, title, category, severity, assignee, team, moved_from, step_count FROM recovery_case "
            "ORDER BY number")

    wanted = cases("Whole", [whole])
    moved = sum(status == "moved" for _, status, *_ in wanted)
    expect(moved > 0, "no incident moved")
    files = [incidents.write(proof.path(f"piece{number}.csv"), piece) for number, piece in enumerate(pieces)]
    expect_equal(cases("Pieces", files), wanted, "cases of a log that came in pieces")
    proof.count("incidentsMoved", moved)
    proof.round()


def memory(proof):
    """A file four times as long takes no more memory, once it is long enough for the caches to be full."""
    base = incidents.rows(proof.seed, 1250 if proof.full else 1000)
    peaks = []
    for times in (4, 16):
        long = []
        for copy in range(times):
            long += [dict(row, number=f"M{copy}{row['number'][4:]}") for row in base]
        file = incidents.write(proof.path("long.csv"), long)
        replica = Replica(proof, f"Memory {times}")
        replica.run("init", "--replica", replica.file, "--name", "Memory")
        command = [proof.programs.amends, "import", "incident-log", file, "--json", "--replica", replica.file]
        ended, peak = proof.peak_bytes(command)
        expect_equal(ended.json["imported"], len(long), "imported of a long file")
        peaks.append(peak)
    proof.figures["peakMegabytes"] = [round(peak / (1 << 20), 1) for peak in peaks]
    expect(peaks[1] - peaks[0] < MEMORY_ALLOWANCE, f"a file and one four times as long took {peaks} bytes of memory at most")
    proof.round()
