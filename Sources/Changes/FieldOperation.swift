import Causality

/// How a field behaves when it is written in two places at once. The kind stands in every operation, and a
/// field never changes it; how the state is *read* belongs to the schema.
package struct FieldKind: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Multi-value register.
    package static let register = FieldKind(rawValue: 1)
    /// Observed-remove set, add-wins; a target is one element.
    package static let set = FieldKind(rawValue: 2)
    package static let enableWinsFlag = FieldKind(rawValue: 3)
    package static let disableWinsFlag = FieldKind(rawValue: 4)
    /// Signed amounts, each counted once.
    package static let total = FieldKind(rawValue: 5)
    /// Grow-only log; its entries are rows beside the state.
    package static let log = FieldKind(rawValue: 6)
    /// Rights to spend; entries, each with its dot.
    package static let escrow = FieldKind(rawValue: 7)

    /// Whether this version can fold the kind. One that it cannot is kept and relayed.
    package var isKnown: Bool { (1...7).contains(rawValue) }

    /// Whether a write replaces earlier ones, so that it may name those that its person was shown.
    package var isReplacing: Bool { (1...4).contains(rawValue) }

    package static func < (left: FieldKind, right: FieldKind) -> Bool { left.rawValue < right.rawValue }
}

/// What an operation does to its target.
package struct FieldAction: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Write the register, add the element, set the flag, add the amount, append the entry.
    package static let put = FieldAction(rawValue: 0)
    /// Clear the register, remove the element.
    package static let remove = FieldAction(rawValue: 1)

    package var isKnown: Bool { rawValue <= 1 }
}

/// The place that an operation writes: at most one operation of a change writes it, so a dot names one write.
package struct FieldTarget: Hashable, Comparable, Sendable {
    package let field: Text
    package let kind: FieldKind
    /// The element of a set; absent otherwise.
    package let element: Value?

    package init(field: Text, kind: FieldKind, element: Value? = nil) {
        self.field = field
        self.kind = kind
        self.element = element
    }

    /// By field, kind, then the element's canonical bytes.
    package static func < (left: FieldTarget, right: FieldTarget) -> Bool {
        if left.field != right.field { return left.field < right.field }
        if left.kind != right.kind { return left.kind < right.kind }
        guard let a = left.element else { return right.element != nil }
        guard let b = right.element else { return false }
        if case .text(let x) = a, case .text(let y) = b, x.string.utf8.count == y.string.utf8.count { return x < y }
        return a.canonicalBytes.lexicographicallyPrecedes(b.canonicalBytes)
    }
}

extension Value {
    package var canonicalBytes: [UInt8] {
        var writer = ByteWriter(reserving: 32)
        encode(into: &writer)
        return writer.bytes
    }
}

/// A change named in bytes: by its place and by its hash. The hash decides; the feed is a label.
package struct ChangeReference: Hashable, Sendable {
    package let dot: Dot
    package let hash: ShortHash

    package init(dot: Dot, hash: ShortHash) {
        self.dot = dot
        self.hash = hash
    }

    package func encode(into writer: inout ByteWriter) {
        writer.write(dot.feed)
        writer.write(dot.sequence)
        writer.write(hash)
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let dot = try Dot(from: &reader)
        self.init(dot: dot, hash: try reader.readIdentifier())
    }
}

/// One write to one target of one record.
package struct FieldOperation: Hashable, Sendable {
    /// Which of the change's records.
    package let record: Int
    package let target: FieldTarget
    package let action: FieldAction
    package let value: Value
    /// Where a person was shown an older version: the writes that this one replaces, and no others.
    /// Absent, it replaces every write of its target in its past.
    package let shown: [ChangeReference]?

    package init(
        record: Int, target: FieldTarget, action: FieldAction = .put, value: Value, shown: [ChangeReference]? = nil
    ) {
        self.record = record
        self.target = target
        self.action = action
        self.value = value
        self.shown = shown
    }

    /// Layout: record, field, kind, action, flags (1 element, 2 shown), element, value, shown.
    func encode(into writer: inout ByteWriter) {
        writer.write(record)
        writer.write(target.field)
        writer.write(byte: target.kind.rawValue)
        writer.write(byte: action.rawValue)
        writer.write(byte: (target.element == nil ? 0 : 1) | (shown == nil ? 0 : 2))
        target.element?.encode(into: &writer)
        value.encode(into: &writer)
        if let shown {
            writer.write(shown.count)
            for reference in shown { reference.encode(into: &writer) }
        }
    }

    init(from reader: inout ByteReader, records: Int) throws(CodecError) {
        let start = reader.index
        let record = try reader.readInteger()
        guard record < UInt64(records) else { throw .malformed("an operation names no record", at: start) }
        let field = try reader.readText(.nameBytes)
        let kind = FieldKind(rawValue: try reader.readByte())
        guard kind.rawValue != 0 else { throw .malformed("field kind 0 does not exist", at: start) }
        let action = FieldAction(rawValue: try reader.readByte())
        let flags = try reader.readByte()
        guard flags < 4 else { throw .malformed("operation flags \(flags) do not exist", at: start) }
        let element = flags & 1 != 0 ? try Value(from: &reader) : nil
        let value = try Value(from: &reader)
        var shown: [ChangeReference]?
        if flags & 2 != 0 {
            let count = try reader.readCount(.shownDots, leastBytes: 33)
            var references: [ChangeReference] = []
            for _ in 0..<count {
                let position = reader.index
                let reference = try ChangeReference(from: &reader)
                if let last = references.last, last.dot >= reference.dot {
                    throw .malformed("shown writes are not in order", at: position)
                }
                references.append(reference)
            }
            shown = references
        }
        self.init(
            record: Int(record), target: FieldTarget(field: field, kind: kind, element: element), action: action,
            value: value, shown: shown)
        if let violation { throw .malformed(violation, at: start) }
    }

    /// The rule of its kind that the operation breaks, in words. What a kind gives no meaning to is refused, not
    /// ignored: a later version that gave it one would fold another state. Unknown kinds have no rules.
    private var violation: String? {
        let (kind, element) = (target.kind, target.element)
        guard kind.isKnown else { return nil }
        if (kind == .set) != (element != nil) { return "a set has an element, other kinds have none" }
        if let element, element.holdsPersonal { return "personal text is never the key of an element" }
        guard action.isKnown else { return nil }
        if shown != nil, !kind.isReplacing { return "a write that replaces nothing names shown writes" }
        if action == .remove { return value == .null ? nil : "a removal has no value" }
        switch (kind, value) {
        case (.total, .integer), (.enableWinsFlag, .boolean), (.disableWinsFlag, .boolean): return nil
        case (.total, _): return "an amount is an integer"
        case (.enableWinsFlag, _), (.disableWinsFlag, _): return "a flag is yes or no"
        default: return nil
        }
    }
}
