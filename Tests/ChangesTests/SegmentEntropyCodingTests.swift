import Causality
import Changes
import GoldenFiles
import Testing

@Suite("A small segment in fewer bytes comes back byte for byte, and nothing else is taken")
struct SegmentEntropyCodingTests {
    private static let rounds = 10_000

    @Test func goldenBytes() throws {
        let single = SegmentSample(
            isPlaced: false, items: [.change(dot: Samples.dot, carried: Samples.change.carried(), place: nil)])
        let counting = try SegmentTests.counting(3).encoded()
        try GoldenFile(name: "segment-coded").expect([
            ("the change of change-carried.hex, not placed", try coded(single.encoded())),
            ("three changes that count up, not placed", try coded(counting)),
        ])
    }

    /// Numbers of the wire format: a name that moves is another field on the other side.
    @Test func knownNamesKeepTheirNumbers() {
        #expect(KnownNames.all.count == Set(KnownNames.all).count)
        for (name, number) in [("type", 1), ("steps", 12), ("enrolled_at", 21), ("closed_at", 36)] {
            #expect(KnownNames.all[number - 1] == name)
        }
    }

    @Test func randomSegmentsComeBackByteForByte() throws {
        var generator = Generator(Effort.generator("codedSegmentsComeBackByteForByte"))
        var shorter = 0
        for round in 0..<(Effort.isFull ? 5_000 : 500) {
            let segment = try generator.segment(items: generator.pick([0, 1, 2, 10, 40])).encoded()
            guard let bytes = SegmentEntropyCoding.encode(segment) else { continue }
            shorter += 1
            let isSame = try SegmentEntropyCoding.decode(bytes) == segment
            guard claim(isSame, "round \(round): another segment came back") else { return }
        }
        #expect(shorter > 300, "hardly any segment was coded: this tests too little")
    }

    @Test func whatRepeatsTakesAFraction() throws {
        let segment = try SegmentTests.counting(100).encoded()
        let bytes = try coded(segment)
        #expect(5 * bytes.count < 2 * segment.count, "\(bytes.count) of \(segment.count) bytes")
    }

    @Test func aLargeSegmentAndOtherBytesAreLeftAsTheyAre() throws {
        var large = SegmentSample(isPlaced: false)
        let text = Value.text(Text(String(repeating: "long ", count: 2_000)))
        let change = SegmentTests.change(1, [Samples.operation("note", .register, text)])
        large.items.append(.change(dot: change.dot, carried: change.carried(), place: nil))
        let bytes = try large.encoded()
        #expect(bytes.count > Limit.bytesPerCodedSegment.value)
        #expect(SegmentEntropyCoding.encode(bytes) == nil)
        let small = try SegmentTests.counting(20).encoded()
        #expect(SegmentEntropyCoding.encode(small) != nil)
        #expect(SegmentEntropyCoding.encode(small + [0]) == nil)
        #expect(SegmentEntropyCoding.encode(Array(small.dropLast())) == nil)
        #expect(SegmentEntropyCoding.encode([]) == nil)
    }

    /// A typed refusal, or bytes within the limit, which `Segment` then judges: never a trap.
    @Test func mutationsAreRefusedOrStayWithinTheLimit() throws {
        var generator = Generator(Effort.generator("codedMutations"))
        var (refused, taken) = (0, 0)
        var valid = try coded(generator.segment(items: 5).encoded())
        var other = valid
        for round in 0..<Self.rounds {
            if round % 10 == 0, let next = SegmentEntropyCoding.encode(try generator.segment(items: 20).encoded()) {
                (valid, other) = (next, valid)
            }
            var bytes = valid
            for _ in 0...generator.upTo(2) {
                bytes = generator.pick(Mutation.allCases).applied(to: bytes, other: other, &generator)
            }
            do {
                let segment = try SegmentEntropyCoding.decode(bytes)
                taken += 1
                let isWithin = segment.count <= Limit.bytesPerCodedSegment.value
                guard claim(isWithin, "\(hexadecimal(bytes)) becomes \(segment.count) bytes") else { return }
            } catch {
                refused += 1
            }
        }
        #expect(refused + taken == Self.rounds && refused > 0)
    }

    @Test func everyTruncationIsRefused() throws {
        var generator = Generator(Effort.generator("codedTruncations"))
        for _ in 0..<5 {
            let bytes = try coded(generator.segment(items: 10).encoded())
            for length in bytes.indices {
                #expect(throws: CodecError.self) { try SegmentEntropyCoding.decode(Array(bytes[..<length])) }
            }
            #expect(throws: CodecError.self) { try SegmentEntropyCoding.decode(bytes + [0]) }
        }
    }

    /// A few bytes that would become many: what comes out is counted as it comes.
    @Test func aBombIsRefused() throws {
        let segment = try SegmentTests.counting(5_000).encoded()
        #expect(segment.count > Limit.bytesPerCodedSegment.value)
        let bytes = try #require(
            SegmentEntropyCoding.encode(segment, limit: Limit("bytes of this test", segment.count)))
        #expect(bytes.count < Limit.bytesPerCodedSegment.value)
        let error = #expect(throws: CodecError.self) { try SegmentEntropyCoding.decode(bytes) }
        guard case .limit(.bytesPerCodedSegment, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func coded(_ segment: [UInt8]) throws -> [UInt8] {
        let bytes = try #require(SegmentEntropyCoding.encode(segment))
        #expect(try SegmentEntropyCoding.decode(bytes) == segment)
        return bytes
    }
}
