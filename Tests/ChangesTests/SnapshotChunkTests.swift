import Causality
import Changes
import Testing

@Suite("A snapshot's chunk gives back the very records that were packed")
struct SnapshotChunkTests {
    @Test func randomRecordsComeBack() throws {
        var generator = Generator(Effort.generator("randomRecordsComeBack"))
        for round in 0..<(Effort.isFull ? 2_000 : 200) {
            let records = generator.snapshot(records: generator.pick([0, 1, 2, 10]))
            let decoded = try SnapshotChunk.decode(SnapshotChunk.encode(records))
            guard claim(sorted(decoded) == sorted(records), "round \(round)") else { return }
        }
    }

    @Test func recordsOfAWorkloadComeBack() throws {
        var generator = Generator(Effort.generator("recordsOfAWorkloadComeBack"))
        for round in 0..<(Effort.isFull ? 200 : 20) {
            let records = generator.workload(records: 60)
            let decoded = try SnapshotChunk.decode(SnapshotChunk.encode(records))
            guard claim(sorted(decoded) == sorted(records), "round \(round)") else { return }
        }
    }

    @Test func theOrderOfTheRecordsMakesNoDifference() throws {
        var generator = Generator(Effort.generator("theOrderOfTheRecordsMakesNoDifference"))
        for _ in 0..<20 {
            let records = generator.workload(records: 20) + generator.snapshot(records: 5)
            let bytes = SnapshotChunk.encode(records)
            #expect(SnapshotChunk.encode(records.shuffled(using: &generator.random)) == bytes)
            // What `decode` gives is already in the chunk's order.
            let decoded = try SnapshotChunk.decode(bytes)
            #expect(SnapshotChunk.encode(decoded) == bytes)
            #expect(SnapshotChunk.ordered(records) == decoded)
            #expect(SnapshotChunk.ordered(decoded) == decoded)
        }
    }

    @Test func recordsThatAreAlikeTakeFewBytes() throws {
        var generator = Generator(Effort.generator("recordsThatAreAlikeTakeFewBytes"))
        let records = generator.workload(records: 1_000)
        let bytes = SnapshotChunk.encode(records).count
        let plain = records.reduce(0) { $0 + $1.state.encoded().count + 60 * $1.log.count }
        #expect(bytes * 6 < plain, "\(bytes) bytes, \(plain) one by one")
    }

    /// A change may have written at one time and appended at a later key, in one record or in several.
    @Test func timesOfOneChangeMayDiffer() throws {
        let dot = Samples.dot
        let records = (0..<4).map { index in
            var state = RecordState()
            var rows: [LogRow] = []
            for (sequence, milliseconds) in [(UInt64(1), Int64(5_000)), (2, 3_000 + Int64(index))] {
                let dot = Dot(feed: dot.feed, sequence: sequence)
                let operations = [
                    Samples.operation("a", .register, .integer(1)), Samples.operation("steps", .log, .text("x")),
                ]
                for operation in operations {
                    let effective = HybridTimestamp(milliseconds: milliseconds)
                    let row = try? state.apply(
                        operation, dot: dot, effective: effective, past: Past(of: dot, others: VersionVector())
                    ) { rows.last?.mark.key }
                    if let row { rows.append(row) }
                }
            }
            return SnapshotRecord(
                origin: .created(change: Samples.shortHash, index: index), state: state, log: rows)
        }
        #expect(Set(records.map { $0.state.slots[0].survivors[0].effective }).count == 4)
        #expect(records.allSatisfy { $0.log.count == 2 && $0.log[1].mark.key == $0.log[0].mark.key.successor })
        #expect(try sorted(SnapshotChunk.decode(SnapshotChunk.encode(records))) == sorted(records))
    }

    /// Of a closed case only the digest of the log may travel.
    @Test func aLogMayBeStatedWithoutItsRows() throws {
        let whole = SnapshotRecord(origin: .external(source: "s", id: "1"), state: Samples.state, log: [])
        #expect(whole.state.logCount == 2)
        let empty = SnapshotRecord(origin: .external(source: "s", id: "2"), state: RecordState(), log: [])
        // No store has it, and it comes back all the same.
        let strange = SnapshotRecord(
            origin: .external(source: "s", id: "3"), state: RecordState(), log: [Samples.logRow])
        let records = [whole, empty, strange]
        #expect(try sorted(SnapshotChunk.decode(SnapshotChunk.encode(records))) == sorted(records))
    }

    @Test(
        arguments: [
            ["Caller 1", "Caller 20", "Caller 0"], ["x007", "x008"], ["7", "12345678901234567890"], ["a1", "b2"],
            ["1", "", "2"], ["Caller 999999999999999999", "Caller 1000000000000000000"], ["日本 5", "日本 6"],
        ])
    func textsThatCountComeBack(texts: [String]) throws {
        let records = (0..<200).map { index in
            SnapshotChunkTests.record(index, [("caller", .register, .text(texts[index % texts.count]))])
        }
        #expect(try sorted(SnapshotChunk.decode(SnapshotChunk.encode(records))) == sorted(records))
    }

    @Test func valuesAtTheEdgesComeBack() throws {
        let records = Samples.values.enumerated().map { index, sample in
            SnapshotChunkTests.record(index, [("v", .register, sample.value), ("w", .escrow, sample.value)])
        }
        let totals = [Int64.min, .max, -1, 1].enumerated().map { index, total in
            SnapshotChunkTests.record(1_000 + index, [("t", .total, .integer(total))])
        }
        #expect(
            try sorted(SnapshotChunk.decode(SnapshotChunk.encode(records + totals))) == sorted(records + totals))
    }

    @Test func aChunkThatIsFullTakesNoMore() throws {
        let text = Value.text(Text(String(repeating: "a", count: 4 << 20)))
        var room = SnapshotChunk.Room()
        var records: [SnapshotRecord] = []
        while true {
            let next = SnapshotChunkTests.record(records.count, [("note", .register, text)])
            if !room.take(next) { break }
            records.append(next)
        }
        #expect(records.count == 15)
        let bytes = SnapshotChunk.encode(records)
        #expect(bytes.count < 5 << 20)
        #expect(try SnapshotChunk.decode(bytes).count == 15)
    }

    static func record(_ index: Int, _ writes: [(Text, FieldKind, Value)]) -> SnapshotRecord {
        var state = RecordState()
        let dot = Dot(feed: Samples.dot.feed, sequence: UInt64(index + 1))
        let effective = HybridTimestamp(milliseconds: 1_768_469_400_000 + Int64(index) * 1_000)
        for (field, kind, value) in writes {
            do {
                _ = try state.apply(
                    Samples.operation(field, kind, value), dot: dot, effective: effective,
                    past: Past(of: dot, others: VersionVector())
                ) { nil }
            } catch { preconditionFailure("\(error)") }
        }
        return SnapshotRecord(origin: .external(source: "s", id: Text("\(index)")), state: state, log: [])
    }
}
