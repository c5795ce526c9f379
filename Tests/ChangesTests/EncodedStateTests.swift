import Causality
import Changes
import Testing

@Suite("What is folded in bytes is what is folded in values")
struct EncodedStateTests {
    private static let rounds = Effort.isFull ? 10_000 : 2_000

    /// The events of `history` that fold a record, each as the encoded operations of a change.
    private func encoded(_ operations: [FieldOperation]) throws -> EncodedOperations {
        try EncodedOperations(
            Operations(records: [.external(source: "s", id: "1")], operations: operations).encoded())
    }

    /// Every kind on few targets, several feeds, shown writes, clocks that lie; after each change the bytes are those of
    /// the state that the definition gives.
    @Test func bytesAreThoseOfTheFoldedValues() throws {
        var generator = Generator(Effort.generator("bytesAreThoseOfTheFoldedValues"))
        var inPlace = 0
        var several = 0
        var memory = FoldMemory()
        for round in 0..<Self.rounds {
            var history = History.random(&generator, changes: 1 + generator.upTo(9))
            history.dropUnknown()
            let pasts = Replay.pasts(of: history)
            var replay = Replay()
            var folding = FoldingState()
            var alone = EncodedState()
            var rows: [LogRow] = []
            for index in history.randomOrder(&generator) {
                let event = history.events[index]
                if event.operations.isEmpty { continue }
                let past = pasts.past(of: event.dot)
                let operations = try encoded(event.operations)
                let before = alone
                if alone.apply(
                    operations, on: 0, dot: event.dot, effective: event.effective, past: past, in: &memory)
                {
                    inPlace += 1
                } else {
                    guard claim(alone == before, "round \(round): a change that was not folded left something") else {
                        return
                    }
                }
                rows += try folding.apply(
                    operations, on: 0, dot: event.dot, effective: event.effective, past: past, in: &memory
                ) { rows.filter { past.contains($0.mark.dot) }.map(\.mark.key).max() }
                try replay.apply(event, past: past)
                alone = EncodedState(replay.state)
                guard claim(folding.encoded() == alone, "round \(round): \(event.dot)"),
                    claim(rows == replay.rows, "round \(round): rows of \(event.dot)"),
                    claim(slotsAgree(alone), "round \(round): slots after \(event.dot)")
                else { return }
                if replay.state.slots.contains(where: { $0.survivors.count > 1 }) { several += 1 }
            }
        }
        #expect(inPlace > Self.rounds && several > Self.rounds / 4, "too tame: \(inPlace) in place, \(several) several")
    }

    /// Whether the slots that are read from the bytes are those of the state.
    private func slotsAgree(_ encoded: EncodedState) -> Bool {
        let state = encoded.state
        var slots = EncodedSlots()
        return encoded.bytes.withUnsafeBytes { bytes in
            slots.read(bytes)
            guard slots.slots.map({ slots.slot($0, of: encoded) }) == state.slots, slots.logCount == state.logCount,
                slots.logSum.number == state.logSum, slots.newestLog?.key == state.newestLog?.key
            else { return false }
            return zip(slots.slots, state.slots).allSatisfy { slot, expected in
                var dots: [Dot] = []
                slots.forEachSurvivor(of: slot, in: bytes) {
                    dots.append(Dot(feed: slots.feeds[$0.feed], sequence: $0.sequence))
                }
                return dots == expected.survivors.map(\.dot)
                    && (slot.total == expected.total || expected.target.kind != .total)
                    && (expected.target.element != nil
                        || slots.find(expected.target.field, expected.target.kind, in: bytes) != nil)
            }
        }
    }

    /// More feeds than a walk counts: folded all the same.
    @Test func aHundredConcurrentFeedsAreFolded() throws {
        var folding = FoldingState()
        var memory = FoldMemory()
        var state = RecordState()
        for number in 1...100 {
            let dot = Dot(feed: FeedID(high: UInt64(number * 37 % 101), low: 1), sequence: 1)
            let past = Past(of: dot, others: VersionVector())
            let operation = FieldOperation(
                record: 0, target: FieldTarget(field: "f", kind: .register), value: .integer(Int64(number)))
            _ = try folding.apply(
                try encoded([operation]), on: 0, dot: dot, effective: .zero, past: past, in: &memory
            ) { nil }
            _ = try state.apply(operation, dot: dot, effective: .zero, past: past) { nil }
            #expect(folding.encoded().bytes == state.encoded())
        }
    }

    // MARK: - Operations

    /// Valid bytes, and bytes with one of them changed, cut or doubled: taken, refused and refused for the same reason.
    @Test func operationsAreTakenAndRefusedAsTheirValuesAre() {
        var generator = Generator(Effort.generator("operationsAreTakenAndRefusedAsTheirValuesAre"))
        var refused = 0
        for round in 0..<Self.rounds * 4 {
            var bytes = generator.operations().encoded()
            if round % 4 != 0 {
                let place = generator.upTo(bytes.count - 1)
                switch round % 3 {
                case 0: bytes[place] = UInt8(generator.upTo(255))
                case 1: bytes.removeSubrange(place...)
                default: bytes.insert(bytes[place], at: place)
                }
            }
            let values = Result { () throws(CodecError) in try Operations(bytes) }
            let encoded = Result { () throws(CodecError) in try EncodedOperations(bytes) }
            switch (values, encoded) {
            case (.failure(let a), .failure(let b)):
                refused += 1
                guard claim(a == b, "round \(round): \(a), not \(b): \(bytes)") else { return }
            case (.success(let a), .success(let b)):
                guard claim(agree(a, b), "round \(round): other operations: \(bytes)") else { return }
            default:
                Issue.record("round \(round): one takes it and the other does not: \(values), \(encoded): \(bytes)")
                return
            }
        }
        #expect(refused > Self.rounds)
    }

    private func agree(_ values: Operations, _ encoded: EncodedOperations) -> Bool {
        let hash = ShortHash(high: 5, low: 6)
        do {
            return try encoded.items.map { try encoded.operation($0) } == values.operations
                && encoded.origins.indices.map { try encoded.origin($0) } == values.records
                && encoded.recordIDs(in: Samples.scope, change: hash)
                    == values.recordIDs(in: Samples.scope, change: hash)
                && values.records.indices.allSatisfy { record in
                    encoded.indices(on: record).map { encoded.items[$0].record }.allSatisfy { $0 == record }
                        && encoded.indices(on: record).count == values.operations.count { $0.record == record }
                }
        } catch {
            return false
        }
    }
}
