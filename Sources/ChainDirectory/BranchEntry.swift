import Causality
import Changes

/// One branch of the chain, as the directory holds it.
package struct BranchEntry: Hashable, Sendable {
    /// A label, which headquarters can change.
    package var name: Text
    /// What stands for the branch in case numbers. Given once.
    package let code: Text
    package let scope: ScopeID
    /// What `scope` derives from: `branch/<id>`, or `headquarters`.
    package let scopeName: Text
    package let isHeadquarters: Bool

    package init(name: Text, code: Text, scope: ScopeID, scopeName: Text, isHeadquarters: Bool = false) {
        self.name = name
        self.code = code
        self.scope = scope
        self.scopeName = scopeName
        self.isHeadquarters = isHeadquarters
    }

    /// Reads a folded record; `nil` unless it is a branch with all that an entry has.
    package init?(_ state: RecordState) {
        guard state.text(Schema.typeField) == BranchEntry.recordType, let name = state.text(Field.name),
            let code = state.text(Field.code), let scope = state.bytes(Field.scope), scope.count == ScopeID.byteCount,
            let scopeName = state.text(Field.scopeName)
        else { return nil }
        self.init(
            name: name, code: code, scope: ScopeID(scope), scopeName: scopeName,
            isHeadquarters: state.winner(Field.headquarters, .latest)?.value.integer == 1)
    }

    package static let recordType: Text = "branch"

    package static func origin(_ scope: ScopeID) -> RecordOrigin {
        .external(source: "amends.branch", id: Text(scope.description))
    }

    package var origin: RecordOrigin { BranchEntry.origin(scope) }

    package enum Field {
        package static let name: Text = "name"
        package static let code: Text = "code"
        /// Not `scope`: that column of every table tells where a record lies, here `common`.
        package static let scope: Text = "branch_scope"
        package static let scopeName: Text = "scope_name"
        package static let headquarters: Text = "headquarters"
    }

    var values: [(Text, Value)] {
        [
            (Schema.typeField, .text(BranchEntry.recordType)), (Field.name, .text(name)), (Field.code, .text(code)),
            (Field.scope, .bytes(scope.bytes)), (Field.scopeName, .text(scopeName)),
            (Field.headquarters, .integer(isHeadquarters ? 1 : 0)),
        ]
    }
}
