import Causality
import Replication

/// Settings as what they mean.
extension ChangeLog {
    package func text(_ key: SettingKey) throws -> String? {
        try setting(key).map { String(decoding: $0, as: UTF8.self) }
    }

    package func put(text: String?, for key: SettingKey) throws {
        try put(text.map { Array($0.utf8) }, for: key)
    }

    /// - Throws: `DamagedSetting` where it has another length than an id; else what the store throws.
    package func identifier<Kind>(_ key: SettingKey) throws -> Identifier128<Kind>? {
        guard let bytes = try setting(key) else { return nil }
        guard bytes.count == Identifier128<Kind>.byteCount else { throw DamagedSetting(key) }
        return Identifier128(bytes)
    }
}

/// A setting is missing that must be there, or does not hold what it should.
package struct DamagedSetting: Error, Hashable, Sendable {
    package let key: SettingKey

    package init(_ key: SettingKey) { self.key = key }
}

extension DamagedSetting: CustomStringConvertible {
    package var description: String { "the replica's setting \(key.rawValue) is damaged; run `amends verify`" }
}
