import Causality
import Changes
import GoldenFiles
import Testing

@Suite("Golden bytes: every form is written as it always was")
struct GoldenBytesTests {
    @Test func values() throws {
        try GoldenFile(name: "value").expect(
            Samples.values.map { sample in (sample.label, sample.value.canonicalBytes) })
    }

    @Test func recordOriginsAndTheIdsThatDeriveFromThem() throws {
        try GoldenFile(name: "record-origin").expect(
            Samples.origins.flatMap { sample in
                [
                    (sample.label, encoded(sample.origin.encode)),
                    ("its id", sample.origin.recordID(in: Samples.scope, change: Samples.shortHash).bytes),
                ]
            })
    }

    @Test func operationsAndTheirHash() throws {
        try GoldenFile(name: "operations").expect(
            Samples.operations.flatMap { sample in
                let bytes = sample.operations.encoded()
                return [(sample.label, bytes), ("its hash", Operations.hash(bytes).bytes)]
            })
    }

    @Test func personalPartAndItsCommitment() throws {
        let bytes = Samples.part.encoded()
        let commitment = PersonalPart.commitment(
            bytes, key: Samples.part.key, scope: Samples.scope, dot: Samples.dot, index: 0)
        try GoldenFile(name: "personal-part").expect([
            ("two items", bytes), ("the commitment of the first part of a change", commitment.bytes),
        ])
    }

    @Test func changeHeaderAndHash() throws {
        let key = Samples.key.publicKey
        try GoldenFile(name: "change-header").expect([
            ("hash(0) of the feed", Samples.feedStart.bytes),
            ("the replica of the public key", key.replica.bytes),
            ("header with one context entry and one part", encoded(Samples.change.header.encode)),
            ("its hash", Samples.change.hash.bytes),
        ])
    }

    @Test func changeAsItIsCarried() throws {
        try GoldenFile(name: "change-carried").expect([("the change of change-header.hex", Samples.change.carried())])
    }

    @Test func entriesAndTheHistoryHashOverThem() throws {
        var history = HistoryHash(chain: Samples.chain, scope: Samples.scope)
        var samples = [(label: "history(0)", bytes: history.hash.bytes)]
        for sample in Samples.entries {
            let bytes = sample.entry.encoded()
            history = history.appending(bytes)
            samples.append((sample.label, bytes))
            samples.append(("the history hash after it", history.hash.bytes))
        }
        try GoldenFile(name: "entry").expect(samples)
    }

    /// Ed25519 is deterministic (RFC 8032, 5.1.6), and `SignatureTests` holds this implementation to it.
    @Test func attestation() throws {
        try GoldenFile(name: "attestation").expect([
            ("signed by the key with seed 01 x 32", encoded(Samples.attestation.encode))
        ])
    }

    @Test func receipt() throws {
        try GoldenFile(name: "receipt").expect([
            ("signed by the key with seed 09 x 32", encoded(Samples.receipt.encode))
        ])
    }

    @Test func certificate() throws {
        try GoldenFile(name: "certificate").expect([
            ("signed by the key with seed 09 x 32", Samples.certificate.encoded())
        ])
    }

    @Test func recordStateAndItsDigest() throws {
        let bytes = Samples.state.encoded()
        let digest = RecordState.digest(of: Samples.record, state: bytes)
        try GoldenFile(name: "record-state").expect([
            ("the empty state", RecordState().encoded()),
            ("two feeds, concurrent values, an element, a sum and a log", bytes),
            ("its digest", Samples.bigEndian(digest)),
        ])
    }

    @Test func logRowDigest() throws {
        try GoldenFile(name: "log-row").expect([
            ("the digest of a row of steps, key 2026-01-15T09:30Z + 2", Samples.bigEndian(Samples.logRow.digest))
        ])
    }
}

extension Samples {
    fileprivate static func bigEndian(_ number: UInt128) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
