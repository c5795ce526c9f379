/// One step of a file's format. Once released, a migration never changes and never leaves the list.
package struct Migration: Sendable {
    /// Unique, in words: "cases by branch".
    package let name: String
    /// Makes the change, inside the migrator's transaction and with foreign keys unchecked, so that a table can be
    /// rebuilt (create anew, copy, drop, rename); references are checked before the commit.
    package let apply: @Sendable (Connection) throws -> Void

    package init(_ name: String, apply: @escaping @Sendable (Connection) throws -> Void) {
        self.name = name
        self.apply = apply
    }

    /// A migration that is nothing but SQL.
    package init(_ name: String, script: String) {
        self.init(name) { try $0.execute(script: script) }
    }
}
