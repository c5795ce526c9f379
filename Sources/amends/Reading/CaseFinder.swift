import Causality
import Changes
import CommandLineKit
import Foundation
import Inspection
import Replication
import SQLiteStore
import ServiceRecovery

/// Finds what a person names: a case by its number, a change by feed and sequence.
struct CaseFinder {
    private let transaction: SQLiteTransaction

    init(_ transaction: SQLiteTransaction) { self.transaction = transaction }

    /// So many cases are listed when a name means several.
    private static var listedLimit: Int { 10 }

    /// The case that `name` means: its number in any spelling, an alias, an outside number, or at least six digits of
    /// its id.
    ///
    /// - Throws: `CommandFailure` where there is none, or more than one.
    func place(named name: String) throws -> RecordPlace {
        var mistake: CaseNumberError?
        do {
            let number = try CaseNumber(parsing: name).description
            if let place = try only(number, typed: name) { return place }
        } catch let error as CaseNumberError {
            mistake = error
        }
        for spelling in CaseFinder.spellings(of: name) {
            if let place = try only(spelling, typed: name) { return place }
        }
        if case .checkLetter? = mistake, let mistake { throw CommandFailure("“\(name)”: \(mistake)") }
        throw CommandFailure("there is no case “\(name)” in this replica")
    }

    /// The name as it was typed, and with its letters composed and taken apart: keyboards and programs do it either way.
    private static func spellings(of name: String) -> [String] {
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return [name] }
        return [name, name.precomposedStringWithCanonicalMapping, name.decomposedStringWithCanonicalMapping]
    }

    /// The record of the case that `name` means.
    func record(named name: String) throws -> StoredRecord {
        let place = try place(named: name)
        guard let record = try transaction.record(place.id, of: place.scope) else {
            throw DamagedRecord(place.id, "it is listed and missing")
        }
        return record
    }

    private func only(_ name: String, typed: String) throws -> RecordPlace? {
        let places = try transaction.cases(named: name, limit: CaseFinder.listedLimit + 1)
        guard places.count > 1 else { return places.first }
        let names = try ChainNames(transaction)
        let listed = try places.prefix(CaseFinder.listedLimit).map { place in
            "\(place.id) (\(try names.name(of: place.scope)))"
        }
        let more = places.count > listed.count ? " and more" : ""
        throw CommandFailure(
            "“\(typed)” means several cases: \(listed.joined(separator: ", "))\(more); name one by its id, "
                + "of which six digits and more do")
    }

    // MARK: - Changes

    /// The position of the snapshot that includes a change of this name.
    private func snapshot(including name: String, of named: ScopeID?) throws -> UInt64? {
        let parts = name.split(separator: ":")
        guard parts.count == 2, let sequence = UInt64(parts[1]), sequence > 0 else { return nil }
        for scope in try transaction.scopes() where named == nil || scope.id == named {
            guard let base = try transaction.base(of: scope.id) else { continue }
            for feed in try transaction.feeds(of: scope.id)
            where feed.feed.description.hasPrefix(parts[0].lowercased()) {
                let dot = Dot(feed: feed.feed, sequence: sequence)
                if try transaction.isIncluded(dot, of: scope.id) { return base.position }
            }
        }
        return nil
    }

    /// The change that `name` means: `feed:sequence`, where the feed may be cut to its first digits.
    ///
    /// - Parameter branch: in whose scope it was written; nil where only one scope has such a change.
    func change(named name: String, in branch: String?) throws -> StoredChange {
        try change(named: name, of: try branch.map { try ChainNames(transaction).existingScope(named: $0) })
    }

    /// - Parameter scope: in which it was written; nil where only one has such a change.
    func change(named name: String, of scope: ScopeID?) throws -> StoredChange {
        let names = try ChainNames(transaction)
        let all = try transaction.changes(named: name)
        let changes = all.filter { scope == nil || $0.header.scope == scope }
        guard let change = changes.first else {
            if let position = try snapshot(including: name, of: scope) {
                throw CommandFailure(
                    "the change “\(name)” lies in the snapshot of position \(position) that this replica began with: "
                        + "what it came to is here, and the change itself is not")
            }
            if !all.isEmpty {
                let others = try all.map { try names.name(of: $0.header.scope) }
                throw CommandFailure("the change “\(name)” was written in \(others.joined(separator: ", "))")
            }
            throw CommandFailure(
                "there is no change “\(name)” in this replica; one is named feed:sequence, as `log` prints it")
        }
        guard changes.count == 1 else {
            let isOfOneFeed = changes.allSatisfy { $0.dot.feed == change.dot.feed }
            let branches = try changes.map { try names.name(of: $0.header.scope) }
            throw CommandFailure(
                isOfOneFeed
                    ? "“\(name)” means a change in each of \(branches.joined(separator: ", ")): say which with --branch NAME"
                    : "“\(name)” means several changes; give more digits of the feed")
        }
        return change
    }
}

extension ChainNames {
    /// - Throws: `CommandFailure` where no branch is called so.
    func existingScope(named name: String) throws -> ScopeID {
        if let scope = try scope(named: name) { return scope }
        if try isBranch(name) {
            throw CommandFailure(
                "nothing of the branch “\(name)” is here: it has sent nothing yet, or this machine may not read it")
        }
        throw CommandFailure(
            "there is no branch “\(name)” in this replica; there are \(try allNames().joined(separator: ", "))")
    }
}
