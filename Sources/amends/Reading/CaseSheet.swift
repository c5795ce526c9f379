import Causality
import Changes
import CommandLineKit
import Inspection
import Replication
import SQLiteStore
import ServiceRecovery

/// A case on one sheet: how far it has come, its fields with who wrote them, and its steps.
struct CaseSheet {
    let label: String
    let id: RecordID
    let branch: String
    let status: String
    let fields: [ShownField]
    let steps: [ShownStep]

    struct ShownStep {
        let kind: String
        /// When it happened, as its author told.
        let at: Moment?
        /// Another system's word for the status.
        let status: String?
        /// That word where the case had told a later one.
        let lateStatus: String?
        let note: ShownNote?
        let destination: String?
        /// Where another system says that the case is.
        let location: String?
        let by: Byline
    }

    enum ShownNote {
        case text(String)
        /// Words about a person that were erased, or are not here.
        case withheld
    }

    init(_ record: StoredRecord, _ reader: CaseReader) throws {
        label = reader.label(of: record)
        id = record.id
        branch = try reader.names.name(of: record.scope)
        fields = try reader.fields(of: record)
        let rows = Step.distinct(
            try reader.transaction.logRows(of: record.id, scope: record.scope)
                .filter { $0.field == CaseSchema.Field.steps }
        ) { Step($0.value) }
        status = CaseStatus.derived(from: rows.map { Step($0.value) }).string
        steps = try rows.map { try ShownStep($0, in: record.id, record.scope, reader) }
    }
}

extension CaseSheet.ShownStep {
    init(_ row: LogRow, in record: RecordID, _ scope: ScopeID, _ reader: CaseReader) throws {
        let step = Step(row.value)
        kind = step.kind.name.string
        at = step.at
        status = step.status?.string
        destination = step.destination?.string
        location = step.location?.string
        lateStatus = step.lateStatus?.string
        by = try reader.byline(of: row.mark.dot, key: row.mark.key, in: record, scope)
        switch step.note {
        case .text(let text): note = .text(text.string)
        case .personal(let reference):
            let words = try reader.transaction.personal(reference, of: row.mark.dot, scope: scope)?.text
            note = words.map { .text($0.string) } ?? .withheld
        default: note = nil
        }
    }
}

// MARK: - Printing

extension CaseSheet {
    /// `fields` holds for each field its values, the one that counts first: more than one in a register are a conflict.
    /// A page that writes a field back passes the `change` of each value that it has shown.
    var json: JSONValue {
        [
            "case": .string(label),
            "id": .string(id.description),
            "branch": .string(branch),
            "status": .string(status),
            "conflicts": .array(fields.filter(\.isInConflict).map { .string($0.name.string) }),
            "fields": .object(fields.map { .init($0.name.string, .array($0.values.map(\.json))) }),
            "steps": .array(steps.map(\.json)),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let title = fields.first { $0.name == CaseSchema.Field.title }?.values.first?.value.text
        var lines = [style.heading([label.visible, title].compactMap { $0 }.joined(separator: "  ")), ""]
        var table = TextTable()
        table.add(["status", status])
        table.add(["branch", branch])
        for field in fields where field.name != CaseSchema.Field.number {
            if field.name == CaseSchema.Field.title, !field.isInConflict { continue }
            if field.isSet {
                table.add([field.name.string, field.values.map(\.value.text).joined(separator: ", ")])
            } else {
                for (index, written) in field.values.enumerated() {
                    table.add([index == 0 ? field.name.string : "  or", written.line(field)])
                }
            }
        }
        lines += table.lines() + [""]
        var list = TextTable(["when", "step", "by", "branch", "note"])
        for step in steps {
            list.add([step.at?.text, step.kindText, step.by.person, step.by.branch, step.noteText])
        }
        lines += list.lines(style)
        let conflicts = fields.filter(\.isInConflict).map(\.name.string)
        if !conflicts.isEmpty {
            let commands = conflicts.map { "amends resolve \(label.visible) \($0) VALUE" }.joined(separator: "; ")
            lines += ["", style.warning("To choose: \(commands)")]
        }
        return lines
    }
}

extension WrittenValue {
    var json: JSONValue {
        var json: JSONValue = ["value": value.json]
        if case .customer(let subject, name: _) = value {
            json = json.adding(["subject": .string(subject.description)])
        }
        return json.adding(by.json)
    }

    /// The value alone where it is the only one, else with who wrote it.
    fileprivate func line(_ field: ShownField) -> String {
        let text = value.text(of: field.name)
        return field.isInConflict ? "\(text)  (\(by.person), \(by.branch), \(by.at.text))" : text
    }
}

extension Byline {
    /// `change`, `person`, `branch`, `at`.
    var json: JSONValue {
        [
            "change": .string(change.description), "person": .string(person), "branch": .string(branch),
            "at": JSONValue(at),
        ]
    }
}

extension CaseSheet.ShownStep {
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("kind", .string(kind)), .init("at", at.map { JSONValue($0) } ?? .null),
        ]
        if let status { members.append(.init("status", .string(status))) }
        if let lateStatus { members.append(.init("lateStatus", .string(lateStatus))) }
        switch note {
        case .text(let text): members.append(.init("note", .string(text)))
        case .withheld: members.append(.init("note", .null))
        case nil: break
        }
        if let destination { members.append(.init("to", .string(destination))) }
        if let location { members.append(.init("location", .string(location))) }
        members += [
            .init("change", .string(by.change.description)), .init("person", .string(by.person)),
            .init("branch", .string(by.branch)), .init("effectiveAt", JSONValue(by.at)),
        ]
        return .object(members)
    }

    fileprivate var kindText: String {
        (status ?? lateStatus.map { "\($0) (late)" }).map { "\(kind): \($0)" } ?? kind
    }

    fileprivate var noteText: String? {
        switch note {
        case .text(let text): text
        case .withheld: "(words that are erased or not here)"
        case nil: destination.map { "to \($0)" } ?? location.map { "at \($0)" }
        }
    }
}
