import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import Inspection
import ReplicaSettings
import Replication
import SQLiteStore
import SyncHTTP

/// `amends diff`: do two replicas, or a replica and the hub, hold the same.
struct DiffCommand: AsyncParsableCommand, LoggingCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two replicas, or a replica with the hub.",
        discussion: """
            Each side is a replica's file or the hub's URL; the hub is asked under the name of the replica. Exit status 4 \
            when they cannot be compared, not being at the same position or having changes that the hub has not placed; 5 when \
            they differ.

            Examples:
              amends diff kemang.sqlite headquarters.sqlite
              amends diff kemang.sqlite https://hub.example --json
            """)

    @Argument(help: "A replica's file, or the hub's URL.", completion: .file())
    var a: String

    @Argument(help: "A replica's file, or the hub's URL.", completion: .file())
    var b: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    func validate() throws {
        if DiffCommand.hub(a) != nil, DiffCommand.hub(b) != nil {
            throw ValidationError("One side at least is a replica's file: a hub answers only to a replica.")
        }
    }

    func run() async throws {
        let difference: ShownDifference
        switch (DiffCommand.hub(a), DiffCommand.hub(b)) {
        case (nil, nil): difference = try ShownDifference(files(), namesFrom: a, isSwapped: false)
        case (nil, let hub?):
            difference = try ShownDifference(await compare(a, with: hub), namesFrom: a, isSwapped: false)
        case (let hub?, _):
            difference = try ShownDifference(await compare(b, with: hub), namesFrom: b, isSwapped: true)
        }
        try output.print(difference.json) { difference.lines($0) }
        if difference.status != .done { throw CommandFailure(status: difference.status) }
    }

    private static func hub(_ text: String) -> HubAddress? {
        text.contains("://") ? HubAddress(text) : nil
    }

    private func files() throws -> ReplicaDifference {
        let stores = try [a, b].map { try Replica.openStore(reading: $0) }
        let difference = try ReplicaDifference.between(stores[0], stores[1])
        for store in stores { try store.close() }
        return difference
    }

    // MARK: - The hub's side

    private func compare(_ path: String, with address: HubAddress) async throws -> ReplicaDifference {
        let replica = try Replica.open(path: path)
        let client = try replica.hubClient(at: address)
        let report = try await client.standing()
        var difference = ReplicaDifference(
            try replica.store.read { try ScopeStanding.all($0) }, try report.scopes.map { try ScopeStanding($0) })
        var remote: [ScopeID: [RecordDigest]] = [:]
        for scope in difference.scopes where scope.agreement == .statesDiffer {
            let records = try await client.standing(recordsOf: scope.a.scope).records ?? []
            remote[scope.a.scope] = try records.map { try RecordDigest($0) }
        }
        try replica.store.read { transaction in
            try difference.compareRecords(transaction) { remote[$0] ?? [] }
        }
        try replica.close()
        return difference
    }
}

/// A comparison as it is printed, the sides in the order in which they were named.
private struct ShownDifference {
    let difference: ReplicaDifference
    /// The comparison has the file first; here the hub was.
    let isSwapped: Bool

    private let names: [ScopeID: String]

    /// - Parameter path: the replica whose directory names the scopes.
    init(_ difference: ReplicaDifference, namesFrom path: String, isSwapped: Bool) throws {
        self.difference = difference
        self.isSwapped = isSwapped
        let store = try Replica.openStore(reading: path)
        names = try store.read { transaction in
            let names = try ChainNames(transaction)
            let scopes = difference.scopes.map(\.a.scope) + difference.scopesOnlyA + difference.scopesOnlyB
            return try Dictionary(uniqueKeysWithValues: scopes.map { ($0, try names.name(of: $0)) })
        }
        try store.close()
    }

    /// Without a scope in common nothing is equal and nothing differs.
    var status: ExitStatus {
        if difference.scopes.isEmpty { return .incomplete }
        return switch difference.outcome {
        case .equal: .done
        case .notComparable: .incomplete
        case .different: .damage
        }
    }

    var json: JSONValue {
        let onlyA = difference.scopes.flatMap(\.records.onlyA)
        let onlyB = difference.scopes.flatMap(\.records.onlyB)
        return [
            "equal": .boolean(status == .done),
            "onlyA": .array((isSwapped ? onlyB : onlyA).map { .string($0.description) }),
            "onlyB": .array((isSwapped ? onlyA : onlyB).map { .string($0.description) }),
            "different": .array(
                difference.scopes.flatMap(\.records.different).map { record in
                    [
                        "record": .string(record.record.description),
                        "fields": .array(record.fields.map { .string($0.string) }),
                    ]
                }),
            "scopesOnlyA": .array(onlyScopes.a.map { .string(name($0)) }),
            "scopesOnlyB": .array(onlyScopes.b.map { .string(name($0)) }),
            "scopes": .array(
                difference.scopes.map { scope in
                    let (a, b) = sides(scope)
                    return [
                        "scope": .string(scope.a.scope.description), "name": .string(name(scope.a.scope)),
                        "agreement": .string(scope.agreement.sentence), "positionA": JSONValue(a.position),
                        "positionB": JSONValue(b.position),
                    ]
                }),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let others =
            onlyScopes.a.map { "only A holds \(name($0))".visible }
            + onlyScopes.b.map { "only B holds \(name($0))".visible }
        guard !difference.scopes.isEmpty else { return ["they have no scope in common"] + others }
        var table = TextTable(["scope", "A at", "B at", ""])
        for scope in difference.scopes {
            let (a, b) = sides(scope)
            table.add([name(scope.a.scope), "\(a.position)", "\(b.position)", scope.agreement.sentence])
        }
        return table.lines(style) + others + difference.scopes.flatMap { records($0.records) }
    }

    private func records(_ records: RecordDifference) -> [String] {
        let (onlyA, onlyB) = isSwapped ? (records.onlyB, records.onlyA) : (records.onlyA, records.onlyB)
        return onlyA.map { "only in A: \($0)" } + onlyB.map { "only in B: \($0)" }
            + records.different.map { record in
                "different: \(record.record) \(record.fields.map(\.string).joined(separator: ", "))".visible
            }
    }

    private func name(_ scope: ScopeID) -> String { names[scope] ?? scope.description }

    /// Nothing follows from them: a machine holds what it may read.
    private var onlyScopes: (a: [ScopeID], b: [ScopeID]) {
        isSwapped
            ? (difference.scopesOnlyB, difference.scopesOnlyA) : (difference.scopesOnlyA, difference.scopesOnlyB)
    }

    private func sides(_ scope: ReplicaDifference.Scope) -> (ScopeStanding, ScopeStanding) {
        isSwapped ? (scope.b, scope.a) : (scope.a, scope.b)
    }
}

extension Replica {
    /// The way to this replica's hub at the address that a person typed.
    fileprivate func hubClient(at address: HubAddress) throws -> HubClient {
        guard let chain: ChainID = try store.read({ try $0.identifier(.chain) }) else { throw ReplicaError.notJoined }
        return HubClient(
            chain: chain, hubKey: try hubKey(), identity: identity, transport: HTTPTransport(address))
    }
}

extension ScopeAgreement {
    fileprivate var sentence: String {
        switch self {
        case .equal: "equal"
        case .statesDiffer: "same history, different state"
        case .historiesDiffer: "same position, different history"
        case .positionsDiffer: "positions differ"
        case .notComparable(let why): "not comparable: \(why)"
        }
    }
}

extension ScopeStanding {
    fileprivate init(_ scope: StandingReport.Scope) throws {
        guard let id = ScopeID(hexadecimal: scope.scope), let history = hexadecimalBytes(scope.historyHash),
            let fingerprint = hexadecimalBytes(scope.fingerprint), history.count == 32, fingerprint.count == 32
        else { throw HubClientError(.malformedResponse, .refuse, "the hub's word on where it stands is malformed") }
        self.init(
            scope: id, name: Text(scope.name), position: scope.position, history: HistoryHash(Hash256(history)),
            fingerprint: Hash256(fingerprint))
    }
}

extension RecordDigest {
    fileprivate init(_ record: StandingReport.Record) throws {
        guard let id = RecordID(hexadecimal: record.record), let digest = ShortHash(hexadecimal: record.digest) else {
            throw HubClientError(.malformedResponse, .refuse, "the hub's list of records is malformed")
        }
        self.init(record: id, digest: digest.number)
    }
}
