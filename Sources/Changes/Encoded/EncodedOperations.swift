import Causality

/// The operations of a change where they lie: canonical bytes, checked once and taken apart, but not copied.
///
/// It says the same as `Operations` of the same bytes. What writes a change through to tables and states reads it from
/// here; what shows a change to somebody reads `Operations`.
package struct EncodedOperations: Sendable {
    package let bytes: [UInt8]
    /// Of the change's records, in order: where each origin lies in `bytes`.
    package private(set) var origins: [Range<Int>] = []
    package private(set) var items: [Item] = []
    /// Where there are several records: the items of each side by side, and where those of each begin.
    private var grouped: [Int] = []
    private var groupStarts: [Int] = []
    /// The same items, those of each record in the order of their targets; empty until `order` was called.
    private var ordered: [UInt16] = []

    /// - Throws: what `Operations` of these bytes throws.
    package init(_ bytes: [UInt8]) throws(CodecError) { try self.init(bytes, 0..<bytes.count) }

    /// - Parameter range: where in `bytes` the operations lie.
    /// - Throws: what `Operations` of these bytes throws.
    /// - Complexity: O(bytes); a second write to one target is looked for among few by comparing all.
    package init(_ bytes: [UInt8], _ range: Range<Int>) throws(CodecError) {
        self.bytes = bytes
        var reader = ByteReader(bytes, range)
        origins = try EncodedOperations.readOrigins(from: &reader)
        let recordCount = origins.count
        // The format is one byte: the count of records stands behind it.
        let start = range.lowerBound + 1
        guard areDistinct(origins) else { throw .malformed("a record is listed twice", at: start) }
        let count = try reader.readCount(.operationsPerChange, leastBytes: 6)
        items.reserveCapacity(count)
        var targets = Operations.Few.holds(count) ? nil : Set<ArraySlice<UInt8>>(minimumCapacity: count)
        for _ in 0..<count {
            let position = reader.index
            let item = try EncodedOperations.readItem(from: &reader, records: recordCount)
            // A target's bytes are the record, then the form's but for the action and what was shown.
            let isNew =
                if targets == nil { isNew(item) } else {
                    targets?.insert(target(of: item, from: position)).inserted == true
                }
            guard isNew else { throw .malformed("two operations of one change write the same target", at: position) }
            items.append(item)
        }
        guard groupItems() else { throw .malformed("a record is listed and not written", at: start) }
        try reader.finish()
    }

    /// - Returns: whether each record has an item.
    private mutating func groupItems() -> Bool {
        if origins.count < 2 { return origins.isEmpty == items.isEmpty }
        groupStarts = Array(repeating: 0, count: origins.count + 1)
        for item in items { groupStarts[item.record + 1] += 1 }
        let areAllNamed = !groupStarts.dropFirst().contains(0)
        for record in origins.indices { groupStarts[record + 1] += groupStarts[record] }
        var next = groupStarts
        grouped = Array(repeating: 0, count: items.count)
        for (index, item) in items.enumerated() {
            grouped[next[item.record]] = index
            next[item.record] += 1
        }
        return areAllNamed
    }

    /// The items on one of the records, by their indices in `items`, in order.
    package func indices(on record: Int) -> ArraySlice<Int> {
        groupStarts.isEmpty ? Array(items.indices)[...] : grouped[groupStarts[record]..<groupStarts[record + 1]]
    }

    /// More operations on one record than these are not folded in bytes.
    static var greatestOrderedCount: Int { 127 }

    /// Puts the items in the order in which they are folded, ahead of who folds them.
    package mutating func order() {
        var order: [UInt16] = []
        order.reserveCapacity(items.count)
        for record in origins.indices { append(itemsOn: record, to: &order) }
        ordered = order
    }

    /// Appends the items on a record in the order of their targets; where they are too many, as they come.
    private func append(itemsOn record: Int, to order: inout [UInt16]) {
        let first = order.count
        let items = items.span
        let count = count(on: record)
        bytes.withUnsafeBytes { bytes in
            for offset in 0..<count {
                let index = grouped.isEmpty ? offset : grouped[groupStarts[record] + offset]
                var place = order.count
                order.append(UInt16(index))
                guard count <= EncodedOperations.greatestOrderedCount else { continue }
                // They come in the order of a table's columns or nearly sorted, and are few.
                while place > first,
                    TargetOrder.compare(bytes, items[index], items[Int(order[place - 1])]) < 0
                {
                    order[place] = order[place - 1]
                    place -= 1
                }
                order[place] = UInt16(index)
            }
        }
    }

    private func count(on record: Int) -> Int {
        groupStarts.isEmpty ? items.count : groupStarts[record + 1] - groupStarts[record]
    }

    /// The items on one of the records, by their indices in `items`, in the order of their targets; nil where one of them
    /// does not put its value in the place of those that it replaces, or there are too many.
    func replacing(on record: Int) -> ArraySlice<UInt16>? {
        let count = count(on: record)
        guard count <= EncodedOperations.greatestOrderedCount else { return nil }
        let order: ArraySlice<UInt16>
        if ordered.isEmpty {
            var found: [UInt16] = []
            found.reserveCapacity(count)
            append(itemsOn: record, to: &found)
            order = found[...]
        } else {
            let first = groupStarts.isEmpty ? 0 : groupStarts[record]
            order = ordered[first..<first + count]
        }
        let items = items.span
        for index in order {
            guard items[Int(index)].kind.isReplacing, !items[Int(index)].isShown else { return nil }
        }
        return order
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

    private func areDistinct(_ origins: [Range<Int>]) -> Bool {
        if origins.count < 2 { return true }
        guard Operations.Few.holds(origins.count) else {
            return Set(origins.map { bytes[$0] }).count == origins.count
        }
        for (index, origin) in origins.enumerated() {
            for other in origins[..<index] where areEqual(origin, other) { return false }
        }
        return true
    }

    private func isNew(_ item: Item) -> Bool {
        for index in items.indices
        where items[index].record == item.record && items[index].kind == item.kind
            && areEqual(items[index].field, item.field) && areEqual(items[index].element, item.element)
        {
            return false
        }
        return true
    }

    /// What tells a target from every other of the change: bytes of its own, made for changes with many.
    private func target(of item: Item, from start: Int) -> ArraySlice<UInt8> {
        var writer = ByteWriter(reserving: item.value.lowerBound - start + 8)
        writer.write(item.record)
        writer.write(byte: item.kind.rawValue)
        writer.write(item.field.count)
        writer.write(raw: bytes[item.field])
        writer.write(raw: bytes[item.element])
        return writer.bytes[...]
    }

    private func areEqual(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            for offset in 0..<left.count where bytes[left.lowerBound + offset] != bytes[right.lowerBound + offset] {
                return false
            }
            return true
        }
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
        var reader = ByteReader(bytes, origins[record])
        return try RecordOrigin(from: &reader)
    }

    /// The operation as a value.
    package func operation(_ item: Item) throws(CodecError) -> FieldOperation {
        var reader = ByteReader(bytes, item.form)
        return try FieldOperation(record: item.record, try FieldOperation.Form(from: &reader), contentFrom: &reader)
    }

    /// Why this version cannot fold them; nil when it can. See `Operations.foldError`.
    package var foldError: FoldError? {
        for index in items.indices {
            if let error = FoldError(items[index].kind, items[index].action) { return error }
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
