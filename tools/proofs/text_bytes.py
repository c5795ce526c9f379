"""Texts come back byte for byte: right-to-left, unnormalised, with marks that nobody sees, with U+0000."""
from proofs import incidents
from proofs.harness import Company, expect_agreement, expect_equal

CLAIM = "text-bytes"
ABOUT = "Text with U+0000, right-to-left marks and unnormalised forms comes back byte for byte on every replica."

TEXTS = (
    "نُسي الطلب \u200fمرتين\u200e",  # Arabic with vowel marks and direction marks
    "می\u200cخواهم \u064a\u06cc\u0643\u06a9",  # Persian with a zero-width non-joiner, both yehs and kafs
    "e\u0301 and \u00e9",  # one letter in two forms
    "\u1e9b\u0323 \u212b \ufb01",  # forms that every normalisation changes
    "ş ţ ș ț",  # cedilla and comma below
    "\u202eback\u202c \u2066isolated\u2069",
    "👩‍👩‍👧 \U0001f1ee\U0001f1e9",
    " leading, trailing \t",
    "line\nbreak\r\nand return\r",
    "quote \" ' ` ; DROP TABLE change; -- \\ %s {{x}} <b>",
    "=1+1",
    "\ufeffmark \ufffd \ufffe",
    "\u0001\u001f\u007f\u0085",
    "a" * 500,
)
WITH_NUL = ("before\u0000after", "\u0000", "ends\u0000")


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    wanted = {}
    texts = list(TEXTS) + [random_text(proof) for _ in range(200 if proof.full else 6)]
    for text in texts:
        case = ana.open(text, "--tag", text, "--team", text)
        wanted[case] = text
    company.settle()
    for replica in company.replicas:
        for case, text in wanted.items():
            for column in ("title", "team"):
                expect_equal(bytes_of(replica, case, column), text.encode(), f"{replica}: {column} in the file")
            tags = replica.rows(
                "SELECT CAST(value AS BLOB) FROM recovery_case_tags JOIN recovery_case USING (rid) WHERE number = ?", case)
            expect_equal(tags, [(text.encode(),)], f"{replica}: the tag in the file")
        shown = {case["title"] for case in replica.run("case", "list", "--json").json}
        expect_equal(set(wanted.values()) - shown, set(), f"{replica}: titles as `case list --json` prints them")
        proof.round()

    # No command line can carry U+0000, a file can.
    rows = incidents.rows(proof.seed, 3)[:len(WITH_NUL)]
    for number, (row, text) in enumerate(zip(rows, WITH_NUL)):
        row.update(number=f"NUL{number}", location="Harbour", assignment_group=text)
    log = proof.path("nul.csv")
    log.write_bytes(incidents.text(rows).encode())
    found = boris.run("import", "incident-log", log, "--json").json
    expect_equal(found["imported"], len(WITH_NUL), "rows imported with U+0000 in them")
    company.settle()
    for replica in company.replicas:
        teams = replica.rows(
            "SELECT CAST(team AS BLOB) FROM recovery_case WHERE instr(CAST(team AS BLOB), x'00') > 0")
        expect_equal(sorted(team for (team,) in teams), sorted(text.encode() for text in WITH_NUL), f"{replica}: U+0000")
        replica.verify()
    expect_agreement(company.replicas, proof)
    proof.figures["texts"] = len(texts) + len(WITH_NUL)


def bytes_of(replica, case, column):
    return replica.rows(f"SELECT CAST({column} AS BLOB) FROM recovery_case WHERE number = ?", case)[0][0]


def random_text(proof):
    """Any characters but U+0000 and halves of pairs."""
    def character():
        while True:
            number = proof.random.choice((0x100, 0x800, 0x3000, 0x10000, 0x110000))
            number = proof.random.randrange(1, number)
            if not 0xD800 <= number < 0xE000:
                return chr(number)

    return "".join(character() for _ in range(proof.random.randint(1, 60)))
