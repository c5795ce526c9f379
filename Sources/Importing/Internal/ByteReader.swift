/// Bytes that ``ByteWriter`` did not write.
struct DamagedBytes: Error, Equatable {}

/// Reads what ``ByteWriter`` wrote, and throws on anything else.
struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func readNumber() throws(DamagedBytes) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: 0, through: 63, by: 7) {
            guard position < bytes.count else { throw DamagedBytes() }
            let byte = bytes[position]
            position += 1
            // The tenth byte has room for one bit.
            guard shift < 63 || byte <= 1 else { throw DamagedBytes() }
            number |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return number }
        }
        throw DamagedBytes()
    }

    mutating func readSigned() throws(DamagedBytes) -> Int64 {
        let number = try readNumber()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    /// A number that must be one of `range`, such as an index or a length.
    mutating func readNumber(in range: Range<Int>) throws(DamagedBytes) -> Int {
        guard let number = Int(exactly: try readNumber()), range.contains(number) else { throw DamagedBytes() }
        return number
    }

    /// A number that cannot exceed the bytes behind it.
    private mutating func readLength() throws(DamagedBytes) -> Int {
        guard let length = Int(exactly: try readNumber()), length <= bytes.count - position else {
            throw DamagedBytes()
        }
        return length
    }

    mutating func readText() throws(DamagedBytes) -> String {
        let length = try readLength()
        defer { position += length }
        guard let text = String(validating: bytes[position..<(position + length)], as: UTF8.self) else {
            throw DamagedBytes()
        }
        return text
    }

    mutating func readOptionalText() throws(DamagedBytes) -> String? {
        try readNumber(in: 0..<2) == 0 ? nil : try readText()
    }

    /// As many elements as were written; each takes at least a byte, so a count cannot exceed the bytes left.
    mutating func readEach<Element>(
        _ readElement: (inout ByteReader) throws(DamagedBytes) -> Element
    ) throws(DamagedBytes) -> [Element] {
        let count = try readLength()
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try readElement(&self)) }
        return elements
    }

    /// Checks that nothing is left.
    func finish() throws(DamagedBytes) {
        guard position == bytes.count else { throw DamagedBytes() }
    }
}
