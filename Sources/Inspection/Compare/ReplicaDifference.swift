import Causality
import Changes
import Replication
import SQLiteStore

/// What two replicas, or a replica and a hub, differ in. For `amends diff`.
package struct ReplicaDifference: Hashable, Sendable {
    /// The scopes that both hold, sorted by id.
    package private(set) var scopes: [Scope] = []
    /// Scopes that only one of them holds; nothing follows from that.
    package private(set) var scopesOnlyA: [ScopeID] = []
    package private(set) var scopesOnlyB: [ScopeID] = []

    package struct Scope: Hashable, Sendable {
        package let a: ScopeStanding
        package let b: ScopeStanding
        package let agreement: ScopeAgreement
        /// Filled only where the states differ.
        package internal(set) var records = RecordDifference()
    }

    /// What the exit status follows.
    package enum Outcome: Hashable, Sendable {
        case equal
        /// Not everything can be compared: exit status 4.
        case notComparable
        /// One position, two states or histories: exit status 5.
        case different
    }

    package var outcome: Outcome {
        if scopes.contains(where: \.agreement.isDisagreement) { return .different }
        return scopes.allSatisfy { $0.agreement == .equal } ? .equal : .notComparable
    }

    /// Compares standings. Where states differ, `compareRecords` then tells in which records.
    package init(_ a: [ScopeStanding], _ b: [ScopeStanding]) {
        let others = Dictionary(uniqueKeysWithValues: b.map { ($0.scope, $0) })
        for standing in a.sorted(by: { $0.scope < $1.scope }) {
            if let other = others[standing.scope] {
                scopes.append(Scope(a: standing, b: other, agreement: ScopeAgreement(standing, other)))
            } else {
                scopesOnlyA.append(standing.scope)
            }
        }
        let held = Set(a.map(\.scope))
        scopesOnlyB = b.map(\.scope).filter { !held.contains($0) }.sorted()
    }

    /// Compares two files, records and fields included.
    package static func between(_ a: SQLiteStore, _ b: SQLiteStore) throws -> ReplicaDifference {
        try a.read { a in
            try b.read { b in
                var difference = ReplicaDifference(try ScopeStanding.all(a), try ScopeStanding.all(b))
                for index in difference.scopes.indices where difference.scopes[index].agreement == .statesDiffer {
                    let scope = difference.scopes[index].a.scope
                    difference.scopes[index].records = try RecordDifference(a, b, in: scope)
                }
                return difference
            }
        }
    }

    /// Compares a file's records with those that the other side listed, in every scope where the states differ.
    ///
    /// - Parameter remote: the other side's records of a scope and what each adds to the fingerprint, sorted by id.
    package mutating func compareRecords(
        _ transaction: SQLiteTransaction, with remote: (ScopeID) throws -> [RecordDigest]
    ) throws {
        for index in scopes.indices where scopes[index].agreement == .statesDiffer {
            let scope = scopes[index].a.scope
            scopes[index].records = RecordDifference(
                try RecordDigest.all(transaction, in: scope), try remote(scope))
        }
    }
}
