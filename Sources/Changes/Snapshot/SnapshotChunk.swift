/// Records of a snapshot in columns: like lies beside like, so that they are small.
///
/// Values and times are written as numbers whose cost adapts to what came before, so zstd finds little more in them; what
/// it shortens are the texts. The more records in a chunk, the smaller they are: the incident log's 9,202 take 0.68 times
/// their table as zstd text in one chunk, 0.76 times in chunks of 4,096 cut by random ids, 0.88 times in chunks of 1,024.
package enum SnapshotChunk {
    /// - Parameter records: no two of one origin, no origin `here`, within `SnapshotChunk.Room`; in any order.
    /// - Returns: bytes for `decode`. The same records always give the same bytes.
    /// - Complexity: O(n log n) in surviving writes and log rows.
    package static func encode(_ records: [SnapshotRecord]) -> [UInt8] {
        var encoder = SnapshotEncoder(records)
        return encoder.encoded()
    }

    /// The order in which `decode` gives these records back, for whoever sends something beside them in their order.
    ///
    /// - Complexity: O(n log n) in surviving writes and log rows.
    package static func ordered(_ records: [SnapshotRecord]) -> [SnapshotRecord] {
        SnapshotDraft.inOrder(of: records).drafts.map(\.record)
    }

    /// - Returns: the very records, the one whose earliest surviving write or log row is the earliest first, whatever
    ///   order they were given in; a record's log in listing order. Each state is one that `RecordState(_:)` takes.
    /// - Throws: `.unsupported` for another format or a field of a newer kind, the limit that is exceeded, or what is
    ///   malformed.
    /// - Complexity: O(n log n) in surviving writes and log rows, of which there are at most
    ///   `Limit.writesPerSnapshotChunk`.
    package static func decode(_ bytes: [UInt8]) throws(CodecError) -> [SnapshotRecord] {
        var decoder = try SnapshotDecoder(bytes)
        return try decoder.decode()
    }
}
