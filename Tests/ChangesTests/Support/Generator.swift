import Causality
import Changes

/// Random values of every form: all valid, with the edges of each range far more often than chance gives them.
struct Generator {
    var random: SplitMix64

    init(_ random: SplitMix64) { self.random = random }

    mutating func upTo(_ greatest: Int) -> Int { Int.random(in: 0...greatest, using: &random) }

    mutating func chance(_ of: Int) -> Bool { upTo(of - 1) == 0 }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[upTo(choices.count - 1)] }

    /// Any length of varint, equally often.
    mutating func integer() -> UInt64 {
        chance(4) ? pick([0, 1, 127, 128, 16_383, 16_384, 1 << 63, .max]) : random.next() >> UInt64(upTo(63))
    }

    mutating func signed() -> Int64 { chance(4) ? pick([0, -1, 1, .min, .max]) : Int64(bitPattern: integer()) }

    mutating func milliseconds() -> Int64 { Int64(integer() % (1 << 48)) }

    mutating func sequence() -> UInt64 { max(1, integer()) }

    mutating func zone() -> Int16 { pick([0, 60, -60, 330, 840, -1_080, 1_080]) }

    mutating func bytes(upTo greatest: Int = 40) -> [UInt8] {
        (0..<upTo(greatest)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// Mostly short, from an alphabet in which look-alikes, U+0000 and direction marks are common.
    mutating func text() -> Text {
        let letters: [String] = [
            "a", "b", "Z", "0", " ", "é", "e\u{301}", "\0", "\u{200f}", "ß", "日", "🧾", "\u{10ffff}",
        ]
        return Text((0..<upTo(12)).map { _ in pick(letters) }.joined())
    }

    /// A field's, a person's or a schema's.
    mutating func name() -> Text { chance(8) ? text() : pick(["title", "status", "tags", "count", "steps", "é", ""]) }

    mutating func identifier<Kind>() -> Identifier128<Kind> {
        chance(3)
            ? Identifier128(high: 0, low: UInt64(upTo(3))) : Identifier128(high: random.next(), low: random.next())
    }

    mutating func hash() -> Hash256 { Hash256(random.next(), random.next(), random.next(), random.next()) }

    mutating func dot() -> Dot { Dot(feed: identifier(), sequence: sequence()) }

    mutating func reference() -> ChangeReference { ChangeReference(dot: dot(), hash: identifier()) }

    mutating func value(level: Int = 1) -> Value {
        switch upTo(level <= 4 ? 13 : 11) {
        case 0: .null
        case 1: .boolean(chance(2))
        case 2: .integer(signed())
        case 3, 4: .text(text())
        case 5: .bytes(bytes())
        case 6: .time(Moment(milliseconds: signed(), zoneMinutes: zone()))
        case 7: .money(Money(minorUnits: signed(), currency: pick(["EUR", "USD", "AAA", "ZZZ"])))
        case 8: .record(identifier())
        case 9: .subject(identifier())
        case 10: .personal(PartReference(part: pick([0, 1, 255]), item: pick([0, 1, 9_999])))
        case 11: .unknown(tag: 16 + integer() % (.max - 16), bytes: bytes())
        default: .fields(fields(level: level))
        }
    }

    private mutating func fields(level: Int) -> [(Text, Value?)] {
        var names = Set<Text>()
        for _ in 0..<upTo(4) { names.insert(name()) }
        return names.sorted().map { ($0, value(level: level + 1)) }
    }

    /// A value that may be the key of an element.
    mutating func element() -> Value {
        while true {
            let value = value()
            if !value.holdsPersonal { return value }
        }
    }

    mutating func origin() -> RecordOrigin {
        switch upTo(3) {
        case 0: .created(change: identifier(), index: pick([0, 1, 127, 128, 10_000]))
        case 1: .here(index: pick([0, 1, 10_000]))
        case 2: .external(source: name(), id: text())
        default: .moved(record: identifier(), target: identifier())
        }
    }
}

extension Generator {
    mutating func operation(record: Int) -> FieldOperation {
        let kind = FieldKind(rawValue: pick([1, 1, 2, 2, 3, 4, 5, 6, 7, 99, 255]))
        let action = FieldAction(rawValue: chance(10) ? pick([2, 200]) : kind.isReplacing && chance(4) ? 1 : 0)
        let value: Value =
            switch (action, kind) {
            case (.remove, _): .null
            case (.put, .total): .integer(signed())
            case (.put, .enableWinsFlag), (.put, .disableWinsFlag): .boolean(chance(2))
            default: self.value()
            }
        let element = kind == .set || (!kind.isKnown && chance(2)) ? element() : nil
        let maySayShown = kind.isReplacing || !kind.isKnown || !action.isKnown
        return FieldOperation(
            record: record, target: FieldTarget(field: name(), kind: kind, element: element), action: action,
            value: value, shown: maySayShown && chance(3) ? references(upTo: 3) : nil)
    }

    /// Sorted by dot, each dot once.
    mutating func references(upTo greatest: Int) -> [ChangeReference] {
        let drawn = (0..<upTo(greatest)).map { _ in reference() }
        return Dictionary(drawn.map { ($0.dot, $0) }) { first, _ in first }.values.sorted { $0.dot < $1.dot }
    }

    mutating func operations() -> Operations {
        var origins: [RecordOrigin] = []
        for _ in 0..<upTo(3) {
            let origin = origin()
            if !origins.contains(origin) { origins.append(origin) }
        }
        var operations: [FieldOperation] = []
        for record in origins.indices {
            var targets = Set<FieldTarget>()
            for _ in 0...upTo(4) {
                let operation = operation(record: record)
                if targets.insert(operation.target).inserted { operations.append(operation) }
            }
        }
        return Operations(records: origins, operations: operations.shuffled(using: &random))
    }

    mutating func change() -> Change {
        let operations = operations().encoded()
        var heads: [FeedID: ChangeReference] = [:]
        for reference in references(upTo: 4) where reference.dot.feed != Samples.dot.feed {
            heads[reference.dot.feed] = reference
        }
        var subjects = Set<SubjectID>()
        for _ in 0..<upTo(2) { subjects.insert(identifier()) }
        let header = ChangeHeader(
            scope: Samples.scope, dot: Samples.dot, previous: Samples.feedStart,
            stamp: HybridTimestamp(rawValue: integer()), zoneMinutes: zone(), person: name(), schema: name(),
            context: heads.values.sorted { $0.dot < $1.dot }, operationsHash: Operations.hash(operations),
            parts: subjects.sorted().map { PartCommitment(subject: $0, commitment: hash()) })
        return Change(header: header, operations: operations)
    }

    mutating func part() -> PersonalPart {
        PersonalPart(
            subject: identifier(), key: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) },
            items: (0..<upTo(4)).map { _ in value() })
    }

    mutating func entry() -> Entry {
        switch upTo(3) {
        case 0:
            .change(
                reference: EntryReference(dot: dot(), hash: hash()), received: milliseconds(),
                verdict: pick([.ok, .void, .held]))
        case 1: .verdict(dot: dot(), verdict: pick([.void, .held]))
        case 2: .lost(reference: EntryReference(dot: dot(), hash: hash()))
        default: .clock(milliseconds())
        }
    }

    mutating func attestation() -> Attestation {
        Attestation(scope: identifier(), sequence: integer(), hash: hash(), key: Samples.key)
    }

    mutating func receipt() -> Receipt {
        Receipt(
            incarnation: identifier(), scope: identifier(), position: integer(), history: HistoryHash(hash()),
            hubTime: milliseconds(), key: Samples.hubKey)
    }

    mutating func certificate() -> Certificate {
        Certificate(
            chain: identifier(), publicKey: Samples.key.publicKey, home: identifier(),
            grants: (0..<upTo(4)).map { _ in
                Grant(scope: chance(4) ? nil : identifier(), rights: Rights(rawValue: pick([1, 2, 3, 4, 7, 255])))
            },
            deviceMark: pick(["QXV", "ABC"]), from: milliseconds(), hub: Samples.hubKey)
    }

    /// What a random history leaves behind.
    mutating func state() -> RecordState {
        var history = History.random(&self, changes: upTo(10))
        history.dropUnknown()
        return Replay.whole(history).state
    }
}
