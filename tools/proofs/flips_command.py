"""One byte of a replica's file is changed; `amends verify` says where."""
import shutil
import sqlite3

from proofs import incidents
from proofs.harness import DAMAGE, Company, Replica, expect, expect_equal

CLAIM = "flips-command"
ABOUT = "One byte flipped in a change, a state, a projection or a hash of 300 changes: verify names the place."

# Where meaning lies: table, the columns that say which row it is, the column that is spoiled.
PLACES = (
    ("segment", ("scope", "position"), "body"),
    ("segment", ("scope", "position"), "history"),
    ("segment", ("scope", "position"), "digest"),
    ("segment", ("scope", "position"), "records"),
    ("stretch", ("feed", "sequence"), "hash"),
    ("record", ("rid",), "origin"),
    ("recovery_case", ("rid",), "clocks"),
    ("log_row", ("record", "key", "feed", "sequence"), "value"),
    ("scope", ("rid",), "history"),
    ("feed", ("rid",), "hash"),
    ("feed", ("rid",), "differences"),
    ("fingerprint", ("scope", "bucket"), "sum"),
    ("recovery_case", ("rid",), "title"),
    ("recovery_case", ("rid",), "status"),
    ("recovery_case", ("rid",), "number"),
    ("recovery_case_steps", ("rowid",), "kind"),
    ("recovery_case_steps", ("rowid",), "person"),
    ("recovery_case_tags", ("rowid",), "value"),
)
# A spoiled row may be noticed as the row that is made from it: these tables stand for each other.
RELATED = {"scope": {"scope", "segment"}, "feed": {"feed", "stretch", "run"}, "segment": {"segment", "stretch"}}


def prove(proof):
    company = Company(proof)
    ana, _, hana = company.replicas
    rows = incidents.rows(proof.seed, 90)[:290]
    ana.run("import", "incident-log", incidents.write(proof.path("log.csv"), rows))
    for number in range(10):
        case = ana.open(f"Torn bag {number}", "--tag", "bag", "--tag", f"number {number}")
        ana.set(case, "severity=2")
    company.settle()
    changes = ana.rows("SELECT sum(sequence) FROM feed")[0][0]
    expect(changes >= 300, f"the replica has {changes} changes only")
    for replica in (ana, hana):
        replica.verify()

    flips = 200 if proof.full else 20
    plan = [PLACES[number % len(PLACES)] for number in range(flips)]
    missed = []
    for table, key, column in plan:
        place = flip(proof, ana, table, key, column)
        if place:
            missed.append(place)
        proof.round()
    expect(not missed, lambda: f"{len(missed)} of {flips} flips were missed or misnamed:\n" + "\n".join(missed))
    ana.verify()


def flip(proof, original, table, key, column):
    """Flips one bit on a copy. Returns what is wrong with what verify says of it, or None."""
    copy = Replica(proof, "Copy")
    for file in original.folder.iterdir():
        shutil.copy(file, copy.folder / file.name)
    connection = sqlite3.connect(copy.file)
    rows = connection.execute(
        f"SELECT rowid_or_key, value FROM (SELECT {key_sql(key)} AS rowid_or_key, \"{column}\" AS value FROM \"{table}\" "
        f"WHERE length(\"{column}\") > 0) ORDER BY 1").fetchall()
    if not rows:
        connection.close()
        return f"{table}.{column}: there is no row with a value"
    row, value = proof.random.choice(rows)
    is_text = isinstance(value, str)
    spoiled = bytearray(value.encode() if is_text else value)
    # Of text a low bit of an ASCII character is flipped, so that it stays text: SQLite would not store anything else.
    places = [place for place, byte in enumerate(spoiled) if not is_text or byte < 0x80]
    place = proof.random.choice(places)
    spoiled[place] ^= 1 << (proof.random.randrange(3) if is_text else proof.random.randrange(8))
    changed = bytes(spoiled).decode() if is_text else bytes(spoiled)
    updated = connection.execute(
        f"UPDATE \"{table}\" SET \"{column}\" = ? WHERE {key_sql(key)} = ? AND \"{column}\" = ?",
        (changed, row, value)).rowcount
    connection.commit()
    connection.close()
    expect(updated >= 1, f"{table}.{column} could not be changed")

    where = f"{table}.{column}, row {row}, byte {place}"
    found = copy.run("verify", "--json", statuses=None)
    shutil.rmtree(copy.folder)
    if found.status != DAMAGE:
        return f"{where}: verify ended with status {found.status}: {(found.out + found.err)[:200]}"
    damage = found.json["damage"]
    if found.json["ok"] is not False or not damage:
        return f"{where}: verify reports no damage: {found.out[:200]}"
    for entry in damage:
        expect_equal({"kind", "table", "row", "reason"} - set(entry), set(), "keys of a damage")
    named = [entry for entry in damage if entry["table"] in RELATED.get(table, {table})]
    if not named:
        return f"{where}: verify names {sorted({entry['table'] for entry in damage})} only"
    numbers = set(str(row).split("/"))
    if not any(numbers & set(str(entry["row"]).replace("/", " ").replace(":", " ").split()) for entry in named):
        return f"{where}: verify names the rows {[entry['row'] for entry in named]} only"
    return None


def key_sql(key):
    return " || '/' || ".join(key)
