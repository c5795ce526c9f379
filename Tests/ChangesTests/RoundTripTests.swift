import Causality
import Changes
import Testing

@Suite("What is written is read back, and what is read is written back")
struct RoundTripTests {
    private static let rounds = 10_000

    @Test func values() throws {
        var generator = Generator(Effort.generator("values"))
        for round in 0..<Self.rounds {
            let value = generator.value()
            let read = try whole(value.canonicalBytes, Value.init(from:))
            guard claim(read == value, "round \(round): \(value) was read as \(read)") else { return }
        }
    }

    @Test func changesInBothForms() throws {
        var generator = Generator(Effort.generator("changesInBothForms"))
        for round in 0..<Self.rounds {
            let change = generator.change()
            let carried = try Change(
                carried: change.carried(), scope: change.scope, dot: change.dot, previous: change.header.previous)
            let header = try whole(encoded(change.header.encode), ChangeHeader.init(from:))
            guard claim(carried == change && header == change.header, "round \(round): \(change)") else { return }
            let operations = try change.decodedOperations()
            guard claim(operations.encoded() == change.operations, "round \(round): operations of \(change)")
            else { return }
        }
    }

    @Test func states() throws {
        var generator = Generator(Effort.generator("states"))
        for round in 0..<(Effort.isFull ? Self.rounds : Self.rounds / 5) {
            let state = generator.state()
            let bytes = state.encoded()
            let read = try RecordState(bytes)
            guard claim(read == state && read.encoded() == bytes, "round \(round): \(state)") else { return }
        }
    }

    @Test func originsPartsAndEntries() throws {
        var generator = Generator(Effort.generator("originsPartsAndEntries"))
        for round in 0..<Self.rounds {
            let origin = generator.origin()
            let part = generator.part()
            let entry = generator.entry()
            let holds =
                try whole(encoded(origin.encode), RecordOrigin.init(from:)) == origin
                && whole(entry.encoded(), Entry.init(from:)) == entry && PersonalPart(part.encoded()) == part
            guard claim(holds, "round \(round): \(origin), \(part), \(entry)") else { return }
        }
    }

    @Test func signedForms() throws {
        var generator = Generator(Effort.generator("signedForms"))
        for round in 0..<Self.rounds / 20 {
            let certificate = generator.certificate()
            let receipt = generator.receipt()
            let attestation = generator.attestation()
            let holds =
                try Certificate(certificate.encoded()) == certificate
                && whole(encoded(receipt.encode), Receipt.init(from:)) == receipt
                && whole(encoded(attestation.encode), Attestation.init(from:)) == attestation
            guard claim(holds, "round \(round): \(certificate), \(receipt), \(attestation)") else { return }
        }
    }

    @Test(arguments: Form.all)
    func bytesOfEveryForm(form: Form) throws {
        var generator = Generator(Effort.generator("bytesOfEveryForm"))
        for round in 0..<500 {
            let bytes = form.random(&generator)
            guard claim(form.outcome(bytes) == .taken(rewritten: bytes), "round \(round): \(hexadecimal(bytes))")
            else { return }
        }
    }

    /// A moment before 1970 or after year 10889 that a broken hub clock gives is held, not refused or trapped on.
    @Test(arguments: [Int64.min, -1, 1 << 48, .max])
    func timesOutOfRangeAreHeld(time: Int64) throws {
        let held = min(max(time, 0), HybridTimestamp.greatestMilliseconds)
        #expect(try whole(Entry.clock(time).encoded(), Entry.init(from:)) == .clock(held))
        let receipt = Receipt(
            incarnation: Samples.shortHash, scope: Samples.scope, position: 1, history: HistoryHash(Samples.hash),
            hubTime: time, key: Samples.hubKey)
        #expect(try whole(encoded(receipt.encode), Receipt.init(from:)) == receipt)
        let certificate = Certificate(
            chain: Samples.chain, publicKey: Samples.key.publicKey, home: Samples.scope, grants: [], deviceMark: "QXV",
            from: time, hub: Samples.hubKey)
        #expect(try Certificate(certificate.encoded()) == certificate)
    }
}
