import Causality
import Replication

/// What a replica's file says of itself. Whoever works with the replica writes it, whoever inspects a file reads it.
extension SettingKey {
    /// A label for people.
    package static let replicaName = SettingKey(rawValue: "replica name")
    /// Whose key lies beside the file: 16 bytes. Absent in files that an earlier version made.
    package static let replica = SettingKey(rawValue: "replica")
    /// The scope in which this replica records: 16 bytes.
    package static let homeScope = SettingKey(rawValue: "home scope")
    /// Three letters, part of the case numbers.
    package static let deviceMark = SettingKey(rawValue: "device mark")
    /// The branch's code, part of the case numbers; absent before joining.
    package static let branchCode = SettingKey(rawValue: "branch code")
    package static let branchName = SettingKey(rawValue: "branch name")
    package static let chain = SettingKey(rawValue: "chain")
    /// Of a hub's file alone: the chain that it keeps, in full.
    package static let hubChain = SettingKey(rawValue: "hub.chain")
    package static let chainName = SettingKey(rawValue: "chain name")
    package static let hubURL = SettingKey(rawValue: "hub url")
    /// The key that `join` pinned: 32 bytes.
    package static let hubKey = SettingKey(rawValue: "hub key")
    package static let certificate = SettingKey(rawValue: "certificate")
    /// What a replica has from the moment at which it joins, besides its home, its mark and its chain.
    package static let writtenByJoin: [SettingKey] = [
        .chainName, .hubURL, .hubKey, .certificate, .branchName, .branchCode,
    ]
    /// Milliseconds since 1970 by the local clock of the last complete synchronisation, as text; of those that moved
    /// nothing, one in ten minutes is noted.
    package static let lastSync = SettingKey(rawValue: "last sync")
    /// Why a scope took no part in the last exchange, in words for people; nothing where it did.
    package static func refusal(of scope: ScopeID) -> SettingKey { SettingKey(rawValue: "refusal \(scope)") }
    /// Hub's clock less local clock in milliseconds at the last exchange that was noted, as text.
    package static let clockOffset = SettingKey(rawValue: "clock offset")
}
