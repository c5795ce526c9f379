import Causality

/// What a replica may do in a scope.
package struct Rights: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let read = Rights(rawValue: 1)
    package static let write = Rights(rawValue: 2)
    /// Create records in a scope that one does not hold.
    package static let deliver = Rights(rawValue: 4)
}

/// Rights in one scope, or, where `scope` is nil, in every scope of the chain.
package struct Grant: Hashable, Sendable {
    package let scope: ScopeID?
    package let rights: Rights

    package init(scope: ScopeID?, rights: Rights) {
        self.scope = scope
        self.rights = rights
    }
}

/// The hub's word on who a replica is and what it may do:
/// Sig(hub; format, chain, replica key, home scope, grants, device mark, from).
package struct Certificate: Hashable, Sendable {
    package let chain: ChainID
    package let publicKey: PublicKey
    /// The scope of the branch that the machine serves.
    package let home: ScopeID
    /// Sorted, a scope once: the grant for every scope first, then by scope.
    package let grants: [Grant]
    /// Three letters, drawn at random, given to one machine of the chain: part of its case numbers.
    package let deviceMark: Text
    /// Milliseconds since 1970.
    package let from: Int64
    package private(set) var signature: [UInt8]

    package init(
        chain: ChainID, publicKey: PublicKey, home: ScopeID, grants: [Grant], deviceMark: Text, from: Int64,
        hub: SigningKey
    ) {
        self.chain = chain
        self.publicKey = publicKey
        self.home = home
        self.grants = Certificate.canonical(grants)
        self.deviceMark = deviceMark
        self.from = min(max(from, 0), HybridTimestamp.greatestMilliseconds)
        signature = []
        signature = hub.sign(preimage)
    }

    package static var format: UInt64 { 1 }

    package var replica: ReplicaID { publicKey.replica }

    /// All that the grants give in `scope`.
    package func rights(in scope: ScopeID) -> Rights {
        grants.reduce(into: Rights()) { result, grant in
            if grant.scope == nil || grant.scope == scope { result.formUnion(grant.rights) }
        }
    }

    /// - Throws: when `hub` did not sign this.
    package func verify(_ hub: PublicKey) throws(SignatureError) { try hub.verify(signature, for: preimage) }

    /// `grants` in order, those for one scope as one.
    private static func canonical(_ grants: [Grant]) -> [Grant] {
        grants.sorted { precedes($0.scope, $1.scope) }.reduce(into: []) { result, grant in
            if let last = result.last, last.scope == grant.scope {
                result[result.count - 1] = Grant(scope: last.scope, rights: last.rights.union(grant.rights))
            } else {
                result.append(grant)
            }
        }
    }

    /// Every scope before any one of them.
    private static func precedes(_ left: ScopeID?, _ right: ScopeID?) -> Bool {
        guard let right else { return false }
        guard let left else { return true }
        return left < right
    }

    private var preimage: [UInt8] {
        var writer = Hash256.preimage(.certificate)
        encodeSigned(into: &writer)
        return writer.bytes
    }

    private func encodeSigned(into writer: inout ByteWriter) {
        writer.write(Certificate.format)
        writer.write(chain)
        writer.write(raw: publicKey.bytes)
        writer.write(home)
        writer.write(grants.count)
        for grant in grants {
            writer.write(byte: grant.scope == nil ? 0 : 1)
            if let scope = grant.scope { writer.write(scope) }
            writer.write(byte: grant.rights.rawValue)
        }
        writer.write(deviceMark)
        writer.write(milliseconds: from)
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 192)
        encodeSigned(into: &writer)
        writer.write(raw: signature)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == Certificate.format else { throw .unsupported("a certificate of format \(format)") }
        chain = try reader.readIdentifier()
        publicKey = PublicKey(bytes: try reader.readRaw(PublicKey.byteCount))
        home = try reader.readIdentifier()
        let count = try reader.readCount(.grantsPerCertificate, leastBytes: 2)
        var grants: [Grant] = []
        for _ in 0..<count {
            let start = reader.index
            let scope: ScopeID?
            switch try reader.readByte() {
            case 0: scope = nil
            case 1: scope = try reader.readIdentifier()
            case let tag: throw .malformed("grant \(tag) does not exist", at: start)
            }
            if let last = grants.last, !Certificate.precedes(last.scope, scope) {
                throw .malformed("grants are not in order", at: start)
            }
            grants.append(Grant(scope: scope, rights: Rights(rawValue: try reader.readByte())))
        }
        self.grants = grants
        deviceMark = try reader.readText(.nameBytes)
        from = try reader.readMilliseconds()
        signature = try reader.readRaw(Signature.byteCount)
        try reader.finish()
    }
}

extension Limit {
    package static let grantsPerCertificate = Limit("grants in a certificate", 4_096)
}
