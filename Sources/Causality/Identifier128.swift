/// A 128-bit name, ordered by its bytes, that cannot be taken for a name of another kind.
///
/// Every id of the engine is either the first 16 bytes of a SHA-256 or 16 random bytes, so two ids
/// that are equal name the same thing everywhere. `Kind` is never instantiated: it only keeps a feed
/// from being passed where a scope is meant.
///
/// The order is the lexicographic order of the 16 bytes. It means nothing; it makes output, hashes
/// and ties the same on every replica.
package struct Identifier128<Kind>: Hashable, Comparable, Sendable {
    /// Bytes 0 to 7, big endian.
    package let high: UInt64
    /// Bytes 8 to 15, big endian.
    package let low: UInt64

    package static var byteCount: Int { 16 }

    @inlinable
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the first 16 bytes of `bytes`.
    ///
    /// - Precondition: `bytes` holds at least 16 bytes.
    package init(_ bytes: some Collection<UInt8>) { self.init(Array(bytes.prefix(16))) }

    /// The same for the usual kind of bytes: read generically, an id cost more than the hash that it is.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count >= 16, "an identifier needs 16 bytes, got \(bytes.count)")
        self = bytes.withUnsafeBytes { bytes in
            Self(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(16)
        append(to: &result)
        return result
    }

    /// Appends the 16 bytes without an intermediate array.
    @inlinable
    package func append(to buffer: inout [UInt8]) {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { buffer.append(contentsOf: $0) }
    }

    /// Ids are hashes or random: one half of them tells them apart as well as both.
    @inlinable
    package func hash(into hasher: inout Hasher) { hasher.combine(high ^ low) }

    @inlinable
    package static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension Identifier128: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package var description: String { hexadecimal(bytes) }

    /// Reads 32 hexadecimal digits of either case; anything else is `nil`.
    package init?(hexadecimal text: some StringProtocol) {
        guard let bytes = hexadecimalBytes(text), bytes.count == 16 else { return nil }
        self.init(bytes)
    }
}

/// The lower-case hexadecimal form of `bytes`.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value }
    var result: [UInt8] = []
    result.reserveCapacity(2 * bytes.underestimatedCount)
    for byte in bytes {
        result.append(digit(byte >> 4))
        result.append(digit(byte & 15))
    }
    return String(decoding: result, as: UTF8.self)
}

/// The bytes that a hexadecimal text names, or `nil` when it is not one.
package func hexadecimalBytes(_ text: some StringProtocol) -> [UInt8]? {
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
    var result: [UInt8] = []
    var pending: UInt8?
    for digit in text.utf8 {
        guard let value = value(digit) else { return nil }
        if let first = pending {
            result.append(first << 4 | value)
            pending = nil
        } else {
            pending = value
        }
    }
    return pending == nil ? result : nil
}
