/// A promise that did not hold, in words.
package struct ContractViolation: Error, CustomStringConvertible {
    package let what: String

    package init(what: String) { self.what = what }

    package var description: String { what }
}

/// Throws a violation unless `holds`.
package func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    if !holds { throw ContractViolation(what: what()) }
}

/// Throws a violation, with both values, unless `found` is `wanted`.
package func require<Value: Equatable>(
    _ what: @autoclosure () -> String, _ found: Value, is wanted: Value
) throws {
    if found != wanted { throw ContractViolation(what: "\(what()): found \(found), and should be \(wanted)") }
}
