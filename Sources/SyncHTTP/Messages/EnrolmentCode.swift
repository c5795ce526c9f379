import Changes

/// A one-time code by which a machine joins a chain: 28 symbols, 140 random bits, in groups of four.
///
/// The alphabet leaves out I, L, O and U, so that a code can be read out and typed. Source: Crockford's Base32.
package struct EnrolmentCode: Hashable, Sendable {
    /// In groups: `7KQ2-…`.
    package let text: String

    package static let symbolCount = 28
    private static let groupLength = 4
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// - Parameter random: `symbolCount` random bytes, of which five bits each are used.
    package init(random: [UInt8]) {
        precondition(random.count == EnrolmentCode.symbolCount, "a code needs \(EnrolmentCode.symbolCount) bytes")
        self.init(symbols: random.map { EnrolmentCode.alphabet[Int($0 & 31)] })
    }

    /// Reads a code as people type it: in either case, with or without hyphens and spaces, O for 0, I and L for 1.
    package init?(typed text: String) {
        var symbols: [UInt8] = []
        for byte in text.utf8 where byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") {
            let upper = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte & 0xDF : byte
            let symbol: UInt8
            switch upper {
            case UInt8(ascii: "O"): symbol = UInt8(ascii: "0")
            case UInt8(ascii: "I"), UInt8(ascii: "L"): symbol = UInt8(ascii: "1")
            default: symbol = upper
            }
            guard EnrolmentCode.alphabet.contains(symbol), symbols.count < EnrolmentCode.symbolCount else { return nil }
            symbols.append(symbol)
        }
        guard symbols.count == EnrolmentCode.symbolCount else { return nil }
        self.init(symbols: symbols)
    }

    /// What the hub keeps of it.
    package var hash: Hash256 { Hash256.of(.enrolmentCode) { $0.write(Text(text)) } }

    private init(symbols: [UInt8]) {
        text = stride(from: 0, to: symbols.count, by: EnrolmentCode.groupLength)
            .map { String(decoding: symbols[$0..<$0 + EnrolmentCode.groupLength], as: UTF8.self) }
            .joined(separator: "-")
    }
}
