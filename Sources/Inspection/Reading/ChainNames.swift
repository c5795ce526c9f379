import Causality
import ChainDirectory
import Changes
import Foundation
import ReplicaSettings
import Replication
import SQLiteStore

/// What scopes and feeds are called, as far as this file knows: the directory's names where it has them.
///
/// One for a transaction: what was looked up is kept.
package final class ChainNames {
    private let transaction: SQLiteTransaction
    private let common: ScopeID?
    private let home: ScopeID?
    /// This replica's own label, for what the directory does not know yet.
    private let ownName: String?
    /// The replica that the hub certified; nil before it has joined, when every feed here is its own.
    private let certified: ReplicaID?
    private var scopes: [ScopeID: String] = [:]
    private var branches: [FeedID: String?] = [:]

    package init(_ transaction: SQLiteTransaction) throws {
        self.transaction = transaction
        common = try transaction.scopes().first { $0.introduction.name == "common" }?.id
        home = try transaction.identifier(.homeScope)
        ownName = try transaction.text(.branchName) ?? transaction.text(.replicaName)
        certified = try transaction.setting(.certificate).map { bytes in
            do { return try Certificate(bytes).replica } catch { throw DamagedSetting(.certificate) }
        }
    }

    /// The branch whose scope it is, or the scope's own name.
    package func name(of scope: ScopeID) throws -> String {
        if let known = scopes[scope] { return known }
        let name = try findName(of: scope)
        scopes[scope] = name
        return name
    }

    /// The branch whose machine writes `feed`; nil where nobody has told.
    package func branch(of feed: FeedID) throws -> String? {
        if let known = branches[feed] { return known }
        let name = try findBranch(of: feed)
        branches[feed] = .some(name)
        return name
    }

    /// The scope of the branch that people call `name`, in whichever spelling of its letters; where none is called so, of the one whose
    /// code it is.
    package func scope(named name: String) throws -> ScopeID? {
        let scopes = try transaction.scopes().map(\.id)
        let called = try scopes.filter { try self.name(of: $0) == name }
        // A branch may be called as what all have in common.
        if let first = called.first(where: { $0 != common }) ?? called.first { return first }
        return try scopes.first { try entry(of: $0)?.code == Text(name) } ?? ScopeID(hexadecimal: name)
    }

    /// Whether the chain has a branch of this name or code, in whichever spelling of its letters, of which nothing need be here.
    package func isBranch(_ name: String) throws -> Bool {
        try [name, name.precomposedStringWithCanonicalMapping, name.decomposedStringWithCanonicalMapping].contains {
            try transaction.branchRecord(named: Text($0)) != nil
        }
    }

    /// Every branch or scope that the file holds, by name.
    package func allNames() throws -> [String] { try transaction.scopes().map { try name(of: $0.id) }.sorted() }

    // MARK: - Looking up

    private func findName(of scope: ScopeID) throws -> String {
        if let entry = try entry(of: scope) { return entry.name.string }
        if scope == home, let ownName { return ownName }
        return try transaction.scope(scope)?.introduction.name.string ?? scope.description
    }

    private func findBranch(of feed: FeedID) throws -> String? {
        if let machine = try machine(of: ReplicaID(feed)) { return try name(of: machine.certificate.home) }
        return certified.map { FeedID($0) == feed } ?? true ? ownName : nil
    }

    private func entry(of scope: ScopeID) throws -> BranchEntry? {
        try transaction.branchRecord(servedBy: scope).flatMap { BranchEntry($0.state) }
    }

    private func machine(of replica: ReplicaID) throws -> MachineEntry? {
        guard let common else { return nil }
        // An outside thing's id does not depend on the change that names it.
        let id = MachineEntry.origin(replica).recordID(in: common)
        return try transaction.record(id, of: common).flatMap { MachineEntry($0.state) }
    }
}
