import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import Inspection
import ReplicaSettings
import Replication
import SQLiteStore

/// `amends status`: is everything said, and does everybody hold the same.
struct StatusCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what waits to be sent, what waits for a choice, and where the replica stands.",
        discussion: """
            Two replicas of one scope that show the same position and history hash have the same history; with nothing \
            waiting their fingerprints are then equal too.

            Examples:
              amends status
              amends status --json
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let status = try common.read { try ReplicaStatus($0) }
        try output.print(status.json) { status.lines($0) }
    }
}

/// Where a replica stands.
struct ReplicaStatus {
    struct Scope {
        let state: ScopeState
        let name: String
        let waiting: Int
        let fingerprint: Hash256
        /// What the scope began with here.
        let base: SnapshotManifest?
        /// Why it took no part in the last exchange.
        let refusal: String?
    }

    let branch: String
    let chain: String?
    /// Milliseconds since 1970 by this machine's clock.
    let lastSync: Int64?
    let conflicts: Int
    let quarantined: Int
    let scopes: [Scope]

    var waiting: Int { scopes.reduce(0) { $0 + $1.waiting } }

    init(_ transaction: SQLiteTransaction) throws {
        let names = try ChainNames(transaction)
        let states = try transaction.scopes()
        branch = try transaction.text(.branchName) ?? transaction.text(.replicaName) ?? "-"
        chain = try transaction.text(.chainName)
        lastSync = try transaction.text(.lastSync).map { text in
            guard let time = Int64(text) else { throw DamagedSetting(.lastSync) }
            return time
        }
        conflicts = try FieldConflict.all(in: transaction).count
        quarantined = try states.reduce(0) { try $0 + transaction.quarantined(of: $1.id).count }
        scopes = try states.map { state in
            Scope(
                state: state, name: try names.name(of: state.id), waiting: try transaction.unplacedCount(of: state.id),
                fingerprint: try transaction.fingerprint(of: state.id).hash, base: try transaction.base(of: state.id),
                refusal: try transaction.text(.refusal(of: state.id)))
        }
    }

    var json: JSONValue {
        [
            "branch": .string(branch), "chain": JSONValue(chain), "waiting": JSONValue(waiting),
            "lastSync": JSONValue(lastSync.map { CivilTime.iso(milliseconds: $0) }),
            "conflicts": JSONValue(conflicts), "quarantined": JSONValue(quarantined),
            "scopes": .array(scopes.map(\.json)),
        ]
    }

    private var isStuck: Bool { scopes.contains { $0.refusal != nil && $0.waiting > 0 } }

    func lines(_ style: TextStyle) -> [String] {
        var lines = [style.heading(chain.map { "\(branch), \($0)" } ?? "\(branch), in no chain yet").visible]
        switch waiting {
        case 0: lines.append("nothing waits to be sent")
        case 1: lines.append("1 change waits to be sent, \(isStuck ? "and is stuck" : "nothing is lost")")
        default: lines.append("\(waiting) changes wait to be sent, \(isStuck ? "some are stuck" : "nothing is lost")")
        }
        lines.append(lastSync.map { "last synchronised \(CivilTime.text(milliseconds: $0))" } ?? "never synchronised")
        for scope in scopes {
            if let refusal = scope.refusal { lines.append(style.warning("\(scope.name) is stuck: \(refusal)".visible)) }
        }
        if conflicts > 0 { lines.append(style.warning("\(conflicts) to choose: amends conflicts")) }
        if quarantined > 0 {
            let changes = quarantined == 1 ? "1 change is" : "\(quarantined) changes are"
            lines.append(style.warning("\(changes) of a newer version, to be shown after an upgrade"))
        }
        var table = TextTable(["scope", "position", "history", "fingerprint", "waiting"])
        for scope in scopes {
            table.add([
                scope.name, String(scope.state.position),
                scope.state.history.hash.short.description.prefix(12).description,
                scope.fingerprint.short.description.prefix(12).description, String(scope.waiting),
            ])
        }
        let begun = scopes.compactMap { scope in
            scope.base.map { base in
                "\(scope.name) began with the hub's snapshot of position \(base.position), "
                    + "\(CivilTime.text(milliseconds: base.receipt.hubTime)): \(base.recordCount) records"
            }
        }
        return lines + [""] + table.lines(style) + begun.map(\.visible)
    }
}

extension ReplicaStatus.Scope {
    fileprivate var json: JSONValue {
        [
            "scope": .string(state.id.description), "name": .string(name), "position": JSONValue(state.position),
            "historyHash": .string(state.history.hash.description), "fingerprint": .string(fingerprint.description),
            "waiting": JSONValue(waiting), "refusal": JSONValue(refusal),
            "snapshot": base.map { base in
                [
                    "position": JSONValue(base.position), "records": JSONValue(base.recordCount),
                    "madeAt": .string(CivilTime.iso(milliseconds: base.receipt.hubTime)),
                ]
            } ?? .null,
        ]
    }
}
