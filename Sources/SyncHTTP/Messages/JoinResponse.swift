import Changes
import Replication

/// What a machine needs to belong: who it is now, whom to trust, and what it may read.
///
/// Layout: version 1, chain id, chain name, hub public key (32), hub time, certificate, branch name, branch code, scope
/// introductions.
package struct JoinResponse: Hashable, Sendable {
    package let chain: ChainID
    package let chainName: Text
    /// Pinned by the machine: receipts and certificates are verified with it from now on.
    package let hubKey: PublicKey
    /// Milliseconds since 1970 by the hub's clock.
    package let hubTime: Int64
    /// Its home is the branch's scope: the one that the machine brought, where it was adopted.
    package let certificate: Certificate
    package let branchName: Text
    package let branchCode: Text
    /// The scopes that the machine may read, sorted.
    package let scopes: [ScopeIntroduction]

    package init(
        chain: ChainID, chainName: Text, hubKey: PublicKey, hubTime: Int64, certificate: Certificate, branchName: Text,
        branchCode: Text, scopes: [ScopeIntroduction]
    ) {
        self.chain = chain
        self.chainName = chainName
        self.hubKey = hubKey
        self.hubTime = hubTime
        self.certificate = certificate
        self.branchName = branchName
        self.branchCode = branchCode
        self.scopes = scopes
    }

    package static var version: UInt64 { 1 }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 512)
        writer.write(JoinResponse.version)
        writer.write(chain)
        writer.write(chainName)
        writer.write(raw: hubKey.bytes)
        writer.write(milliseconds: hubTime)
        writer.write(certificate.encoded())
        writer.write(branchName)
        writer.write(branchCode)
        writer.write(scopes.count)
        for scope in scopes { scope.encode(into: &writer) }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == JoinResponse.version else { throw .unsupported("join messages of version \(version)") }
        chain = try reader.readIdentifier()
        chainName = try reader.readText(.nameBytes)
        hubKey = PublicKey(bytes: try reader.readRaw(PublicKey.byteCount))
        hubTime = try reader.readMilliseconds()
        certificate = try Certificate(try reader.readBytes(.smallResponseBytes))
        branchName = try reader.readText(.nameBytes)
        branchCode = try reader.readText(.nameBytes)
        var scopes: [ScopeIntroduction] = []
        for _ in 0..<(try reader.readCount(.scopesPerMessage, leastBytes: 33)) {
            let start = reader.index
            let scope = try ScopeIntroduction(from: &reader)
            if let last = scopes.last, last.scope >= scope.scope {
                throw .malformed("scopes are not in order", at: start)
            }
            scopes.append(scope)
        }
        self.scopes = scopes
        try reader.finish()
    }
}
