import Causality
import Changes
import Replication

/// What a chain's database knows of itself.
///
/// Layout of the setting `SettingKey.hubChain`: version 1, chain, name, incarnation, H(admin token).
package struct ChainInfo: Hashable, Sendable {
    package let chain: ChainID
    package let name: Text
    /// One life of the database: drawn anew with each. A hint; history hashes decide.
    package let incarnation: ShortHash
    package let adminTokenHash: Hash256

    init(chain: ChainID, name: Text, incarnation: ShortHash, adminTokenHash: Hash256) {
        self.chain = chain
        self.name = name
        self.incarnation = incarnation
        self.adminTokenHash = adminTokenHash
    }

    private static var version: UInt64 { 1 }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.write(ChainInfo.version)
        writer.write(chain)
        writer.write(name)
        writer.write(incarnation)
        writer.write(adminTokenHash)
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == ChainInfo.version else { throw .unsupported("a chain of version \(version)") }
        chain = try reader.readIdentifier()
        name = try reader.readText(.nameBytes)
        incarnation = try reader.readIdentifier()
        adminTokenHash = try reader.readHash()
        try reader.finish()
    }

    /// The scope of policy, taxonomy and directory.
    package var common: ScopeIntroduction { ScopeIntroduction(name: "common", seed: chain) }
    package var headquarters: ScopeIntroduction { ScopeIntroduction(name: "headquarters", seed: chain) }
}

extension SettingKey {
    /// Written to see whether the database takes writes.
    static let readiness = SettingKey(rawValue: "hub.ready")
}

/// The password of the chain's administrator: 256 random bits, shown once; the hub keeps its hash.
enum AdminToken {
    static let byteCount = 32

    static func text(random: [UInt8]) -> String { "amends-admin-" + hexadecimal(random) }

    static func hash(_ text: String) -> Hash256 { Hash256.of(.adminToken) { $0.write(Text(text)) } }

    /// Compares in a time that does not depend on where the hashes differ.
    static func matches(_ text: String, _ expected: Hash256) -> Bool {
        zip(hash(text).bytes, expected.bytes).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }
}
