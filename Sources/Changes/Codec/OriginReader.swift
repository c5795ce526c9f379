import Causality

/// Reads the origins of many records that lie in one buffer. The name of a system is in memory once as long as records come from
/// it: most come from one.
struct OriginReader {
    /// The source that was read last, and where all that stands before the id lies in the buffer.
    private var last: (source: Text, head: Range<Int>)?

    /// - Parameters:
    ///   - buffer: in which what was read before still lies where it did.
    ///   - range: of the canonical origin.
    /// - Throws: where the bytes are none.
    mutating func read(_ buffer: [UInt8], _ range: Range<Int>) throws(CodecError) -> RecordOrigin {
        if let last, last.head.count < range.count {
            let id = range.lowerBound + last.head.count
            let isSame = buffer.withUnsafeBytes { ByteOrder.areEqual($0, last.head, $0, range.lowerBound..<id) }
            if isSame {
                var reader = ByteReader(buffer, id..<range.upperBound)
                let origin = RecordOrigin.external(source: last.source, id: try reader.readText(.nameBytes))
                try reader.finish()
                return origin
            }
        }
        var reader = ByteReader(buffer, range)
        let origin = try RecordOrigin(from: &reader)
        try reader.finish()
        if case .external(let source, let id) = origin {
            let idBytes = id.string.utf8.count
            let tail = ByteWriter.byteCount(of: UInt64(idBytes)) + idBytes
            last = (source, range.lowerBound..<range.upperBound - tail)
        }
        return origin
    }
}
