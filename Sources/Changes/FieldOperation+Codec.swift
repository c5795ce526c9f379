import Causality

extension FieldOperation {
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
        let form = try Form(from: &reader)
        try self.init(record: Int(record), form, contentFrom: &reader)
    }

    /// Reads the content that belongs to `form`.
    init(record: Int, _ form: Form, contentFrom reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        let element = form.hasElement ? try Value(from: &reader) : nil
        let value = try Value(from: &reader)
        let shown = form.isShown ? try FieldOperation.readShown(from: &reader) : nil
        self.init(
            record: record, target: FieldTarget(field: form.field, kind: form.kind, element: element),
            action: form.action, value: value, shown: shown)
        if let violation { throw .malformed(violation, at: start) }
    }

    static func readShown(from reader: inout ByteReader) throws(CodecError) -> [ChangeReference] {
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
        return references
    }

    /// The rule of its kind that the operation breaks, in words. What a kind gives no meaning to is refused, not
    /// ignored: a later version that gave it one would fold another state. Unknown kinds have no rules.
    var violation: String? {
        FieldOperation.violation(
            kind: target.kind, action: action, element: target.element?.sort, value: value.sort, isShown: shown != nil)
    }

    static func violation(
        kind: FieldKind, action: FieldAction, element: Value.Sort?, value: Value.Sort, isShown: Bool
    ) -> String? {
        guard kind.isKnown else { return nil }
        if (kind == .set) != (element != nil) { return "a set has an element, other kinds have none" }
        if let element, element.holdsPersonal { return "personal text is never the key of an element" }
        guard action.isKnown else { return nil }
        if isShown, !kind.isReplacing { return "a write that replaces nothing names shown writes" }
        if action == .remove { return value.isNull ? nil : "a removal has no value" }
        if kind == .total { return value.isInteger ? nil : "an amount is an integer" }
        if kind == .enableWinsFlag || kind == .disableWinsFlag { return value.isBoolean ? nil : "a flag is yes or no" }
        return nil
    }
}

extension FieldOperation {
    /// What an operation does to which field, without the record and the content: the operations of a schema have few.
    ///
    /// Layout: field, kind, action, flags (1 element, 2 shown). The content follows: element and shown where flagged,
    /// the value between them.
    struct Form: Hashable, Sendable {
        let field: Text
        let kind: FieldKind
        let action: FieldAction
        let hasElement: Bool
        let isShown: Bool

        /// Kind, action, flags.
        static var bytesBehindField: Int { 3 }
        /// Action, flags.
        static var bytesBehindKind: Int { 2 }

        init(from reader: inout ByteReader) throws(CodecError) {
            let start = reader.index
            field = try reader.readText(.nameBytes)
            kind = FieldKind(rawValue: try reader.readByte())
            guard kind.rawValue != 0 else { throw .malformed("field kind 0 does not exist", at: start) }
            action = FieldAction(rawValue: try reader.readByte())
            let flags = try reader.readByte()
            guard flags < 4 else { throw .malformed("operation flags \(flags) do not exist", at: start) }
            hasElement = flags & 1 != 0
            isShown = flags & 2 != 0
        }
    }
}
