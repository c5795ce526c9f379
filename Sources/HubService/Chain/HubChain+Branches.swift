import Causality
import ChainDirectory
import Changes
import Replication
import ServiceRecovery
import SyncHTTP

/// A code for one machine of a branch, to be shown once.
package struct NewCode: Hashable, Sendable {
    package let branch: String
    package let code: EnrolmentCode
    /// Milliseconds since 1970 by the hub's clock.
    package let expires: Int64
}

extension HubChain {
    /// How long a code can be used: a day, for it has to reach another place.
    package static var codeLifetimeMilliseconds: Int64 { 24 * 3_600 * 1_000 }

    /// Adds a branch: a record in `common`, and a first code. Its scope comes to be when its first machine joins, which
    /// may bring one.
    ///
    /// - Throws: `.branchExists`, `.invalidName`, or what the store throws.
    package func addBranch(_ name: String, isHeadquarters: Bool = false) throws -> NewCode {
        let name = try DirectoryName.checked(name)
        return try store.write { transaction in
            let known = try directory(transaction)
            // Two spellings of one letter look the same in every list: `String` takes them for one.
            guard !known.contains(where: { $0.entry.name.string == name.string }) else {
                throw HubFault(
                    .branchExists, "the branch “\(name)” exists; “branch code” gives another code for it")
            }
            if isHeadquarters, let existing = known.first(where: { $0.entry.isHeadquarters }) {
                throw HubFault(
                    .branchExists,
                    "the chain's headquarters is “\(existing.entry.name)”; “branch code” gives another code for it")
            }
            let scope =
                isHeadquarters
                ? info.headquarters
                : ScopeIntroduction(
                    name: Text("branch/" + hexadecimal(environment.random(16))), seed: info.chain)
            let entry = BranchEntry(
                name: name, code: BranchCode.derive(fromName: name.string, taken: Set(known.map(\.entry.code))).text,
                scope: scope.scope, scopeName: scope.name, isHeadquarters: isHeadquarters)
            try write(try DirectoryDrafts.add(entry, person: HubChain.administrator), transaction)
            return try issueCode(for: entry, transaction)
        }
    }

    /// A code for another machine of a branch.
    ///
    /// - Throws: `.unknownBranch`, or what the store throws.
    package func newCode(branch name: String) throws -> NewCode {
        try store.write { transaction in
            guard let record = try directory(transaction).first(where: { $0.entry.name.string == name }) else {
                throw HubFault(.unknownBranch, "the chain has no branch of that name; “branch list” shows them")
            }
            return try issueCode(for: record.entry, transaction)
        }
    }

    /// Sorted by name.
    package func branches() throws -> [BranchReport] {
        try store.write { transaction in
            let machines = try transaction.certificates()
            return try directory(transaction).map { record in
                let scope = record.entry.scope
                return BranchReport(
                    branch: record.entry.name.string, code: record.entry.code.string,
                    headquarters: record.entry.isHeadquarters, scope: scope.description,
                    position: try transaction.scope(scope)?.position ?? 0,
                    machines: machines.count { $0.home == scope })
            }
        }
    }

    // MARK: - Reading and writing the directory

    /// Who does what an administrator asks for, in the directory's changes.
    static var administrator: Text { "administrator" }

    /// The chain's branches, sorted by name. Folds first what headquarters may have written.
    func directory(_ transaction: Store.Transaction) throws -> [BranchRecord] {
        let common = info.common.scope
        try OrderFolder(transaction).catchUp(common)
        var result: [BranchRecord] = []
        var last: RecordID?
        while true {
            let page = try transaction.records(of: common, after: last, limit: 500)
            for record in page {
                if let branch = BranchRecord(record.state, origin: record.origin) { result.append(branch) }
            }
            guard let end = page.last, page.count == 500 else { break }
            last = end.id
        }
        return result.sorted { $0.entry.name < $1.entry.name }
    }

    func write(_ draft: ChangeDraft, _ transaction: Store.Transaction) throws {
        let random = environment.random
        try HubAuthor(transaction, identity: identity, random: { random($0) })
            .commit(draft, in: info.common.scope, now: environment.now())
    }

    private func issueCode(for branch: BranchEntry, _ transaction: Store.Transaction) throws -> NewCode {
        let code = EnrolmentCode(random: environment.random(EnrolmentCode.symbolCount))
        let expires = environment.now() + HubChain.codeLifetimeMilliseconds
        try transaction.put(
            Enrolment(
                code: code.hash, home: branch.scope, isHeadquarters: branch.isHeadquarters, expires: expires))
        return NewCode(branch: branch.name.string, code: code, expires: expires)
    }
}
