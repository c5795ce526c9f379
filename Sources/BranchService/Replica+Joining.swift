import Causality
import Changes
import Foundation
import ReplicaSettings
import Replication
import SQLiteStore
import ServiceRecovery
import SyncHTTP

extension Replica {
    /// Joins the chain of the hub at `address` with a one-time code; makes the file where there is none.
    ///
    /// A replica that was made alone brings its branch along: the chain adopts it where the code's branch has no history
    /// yet; otherwise what was recorded is written anew in the branch's scope, with its persons and times. Safe to try
    /// again with the same code after a lost answer.
    ///
    /// - Throws: `HubClientError`, `ReplicaError`, and what the store throws; the file is then as it was, or new and
    ///   without a branch.
    package static func join(
        path: String, address: HubAddress, code: String, name: String,
        clock: @escaping @Sendable () -> Int64 = systemClock,
        random: @escaping @Sendable (Int) -> [UInt8] = systemRandom
    ) async throws -> Replica {
        let isBegun = try FileManager.default.fileExists(atPath: path) && !Replica.isUnfinished(path)
        let replica =
            isBegun
            ? try Replica.open(path: path, clock: clock, random: random)
            : try Replica.createEmpty(path: path, name: name, clock: clock, random: random)
        let brought = try replica.store.read { transaction -> ScopeIntroduction? in
            if try transaction.setting(.certificate) != nil {
                throw ReplicaError.alreadyJoined(chain: try transaction.text(.chainName) ?? "-")
            }
            guard let home: ScopeID = try transaction.identifier(.homeScope) else { return nil }
            return try transaction.scope(home)?.introduction
        }
        let request = JoinRequest(code: Text(code), machine: Text(name), brought: brought, key: replica.identity.key)
        let response = try await HubClient.join(request, chain: address.chain, over: HTTPTransport(address))
        try replica.adopt(response, address: address, name: name)
        return replica
    }

    /// Takes the hub's word for who this replica is now, in one transaction.
    private func adopt(_ response: JoinResponse, address: HubAddress, name: String) throws {
        try store.write { transaction in
            // Another process may have joined with it meanwhile.
            if let certificate = try transaction.setting(.certificate), certificate != response.certificate.encoded() {
                throw ReplicaError.alreadyJoined(chain: try transaction.text(.chainName) ?? "-")
            }
            // One that was cut off before it had a name is finished now.
            if try transaction.setting(.replicaName) == nil { try transaction.put(text: name, for: .replicaName) }
            let old: ScopeID? = try transaction.identifier(.homeScope)
            let home = response.certificate.home
            for introduction in response.scopes where try transaction.scope(introduction.scope) == nil {
                guard introduction == ScopeIntroduction(name: introduction.name, seed: introduction.seed) else {
                    throw ReplicaError.foreignScope(introduction.name.string)
                }
                try transaction.put(ScopeState(introduction))
            }
            try transaction.put(response.chain.bytes, for: .chain)
            try transaction.put(text: response.chainName.string, for: .chainName)
            try transaction.put(text: address.description, for: .hubURL)
            try transaction.put(response.hubKey.bytes, for: .hubKey)
            try transaction.put(response.certificate.encoded(), for: .certificate)
            try transaction.put(text: response.branchName.string, for: .branchName)
            try transaction.put(text: response.branchCode.string, for: .branchCode)
            try transaction.put(text: response.certificate.deviceMark.string, for: .deviceMark)
            try transaction.put(home.bytes, for: .homeScope)
            let writer = LocalWriter(transaction, identity: identity, random: { self.randomBytes($0) })
            if let old, old != home {
                var reauthoring = Reauthoring(transaction, writer: writer, from: old, into: home)
                _ = try reauthoring.run(now: now())
                try transaction.drop(old)
            }
            try renumber(in: home, response, transaction, writer)
        }
    }

    /// Gives every case with a provisional number its lasting one; the provisional stays as an alias.
    private func renumber(
        in home: ScopeID, _ response: JoinResponse, _ transaction: SQLiteTransaction,
        _ writer: LocalWriter<SQLiteTransaction>
    ) throws {
        let code = try BranchCode(validating: response.branchCode.string)
        let mark = try DeviceMark(validating: response.certificate.deviceMark.string)
        var last: RecordID?
        while true {
            let page = try transaction.records(of: home, after: last, limit: 500)
            guard let end = page.last else { return }
            for record in page {
                guard let created = record.state.winner(Schema.typeField, .latest)?.dot,
                    let text = record.state.winner(CaseSchema.Field.number, .latest)?.value.text,
                    Replica.isProvisional(text)
                else { continue }
                let number = CaseNumber(branch: code, mark: mark, sequence: created.sequence)
                let draft = try CaseDrafts.edit(
                    [.write(.number, number.text), .add(text, to: .alias)], of: record.origin, shown: nil,
                    by: try Author(person: "amends", zoneMinutes: 0))
                try writer.commit(draft, in: home, at: now())
            }
            last = end.id
        }
    }

    /// Outside numbers are none of ours, and so never provisional.
    private static func isProvisional(_ text: Text) -> Bool {
        do { return try CaseNumber(parsing: text.string).isProvisional } catch { return false }
    }

    /// Goes to the hub at another address from now on.
    package func keep(_ address: HubAddress) throws {
        try store.write { try $0.put(text: address.description, for: .hubURL) }
    }

    /// The way to this replica's hub.
    ///
    /// - Parameter address: where it is; nil where it was last.
    /// - Throws: `.notJoined`; `.otherChain` where the address names another one.
    package func hubClient(at moved: HubAddress? = nil) throws -> HubClient {
        let (chain, key, url) = try store.read { transaction in
            (
                try transaction.identifier(.chain) as ChainID?, try transaction.setting(.hubKey),
                try transaction.text(.hubURL)
            )
        }
        guard let chain, let key, let url else { throw ReplicaError.notJoined }
        guard key.count == PublicKey.byteCount, let address = moved ?? HubAddress(url) else {
            throw DamagedSetting(.hubURL)
        }
        guard address.chain == nil || address.chain == chain else { throw ReplicaError.otherChain }
        return HubClient(
            chain: chain, hubKey: PublicKey(bytes: key), identity: identity, transport: HTTPTransport(address),
            random: random)
    }

    /// The key that `join` pinned.
    package func hubKey() throws -> PublicKey {
        guard let bytes = try store.read({ try $0.setting(.hubKey) }) else { throw ReplicaError.notJoined }
        guard bytes.count == PublicKey.byteCount else { throw DamagedSetting(.hubKey) }
        return PublicKey(bytes: bytes)
    }
}
