import BranchService
import Causality
import Changes
import CommandLineKit
import Replication
import SQLiteStore
import ServiceRecovery

/// Writes into a case that a person named, inside one transaction of the replica.
struct CaseDesk {
    let pen: Replica.Pen
    let record: StoredRecord
    private let reader: CaseReader
    private let finder: CaseFinder

    /// - Throws: `CommandFailure` where the name means no case, or several.
    init(_ pen: Replica.Pen, caseNamed name: String) throws {
        self.pen = pen
        finder = CaseFinder(pen.transaction)
        reader = try CaseReader(pen.transaction)
        record = try finder.record(named: name)
    }

    // MARK: - Writing

    func append(
        _ kind: StepKind, note: Text?, at moment: MomentOptions, by options: AuthorOptions
    ) throws -> CaseReceipt {
        // Words on a case with a customer are taken to be about the customer, so that they go with them.
        let customer = record.state.winner(CaseSchema.Field.customer, .ask).flatMap { Customer.subject(of: $0.value) }
        let step = NewStep(
            kind, at: moment.moment(now: pen.now, options),
            note: note.map { text in customer.map { .personal(text, of: $0) } ?? .plain(text) })
        return try commit(
            CaseDrafts.step(step, of: record.origin, by: try options.author(now: pen.now)))
    }

    /// - Parameter shown: the changes whose values the person saw; nil for all that this replica holds.
    func write(_ edits: [CaseEdit], shown: [ChangeReference]?, by options: AuthorOptions) throws -> CaseReceipt {
        try commit(
            CaseDrafts.edit(
                edits.map { try keepingCustomer($0) }, of: record.origin, shown: shown,
                by: try options.author(now: pen.now)))
    }

    private func commit(_ draft: ChangeDraft) throws -> CaseReceipt {
        let change = try pen.commit(draft, in: record.scope)
        return try CaseReceipt(record.id, in: record.scope, change: change, reader: reader)
    }

    /// A customer whose name or id the case holds already stays the same person, with the name kept beside the id.
    private func keepingCustomer(_ edit: CaseEdit) throws -> CaseEdit {
        guard case .customer(let customer?) = edit else { return edit }
        let known = try reader.field(CaseSchema.Field.customer, of: record)?.values ?? []
        let meant = known.compactMap { written -> Customer? in
            guard case .customer(let subject, let name?) = written.value else { return nil }
            let isMeant = customer.name.map { $0 == name } ?? (customer.subject == subject)
            return isMeant ? Customer(subject, name: name) : nil
        }
        if let first = meant.first, let other = meant.first(where: { $0.subject != first.subject }) {
            throw CommandFailure(
                "two people of this name are in \(label): name one by the id, \(first.subject) or \(other.subject)"
                    .visible)
        }
        return meant.first.map { .customer($0) } ?? edit
    }

    // MARK: - What was shown

    /// The changes that a person names as shown, `feed:sequence` each, with those that wrote the same values: equal
    /// values are one value, and who saw it saw them all.
    func shown(_ names: [String]) throws -> [ChangeReference] {
        let named = try names.map { name in
            let change = try finder.change(named: name, of: record.scope)
            let touched = try change.operations.map {
                try EncodedOperations($0).recordIDs(in: record.scope, change: change.hash.short)
            }
            guard touched?.contains(record.id) ?? true else {
                throw CommandFailure(
                    "the change “\(name)” wrote nothing of \(label); `amends log` lists what did".visible)
            }
            return change
        }
        var references = named.map { ChangeReference(dot: $0.dot, hash: $0.hash.short) }
        for slot in record.state.slots where slot.target.kind == .register {
            let seen = slot.survivors.filter { survivor in named.contains { $0.dot == survivor.dot } }.map(\.value)
            for survivor in slot.survivors where seen.contains(where: survivor.value.isOne) {
                guard let change = try pen.transaction.change(at: survivor.dot, of: record.scope) else { continue }
                references.append(ChangeReference(dot: change.dot, hash: change.hash.short))
            }
        }
        return references
    }

    /// What a conflict of `field` is between; empty where nobody disagrees.
    func choices(of field: String) throws -> [WrittenValue] {
        guard let shown = try reader.field(Text(field), of: record), shown.isInConflict else { return [] }
        return shown.values
    }

    var label: String { reader.label(of: record) }
}

/// What a writing command tells: the case, the change that was saved, and how far the case has come.
struct CaseReceipt {
    let label: String
    let change: Dot
    let status: String

    init(_ id: RecordID, in scope: ScopeID, change: StoredChange, reader: CaseReader) throws {
        guard let record = try reader.transaction.record(id, of: scope) else {
            throw DamagedRecord(id, "it was written and is missing")
        }
        let sheet = try CaseSheet(record, reader)
        label = sheet.label
        status = sheet.status
        self.change = change.dot
    }

    var json: JSONValue {
        ["case": .string(label), "change": .string(change.description), "status": .string(status)]
    }
}
