import Causality
import Changes
import Testing

/// A chunk need not have one spelling, but the records that come out of it must: each state is one that the ordinary
/// decoder takes, or the chunk is refused. A trap would end the test process.
@Suite("A hostile chunk of a snapshot is refused, or holds states that anyone takes")
struct SnapshotHostileTests {
    private static let rounds = 10_000

    @Test func mutationsOfValidChunks() throws {
        var generator = Generator(Effort.generator("mutationsOfValidChunks"))
        var refused = 0
        var taken = 0
        var valid = SnapshotChunk.encode(generator.workload(records: 3))
        var other = valid
        for round in 0..<Self.rounds {
            if round % 10 == 0 {
                let records =
                    generator.chance(2)
                    ? generator.workload(records: generator.pick([1, 5, 20])) : generator.snapshot(records: 3)
                (valid, other) = (SnapshotChunk.encode(records), valid)
            }
            var bytes = valid
            for _ in 0...generator.upTo(2) {
                bytes = generator.pick(Mutation.allCases).applied(to: bytes, other: other, &generator)
            }
            guard let records = try? SnapshotChunk.decode(bytes) else {
                refused += 1
                continue
            }
            taken += 1
            guard claim(SnapshotHostileTests.isSound(records), "\(hexadecimal(bytes)) holds what is refused alone")
            else { return }
        }
        #expect(refused + taken == Self.rounds)
        #expect(refused > 0 && taken > 0)
    }

    @Test func everyByteOfAChunkReplaced() throws {
        var generator = Generator(Effort.generator("everyByteOfAChunkReplaced"))
        for round in 0..<(Effort.isFull ? 20 : 2) {
            let records = round % 2 == 0 ? generator.workload(records: 6) : generator.snapshot(records: 2)
            let bytes = SnapshotChunk.encode(records)
            for place in bytes.indices {
                for byte in [bytes[place] ^ 1, bytes[place] ^ 0x80, 0xff] {
                    var hostile = bytes
                    hostile[place] = byte
                    guard let records = try? SnapshotChunk.decode(hostile) else { continue }
                    guard claim(SnapshotHostileTests.isSound(records), hexadecimal(hostile)) else { return }
                }
            }
        }
    }

    @Test func everyTruncationOfAChunkIsRefused() throws {
        var generator = Generator(Effort.generator("everyTruncationOfAChunkIsRefused"))
        for round in 0..<6 {
            let records = round % 2 == 0 ? generator.workload(records: 10) : generator.snapshot(records: 4)
            let bytes = SnapshotChunk.encode(records)
            for length in bytes.indices {
                guard
                    claim(
                        (try? SnapshotChunk.decode(Array(bytes[..<length]))) == nil,
                        "\(length) bytes of \(hexadecimal(bytes)) were taken")
                else { return }
            }
            #expect(throws: CodecError.self) { try SnapshotChunk.decode(bytes + [0]) }
        }
    }

    /// No memory is taken for what cannot be there (2^40 of anything would end the process).
    @Test func hugeCountsAtEveryByteOfAChunk() throws {
        var generator = Generator(Effort.generator("hugeCountsAtEveryByteOfAChunk"))
        let counts: [UInt64] = [10_000, 1 << 16, 1 << 20, 1 << 22, 1 << 31, 1 << 40, 1 << 62, 1 << 63, .max]
        for records in [generator.workload(records: 10), generator.snapshot(records: 3)] {
            let bytes = SnapshotChunk.encode(records)
            for place in bytes.indices {
                for count in counts {
                    let hostile = Array(bytes[..<place] + Mutation.varint(count) + bytes[(place + 1)...])
                    guard let records = try? SnapshotChunk.decode(hostile) else { continue }
                    guard claim(SnapshotHostileTests.isSound(records), hexadecimal(hostile)) else { return }
                }
            }
        }
    }

    /// Counts that the bytes behind them cannot hold, and others than they do hold.
    @Test(arguments: [(2, 3), (2, 1 << 16), (3, 5), (3, 1 << 20)] as [(Int, UInt64)])
    func countsThatLie(place: Int, count: UInt64) throws {
        // Format and flags, a byte each; then 4 records and 4 writes.
        let records = (0..<4).map { SnapshotChunkTests.record($0, [("a", .register, .integer(1))]) }
        let bytes = SnapshotChunk.encode(records)
        #expect(bytes[2] == 4 && bytes[3] == 4)
        let hostile = Array(bytes[..<place] + Mutation.varint(count) + bytes[(place + 1)...])
        #expect(throws: CodecError.self) { try SnapshotChunk.decode(hostile) }
    }

    @Test func aBombIsRefused() throws {
        // Four megabytes listed once and held by 16 records: with what else they weigh, a little more than is allowed.
        let text = Value.text(Text(String(repeating: "a", count: 4 << 20)))
        let records = (0..<17).map { SnapshotChunkTests.record($0, [("note", .register, text)]) }
        let bytes = SnapshotChunk.encode(records)
        #expect(bytes.count < 5 << 20)
        let error = #expect(throws: CodecError.self) { try SnapshotChunk.decode(bytes) }
        guard case .limit(.rebuiltBytesPerSnapshotChunk, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try SnapshotChunk.decode(SnapshotChunk.encode(Array(records.prefix(15)))).count == 15)
    }

    /// Found in review: the rows of a log were copied out before anything was counted.
    @Test func aBombInALogIsRefused() throws {
        let text = Value.text(Text(String(repeating: "a", count: 4 << 20)))
        let feed = FeedID(high: 1, low: 1)
        let log = (1...20).map { sequence in
            LogRow(
                field: "steps",
                mark: RecordState.LogMark(
                    key: HybridTimestamp(milliseconds: Int64(sequence)),
                    dot: Dot(feed: feed, sequence: UInt64(sequence))),
                value: text)
        }
        let state = try RecordState(
            slots: [], logCount: 20, logSum: log.reduce(0) { $0 &+ $1.digest }, newestLog: log.last?.mark)
        let bytes = SnapshotChunk.encode([
            SnapshotRecord(origin: .external(source: "s", id: "1"), state: state, log: log)
        ])
        let error = #expect(throws: CodecError.self) { try SnapshotChunk.decode(bytes) }
        guard case .limit(.rebuiltBytesPerSnapshotChunk, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Found in review: a listed text was bounded by the chunk alone, and the state that held it stopped the program.
    @Test func aTextThatIsTooLongIsRefused() {
        let text = Value.text(Text(String(repeating: "a", count: (4 << 20) + 1)))
        let bytes = SnapshotChunk.encode([SnapshotChunkTests.record(0, [("note", .register, text)])])
        let error = #expect(throws: CodecError.self) { try SnapshotChunk.decode(bytes) }
        guard case .limit(.textBytes, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aRecordTwiceIsRefused() {
        let record = SnapshotChunkTests.record(0, [("a", .register, .integer(1))])
        #expect(throws: CodecError.self) { try SnapshotChunk.decode(SnapshotChunk.encode([record, record])) }
    }

    @Test func anotherFormatOfChunkIsUnsupported() {
        #expect(throws: CodecError.unsupported("a chunk of a snapshot of format 2")) { try SnapshotChunk.decode([2]) }
    }

    /// What came out is canonical one by one, and can be packed again and comes out again.
    private static func isSound(_ records: [SnapshotRecord]) -> Bool {
        do {
            for record in records {
                guard try RecordState(record.state.encoded()) == record.state else { return false }
                let origin = try whole(encoded(record.origin.encode), RecordOrigin.init(from:))
                guard origin == record.origin else { return false }
                for row in record.log {
                    let value = try whole(row.value.canonicalBytes, Value.init(from:))
                    guard value == row.value else { return false }
                }
            }
            let decoded = try SnapshotChunk.decode(SnapshotChunk.encode(records))
            return sorted(decoded) == sorted(records)
        } catch { return false }
    }
}
