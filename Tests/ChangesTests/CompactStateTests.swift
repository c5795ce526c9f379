import Causality
import Changes
import Testing

@Suite("What is folded in bytes is what is folded in values")
struct CompactStateTests {
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
        // Fields that are written out, fields that have a number, and some of both.
        let tables = [[], ["f", "g"], ["a", "e", "g", "z"]].map { FieldNames($0 as [Text]) }
        for round in 0..<Self.rounds {
            let names = tables[round % tables.count]
            var memory = FoldMemory(names)
            var history = History.random(&generator, changes: 1 + generator.upTo(9))
            history.dropUnknown()
            let pasts = Replay.pasts(of: history)
            var replay = Replay()
            var folding = FoldingState()
            var alone = CompactState()
            var rows: [LogRow] = []
            for index in history.randomOrder(&generator) {
                let event = history.events[index]
                if event.operations.isEmpty { continue }
                let past = pasts.past(of: event.dot)
                let operations = try encoded(event.operations)
                let before = alone.encoded(names)
                let isDone = alone.apply(
                    operations, on: 0, dot: event.dot, effective: event.effective, past: past, in: &memory)
                rows += try folding.apply(
                    operations, on: 0, dot: event.dot, effective: event.effective, past: past, in: &memory
                ) { rows.filter { past.contains($0.mark.dot) }.map(\.mark.key).max() }
                try replay.apply(event, past: past)
                let expected = EncodedState(replay.state)
                if isDone {
                    inPlace += 1
                } else {
                    guard
                        claim(
                            alone.encoded(names) == before,
                            "round \(round): a change that was not folded left something")
                    else { return }
                    alone = CompactState(expected, names)
                }
                var named: Set<FeedID> = []
                alone.forEachFeed { if let feed = $0 { named.insert(feed) } }
                guard claim(folding.encoded(names) == expected, "round \(round): \(event.dot)"),
                    claim(alone.encoded(names) == expected, "round \(round): alone, \(event.dot)"),
                    claim(alone.isEmpty == expected.isEmpty, "round \(round): whether it is empty"),
                    claim(rows == replay.rows, "round \(round): rows of \(event.dot)"),
                    claim(slotsAgree(alone, replay.state, names), "round \(round): slots after \(event.dot)"),
                    claim(named == Set(expected.feeds), "round \(round): the feeds it names")
                else { return }
                if replay.state.slots.contains(where: { $0.survivors.count > 1 }) { several += 1 }
            }
        }
        #expect(inPlace > Self.rounds && several > Self.rounds / 4, "too tame: \(inPlace) in place, \(several) several")
    }

    /// Whether the slots that are read from the bytes, compact or canonical, are those of the state.
    private func slotsAgree(_ compact: CompactState, _ state: RecordState, _ names: FieldNames) -> Bool {
        [FoldingState(compact), FoldingState(EncodedState(state))].allSatisfy { slotsAgree($0, state, names) }
    }

    private func slotsAgree(_ folding: FoldingState, _ state: RecordState, _ names: FieldNames) -> Bool {
        var slots = StateSlots()
        let all = folding.read(into: &slots, names)
        return all.withUnsafeBytes { bytes in
            guard slots.slots.map({ slots.slot($0, in: all, names) }) == state.slots,
                slots.log.count == state.logCount, slots.log.sum.number == state.logSum,
                slots.log.newest?.key == state.newestLog?.key
            else { return false }
            return zip(slots.slots, state.slots).allSatisfy { slot, expected in
                let dots = slots.survivors[slot.survivors].map { survivor in
                    let change = slots.changes[survivor.change]
                    return Dot(feed: slots.feeds[change.feed], sequence: change.sequence)
                }
                let isFound =
                    expected.target.element != nil
                    || names.withView {
                        slots.find(expected.target.field, expected.target.kind, in: bytes, $0) != nil
                    }
                return dots == expected.survivors.map(\.dot) && isFound
                    && (slot.total == expected.total || expected.target.kind != .total)
                    && slots.isContested(slot, in: all, names) == (expected.distinct.count > 1)
            }
        }
    }

    /// A state from its canonical bytes and back, also of more changes, feeds and names than a byte counts.
    @Test func largeStatesComeBackAsTheyWere() throws {
        let fields = (0..<300).map { Text("field \($0)") }
        for names in [FieldNames.none, FieldNames(fields)] {
            let slots = fields.enumerated().map { index, field in
                RecordState.Slot(
                    target: FieldTarget(field: field, kind: .register),
                    survivors: RecordState.Survivors(
                        (0...index % 3).map { number in
                            RecordState.Survivor(
                                dot: Dot(
                                    feed: FeedID(high: UInt64(number), low: UInt64(index * 7 % 90)),
                                    sequence: .max - UInt64(index)),
                                value: .text(field), effective: HybridTimestamp(rawValue: .max))
                        }))
            }
            let state = EncodedState(
                try RecordState(slots: slots, logCount: 0, logSum: 0, newestLog: nil))
            #expect(CompactState(state, names).encoded(names) == state)
        }
    }

    /// More feeds than a walk counts: folded all the same.
    @Test func aHundredConcurrentFeedsAreFolded() throws {
        var folding = FoldingState()
        let names = FieldNames.none
        var memory = FoldMemory(names)
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
            #expect(folding.encoded(names).bytes == state.encoded())
        }
    }

    /// Where a file says too little of what was folded, that is an error and leaves no state that is none.
    @Test(arguments: [FieldKind.register, .log]) func aChangeIsNotFoldedTwice(kind: FieldKind) throws {
        var folding = FoldingState()
        let names = FieldNames(["f"])
        var memory = FoldMemory(names)
        func fold(_ sequence: UInt64) throws {
            let dot = Dot(feed: FeedID(high: 1, low: 1), sequence: sequence)
            let operation = FieldOperation(
                record: 0, target: FieldTarget(field: "f", kind: kind), value: .integer(Int64(sequence)))
            _ = try folding.apply(
                try encoded([operation]), on: 0, dot: dot, effective: HybridTimestamp(rawValue: sequence),
                past: Past(of: dot, others: VersionVector()), in: &memory
            ) { nil }
        }
        for sequence in 1...3 as ClosedRange<UInt64> { try fold(sequence) }
        let before = folding.encoded(names)
        #expect(throws: FoldedTwice.self) { try fold(3) }
        // As a state that was read.
        folding = FoldingState(before)
        #expect(throws: FoldedTwice.self) { try fold(3) }
        #expect(folding.encoded(names) == before)
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
                    encoded.items(on: record).allSatisfy { $0.record == record }
                        && encoded.items(on: record).count == values.operations.count { $0.record == record }
                }
        } catch {
            return false
        }
    }
}
