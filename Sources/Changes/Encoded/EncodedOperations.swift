import Causality

/// The operations of a change where they lie: canonical bytes, checked once and taken apart, but not copied.
///
/// It says the same as `Operations` of the same bytes. What writes a change through to tables and states reads it from
/// here; what shows a change to somebody reads `Operations`.
package struct EncodedOperations: Sendable {
    package let bytes: [UInt8]
    private let index: OperationIndex
    private let place: OperationIndex.Place

    /// - Throws: what `Operations` of these bytes throws.
    package init(_ bytes: [UInt8], inOrder: Bool = false) throws(CodecError) {
        try self.init(bytes, 0..<bytes.count, inOrder: inOrder)
    }

    /// - Parameters:
    ///   - range: where in `bytes` the operations lie.
    ///   - inOrder: whether to work out here in which order they are folded, ahead of who folds them.
    /// - Throws: what `Operations` of these bytes throws.
    /// - Complexity: O(bytes); a second write to one target is looked for among few by comparing all.
    package init(_ bytes: [UInt8], _ range: Range<Int>, inOrder: Bool = false) throws(CodecError) {
        var reader = ByteReader(bytes, range)
        let origins = try EncodedOperations.readOrigins(from: &reader)
        // The format is one byte: the count of records stands behind it.
        let start = range.lowerBound + 1
        guard EncodedOperations.areDistinct(origins, bytes) else {
            throw .malformed("a record is listed twice", at: start)
        }
        let count = try reader.readCount(.operationsPerChange, leastBytes: 6)
        var items: [Item] = []
        items.reserveCapacity(count)
        var targets = Operations.Few.holds(count) ? nil : Set<ArraySlice<UInt8>>(minimumCapacity: count)
        for _ in 0..<count {
            let position = reader.index
            let item = try EncodedOperations.readItem(from: &reader, records: origins.count)
            // A target's bytes are the record, then the form's but for the action and what was shown.
            let isNew =
                if targets == nil { EncodedOperations.isNew(item, among: items, bytes) } else {
                    targets?.insert(EncodedOperations.target(of: item, from: position, bytes)).inserted == true
                }
            guard isNew else { throw .malformed("two operations of one change write the same target", at: position) }
            items.append(item)
        }
        guard let index = OperationIndex(ofOne: items, on: origins, inOrderOf: inOrder ? bytes : nil) else {
            throw .malformed("a record is listed and not written", at: start)
        }
        try reader.finish()
        self.init(bytes, index, OperationIndex.Place(origins: 0..<origins.count, items: 0..<count))
    }

    /// - Parameter place: of a change whose operations lie in `bytes`.
    init(_ bytes: [UInt8], _ index: OperationIndex, _ place: OperationIndex.Place) {
        self.bytes = bytes
        self.index = index
        self.place = place
    }

    /// Of the change's records, in order: where each origin lies in `bytes`.
    package var origins: ArraySlice<Range<Int>> { index.origins[place.origins] }

    package var items: ArraySlice<Item> { index.items[place.items] }

    /// The items on one of the records, in order.
    package func items(on record: Int) -> [Item] {
        guard let group = index.group(of: record, at: place) else { return Array(items) }
        return group.map { index.items[$0] }
    }

    /// The items of the change, and the numbers of those on one of its records in the order of their targets; nil where one of
    /// these does not put its value in the place of those that it replaces, or there are too many.
    package func replacing(on record: Int) -> (items: ArraySlice<Item>, order: ArraySlice<UInt16>)? {
        guard let order = index.order(of: record, at: place, in: bytes) else { return nil }
        let items = self.items
        let all = items.span
        for number in order where !all[Int(number)].kind.isReplacing || all[Int(number)].isShown { return nil }
        return (items, order)
    }

    private static func readItem(
        from reader: inout ByteReader, records: Int
    ) throws(CodecError) -> Item {
        let start = reader.index
        let record = try reader.readInteger()
        guard record < UInt64(records) else { throw .malformed("an operation names no record", at: start) }
        let formStart = reader.index
        let field = try reader.skipText(.nameBytes)
        let kind = FieldKind(rawValue: try reader.readByte())
        guard kind.rawValue != 0 else { throw .malformed("field kind 0 does not exist", at: formStart) }
        let action = FieldAction(rawValue: try reader.readByte())
        let flags = try reader.readByte()
        guard flags < 4 else { throw .malformed("operation flags \(flags) do not exist", at: formStart) }
        let elementStart = reader.index
        let element = flags & 1 == 0 ? nil : try Value.skip(from: &reader)
        let valueStart = reader.index
        let value = try Value.skip(from: &reader)
        let valueEnd = reader.index
        let isShown = flags & 2 != 0
        if isShown { _ = try FieldOperation.readShown(from: &reader) }
        if let rule = FieldOperation.violation(
            kind: kind, action: action, element: element, value: value, isShown: isShown)
        {
            throw .malformed(rule, at: elementStart)
        }
        return Item(
            record: Int(record), kind: kind, action: action, isShown: isShown, field: field,
            elementStart: elementStart, value: valueStart..<valueEnd, form: formStart..<reader.index)
    }

    private static func areDistinct(_ origins: [Range<Int>], _ bytes: [UInt8]) -> Bool {
        if origins.count < 2 { return true }
        guard Operations.Few.holds(origins.count) else {
            return Set(origins.map { bytes[$0] }).count == origins.count
        }
        for (index, origin) in origins.enumerated() {
            for other in origins[..<index] where areEqual(origin, other, bytes) { return false }
        }
        return true
    }

    private static func isNew(_ item: Item, among items: [Item], _ bytes: [UInt8]) -> Bool {
        for index in items.indices
        where items[index].record == item.record && items[index].kind == item.kind
            && areEqual(items[index].field, item.field, bytes) && areEqual(items[index].element, item.element, bytes)
        {
            return false
        }
        return true
    }

    /// What tells a target from every other of the change: bytes of its own, made for changes with many.
    private static func target(of item: Item, from start: Int, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var writer = ByteWriter(reserving: item.value.lowerBound - start + 8)
        writer.write(item.record)
        writer.write(byte: item.kind.rawValue)
        writer.write(item.field.count)
        writer.write(raw: bytes[item.field])
        writer.write(raw: bytes[item.element])
        return writer.bytes[...]
    }

    private static func areEqual(_ left: Range<Int>, _ right: Range<Int>, _ bytes: [UInt8]) -> Bool {
        left.count == right.count && bytes.withUnsafeBytes { ByteOrder.areEqual($0, left, $0, right) }
    }
}

extension EncodedOperations {
    /// The ids of the records, in the order of `origins`.
    ///
    /// - Parameter change: the short hash of the change.
    package func recordIDs(in scope: ScopeID, change: ShortHash) -> [RecordID] {
        origins.map { RecordOrigin.recordID(encoded: bytes, $0, in: scope, change: change) }
    }

    /// The ids of the records that operations name; no more of them is read.
    package static func recordIDs(
        _ bytes: [UInt8], in scope: ScopeID, change: ShortHash
    ) throws(CodecError) -> [RecordID] {
        var reader = ByteReader(bytes)
        return try readOrigins(from: &reader).map {
            RecordOrigin.recordID(encoded: bytes, $0, in: scope, change: change)
        }
    }

    /// What stands before the operations themselves.
    private static func readOrigins(from reader: inout ByteReader) throws(CodecError) -> [Range<Int>] {
        let format = try reader.readInteger()
        guard format == Operations.format else { throw .unsupported("operations of format \(format)") }
        let count = try reader.readCount(.operationsPerChange, leastBytes: 2)
        var origins: [Range<Int>] = []
        origins.reserveCapacity(count)
        for _ in 0..<count {
            let first = reader.index
            try RecordOrigin.skip(from: &reader)
            origins.append(first..<reader.index)
        }
        return origins
    }

    /// Whether the change makes records, whose ids derive from its hash.
    package var createsRecords: Bool { origins.contains { bytes[$0.lowerBound] == RecordOrigin.Tag.here } }

    package func origin(_ record: Int) throws(CodecError) -> RecordOrigin {
        var reader = ByteReader(bytes, index.origins[place.origins][place.origins.lowerBound + record])
        return try RecordOrigin(from: &reader)
    }

    /// The operation as a value.
    package func operation(_ item: Item) throws(CodecError) -> FieldOperation {
        var reader = ByteReader(bytes, item.form)
        return try FieldOperation(record: item.record, try FieldOperation.Form(from: &reader), contentFrom: &reader)
    }

    /// Why this version cannot fold them; nil when it can. See `Operations.foldError`.
    package var foldError: FoldError? {
        let items = self.items
        let all = items.span
        for number in all.indices {
            if let error = FoldError(all[number].kind, all[number].action) { return error }
        }
        return nil
    }

    package var hasShown: Bool { items.contains { $0.isShown } }

    /// What persons were shown: the writes that operations name as those that they replace.
    package func shown() throws(CodecError) -> [ChangeReference] {
        var references: [ChangeReference] = []
        for item in items where item.isShown { references += try operation(item).shown ?? [] }
        return references
    }
}

extension RecordOrigin {
    /// The id of the record whose origin lies in `bytes`: see `recordID(in:change:)`.
    package static func recordID(
        encoded bytes: [UInt8], _ range: Range<Int>, in scope: ScopeID, change: ShortHash
    ) -> RecordID {
        let hash = Hash256.of(.record) { writer in
            writer.write(scope)
            if bytes[range.lowerBound] == Tag.here {
                // As others name it: created by this change, under the same index.
                writer.write(byte: Tag.created)
                writer.write(change)
                writer.write(raw: bytes[range.dropFirst()])
            } else {
                writer.write(raw: bytes[range])
            }
        }
        return RecordID(high: hash.short.high, low: hash.short.low)
    }
}
