extension Limit {
    package static let itemsPerSegment = Limit("items in a segment", 20_000)
    /// Bounds the memory of a decoded segment: an operation takes about 120 bytes there and one byte in the segment.
    package static let operationsPerSegment = Limit("operations in a segment", 1 << 18)
    /// Bounds what a small segment can grow to: what occurs twice is written once.
    package static let rebuiltBytesPerSegment = Limit("rebuilt bytes in a segment", 16 << 20)
    /// Forms of operations: at least as many as one change can have.
    package static let columnsPerSegment = Limit("columns in a segment", 10_000)
    /// Numbers remembered of records while a segment is read.
    package static let predictionsPerSegment = Limit("predictions in a segment", 1 << 20)
    package static let bytesPerSegment = Limit("bytes in a segment", 64 << 20)
    /// Of a segment that is entropy-coded where it travels: larger ones compress well without.
    package static let bytesPerCodedSegment = Limit("bytes in an entropy-coded segment", 8 << 10)
    /// Covers a change's stub: its header alone.
    package static let bytesPerHeader = Limit("bytes in a header", 1 << 16)
}
