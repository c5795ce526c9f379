/// The names of fields that both sides of an exchange know, so that a small block names one by its number.
///
/// Part of the wire format: with another name, at the end, messages have another version.
package enum KnownNames {
    /// Those of cases, of the directory, and of the incident workload; the first has number 1.
    package static let all: [String] = [
        "type", "title", "category", "severity", "assignee", "team", "tags", "customer", "number", "alias",
        "moved_from", "steps", "name", "code", "branch_scope", "scope_name", "headquarters", "certificate",
        "replica", "mark", "enrolled_at", "incident_state", "active", "reassignment_count", "reopen_count",
        "sys_mod_count", "made_sla", "caller_id", "opened_at", "sys_updated_at", "impact", "priority",
        "assignment_group", "assigned_to", "resolved_at", "closed_at",
    ]

    /// In UTF-8, by number; the first is none.
    private static let bytes: [[UInt8]] = [[]] + all.map { Array($0.utf8) }

    private static let numbers: [ArraySlice<UInt8>: Int] = Dictionary(
        uniqueKeysWithValues: bytes.indices.dropFirst().map { (bytes[$0][...], $0) })

    /// - Returns: 0 where the name is none of them.
    static func number(of name: ArraySlice<UInt8>) -> Int { numbers[name] ?? 0 }

    /// - Returns: nil where there is no such number.
    static func name(_ number: UInt64) -> [UInt8]? {
        number > 0 && number < UInt64(bytes.count) ? bytes[Int(number)] : nil
    }
}
