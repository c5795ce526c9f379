"""A file of a newer version is refused with a sentence and left as it is."""
import hashlib
import sqlite3

from proofs.harness import FAILED, Company, Hub, expect, expect_equal

CLAIM = "newer-file-refused"
ABOUT = "A program refuses a newer file, a foreign file and no file with a sentence, and changes none of them."


def prove(proof):
    company = Company(proof, machines=1)
    ana = company.machines[0]
    case = ana.open("Old times")
    company.settle()
    version = ana.rows("PRAGMA user_version")[0][0]
    for newer in (version + 1, version + 1000):
        set_version(ana.file, newer)
        before = digest(ana.file)
        for command in (("status",), ("case", "list"), ("case", "show", case), ("case", "open", "--title", "New"), ("sync",),
                        ("log", case), ("verify",)):
            ended = ana.run(*command, statuses=(FAILED,))
            expect("newer" in ended.err, lambda: f"no word of a newer version: {ended.said()}")
            proof.round()
        expect_equal(digest(ana.file), before, "the bytes of the newer file")
    set_version(ana.file, version)
    ana.verify()

    hub = Hub(proof, name="newer-hub")
    files = [path for path in hub.data.rglob("*") if path.suffix == ".sqlite"]
    expect(files, f"the hub keeps no .sqlite file in {sorted(path.name for path in hub.data.rglob('*'))}")
    for file in files:
        set_version(file, version + 1000)
    before = [digest(file) for file in files]
    ended = hub.command("report", "cases", "--json", statuses=(FAILED,))
    expect("newer" in ended.err, lambda: f"no word of a newer version: {ended.said()}")
    expect_equal([digest(file) for file in files], before, "the bytes of the hub's newer file")
    proof.round()

    # Somebody else's database, something that is no database, and nothing at all.
    other = proof.path("other.sqlite")
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    text = proof.path("letter.txt")
    text.write_text("Dear all, this is not a database.\n" * 100)
    for file in (other, text):
        before = digest(file)
        ended = ana.run("case", "list", env={"AMENDS_REPLICA": str(file)}, statuses=(FAILED,))
        expect(ended.err.strip(), f"no sentence about {file.name}")
        expect_equal(digest(file), before, f"the bytes of {file.name}")
        proof.round()
    nothing = proof.path("nothing.sqlite")
    ana.run("case", "list", env={"AMENDS_REPLICA": str(nothing)}, statuses=(FAILED,))
    expect(not nothing.exists(), "a reading command made a file")
    proof.round()


def set_version(file, version):
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()
