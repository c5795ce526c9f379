"""Every exit status that scripts rely on, and which stream says what."""
import csv
import gzip
import shutil
import sqlite3

from proofs import incidents
from proofs.harness import (
    CONFLICTS, DAMAGE, DONE, FAILED, NOT_EXCHANGED, USAGE, Company, Replica, expect, expect_equal)

CLAIM = "exit-statuses"
ABOUT = "Exit status 0 done, 1 failed, 2 usage, 3 conflicts remain, 4 not exchanged or elsewhere, 5 damage."


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas
    case, other = ana.open("A broken cup"), ana.open("A late taxi")
    company.settle()

    def ends(replica, status, *command, **options):
        ended = replica.run(*command, statuses=(status,), **options)
        if status in (FAILED, USAGE) or command[0] == "sync" and status:
            expect(ended.err.strip(), lambda: f"nothing is said on stderr: {ended.said()}")
        if status in (FAILED, USAGE):
            expect(not ended.out.strip(), lambda: f"a failure has a result: {ended.said()}")
        proof.round()
        return ended

    for command in (("status",), ("case", "list"), ("case", "show", case), ("conflicts",), ("log", case), ("sync",),
                    ("verify",), ("--version",), ("--help",), ("case", "open", "--help")):
        ends(ana, DONE, *command)
    ends(ana, FAILED, "case", "show", "NO-SUCH-CASE")
    ends(ana, FAILED, "case", "step", "NO-SUCH-CASE", "agreed")
    ends(ana, FAILED, "import", "incident-log", proof.path("no-such-file.csv"))
    ends(ana, FAILED, "status", env={"AMENDS_REPLICA": str(proof.path("no-such.sqlite"))})
    ends(ana, USAGE, "no-such-command")
    ends(ana, USAGE, "case", "open")
    ends(ana, USAGE, "case", "list", "--no-such-option")
    ends(ana, USAGE, "import", "no-such-format", "x.csv")

    rows = incidents.text(incidents.rows(proof.seed, 20), quoting=csv.QUOTE_ALL).encode()
    truncated = {"cut.csv": rows[:-9], "cut.csv.gz": gzip.compress(rows)[:-8]}
    for name, content in truncated.items():
        file = proof.path(name)
        file.write_bytes(content)
        ended = boris.run("import", "incident-log", file, "--json", statuses=(FAILED,))
        expect("cut short" in ended.err, lambda: f"it does not say that the file is cut short: {ended.said()}")
        expect_equal(ended.json["complete"], False, f"complete, of {name}")
        proof.round()

    ana.set(case, "category=one")
    boris.set(case, "category=two")
    company.settle()
    ends(ana, CONFLICTS, "conflicts")
    ends(ana, CONFLICTS, "conflicts", "--json")
    ana.run("resolve", case, "category", "one")
    ends(ana, DONE, "conflicts")
    company.settle()

    ends(ana, DONE, "diff", ana.file, boris.file)
    ends(ana, DONE, "diff", ana.file, hub.url)
    ana.step(case, "agreed")
    ana.sync()
    ends(ana, NOT_EXCHANGED, "diff", ana.file, boris.file)
    company.settle()

    hub.stop()
    ana.step(case, "fixed")
    ends(ana, NOT_EXCHANGED, "sync")
    hub.start()
    ends(ana, DONE, "sync")
    company.settle()

    copy = Replica(proof, "Copy")
    for file in ana.folder.iterdir():
        shutil.copy(file, copy.folder / file.name)
    spoiled = give_the_state_of(copy, other, to=case)
    ends(copy, DAMAGE, "verify")
    found = ends(ana, DAMAGE, "diff", ana.file, copy.file, "--json").json
    expect_equal(found["equal"], False, "diff of the same position with different state")
    expect_equal([entry["record"] for entry in found["different"]], [spoiled], "the records that diff names")
    expect("title" in found["different"][0]["fields"], lambda: f"diff does not name the title: {found['different']}")
    expect_equal((found["onlyA"], found["onlyB"]), ([], []), "records that only one of them has")
    proof.figures["recordsNamedByDiff"] = len(found["different"])
    hub.command("no-such-command", statuses=(USAGE,))
    hub.command("branch", "code", "No such branch", statuses=(FAILED,))
    proof.round()


def give_the_state_of(replica, source, to):
    """Spoils a replica as a wrong fold would: a record has the state of another, and the fingerprint follows.
    Returns the spoiled record's id."""
    connection = sqlite3.connect(replica.file)

    def row(number):
        return connection.execute(
            "SELECT r.rid, lower(hex(r.id)) FROM record r JOIN recovery_case c USING (rid) WHERE c.number = ?",
            (number,)).fetchone()

    wrong, right = row(source), row(to)
    columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info('recovery_case')") if name != "rid"]
    for column in columns:
        connection.execute(
            f'UPDATE recovery_case SET "{column}" = (SELECT "{column}" FROM recovery_case WHERE rid = ?) WHERE rid = ?',
            (wrong[0], right[0]))
    connection.execute("UPDATE fingerprint SET sum = zeroblob(length(sum))")
    connection.execute("UPDATE feed SET differences = NULL")
    connection.commit()
    connection.close()
    return right[1]
