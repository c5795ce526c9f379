"""The engine does not know what a case is: the incident workload of 16 columns, synced beside the cases."""
import gzip

from proofs.harness import Company, Unavailable, expect, expect_agreement, expect_equal

CLAIM = "two-schemas"
ABOUT = "A second, unrelated schema with the 16 columns of the incident workload is recorded and synced like cases."


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    lines = workload(proof)
    file = proof.path("trace.tsv")
    file.write_bytes(b"".join(lines))
    ana.open("A case beside it")
    found = ana.run("import", "incident-trace", file, "--json").json
    expect_equal(found["imported"], len(lines), "events imported")
    company.settle()
    tables = [name for (name,) in ana.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%\"reassignment_count\"%'")]
    expect(tables, "there is no table of the second schema")
    rows = {replica.name: replica.rows(f'SELECT * FROM "{tables[0]}" ORDER BY id') for replica in company.replicas}
    drawn = {name: [row[1:] for row in found] for name, found in rows.items()}
    for replica in (boris, hana):
        expect_equal(drawn[replica.name], drawn[ana.name], f"{replica}: the table of the second schema")
    proof.figures.update(events=len(lines), records=len(drawn[ana.name]))
    for replica in company.replicas:
        replica.verify()
        expect_equal(replica.counts(), {"noticed": 1}, f"{replica}: the cases beside it")
    expect_agreement(company.replicas, proof)
    proof.round()


def workload(proof):
    """The first events of the real workload, else some of the same form."""
    real = proof.data / "incident_trace_dev.tsv.gz"
    wanted = 20_000 if proof.full else 2_000
    if real.exists():
        proof.figures["source"] = "the benchmark workload"
        with gzip.open(real, "rb") as lines:
            return [line for line, _ in zip(lines, range(wanted))]
    raise Unavailable("the benchmark workload is not here: name its folder with --data")
