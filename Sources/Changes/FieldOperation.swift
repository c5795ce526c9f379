import Causality

/// How a field behaves when it is written in two places at once. The kind stands in every operation, and a
/// field never changes it; how the state is *read* belongs to the schema.
package struct FieldKind: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Multi-value register.
    package static var register: FieldKind { FieldKind(rawValue: 1) }
    /// Observed-remove set, add-wins; a target is one element.
    package static var set: FieldKind { FieldKind(rawValue: 2) }
    package static var enableWinsFlag: FieldKind { FieldKind(rawValue: 3) }
    package static var disableWinsFlag: FieldKind { FieldKind(rawValue: 4) }
    /// Signed amounts, each counted once.
    package static var total: FieldKind { FieldKind(rawValue: 5) }
    /// Grow-only log; its entries are rows beside the state.
    package static var log: FieldKind { FieldKind(rawValue: 6) }
    /// Rights to spend; entries, each with its dot.
    package static var escrow: FieldKind { FieldKind(rawValue: 7) }

    /// Whether this version can fold the kind. One that it cannot is kept and relayed.
    package var isKnown: Bool { (1...7).contains(rawValue) }

    /// Whether a write replaces earlier ones, so that it may name those that its person was shown.
    package var isReplacing: Bool { (1...4).contains(rawValue) }

    package static func < (left: FieldKind, right: FieldKind) -> Bool { left.rawValue < right.rawValue }

    // The one that every `RawRepresentable` has is found through its conformance, where slots are walked by the thousand.
    package static func == (left: FieldKind, right: FieldKind) -> Bool { left.rawValue == right.rawValue }
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

    /// How many bytes `encode` writes.
    var byteCount: Int { 32 + ByteWriter.byteCount(of: dot.sequence) }

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
}
