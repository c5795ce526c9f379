import Causality
import Changes

/// Sync by file: what one replica has of its scopes, for another replica of the chain, signed by the one who made it.
///
/// Layout: magic `AMENDSB2`, chain, creator's certificate, authors' certificates (count, each behind its length), scopes
/// (count; introduction, page flag and page, push flag and push), signature over all before it. Tag 1 of the flags is
/// the plain form; other tags are kept for scopes that travel sealed to the hub's key, and refused by name until then.
package struct SyncBundle: Hashable, Sendable {
    package let chain: ChainID
    package let creator: Certificate
    /// Of the authors of unplaced changes, sorted by replica.
    package let certificates: [Certificate]
    /// Sorted by scope.
    package let scopes: [BundledScope]
    package private(set) var signature: [UInt8]

    package struct BundledScope: Hashable, Sendable {
        package let introduction: ScopeIntroduction
        /// The order, from some position up to the hub's receipt.
        package let page: Page?
        /// What has no entry yet.
        package let push: ScopePush?

        package init(introduction: ScopeIntroduction, page: Page?, push: ScopePush?) {
            self.introduction = introduction
            self.page = page
            self.push = push
        }
    }

    package init(
        chain: ChainID, creator: Certificate, certificates: [Certificate], scopes: [BundledScope], key: SigningKey
    ) {
        self.chain = chain
        self.creator = creator
        self.certificates = certificates
        self.scopes = scopes
        signature = []
        signature = key.sign(preimage)
    }

    /// - Throws: when the creator did not sign this, or the hub did not certify the creator or an author.
    package func verify(hub: PublicKey) throws(SignatureError) {
        try creator.verify(hub)
        for certificate in certificates { try certificate.verify(hub) }
        try creator.publicKey.verify(signature, for: preimage)
    }

    /// What a bundle begins with.
    package static let magic = Array("AMENDSB2".utf8)

    private var preimage: [UInt8] {
        var signed = ByteWriter()
        encodeSigned(into: &signed)
        var writer = Hash256.preimage(.bundle)
        writer.write(Hash256.sha256(signed.bytes))
        return writer.bytes
    }

    private func encodeSigned(into writer: inout ByteWriter) {
        writer.write(raw: SyncBundle.magic)
        writer.write(chain)
        writer.write(creator.encoded())
        writer.write(certificates.count)
        for certificate in certificates { writer.write(certificate.encoded()) }
        writer.write(scopes.count)
        for scope in scopes {
            scope.introduction.encode(into: &writer)
            writer.write(byte: scope.page == nil ? 0 : 1)
            scope.page?.encode(into: &writer, .plain)
            writer.write(byte: scope.push == nil ? 0 : 1)
            scope.push?.encode(into: &writer, .plain)
        }
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encodeSigned(into: &writer)
        writer.write(raw: signature)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        guard bytes.count <= Limit.bytesPerBundle.value else { throw .limit(.bytesPerBundle, at: 0) }
        var reader = ByteReader(bytes)
        guard try reader.readRaw(SyncBundle.magic.count) == SyncBundle.magic else {
            throw .malformed("this is not a sync bundle", at: 0)
        }
        chain = try reader.readIdentifier()
        creator = try Certificate(try reader.readBytes())
        var certificates: [Certificate] = []
        for _ in 0..<(try reader.readCount(.foreignHeads, leastBytes: 100)) {
            certificates.append(try Certificate(try reader.readBytes()))
        }
        self.certificates = certificates
        var scopes: [BundledScope] = []
        for _ in 0..<(try reader.readCount(.scopesPerBundle, leastBytes: 35)) {
            let start = reader.index
            let introduction = try ScopeIntroduction(from: &reader)
            if let last = scopes.last, last.introduction.scope >= introduction.scope {
                throw .malformed("the scopes of a bundle are not in order", at: start)
            }
            let page = try SyncBundle.readFlag(&reader) ? try Page(from: &reader) : nil
            let push = try SyncBundle.readFlag(&reader) ? try ScopePush(from: &reader) : nil
            scopes.append(BundledScope(introduction: introduction, page: page, push: push))
        }
        self.scopes = scopes
        signature = try reader.readRaw(Signature.byteCount)
        try reader.finish()
    }

    private static func readFlag(_ reader: inout ByteReader) throws(CodecError) -> Bool {
        switch try reader.readByte() {
        case 0: false
        case 1: true
        case let tag: throw .unsupported("bundle content of form \(tag)")
        }
    }
}

extension Limit {
    package static let bytesPerBundle = Limit("bytes in a bundle", 256 << 20)
    package static let scopesPerBundle = Limit("scopes in a bundle", 100_000)
}
