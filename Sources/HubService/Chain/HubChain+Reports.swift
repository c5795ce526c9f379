import Causality
import ChainDirectory
import Changes
import Replication
import SyncHTTP

extension HubChain {
    /// Entries folded in one transaction, so that exchanges get their turn in between.
    package static var entriesPerFold: Int { 2_000 }
    /// Records in one page of a standing.
    static var recordsPerPage: Int { 10_000 }

    /// Folds some of what is placed and not yet folded.
    ///
    /// - Returns: whether nothing is left.
    package func foldStep() throws -> Bool {
        try store.write { transaction in
            var left = HubChain.entriesPerFold
            for scope in try transaction.scopes() where scope.foldedPosition < scope.position {
                left -= try OrderFolder(transaction).catchUp(scope.id, limit: left)
                if left <= 0 { return false }
            }
            return true
        }
    }

    /// Where the hub stands; with the digests of some of `scope`'s records.
    ///
    /// - Parameter readable: which scopes the asker may read.
    /// - Throws: `.notFound` for a scope that is not readable, or what the store throws.
    package func standing(
        records scope: ScopeID? = nil, after: RecordID? = nil, readable: (ScopeID) -> Bool = { _ in true }
    ) throws -> StandingReport {
        // One transaction: position, history hash and fingerprint are of one moment, with everything folded.
        try store.write { transaction in
            var report = StandingReport(scopes: [])
            for state in try transaction.scopes() where readable(state.id) {
                try OrderFolder(transaction).catchUp(state.id)
                report.scopes.append(
                    StandingReport.Scope(
                        scope: state.id.description, name: state.introduction.name.string, position: state.position,
                        historyHash: state.history.hash.description,
                        fingerprint: try transaction.fingerprint(of: state.id).hash.description))
            }
            guard let scope else { return report }
            guard readable(scope), try transaction.scope(scope) != nil else {
                throw HubFault(.notFound, "there is no such scope for this asker")
            }
            let page = try transaction.records(of: scope, after: after, limit: HubChain.recordsPerPage)
            report.records = page.map {
                StandingReport.Record(
                    record: $0.id.description,
                    digest: ShortHash(
                        high: UInt64($0.digest >> 64), low: UInt64(truncatingIfNeeded: $0.digest)
                    ).description)
            }
            if page.count == HubChain.recordsPerPage { report.next = page.last?.id.description }
            return report
        }
    }

    /// Where a change was placed.
    ///
    /// - Parameter receivers: who has since greeted at a position of a scope or beyond.
    package func trace(
        _ dot: Dot, readable: (ScopeID) -> Bool, receivers: (ScopeID, UInt64) -> [ChangeReport.Receiver]
    ) throws -> ChangeReport {
        try store.read { transaction in
            var acceptances: [ChangeReport.Acceptance] = []
            for scope in try transaction.scopes() where readable(scope.id) {
                guard let change = try transaction.change(at: dot, of: scope.id), let placement = change.placement
                else { continue }
                acceptances.append(
                    ChangeReport.Acceptance(
                        scope: scope.id.description, position: placement.position, received: placement.received,
                        verdict: "\(placement.verdict)", hash: change.hash.short.description,
                        receivedBy: receivers(scope.id, placement.position)))
            }
            return ChangeReport(change: dot.description, acceptances: acceptances)
        }
    }

    /// How many cases each branch has in each status, by branch and status. Fold first.
    package func caseReport() throws -> [CaseReport] {
        // A write, because folding the directory may write.
        try store.write { transaction in
            var names: [ScopeID: String] = [:]
            for scope in try transaction.scopes() {
                try OrderFolder(transaction).catchUp(scope.id)
                names[scope.id] = scope.introduction.name.string
            }
            for record in try directory(transaction) { names[record.entry.scope] = record.entry.name.string }
            return try transaction.statusCounts()
                .map { CaseReport(branch: names[$0.scope] ?? $0.scope.description, status: $0.status, count: $0.count) }
                .sorted { ($0.branch, $0.status) < ($1.branch, $1.status) }
        }
    }
}
