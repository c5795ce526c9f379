import Causality
import Changes

/// What one person does to cases of one scope in one change: all of it is seen everywhere, or nothing.
///
/// ```swift
/// var transaction = CaseTransaction(by: author)
/// try transaction.append(NewStep(.agreed, at: now), to: record)
/// try transaction.apply([.severity(.serious)], to: record)
/// let draft = transaction.draft()
/// ```
///
/// A change writes each place once: one step a case, one value a field. Records are named by their origin as stored
/// (`RecordOrigin.seen`). When a call throws, the transaction is as before it.
package struct CaseTransaction: Sendable {
    package let author: Author
    private var records: [RecordOrigin] = []
    private var operations: [FieldOperation] = []
    private var written: Set<Place> = []
    private var parts = PersonalItems()
    private var openedHere = 0

    package init(by author: Author) { self.author = author }

    package var isEmpty: Bool { operations.isEmpty }

    /// Opens a case: its type, its fields and its first step.
    ///
    /// - Returns: the new record's origin, by which this transaction can name it again.
    /// - Throws: `.empty`, `.limit`, `.writtenTwice`.
    /// - Precondition: the case's origin is `nil`, external or moved.
    package mutating func open(_ new: NewCase) throws(CaseError) -> RecordOrigin {
        var next = self
        let origin: RecordOrigin
        switch new.origin {
        case nil:
            origin = .here(index: openedHere)
            next.openedHere += 1
        case .external(let source, let id)?:
            try source.check("the source", .nameBytes)
            try id.check("the outside id", .nameBytes)
            origin = .external(source: source, id: id)
        case .moved(let record, let target)?: origin = .moved(record: record, target: target)
        case .created?, .here?: preconditionFailure("a case that is there already is not opened")
        }
        try next.write(
            FieldTarget(field: Schema.typeField, kind: .register), .put, .text(CaseSchema.recordType), to: origin)
        try next.apply([.write(.title, new.title)] + new.edits, to: origin)
        try next.append(new.first, to: origin)
        self = next
        return origin
    }

    /// Adds a step to a case.
    ///
    /// - Throws: `.empty`, `.limit`; `.writtenTwice` for a second step of one case.
    package mutating func append(_ step: NewStep, to record: RecordOrigin) throws(CaseError) {
        var next = self
        try step.check()
        let entry = try step.entry(in: &next.parts)
        try next.write(FieldTarget(field: CaseSchema.Field.steps, kind: .log), .put, entry, to: record)
        self = next
    }

    /// Writes fields of a case.
    ///
    /// - Parameter shown: the writes that the person saw, where that was an older version; only these are replaced.
    ///   Those of other fields do no harm.
    /// - Throws: `.empty`, `.limit`; `.writtenTwice` for a second write of one field or element.
    package mutating func apply(
        _ edits: [CaseEdit], to record: RecordOrigin, shown: [ChangeReference]? = nil
    ) throws(CaseError) {
        var next = self
        let shown = try shown.map(CaseTransaction.canonical)
        for edit in edits {
            try edit.check()
            let (action, value) = try edit.write(in: &next.parts)
            try next.write(edit.target, action, value, shown: shown, to: record)
        }
        self = next
    }

    package func draft() -> ChangeDraft {
        let (parts, places) = parts.sorted()
        let placed = operations.map { operation in
            FieldOperation(
                record: operation.record, target: operation.target, action: operation.action,
                value: operation.value.movingParts(to: places), shown: operation.shown)
        }
        return ChangeDraft(
            person: author.person, zoneMinutes: author.zoneMinutes, schema: CaseSchema.id,
            operations: Operations(records: records, operations: placed), parts: parts)
    }

    // MARK: - Writing

    private struct Place: Hashable, Sendable {
        let record: Int
        let target: FieldTarget
    }

    private mutating func write(
        _ target: FieldTarget, _ action: FieldAction, _ value: Value, shown: [ChangeReference]? = nil,
        to record: RecordOrigin
    ) throws(CaseError) {
        if operations.count == Limit.operationsPerChange.value { throw .limit(.operationsPerChange) }
        let index = records.firstIndex(of: record) ?? records.count
        guard written.insert(Place(record: index, target: target)).inserted else {
            throw .writtenTwice(target.field.string)
        }
        if index == records.count { records.append(record) }
        operations.append(
            FieldOperation(record: index, target: target, action: action, value: value, shown: shown))
    }

    /// The references in the order that a change has them, each once.
    private static func canonical(_ shown: [ChangeReference]) throws(CaseError) -> [ChangeReference] {
        if shown.count > Limit.shownDots.value { throw .limit(.shownDots) }
        return shown.sorted { $0.dot < $1.dot }.reduce(into: []) { result, reference in
            if result.last?.dot != reference.dot { result.append(reference) }
        }
    }
}
