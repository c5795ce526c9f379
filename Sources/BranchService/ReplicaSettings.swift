import Causality
import Changes
import Replication

extension SettingKey {
    /// A label for people.
    package static let replicaName = SettingKey(rawValue: "replica name")
    /// The scope in which this replica records: 16 bytes.
    package static let homeScope = SettingKey(rawValue: "home scope")
    /// Three letters, part of the case numbers.
    package static let deviceMark = SettingKey(rawValue: "device mark")
    /// The branch's code, part of the case numbers; absent before joining.
    package static let branchCode = SettingKey(rawValue: "branch code")
    package static let branchName = SettingKey(rawValue: "branch name")
    package static let chain = SettingKey(rawValue: "chain")
    package static let chainName = SettingKey(rawValue: "chain name")
    package static let hubURL = SettingKey(rawValue: "hub url")
    /// The key that `join` pinned: 32 bytes.
    package static let hubKey = SettingKey(rawValue: "hub key")
    package static let certificate = SettingKey(rawValue: "certificate")
    /// Milliseconds since 1970 by the local clock of the last complete synchronisation, as text.
    package static let lastSync = SettingKey(rawValue: "last sync")
    /// Hub's clock less local clock in milliseconds at the last exchange, as text.
    package static let clockOffset = SettingKey(rawValue: "clock offset")
}

extension ChangeLog {
    package func text(_ key: SettingKey) throws -> String? {
        try setting(key).map { String(decoding: $0, as: UTF8.self) }
    }

    package func put(text: String?, for key: SettingKey) throws {
        try put(text.map { Array($0.utf8) }, for: key)
    }

    package func identifier<Kind>(_ key: SettingKey) throws -> Identifier128<Kind>? {
        guard let bytes = try setting(key) else { return nil }
        guard bytes.count == 16 else { throw ReplicaError.setting(key.rawValue) }
        return Identifier128(bytes)
    }
}

func hexadecimalSeed(_ text: String) -> [UInt8]? {
    guard let bytes = hexadecimalBytes(text), bytes.count == 32 else { return nil }
    return bytes
}
