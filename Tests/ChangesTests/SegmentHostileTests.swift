import Causality
import Changes
import Testing

/// A segment need not have one spelling, but the changes that come out of it must: the ordinary decoder takes them, or
/// the segment is refused. A trap would end the test process.
@Suite("A hostile segment is refused, or holds changes that anyone takes")
struct SegmentHostileTests {
    private static let rounds = 10_000

    @Test func mutationsOfValidSegments() throws {
        var generator = Generator(Effort.generator("mutationsOfValidSegments"))
        var refused = 0
        var taken = 0
        var valid: [UInt8] = try generator.segment(items: 5).encoded()
        var other = valid
        for round in 0..<Self.rounds {
            if round % 10 == 0 {
                (valid, other) = (try generator.segment(items: generator.pick([1, 5, 20])).encoded(), valid)
            }
            var bytes = valid
            for _ in 0...generator.upTo(2) {
                bytes = generator.pick(Mutation.allCases).applied(to: bytes, other: other, &generator)
            }
            let segment: Segment
            do { segment = try Segment(decoding: bytes, scope: Samples.scope) } catch {
                refused += 1
                continue
            }
            taken += 1
            guard claim(SegmentHostileTests.isSound(segment), "\(hexadecimal(bytes)) holds what is refused alone")
            else { return }
        }
        #expect(refused + taken == Self.rounds)
        #expect(refused > 0 && taken > 0)
    }

    /// What came before is compared and not checked anew: that takes and refuses exactly what checking would.
    @Test func theWriterRefusesWhatIsNoChange() throws {
        var generator = Generator(Effort.generator("theWriterRefusesWhatIsNoChange"))
        var (refused, taken) = (0, 0)
        for round in 0..<(Effort.isFull ? 2_000 : 200) {
            var writer = SegmentWriter(isPlaced: false)
            var expected: [[UInt8]] = []
            var valid = SegmentHostileTests.plain(&generator)
            for sequence in 1...UInt64(50) {
                var operations = valid
                if expected.count > 2 {
                    for _ in 0..<generator.upTo(2) {
                        operations = generator.pick(Mutation.allCases).applied(
                            to: operations, other: generator.pick(expected), &generator)
                    }
                }
                let error = SegmentHostileTests.refusal { () throws(CodecError) in _ = try EncodedOperations(operations)
                }
                let carried = Change.carried(SegmentTests.change(sequence, []).header, operations)
                let dot = Dot(feed: Samples.otherFeed, sequence: sequence)
                let found = SegmentHostileTests.refusal { () throws(CodecError) in
                    _ = try writer.append(change: dot, carried: carried, place: nil)
                }
                let isSame = (error == nil) == (found == nil)
                guard claim(isSame, "round \(round): \(hexadecimal(operations)): \(String(describing: found))") else {
                    return
                }
                if error == nil { expected.append(operations) }
                (refused, taken) = error == nil ? (refused, taken + 1) : (refused + 1, taken)
                valid = SegmentHostileTests.plain(&generator)
            }
            let segment = try Segment(decoding: writer.encoded(), scope: Samples.scope)
            let found = segment.items.compactMap { item -> [UInt8]? in
                guard case .full(let change) = item else { return nil }
                return Array(segment.operationBytes[change.operationBytes])
            }
            guard claim(found == expected, "round \(round): other changes came back") else { return }
        }
        #expect(refused > 1_000 && taken > 1_000)
    }

    private static func refusal(_ body: () throws(CodecError) -> Void) -> CodecError? {
        do throws(CodecError) {
            try body()
            return nil
        } catch { return error }
    }

    /// Operations on one record of a few forms, mostly values alone.
    private static func plain(_ generator: inout Generator) -> [UInt8] {
        let names: [Text] = ["title", "status", "count", "at"]
        var operations: [FieldOperation] = []
        for name in names where !generator.chance(3) {
            let value = generator.value()
            let isAmount = if case .integer = value { generator.chance(3) } else { false }
            operations.append(Samples.operation(name, isAmount ? .total : .register, value))
        }
        if generator.chance(6) {
            operations.append(
                FieldOperation(
                    record: 0, target: FieldTarget(field: "tags", kind: .set, element: generator.element()),
                    value: .null))
        }
        if operations.isEmpty { operations = [Samples.operation("title", .register, .text("x"))] }
        let origin = generator.pick([
            RecordOrigin.external(source: "s", id: "1"), .external(source: "s", id: "2"), .here(index: 0),
        ])
        return Operations(records: [origin], operations: operations).encoded()
    }

    /// One byte replaced: most of the changes that come out are others, and all are sound.
    @Test func everyByteOfASegmentReplaced() throws {
        var generator = Generator(Effort.generator("everyByteOfASegmentReplaced"))
        for _ in 0..<(Effort.isFull ? 20 : 1) {
            let bytes = try generator.segment(items: 8).encoded()
            for place in bytes.indices {
                for byte in [bytes[place] ^ 1, 0, 0x7f] {
                    var hostile = bytes
                    hostile[place] = byte
                    guard let segment = try? Segment(decoding: hostile, scope: Samples.scope) else { continue }
                    guard claim(SegmentHostileTests.isTaken(segment), hexadecimal(hostile)) else { return }
                }
            }
        }
    }

    @Test func everyTruncationIsRefused() throws {
        var generator = Generator(Effort.generator("everyTruncationIsRefused"))
        for _ in 0..<5 {
            let bytes = try generator.segment(items: 10).encoded()
            for length in bytes.indices {
                guard
                    claim(
                        (try? Segment(decoding: Array(bytes[..<length]), scope: Samples.scope)) == nil,
                        "\(length) bytes of \(hexadecimal(bytes)) were taken")
                else { return }
            }
            #expect(throws: CodecError.self) { try Segment(decoding: bytes + [0], scope: Samples.scope) }
        }
    }

    /// No memory is taken for what cannot be there (2^40 of anything would end the process).
    @Test func hugeCountsAtEveryByte() throws {
        var generator = Generator(Effort.generator("hugeCountsAtEverySegmentByte"))
        let counts: [UInt64] = [10_000, 1 << 22, 1 << 31, 1 << 40, 1 << 62, 1 << 63, .max]
        let bytes = try generator.segment(items: 10).encoded()
        for place in bytes.indices {
            for count in counts {
                let hostile = Array(bytes[..<place] + Mutation.varint(count) + bytes[(place + 1)...])
                guard let segment = try? Segment(decoding: hostile, scope: Samples.scope) else { continue }
                guard claim(SegmentHostileTests.isSound(segment), hexadecimal(hostile)) else { return }
            }
        }
    }

    @Test func aBombIsRefused() throws {
        // Two megabytes once, and a reference to them: the announced size is exceeded while they are rebuilt.
        let value = Value.bytes(Array(repeating: 7, count: 2 << 20))
        var sample = SegmentSample(isPlaced: false)
        for sequence in 1...3 as ClosedRange<UInt64> {
            let change = SegmentTests.change(sequence, [Samples.operation("note", .register, value)])
            sample.items.append(.change(dot: change.dot, carried: change.carried(), place: nil))
        }
        let bytes = try sample.encoded()
        #expect(bytes.count < 3 << 20)
        // Format, flags, 3 items, 3 operations; then the rebuilt bytes, four bytes long.
        let place = 4..<8
        let announced = try whole(Array(bytes[place])) { reader throws(CodecError) in try reader.readInteger() }
        #expect(announced > 6 << 20)
        func announcing(_ count: UInt64) -> [UInt8] {
            Array(bytes[..<place.lowerBound] + Mutation.varint(count) + bytes[place.upperBound...])
        }
        #expect(try Segment(decoding: announcing(announced), scope: Samples.scope).items.count == 3)
        for count in [announced - 1, 4 << 20, 3 << 20] {
            let error = #expect(throws: CodecError.self) {
                try Segment(decoding: announcing(count), scope: Samples.scope)
            }
            guard case .limit(.rebuiltBytesPerSegment, _) = error else {
                Issue.record("\(count): \(String(describing: error))")
                continue
            }
        }
        #expect(throws: CodecError.self) {
            try Segment(decoding: announcing(announced + 1), scope: Samples.scope)
        }
        #expect(throws: CodecError.limit(.rebuiltBytesPerSegment, at: 4)) {
            try Segment(decoding: announcing(17 << 20), scope: Samples.scope)
        }
    }

    @Test func anotherFormatIsUnsupported() {
        #expect(throws: CodecError.unsupported("a segment of format 2")) {
            try Segment(decoding: [2], scope: Samples.scope)
        }
    }

    @Test func aStubOfAnotherScopeIsRefused() throws {
        var writer = SegmentWriter(isPlaced: true)
        let isTaken = writer.append(stub: encoded(Samples.change.header.encode), received: 1, verdict: .void)
        #expect(isTaken)
        let other = ScopeID(high: 1, low: 2)
        #expect(throws: CodecError.self) { try Segment(decoding: writer.encoded(), scope: other) }
    }

    @Test func aMalformedChangeIsNotPacked() throws {
        var generator = Generator(Effort.generator("aMalformedChangeIsNotPacked"))
        var writer = SegmentWriter(isPlaced: false)
        let empty = writer.encoded()
        for _ in 0..<100 {
            let change = generator.change()
            let bytes = change.carried()
            let cut = Array(bytes[..<generator.upTo(bytes.count - 1)])
            let taken = try? writer.append(change: change.dot, carried: cut, place: nil)
            guard claim(taken == nil, "\(hexadecimal(cut)) was packed") else { return }
        }
        #expect(writer.encoded() == empty)
    }

    /// Whether the ordinary decoder makes the same of every change.
    private static func isTaken(_ segment: Segment) -> Bool {
        do { return try segment.disagreement() == nil } catch { return false }
    }

    private static func isSound(_ segment: Segment) -> Bool {
        do {
            guard isTaken(segment) else { return false }
            // What came out can be packed again, and comes out again.
            let sample = segment.sample
            return try sample.difference(from: try Segment(decoding: try sample.encoded(), scope: segment.scope)) == nil
        } catch { return false }
    }
}
