import Causality
import Changes
import Inspection
import Replication
import SQLiteStore
import ServiceRecovery

/// Who wrote something, where and when.
struct Byline: Equatable {
    let change: Dot
    let person: String
    let branch: String
    /// When it counts as made, with the author's zone.
    let at: Moment
}

/// A value of a field, and the write that it comes from.
struct WrittenValue: Equatable {
    let value: ShownValue
    let by: Byline
}

/// A field of a record as it is shown: for a register the value that counts and then those that are in conflict with
/// it, for a set its elements.
struct ShownField: Equatable {
    let name: Text
    let isSet: Bool
    let values: [WrittenValue]

    var isInConflict: Bool { !isSet && values.count > 1 }
}

/// Reads records as people see them, inside one transaction.
struct CaseReader {
    let transaction: SQLiteTransaction
    let names: ChainNames

    init(_ transaction: SQLiteTransaction) throws {
        self.transaction = transaction
        names = try ChainNames(transaction)
    }

    /// What people call the record: its case number, else its id.
    func label(of record: StoredRecord) -> String {
        record.state.winner(CaseSchema.Field.number, .latest)?.value.text?.string ?? record.id.description
    }

    // MARK: - Fields

    /// The fields that hold something: those of the case's schema in its order, then those of newer versions by name.
    func fields(of record: StoredRecord) throws -> [ShownField] {
        let known = CaseSchema.schema.recordTypes.flatMap(\.fields).map(\.name)
        let others = record.state.slots.map(\.target.field).filter { $0 != Schema.typeField && !known.contains($0) }
        var fields: [ShownField] = []
        for name in known + others where fields.last?.name != name {
            if let field = try field(name, of: record) { fields.append(field) }
        }
        return fields
    }

    /// Nil where the field holds nothing.
    func field(_ name: Text, of record: StoredRecord) throws -> ShownField? {
        let slots = record.state.slots(of: name)
        if let register = slots.first(where: { $0.target.kind == .register }) {
            return ShownField(name: name, isSet: false, values: try values(of: register, in: record))
        }
        let elements = try slots.filter { $0.target.kind == .set }.compactMap { slot -> WrittenValue? in
            guard let element = slot.target.element, let writer = slot.latest else { return nil }
            return WrittenValue(value: .plain(element), by: try byline(of: writer, in: record.id, record.scope))
        }
        return elements.isEmpty ? nil : ShownField(name: name, isSet: true, values: elements)
    }

    /// The registers of a record in which people disagree.
    func conflicts(of record: StoredRecord) throws -> [ShownField] {
        try fields(of: record).filter(\.isInConflict)
    }

    /// The distinct values of a register, the one that counts first, the others in the order of their writes.
    private func values(of slot: RecordState.Slot, in record: StoredRecord) throws -> [WrittenValue] {
        guard let winner = slot.winner(reading(of: slot.target.field)) else { return [] }
        var values: [WrittenValue] = []
        for survivor in [winner] + slot.survivors.filter({ $0.dot != winner.dot }) {
            let value = try shown(survivor.value, of: survivor.dot, in: record.scope)
            if let known = values.firstIndex(where: { $0.value.key == value.key }) {
                // The same customer, written twice: the write that has the name tells it.
                if case .customer(_, name: nil) = values[known].value {
                    values[known] = WrittenValue(value: value, by: values[known].by)
                }
                continue
            }
            values.append(WrittenValue(value: value, by: try byline(of: survivor, in: record.id, record.scope)))
        }
        return values
    }

    func reading(of field: Text) -> Reading {
        CaseSchema.schema.recordType(CaseSchema.recordType)?.field(field)?.reading ?? .latest
    }

    /// The value with the words of a person looked up.
    func shown(_ value: Value, of dot: Dot, in scope: ScopeID) throws -> ShownValue {
        guard let subject = Customer.subject(of: value) else { return .plain(value) }
        let name = try Customer.name(of: value).flatMap { try transaction.personal($0, of: dot, scope: scope)?.text }
        return .customer(subject, name: name)
    }

    // MARK: - Bylines

    private func byline(
        of survivor: RecordState.Survivor, in record: RecordID, _ scope: ScopeID
    ) throws -> Byline {
        try byline(of: survivor.dot, effective: survivor.effective, in: record, scope)
    }

    /// Who made the change at `dot`, which appended a row to the record's log.
    ///
    /// - Parameter key: the row's: where the change itself is not here, its effective time, unless the row had to come after a later one.
    func byline(of dot: Dot, key: HybridTimestamp, in record: RecordID, _ scope: ScopeID) throws -> Byline {
        try byline(of: dot, effective: nil, key: key, in: record, scope)
    }

    /// Who made the change at `dot`, which the record names.
    private func byline(
        of dot: Dot, effective: HybridTimestamp?, key: HybridTimestamp? = nil, in record: RecordID, _ scope: ScopeID
    ) throws -> Byline {
        guard let heading = try transaction.heading(of: dot, in: record, scope: scope) else {
            throw MissingChange(dot: dot)
        }
        // No change counts later than its stamp.
        let time =
            try effective ?? transaction.change(at: dot, of: scope)?.effective
            ?? min(heading.stamp, key ?? heading.stamp)
        return Byline(
            change: dot, person: heading.person.string,
            branch: try names.branch(of: dot.feed) ?? dot.feed.description,
            at: Moment(milliseconds: time.milliseconds, zoneMinutes: heading.zoneMinutes))
    }
}
