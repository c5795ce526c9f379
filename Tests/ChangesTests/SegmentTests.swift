import Causality
import Changes
import Testing

@Suite("A segment gives back the very changes that were packed")
struct SegmentTests {
    @Test func randomItemsComeBackByteForByte() throws {
        var generator = Generator(Effort.generator("randomItemsComeBackByteForByte"))
        for round in 0..<(Effort.isFull ? 2_000 : 200) {
            let sample = generator.segment(items: generator.pick([0, 1, 2, 10, 40]))
            let segment = try Segment(decoding: try sample.encoded(), scope: Samples.scope)
            let difference = try sample.difference(from: segment)
            guard claim(difference == nil, "round \(round): \(difference ?? "")") else { return }
        }
    }

    /// Every form of value, operation and origin, whether or not anything repeats.
    @Test func changesOfEveryKindComeBackByteForByte() throws {
        var generator = Generator(Effort.generator("changesOfEveryKindComeBackByteForByte"))
        for round in 0..<(Effort.isFull ? 500 : 50) {
            var sample = SegmentSample(isPlaced: false)
            for _ in 0..<10 {
                let change = generator.change()
                sample.items.append(.change(dot: change.dot, carried: change.carried(), place: nil))
            }
            let segment = try Segment(decoding: try sample.encoded(), scope: Samples.scope)
            let difference = try sample.difference(from: segment)
            guard claim(difference == nil, "round \(round): \(difference ?? "")") else { return }
        }
    }

    /// What is noted while a segment is unpacked is what looking at each change's bytes finds.
    @Test func indexedOperationsAreThoseThatAreFoundInTheBytes() throws {
        var generator = Generator(Effort.generator("indexedOperationsAreThoseThatAreFoundInTheBytes"))
        var (ofOne, ofSeveral) = (0, 0)
        for round in 0..<(Effort.isFull ? 2_000 : 200) {
            let sample = generator.segment(items: generator.pick([1, 2, 10, 40]))
            let segment = try Segment(decoding: try sample.encoded(), scope: Samples.scope, isIndexed: true)
            let indexed = try #require(segment.indexed)
            var number = 0
            for case .full(let change) in segment.items {
                defer { number += 1 }
                let found = try EncodedOperations(segment.operationBytes, change.operationBytes)
                guard let noted = indexed[number] else {
                    ofSeveral += 1
                    guard claim(found.origins.count > 1, "round \(round): change \(number) is left out") else { return }
                    continue
                }
                ofOne += 1
                let isFolded = !found.items.isEmpty
                let orders = isFolded ? (noted.replacing(on: 0), found.replacing(on: 0)) : (nil, nil)
                guard
                    claim(
                        Array(noted.origins) == Array(found.origins) && Array(noted.items) == Array(found.items)
                            && orders.0.map { Array($0.order) } == orders.1.map { Array($0.order) },
                        "round \(round): change \(number) lies elsewhere")
                else { return }
            }
        }
        #expect(ofOne > 100 && ofSeveral > 100)
    }

    /// The columns of changes without places, with a place for each, hold what was packed with places.
    @Test func placesAreAddedBesideTheColumns() throws {
        var generator = Generator(Effort.generator("placesAreAddedBesideTheColumns"))
        var placed = 0
        for round in 0..<(Effort.isFull ? 2_000 : 200) {
            var sample = generator.segment(items: generator.pick([1, 2, 10, 40]))
            sample.items = sample.items.filter { if case .change = $0 { true } else { false } }
            let places = sample.items.map { item -> SegmentPlace in
                guard case .change(let dot, _, let place) = item else { preconditionFailure("only changes are left") }
                return place
                    ?? SegmentPlace(
                        received: generator.milliseconds(), verdict: generator.pick([.ok, .void, .held]),
                        start: dot.sequence == 1 ? generator.hash() : nil)
            }
            func given(_ isPlaced: Bool) -> SegmentSample {
                SegmentSample(
                    isPlaced: isPlaced,
                    items: zip(sample.items, places).map { item, place in
                        guard case .change(let dot, let carried, _) = item else { return item }
                        return .change(dot: dot, carried: carried, place: isPlaced ? place : nil)
                    })
            }
            let bytes = try given(false).encoded()
            let plain = try Segment(decoding: bytes, scope: Samples.scope)
            let segment = try Segment(
                decoding: try Segment.placed(bytes, plain, at: places), scope: Samples.scope)
            let difference = try given(true).difference(from: segment)
            guard claim(difference == nil, "round \(round): \(difference ?? "")"),
                claim(
                    try Segment.isAllOK(encoded: try Segment.placed(bytes, plain, at: places))
                        == places.allSatisfy { $0.verdict == .ok }, "round \(round): whether all are ok")
            else { return }
            placed += sample.items.count
        }
        #expect(placed > 1_000)
    }

    @Test func theSameItemsGiveTheSameBytes() throws {
        var generator = Generator(Effort.generator("theSameItemsGiveTheSameBytes"))
        for _ in 0..<50 {
            let bytes = try generator.segment(items: 30).encoded()
            #expect(try Segment(decoding: bytes, scope: Samples.scope).sample.encoded() == bytes)
        }
    }

    @Test(arguments: [true, false])
    func anEmptySegmentHoldsNothing(isPlaced: Bool) throws {
        let writer = SegmentWriter(isPlaced: isPlaced)
        #expect(writer.isEmpty)
        let segment = try Segment(decoding: writer.encoded(), scope: Samples.scope)
        #expect(segment.items.isEmpty && segment.isPlaced == isPlaced)
    }

    @Test func whatOccursAgainIsSharedAndTakesFewBytes() throws {
        let changes = SegmentTests.counting(100)
        let segment = try Segment(decoding: try changes.encoded(), scope: Samples.scope)
        #expect(segment.origins.count == 1)
        #expect(segment.authors.count == 1)
        let bytes = try changes.encoded().count
        #expect(bytes < 1_000, "100 changes of one record take \(bytes) bytes")
    }

    @Test func aFullSegmentTakesNoMore() throws {
        var writer = SegmentWriter(isPlaced: true)
        for sequence in 1...UInt64(Limit.itemsPerSegment.value) {
            let dot = Dot(feed: Samples.otherFeed, sequence: sequence)
            let isTaken = writer.append(known: dot, received: 0, verdict: .ok)
            guard claim(isTaken, "item \(sequence) was not taken") else { return }
        }
        let dot = Dot(feed: Samples.otherFeed, sequence: 1_000_000)
        let isTaken = writer.append(known: dot, received: 0, verdict: .ok) || writer.append(other: .clock(1))
        #expect(!isTaken)
        let segment = try Segment(decoding: writer.encoded(), scope: Samples.scope)
        #expect(segment.items.count == Limit.itemsPerSegment.value)
    }

    @Test func aSegmentIsFullBeforeItGrowsTooLarge() throws {
        var writer = SegmentWriter(isPlaced: false)
        var taken = 0
        for sequence in 1...20 as ClosedRange<UInt64> {
            let change = SegmentTests.change(
                sequence, [Samples.operation("note", .register, .bytes(Array(repeating: 7, count: 1 << 20)))])
            if try writer.append(change: change.dot, carried: change.carried(), place: nil) { taken += 1 }
        }
        #expect(taken == 15)
        let bytes = writer.encoded()
        #expect(bytes.count < 2 << 20)
        let segment = try Segment(decoding: bytes, scope: Samples.scope)
        #expect(try segment.disagreement() == nil)
    }

    /// What is remembered of records while reading is bounded, so the writer gives up a cheaper way rather than
    /// exceed it.
    @Test func manyRecordsAndManyNumbersStayWithinTheirBound() throws {
        var sample = SegmentSample(isPlaced: false)
        let fields = (0..<100).map { Text("n\($0)") }
        for sequence in 1...11_000 as ClosedRange<UInt64> {
            let written = sequence % 100 == 0 ? fields : ["n0"]
            let change = SegmentTests.change(
                sequence, origin: .external(source: "s", id: Text("\(sequence / 2)")),
                written.map {
                    Samples.operation($0, .register, .integer(Int64(sequence / 2) &* 1_000_003 + Int64(sequence)))
                })
            sample.items.append(.change(dot: change.dot, carried: change.carried(), place: nil))
        }
        let segment = try Segment(decoding: try sample.encoded(), scope: Samples.scope)
        #expect(try sample.difference(from: segment) == nil)
    }

    @Test(
        arguments: [
            "2016-02-29T01:16", "2016-02-29 01:16", "2016-02-29T01:16:59Z", "0000-01-01T00:00", "9999-12-31 23:59:59",
            "1969-12-31T23:59", "2016-02-30T01:16", "2015-02-29T01:16", "2016-13-01T00:00", "2016-00-01T00:00",
            "2016-02-29T24:00", "2016-02-29T01:60", "2016-02-29T1:16", "2016/02/29T01:16", "-016-02-29T01:16",
            "2016-02-29t01:16", "2016-02-29T01:16:60", "日本-02-29T01:16", "2016-02-29T01:16+0", "ZZZZZZZZZZZZZZZZ",
        ] as [Text])
    func aTextThatLooksLikeAMomentComesBackAsItWas(text: Text) throws {
        var sample = SegmentSample(isPlaced: false)
        for sequence in 1...5 as ClosedRange<UInt64> {
            let change = SegmentTests.change(sequence, [Samples.operation("opened", .register, .text(text))])
            sample.items.append(.change(dot: change.dot, carried: change.carried(), place: nil))
        }
        let segment = try Segment(decoding: try sample.encoded(), scope: Samples.scope)
        #expect(try sample.difference(from: segment) == nil)
    }

    // MARK: - Making changes

    static func change(
        _ sequence: UInt64, origin: RecordOrigin = .external(source: "s", id: "1"), _ operations: [FieldOperation]
    ) -> Change {
        let bytes = Operations(records: [origin], operations: operations).encoded()
        return Change(
            header: ChangeHeader(
                scope: Samples.scope, dot: Dot(feed: Samples.otherFeed, sequence: sequence), previous: Samples.hash,
                stamp: HybridTimestamp(milliseconds: 1_768_469_400_000 + Int64(sequence) * 1_000), zoneMinutes: 60,
                person: "p-17", schema: "recovery/1", context: [], operationsHash: Operations.hash(bytes), parts: []),
            operations: bytes)
    }

    /// So many changes of one record, which count up.
    static func counting(_ count: UInt64) -> SegmentSample {
        var sample = SegmentSample(isPlaced: false)
        for sequence in 1...count {
            let change = change(
                sequence,
                [
                    Samples.operation("count", .register, .integer(Int64(sequence) + 5)),
                    Samples.operation("state", .register, .text(sequence % 2 == 0 ? "Open" : "Closed")),
                ])
            sample.items.append(.change(dot: change.dot, carried: change.carried(), place: nil))
        }
        return sample
    }
}
