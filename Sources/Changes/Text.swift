/// A text that is equal only to the same bytes.
///
/// `String` compares by canonical equivalence, so that a composed and a decomposed "é" are one key to it.
/// What people typed must come back byte for byte and two spellings are two values, so the engine compares,
/// orders and hashes the UTF-8.
package struct Text: Hashable, Comparable, Sendable {
    package let string: String
    /// The first eight bytes, big endian, zeros behind: they tell most texts apart without looking into the string.
    private let head: UInt64

    package init(_ string: String) {
        self.string = string
        head =
            string.utf8.withContiguousStorageIfAvailable { Text.head(of: UnsafeRawBufferPointer($0)) }
            ?? Text.head(of: string.utf8)
    }

    private static func head(of bytes: some Collection<UInt8>) -> UInt64 {
        var head: UInt64 = 0
        var shift: UInt64 = 64
        for byte in bytes.prefix(8) {
            shift -= 8
            head |= UInt64(byte) << shift
        }
        return head
    }

    /// The text whose UTF-8 `bytes` are; nil when they are not UTF-8.
    init?(validating bytes: UnsafeBufferPointer<UInt8>) {
        // Decoding repairs and comparing finds the repair: less than half the instructions of `String(validating:as:)`,
        // which in 6.3 looks its generic types up at every call.
        self.init(String(decoding: bytes, as: UTF8.self))
        guard withBytes({ Text.areEqual($0, UnsafeRawBufferPointer(bytes)) }) else { return nil }
    }

    package static func == (left: Text, right: Text) -> Bool {
        guard left.head == right.head else { return false }
        let count = left.string.utf8.count
        guard count == right.string.utf8.count else { return false }
        return count <= 8 || left.withBytes { left in right.withBytes { right in areEqual(left, right) } }
    }

    package static func < (left: Text, right: Text) -> Bool {
        if left.head != right.head { return left.head < right.head }
        return left.withBytes { left in
            right.withBytes { right in
                var index = 0
                while index < left.count, index < right.count, left[index] == right[index] { index += 1 }
                if index == right.count { return false }
                return index == left.count || left[index] < right[index]
            }
        }
    }

    /// Whether these are the text's UTF-8.
    package func isEqual(to bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        guard string.utf8.count == range.count else { return false }
        return withBytes { Text.areEqual($0, UnsafeRawBufferPointer(rebasing: bytes[range])) }
    }

    /// Whether nothing of it is seen: spaces, line ends, and characters without a width.
    package var isBlank: Bool {
        !string.unicodeScalars.contains {
            !$0.properties.isWhitespace && !$0.properties.isDefaultIgnorableCodePoint
        }
    }

    /// Lends the UTF-8 as one run: walking a string's view byte by byte costs several times as much.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let result = string.utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) {
            return result
        }
        var copy = string
        return copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    /// Eight bytes at a time.
    private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while index + 8 <= left.count {
            let a = left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard a == right.loadUnaligned(fromByteOffset: index, as: UInt64.self) else { return false }
            index += 8
        }
        while index < left.count, left[index] == right[index] { index += 1 }
        return index == left.count
    }

    package func hash(into hasher: inout Hasher) {
        var string = string
        string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension Text: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral value: StaticString) { self.init(value.description) }
    package var description: String { string }
}
