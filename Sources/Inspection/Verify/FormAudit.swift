import SQLiteStore

/// The definitions of the file's tables, held against those of a file that is made anew: a column that has another name is no
/// damage that any row could show.
struct FormAudit {
    let transaction: SQLiteTransaction
    let findings: Findings
    /// As this version makes them.
    let expected: [String: TableForm]

    func run() throws {
        let found = try transaction.auditedForms()
        // Tables of other schemas are made anew at the next opening for writing.
        let passed = try transaction.hasCurrentProjections() ? [] : transaction.projectedTables
        for (name, form) in expected.sorted(by: { $0.key < $1.key }) where !passed.contains(name) {
            // One that is missing is named by whoever reads it.
            guard let held = found[name], held != form else { continue }
            let what = [
                held.columns == form.columns ? nil : "columns", held.references == form.references ? nil : "references",
                held.indexes == form.indexes ? nil : "indexes",
            ].compactMap(\.self)
            findings.add(
                .page, "schema", name,
                "its definition has not the \(what.joined(separator: " and ")) that it is made with")
        }
    }
}
