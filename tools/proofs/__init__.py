"""The claims that Amends makes about itself, each proved with real processes and real files.

A module of this package that has a `CLAIM` is one claim:

    CLAIM = "bundle-sync"              its name
    ABOUT = "Two replicas ... "        one line for --list
    def prove(proof): ...              runs it; `proof` is a harness.Proof

`prove` calls `proof.round()` for each round that it completed and puts numbers into `proof.figures`. It raises
`harness.Broken` where the claim does not hold. All that is random comes from `proof.random`, seeded with `--seed`.
Nothing waits by sleeping: it waits for a process to end, for a file to appear, or asks again until a deadline.
"""
