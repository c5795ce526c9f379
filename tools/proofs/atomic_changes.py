"""A change that touches several records, and one of more than a megabyte, are seen whole or not at all."""
import sqlite3
import threading
import urllib.parse

from proofs import incidents
from proofs.harness import Company, Replica, expect, expect_agreement, expect_equal
from proofs.proxy import FaultyProxy, Fault

CLAIM = "atomic-changes"
ABOUT = "A transaction over several records, and one of over 1 MB, is seen whole or not at all on every replica."

TAGS, TAG_BYTES = 2200, 500


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    looks = 0
    with Readers([ana, boris, hana], proof) as readers:
        for number in range(8 if proof.full else 2):
            moving_incidents(proof, ana, number)
            wide_edits(proof, ana, number)
            large = large_change(proof, ana, number)
            for _ in range(2):
                for replica in (ana, boris, hana):
                    replica.sync()
            for replica in (boris, hana):
                expect_equal(tags_of(replica, large), TAGS, f"{replica}: tags of the large change")
            proof.round()
        over_a_bad_line(proof, company, readers)
        looks = readers.looks
    proof.figures["looks"] = looks
    expect(looks > 100, f"the readers looked only {looks} times")
    company.settle()
    expect_agreement(company.replicas, proof)


def moving_incidents(proof, replica, number):
    """An incident that changes its location ends one case and opens another in one change."""
    rows = incidents.rows(proof.seed * 100 + number, 60)
    for row in rows:
        row["number"] = f"A{number}{row['number'][4:]}"
    replica.run("import", "incident-log", incidents.write(proof.path("log.csv"), rows))


def wide_edits(proof, replica, number):
    """Many fields of a case in one change: all tell the same word, at every moment."""
    case = replica.open(f"wide {number}-0", "--team", f"wide {number}-0", "--assignee", f"wide {number}-0")
    for turn in range(1, 6):
        word = f"wide {number}-{turn}"
        replica.set(case, f"title={word}", f"team={word}", f"assignee={word}")


def large_change(proof, replica, number):
    """One change of more than a megabyte, of text that does not shrink."""
    tags = []
    for place in range(TAGS):
        tags += ["--tag", f"{place}-{proof.random.randbytes(TAG_BYTES // 2).hex()}"[:TAG_BYTES]]
    return replica.open(f"large {number}", *tags)


def tags_of(replica, case):
    return replica.rows(
        "SELECT count(*) FROM recovery_case_tags JOIN recovery_case USING (rid) WHERE number = ?", case)[0][0]


def over_a_bad_line(proof, company, readers):
    """A new machine fetches all of it while its connection breaks off at many places."""
    share = {"of": None}

    def plan(exchange):
        if not exchange.is_sync or share["of"] is None:
            return Fault()
        return Fault(answer_bytes=int(share["of"] * share["length"]))

    with FaultyProxy(company.hub.url, plan) as proxy:
        nora = Replica(proof, "Nora").join(proxy.url, company.hub.another_code(company.branch))
        readers.add(nora)
        share["length"] = 1 << 20
        for part in (0.05, 0.3, 0.7, 0.95, 1.2):
            share["of"] = part
            nora.sync(statuses=None)
        share["of"] = None
        nora.sync_stubbornly()
        company.settle()
        nora.sync()
        expect_agreement([nora, *company.replicas], proof)
    proof.round()


class Readers:
    """Threads that look at the files while they change, as any SQLite reader could."""

    QUESTIONS = (
        ("a case moved away, and nothing continues it", """
            SELECT count(*) FROM recovery_case old WHERE status = 'moved' AND NOT EXISTS
            (SELECT 1 FROM recovery_case new WHERE instr(new.moved_from, old.number) > 0)"""),
        ("a case continues one that did not move", """
            SELECT count(*) FROM recovery_case new WHERE moved_from IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM recovery_case_steps s JOIN recovery_case old USING (rid)
             WHERE s.kind = 'moved' AND instr(new.moved_from, old.number) > 0)"""),
        ("fields of one change tell different words", """
            SELECT count(*) FROM recovery_case WHERE title LIKE 'wide %' AND (title <> team OR title <> assignee)"""),
        ("a large change is there in part", f"""
            SELECT count(*) FROM (SELECT count(t.value) AS tags FROM recovery_case c LEFT JOIN recovery_case_tags t
            USING (rid) WHERE c.title LIKE 'large %' GROUP BY c.rid) WHERE tags <> {TAGS}"""),
        ("a case tells another number of steps than it has", """
            SELECT count(*) FROM recovery_case c WHERE step_count <>
            (SELECT count(*) FROM recovery_case_steps s WHERE s.rid = c.rid)"""),
    )

    def __init__(self, replicas, proof):
        self.looks = 0
        self._replicas = replicas
        self._proof = proof
        self._threads = []
        self._stop = threading.Event()
        self._found = []

    def __enter__(self):
        for replica in self._replicas:
            self.add(replica)
        return self

    def add(self, replica):
        thread = threading.Thread(target=self._look, args=(replica,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def __exit__(self, kind, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        if kind is None:
            expect(not self._found, lambda: f"seen in a state that never was: {self._found[:5]}")

    def _look(self, replica):
        address = f"file:{urllib.parse.quote(str(replica.file))}?mode=ro"
        connection = sqlite3.connect(address, uri=True, timeout=30)
        try:
            while not self._stop.wait(0.005):  # a reader with a pace, not one that keeps a core busy
                connection.execute("BEGIN")
                try:
                    for what, question in self.QUESTIONS:
                        count = connection.execute(question).fetchone()[0]
                        if count:
                            self._found.append((replica.name, what, count))
                except sqlite3.OperationalError as error:
                    if "no such table" not in str(error) and "locked" not in str(error):
                        raise
                finally:
                    connection.execute("COMMIT")
                self.looks += 1
        finally:
            connection.close()
