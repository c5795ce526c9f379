/// One record of a CSV file, its fields lying end to end in one buffer.
///
/// The reader fills the same row again and again, so that reading allocates nothing per field; text is made only of
/// the fields that somebody asks for.
package struct CSVRow: Sendable {
    /// Line on which the record starts, counted from 1; line ends inside quotes count too.
    package internal(set) var line = 0
    /// Line on which it ends: a later one where line ends stand inside quotes.
    package internal(set) var lastLine = 0
    /// No line end follows: the file ends with this record, or inside it.
    package internal(set) var isUnterminated = false

    private var bytes: [UInt8] = []
    /// Where each field ends in `bytes`; never falls.
    private var ends: [Int] = []

    package init() {}

    /// Number of complete fields.
    package var count: Int { ends.count }

    /// A field's bytes, without the quotes around it.
    ///
    /// - Parameter index: `0..<count`.
    package func bytes(at index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// A field as text; it is valid UTF-8 when the reader delivered the row.
    ///
    /// - Parameter index: `0..<count`.
    package func text(at index: Int) -> String {
        String(decoding: bytes(at: index), as: UTF8.self)
    }

    // MARK: - Filling

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        isUnterminated = false
    }

    /// Bytes of all fields together.
    var byteCount: Int { bytes.count }

    /// Bytes of the field that has not ended yet.
    var openFieldBytes: Int { bytes.count - (ends.last ?? 0) }

    mutating func append(_ run: Slice<UnsafeBufferPointer<UInt8>>) { bytes.append(contentsOf: run) }

    mutating func endField() { ends.append(bytes.count) }

    /// The first field that is not valid UTF-8, counted from 0.
    var firstInvalidField: Int? {
        // Most rows are ASCII, and one pass over the whole buffer says so.
        guard bytes.reduce(0, |) >= 0x80 else { return nil }
        return ends.indices.first { String(validating: bytes(at: $0), as: UTF8.self) == nil }
    }
}
