import Causality
import Changes
import Testing

@Suite("A signature covers every byte")
struct SignatureTests {
    /// RFC 8032, section 7.1, test 2.
    @Test func ed25519IsThatOfTheStandardAndDeterministic() throws {
        let seed = try #require(hexadecimalBytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = try SigningKey(seed: seed)
        let expected =
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        #expect(
            hexadecimal(key.publicKey.bytes) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        for _ in 0..<10 { #expect(hexadecimal(key.sign([0x72])) == expected) }
    }

    @Test func aCertificateWithAnyBitChanged() throws {
        let bytes = Samples.certificate.encoded()
        try Samples.certificate.verify(Samples.hubKey.publicKey)
        expectTamperedRefused(bytes) { bytes in try Certificate(bytes).verify(Samples.hubKey.publicKey) }
    }

    @Test func anAttestationWithAnyBitChanged() throws {
        let key = Samples.key.publicKey
        let bytes = encoded(Samples.attestation.encode)
        try Samples.attestation.verify(key)
        expectTamperedRefused(bytes) { bytes in
            try whole(bytes, Attestation.init(from:)).verify(key)
        }
    }

    @Test func aReceiptWithAnyBitChanged() throws {
        let bytes = encoded(Samples.receipt.encode)
        try Samples.receipt.verify(Samples.hubKey.publicKey)
        expectTamperedRefused(bytes) { bytes in
            try whole(bytes, Receipt.init(from:)).verify(Samples.hubKey.publicKey)
        }
    }

    @Test func anotherKeysWordIsNotTaken() {
        #expect(throws: SignatureError.signature) { try Samples.certificate.verify(Samples.key.publicKey) }
        #expect(throws: SignatureError.signature) { try Samples.receipt.verify(Samples.key.publicKey) }
        #expect(throws: SignatureError.signature) { try Samples.attestation.verify(Samples.hubKey.publicKey) }
    }

    /// The tags of the preimages differ, so that no signature serves for another kind of statement.
    @Test func aSignatureOfOneKindIsNoneOfAnother() {
        let bytes = encoded(Samples.attestation.encode)
        #expect(throws: SignatureError.signature) {
            try Samples.key.publicKey.verify(Samples.attestation.signature, for: Array(bytes.dropLast(64)))
        }
    }

    @Test func aChangedByteOfAChangeChangesItsHash() throws {
        let bytes = Samples.change.carried()
        var different = 0
        for place in bytes.indices {
            var tampered = bytes
            tampered[place] ^= 1
            guard
                let change = try? Change(
                    carried: tampered, scope: Samples.scope, dot: Samples.dot, previous: Samples.hash)
            else { continue }
            different += 1
            #expect(change.hash != Samples.change.hash, "byte \(place)")
        }
        #expect(different > 100)
    }

    @Test func aChangedByteOfAPartChangesItsCommitment() {
        let (part, bytes) = (Samples.part, Samples.part.encoded())
        func commitment(_ bytes: [UInt8], key: [UInt8] = Samples.part.key, dot: Dot = Samples.dot, index: Int = 0)
            -> Hash256
        {
            PersonalPart.commitment(bytes, key: key, scope: Samples.scope, dot: dot, index: index)
        }
        let original = commitment(bytes)
        #expect(Samples.change.header.parts.map(\.commitment) == [original])
        for place in bytes.indices {
            var tampered = bytes
            tampered[place] ^= 1
            #expect(commitment(tampered) != original)
        }
        #expect(commitment(bytes, key: part.key.reversed()) != original)
        #expect(commitment(bytes, dot: Samples.otherReference.dot) != original)
        #expect(commitment(bytes, index: 1) != original)
    }

    @Test func aKeyNeeds32Bytes() {
        #expect(throws: SignatureError.key) { try SigningKey(seed: [1, 2, 3]) }
    }

    private func expectTamperedRefused(
        _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation, verify: ([UInt8]) throws -> Void
    ) {
        for place in bytes.indices {
            for bit in 0..<8 {
                var tampered = bytes
                tampered[place] ^= 1 << UInt8(bit)
                guard (try? verify(tampered)) == nil else {
                    claim(false, "bit \(bit) of byte \(place) can be changed", sourceLocation: sourceLocation)
                    return
                }
            }
        }
    }
}
