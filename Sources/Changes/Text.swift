/// A text that is equal only to the same bytes.
///
/// `String` compares by canonical equivalence, so that a composed and a decomposed "é" are one key to it.
/// What people typed must come back byte for byte and two spellings are two values, so the engine compares,
/// orders and hashes the UTF-8.
package struct Text: Hashable, Comparable, Sendable {
    package let string: String

    package init(_ string: String) { self.string = string }

    package static func == (left: Text, right: Text) -> Bool {
        left.string.utf8.count == right.string.utf8.count && left.string.utf8.elementsEqual(right.string.utf8)
    }

    package static func < (left: Text, right: Text) -> Bool {
        left.string.utf8.lexicographicallyPrecedes(right.string.utf8)
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
