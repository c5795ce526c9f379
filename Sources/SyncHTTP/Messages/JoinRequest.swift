import Changes
import Replication

/// A machine asks to belong to a branch: the code that somebody gave it, and the key that it made itself.
///
/// Layout: version 1, code, public key (32), machine name, flag (1 brings a scope), scope introduction; signature (64)
/// of the key over all of it.
package struct JoinRequest: Hashable, Sendable {
    /// As it was typed.
    package let code: Text
    package let publicKey: PublicKey
    /// What people call the machine.
    package let machine: Text
    /// The scope of a branch that was made without a hub: the chain adopts it if the code's branch has no history.
    package let brought: ScopeIntroduction?
    package private(set) var signature: [UInt8]

    package init(code: Text, machine: Text, brought: ScopeIntroduction? = nil, key: SigningKey) {
        self.code = code
        publicKey = key.publicKey
        self.machine = machine
        self.brought = brought
        signature = []
        signature = key.sign(preimage)
    }

    package static var version: UInt64 { 1 }

    /// - Throws: when the key that it names did not sign it.
    package func verify() throws(SignatureError) { try publicKey.verify(signature, for: preimage) }

    private var preimage: [UInt8] {
        var writer = Hash256.preimage(.enrolment)
        encodeSigned(into: &writer)
        return writer.bytes
    }

    private func encodeSigned(into writer: inout ByteWriter) {
        writer.write(JoinRequest.version)
        writer.write(code)
        writer.write(raw: publicKey.bytes)
        writer.write(machine)
        writer.write(byte: brought == nil ? 0 : 1)
        brought?.encode(into: &writer)
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 256)
        encodeSigned(into: &writer)
        writer.write(raw: signature)
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let version = try reader.readInteger()
        guard version == JoinRequest.version else { throw .unsupported("join messages of version \(version)") }
        code = try reader.readText(.nameBytes)
        publicKey = PublicKey(bytes: try reader.readRaw(PublicKey.byteCount))
        machine = try reader.readText(.nameBytes)
        brought = try reader.readFlag() ? try ScopeIntroduction(from: &reader) : nil
        signature = try reader.readRaw(Signature.byteCount)
        try reader.finish()
    }
}
