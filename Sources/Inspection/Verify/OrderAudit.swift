import Causality
import Changes
import Replication
import SQLiteStore

/// The order of each scope: the running hash over its entries, and the changes that they place.
struct OrderAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings

    // MARK: - The running hash

    /// Before the changes are looked at: an entry whose history hash comes true is right.
    func checkHistory() throws {
        for (rid, scope) in world.scopes.sorted(by: { $0.key < $1.key }) {
            try findings.section("entry") { try checkHistory(of: rid, scope) }
        }
    }

    private func checkHistory(of rid: Int64, _ scope: ScopeState) throws {
        var last: UInt64 = 0
        var floor: Int64 = 0
        /// What the entry before may have come to: after a damaged one, with its hash as stored or as computed; after
        /// a missing one, nothing is known.
        var histories = [HistoryHash(chain: scope.introduction.seed, scope: scope.id)]
        try transaction.auditEntries(of: rid) { row in
            findings.count(\.entries)
            guard let entry = findings.content(of: row, .history) else {
                last += 1
                histories = []
                return
            }
            var reasons: [String] = []
            if entry.position > last + 1 {
                findings.add(
                    .history, row.table, "\(rid):\(last + 1)", "no entry is here, and one follows at \(entry.position)")
                histories = []
                // The changes that stand there are not to blame.
                for missing in (last + 1..<entry.position).prefix(OrderAudit.gapLimit) {
                    world.damagedEntries.insert(AuditedWorld.EntryPlace(scope: rid, position: missing))
                }
            }
            // Behind a gap and beyond the scope's end, nothing speaks for it.
            if entry.position <= last || histories.isEmpty && entry.position > scope.position {
                reasons.append("position \(entry.position) is not one that follows")
            }
            let computed = histories.map { $0.appending(entry.body) }
            if !computed.isEmpty, !computed.contains(entry.history) {
                reasons.append("its history hash is not that of the entries up to it")
            }
            if let decoded = decode(entry.body) {
                note(decoded, scope: rid, &floor)
            } else {
                reasons.append("its bytes are no entry")
            }
            if reasons.isEmpty {
                histories = [entry.history]
                last = entry.position
                return
            }
            findings.add(.history, row.table, row.row, reasons.joined(separator: "; "))
            world.damagedEntries.insert(AuditedWorld.EntryPlace(scope: rid, position: entry.position))
            if entry.position == last + 1 {
                histories = computed + [entry.history]
                last = entry.position
            }
        }
        if scope.position != last {
            findings.add(
                .scope, "scope", "\(rid)", "it stands at position \(scope.position) and has entries up to \(last)")
        } else if !histories.isEmpty, !histories.contains(scope.history) {
            findings.add(.scope, "scope", "\(rid)", "its history hash is not that of its last entry")
        }
        if world.role == .hub, scope.receivedFloor != floor {
            findings.add(.scope, "scope", "\(rid)", "its floor of received times is not that of its entries")
        }
    }

    /// Missing entries that are remembered one by one.
    private static let gapLimit = 10_000

    private func note(_ entry: Entry, scope: Int64, _ floor: inout Int64) {
        switch entry {
        case .change(_, let received, _): floor = max(floor, received)
        case .verdict(let dot, let verdict): world.verdicts[scope, default: [:]][dot] = verdict
        case .lost: break
        case .clock(let time): floor = time
        }
    }

    private func decode(_ bytes: [UInt8]) -> Entry? {
        var reader = ByteReader(bytes)
        guard let entry = try? Entry(from: &reader), reader.isAtEnd, entry.encoded() == bytes else { return nil }
        return entry
    }

    // MARK: - The changes that it places

    /// After the changes were looked at: each entry of a change must have its change, at its place.
    func checkPlaces() throws {
        for rid in world.scopes.keys.sorted() {
            try findings.section("entry") {
                try transaction.auditEntries(of: rid) { row in
                    guard case .success(let entry) = row.content, isIntact(entry), let decoded = decode(entry.body)
                    else {
                        return
                    }
                    switch decoded {
                    case .change(let reference, _, _): try checkPlace(reference, row.row, entry)
                    case .verdict(let dot, _):
                        if try change(at: dot, scope: rid) == nil, !world.isIncomplete {
                            findings.add(
                                .placement, row.table, row.row, "it judges the change \(dot), which is not here")
                        }
                    case .lost, .clock: break
                    }
                }
            }
        }
    }

    private func isIntact(_ entry: AuditedEntry) -> Bool {
        !world.damagedEntries.contains(AuditedWorld.EntryPlace(scope: entry.scope, position: entry.position))
    }

    private func checkPlace(_ reference: EntryReference, _ row: String, _ entry: AuditedEntry) throws {
        guard let found = try change(at: reference.dot, scope: entry.scope) else {
            if !world.isIncomplete {
                findings.add(.placement, "entry", row, "it places the change \(reference.dot), which is not here")
            }
            return
        }
        guard let change = try? found.content.get(), !world.suspects.contains(change.number) else { return }
        // A change with a place was compared with the entry there; one without has none to be found by.
        if case .success(nil) = change.placement {
            findings.add(
                .placement, "change", found.row, "entry \(entry.position) places it, and it has no position")
        }
    }

    private func change(at dot: Dot, scope: Int64) throws -> AuditedRow<AuditedChange>? {
        guard let feed = world.feedRows[scope]?[dot.feed] else { return nil }
        return try transaction.auditChange(feed: feed, sequence: dot.sequence)
    }
}
