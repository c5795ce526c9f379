import Causality
import Changes

/// Items as they are given to a `SegmentWriter`.
struct SegmentSample {
    enum Given {
        case change(dot: Dot, carried: [UInt8], place: SegmentPlace?)
        case known(dot: Dot, received: Int64, verdict: Verdict)
        case stub(header: [UInt8], received: Int64, verdict: Verdict)
        case other(Entry)
    }

    var isPlaced = true
    var items: [Given] = []

    /// - Throws: where the writer refuses an item; `SegmentIsFull` where it has no room.
    func encoded() throws -> [UInt8] {
        var writer = SegmentWriter(isPlaced: isPlaced)
        for item in items {
            let isTaken =
                switch item {
                case .change(let dot, let carried, let place):
                    try writer.append(change: dot, carried: carried, place: place)
                case .known(let dot, let received, let verdict):
                    writer.append(known: dot, received: received, verdict: verdict)
                case .stub(let header, let received, let verdict):
                    writer.append(stub: header, received: received, verdict: verdict)
                case .other(let entry): writer.append(other: entry)
                }
            guard isTaken else { throw SegmentIsFull() }
        }
        return writer.encoded()
    }

    /// In words, where `segment` does not hold exactly these items.
    func difference(from segment: Segment) throws -> String? {
        guard segment.items.count == items.count else { return "\(segment.items.count) items of \(items.count)" }
        for (index, (item, given)) in zip(segment.items, items).enumerated() {
            switch (item, given) {
            case (.full(let change), .change(let dot, let carried, let place)):
                guard change.dot == dot, change.place == place else { return "item \(index) has another place" }
                guard segment.carried(change) == carried else { return "item \(index) has other bytes" }
            case (.known(let dot, let received, let verdict), .known(let otherDot, let otherReceived, let otherVerdict))
            where dot == otherDot && received == otherReceived && verdict == otherVerdict:
                continue
            case (.stub(let received, let verdict, let header), .stub(let bytes, let otherReceived, let otherVerdict))
            where header == bytes && received == otherReceived && verdict == otherVerdict:
                continue
            case (.other(let entry), .other(let otherEntry)) where entry == otherEntry: continue
            default: return "item \(index) is \(item), not \(given)"
            }
        }
        return try segment.disagreement()
    }

    struct SegmentIsFull: Error {}
}

extension Segment {
    /// In words, where a change is not what the ordinary decoder makes of its carried bytes.
    ///
    /// - Throws: where that decoder refuses them.
    func disagreement() throws -> String? {
        for item in items {
            switch item {
            case .full(let change):
                let decoded = try Change(
                    carried: carried(change), scope: scope, dot: change.dot, previous: Samples.hash)
                guard decoded.header == header(of: change, previous: Samples.hash) else {
                    return "another header of \(change.dot)"
                }
                guard try decoded.decodedOperations() == operations(of: change) else {
                    return "other operations of \(change.dot)"
                }
                guard decoded.operations == Array(operationBytes[change.operationBytes]) else {
                    return "other canonical operations of \(change.dot)"
                }
            case .stub(_, _, let bytes):
                let header = try whole(bytes, ChangeHeader.init(from:))
                guard header.scope == scope, encoded(header.encode) == bytes else { return "another stub" }
            case .known, .other: continue
            }
        }
        return nil
    }

    /// The items as a writer takes them.
    var sample: SegmentSample {
        SegmentSample(
            isPlaced: isPlaced,
            items: items.map { item in
                switch item {
                case .full(let change): .change(dot: change.dot, carried: carried(change), place: change.place)
                case .known(let dot, let received, let verdict):
                    .known(dot: dot, received: received, verdict: verdict)
                case .stub(let received, let verdict, let header):
                    .stub(header: header, received: received, verdict: verdict)
                case .other(let entry): .other(entry)
                }
            })
    }
}

extension Generator {
    /// A run in which much repeats and anything can occur.
    mutating func segment(items count: Int) -> SegmentSample {
        var sample = SegmentSample(isPlaced: !chance(4))
        var source = SegmentSource(&self)
        for _ in 0..<count {
            let dot = source.dot(&self)
            switch sample.isPlaced ? upTo(9) : 0 {
            case 7: sample.items.append(.known(dot: dot, received: milliseconds(), verdict: pick(Generator.verdicts)))
            case 8:
                let header = source.change(&self, dot).header
                sample.items.append(
                    .stub(header: encoded(header.encode), received: milliseconds(), verdict: pick([.void, .held])))
            case 9:
                let entry = entry()
                if case .change = entry { continue }
                sample.items.append(.other(entry))
            default:
                let change = source.change(&self, dot)
                let place = SegmentPlace(
                    received: chance(4) ? milliseconds() : source.milliseconds, verdict: pick(Generator.verdicts),
                    start: dot.sequence == 1 ? hash() : nil)
                sample.items.append(
                    .change(dot: dot, carried: change.carried(), place: sample.isPlaced ? place : nil))
            }
        }
        return sample
    }

    private static let verdicts: [Verdict] = [.ok, .ok, .ok, .void, .held]
}

/// What the changes of one random segment are drawn from.
private struct SegmentSource {
    private var feeds: [(id: FeedID, next: UInt64)] = []
    private var origins: [RecordOrigin] = []
    private var contents: [FieldOperation] = []
    private var people: [Text]
    private(set) var milliseconds: Int64 = 1_768_469_400_000

    init(_ generator: inout Generator) {
        for _ in 0...generator.upTo(2) {
            feeds.append((generator.identifier(), generator.pick([1, 1, 300, 1 << 40])))
        }
        for number in 0..<generator.upTo(6) {
            origins.append(.external(source: "log", id: Text("INC000\(1_000 + 7 * number)")))
            origins.append(generator.origin())
        }
        origins.append(.here(index: 0))
        for _ in 0...generator.upTo(12) { contents.append(generator.operation(record: 0)) }
        people = [generator.name(), generator.name(), "p-17"]
    }

    mutating func dot(_ generator: inout Generator) -> Dot {
        let index = generator.upTo(feeds.count - 1)
        let sequence = generator.chance(9) ? generator.sequence() : feeds[index].next
        feeds[index].next = max(1, sequence &+ 1)
        return Dot(feed: feeds[index].id, sequence: sequence)
    }

    mutating func change(_ generator: inout Generator, _ dot: Dot) -> Change {
        milliseconds += Int64(generator.pick([0, 0, 1, 900, 70_000, -5_000]))
        let operations = operations(&generator).encoded()
        var heads: [FeedID: ChangeReference] = [:]
        if generator.chance(3) {
            for reference in generator.references(upTo: 2) { heads[reference.dot.feed] = reference }
            let other = generator.pick(feeds)
            heads[other.id] = ChangeReference(
                dot: Dot(feed: other.id, sequence: other.next), hash: generator.identifier())
            heads[dot.feed] = nil
        }
        var subjects = Set<SubjectID>()
        if generator.chance(3) { for _ in 0..<generator.upTo(2) { subjects.insert(generator.identifier()) } }
        let stamp =
            generator.chance(12)
            ? HybridTimestamp(rawValue: generator.integer())
            : HybridTimestamp(milliseconds: milliseconds, counter: UInt16(generator.pick([0, 0, 0, 1, 65_535])))
        let header = ChangeHeader(
            scope: Samples.scope, dot: dot, previous: Samples.hash, stamp: stamp,
            zoneMinutes: generator.chance(5) ? generator.zone() : 60, person: generator.pick(people),
            schema: generator.chance(5) ? generator.name() : "recovery/1",
            context: heads.values.sorted { $0.dot < $1.dot }, operationsHash: Operations.hash(operations),
            parts: subjects.sorted().map { PartCommitment(subject: $0, commitment: generator.hash()) })
        return Change(header: header, operations: operations)
    }

    private mutating func operations(_ generator: inout Generator) -> Operations {
        if generator.chance(6) { return generator.operations() }
        var named: [RecordOrigin] = []
        for _ in 0...generator.upTo(2) {
            let origin = generator.pick(origins)
            if !named.contains(origin) { named.append(origin) }
        }
        var operations: [FieldOperation] = []
        for record in named.indices {
            var targets = Set<FieldTarget>()
            for drawn in [usual(&generator)] + (0..<generator.upTo(4)).map({ _ in content(&generator) })
            where targets.insert(drawn.target).inserted {
                operations.append(
                    FieldOperation(
                        record: record, target: drawn.target, action: drawn.action, value: drawn.value,
                        shown: drawn.shown))
            }
        }
        return Operations(records: named, operations: operations)
    }

    private func content(_ generator: inout Generator) -> FieldOperation {
        generator.chance(4) ? generator.pick(contents) : usual(&generator)
    }

    /// What most fields hold: a few words, counts, moments.
    private func usual(_ generator: inout Generator) -> FieldOperation {
        func put(_ field: Text, _ value: Value, _ kind: FieldKind = .register) -> FieldOperation {
            FieldOperation(record: 0, target: FieldTarget(field: field, kind: kind), value: value)
        }
        let minutes = milliseconds / 60_000 + Int64(generator.upTo(90))
        switch generator.upTo(6) {
        case 0: return put("state", .text(generator.pick(["New", "Active", "Awaiting User", "Closed"])))
        case 1: return put("changes", .integer(Int64(generator.upTo(9))))
        case 2: return put("visits", .integer(generator.signed()), .total)
        case 3: return put("occurred", .time(Moment(milliseconds: minutes * 60_000, zoneMinutes: 60)))
        case 4: return put("watched", .boolean(generator.chance(2)), .enableWinsFlag)
        case 5:
            let (hour, minute) = (minutes / 60 % 24, minutes % 60)
            return put("opened", .text("2026-02-28T\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"))
        default:
            return FieldOperation(
                record: 0, target: FieldTarget(field: "tags", kind: .set, element: .text(generator.pick(["a", "b"]))),
                value: .null)
        }
    }
}
