/// Where the incident log's columns stand in one file.
///
/// Columns are found by name, in any order; others are ignored. A column that a row can do without may be missing
/// from the file, and then every row lacks it.
struct IncidentHeader: Sendable {
    /// A column by the name it has in the log.
    struct Column: Sendable {
        let name: String
        /// Its place in each row, counted from 0; nil when the file does not have it.
        let index: Int?
    }

    /// Fields that each row has.
    let fieldCount: Int

    // A fact's identity, where it happened, and what happened: a file without one of these is refused.
    let number, version, updatedAt, updatedBy, state, location: Column

    let openedBy, openedAt, callerID, contactType: Column
    let category, subcategory, symptom: Column
    let impact, urgency, priority: Column
    let assignmentGroup, assignedTo, reassignmentCount, reopenCount, madeSLA: Column
    let resolvedBy, resolvedAt, closedAt, closedCode: Column

    /// A file without one of these is refused.
    static let required = [
        "number", "sys_mod_count", "sys_updated_at", "sys_updated_by", "incident_state", "location",
    ]

    /// - Throws: `missingColumn`; `repeatedColumn` when a column that is used stands there twice.
    init(_ row: CSVRow) throws(IncidentLogError) {
        let names = (0..<row.count).map(row.text(at:))
        func optional(_ name: String) throws(IncidentLogError) -> Column {
            let index = names.firstIndex(of: name)
            guard index == names.lastIndex(of: name) else { throw .repeatedColumn(name) }
            return Column(name: name, index: index)
        }
        func required(_ name: String) throws(IncidentLogError) -> Column {
            let column = try optional(name)
            guard column.index != nil else { throw .missingColumn(name) }
            return column
        }
        fieldCount = row.count
        number = try required("number")
        version = try required("sys_mod_count")
        updatedAt = try required("sys_updated_at")
        updatedBy = try required("sys_updated_by")
        state = try required("incident_state")
        location = try required("location")
        openedBy = try optional("opened_by")
        openedAt = try optional("opened_at")
        callerID = try optional("caller_id")
        contactType = try optional("contact_type")
        category = try optional("category")
        subcategory = try optional("subcategory")
        symptom = try optional("u_symptom")
        impact = try optional("impact")
        urgency = try optional("urgency")
        priority = try optional("priority")
        assignmentGroup = try optional("assignment_group")
        assignedTo = try optional("assigned_to")
        reassignmentCount = try optional("reassignment_count")
        reopenCount = try optional("reopen_count")
        madeSLA = try optional("made_sla")
        resolvedBy = try optional("resolved_by")
        resolvedAt = try optional("resolved_at")
        closedAt = try optional("closed_at")
        closedCode = try optional("closed_code")
    }

    /// Whether `row` is the header line once more, as in files that were put end to end.
    func isRepeated(in row: CSVRow) -> Bool {
        // The first column would not do: a later copy may carry its byte-order mark along.
        isName(version, in: row) && isName(updatedAt, in: row) && isName(state, in: row)
    }

    private func isName(_ column: Column, in row: CSVRow) -> Bool {
        guard let index = column.index else { return false }
        return row.bytes(at: index).elementsEqual(column.name.utf8)
    }
}
