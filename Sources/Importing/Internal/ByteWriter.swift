/// Appends integers and texts to bytes that ``ByteReader`` reads back.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    /// A varint: seven bits a byte, least significant first, the high bit set on all but the last.
    mutating func write(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A varint of the zigzagged number, short for small numbers of either sign.
    mutating func writeSigned(_ number: Int64) {
        write(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
    }

    /// The length in bytes, then the text's UTF-8.
    mutating func write(_ text: String) {
        write(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// 0 for nil, else 1 and the text.
    mutating func write(optional text: String?) {
        write(UInt64(text == nil ? 0 : 1))
        if let text { write(text) }
    }

    /// How many there are, then each by `writeElement`.
    mutating func write<Elements: Collection>(
        each elements: Elements, _ writeElement: (inout ByteWriter, Elements.Element) -> Void
    ) {
        write(UInt64(elements.count))
        for element in elements { writeElement(&self, element) }
    }
}
