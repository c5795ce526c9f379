extension Limit {
    /// Bounds what a chunk's records take in memory before their fields.
    package static let recordsPerSnapshotChunk = Limit("records in a chunk of a snapshot", 1 << 16)
    /// Surviving writes, totals and log rows: each takes about 150 bytes of memory when it is read.
    package static let writesPerSnapshotChunk = Limit("writes in a chunk of a snapshot", 1 << 20)
    /// Of all values and elements, as often as they occur: what a small chunk can grow to when its states are written.
    package static let rebuiltBytesPerSnapshotChunk = Limit("rebuilt bytes in a chunk of a snapshot", 64 << 20)
    /// Of all changes that the records name.
    package static let partsPerSnapshotChunk = Limit("personal parts of a chunk of a snapshot", 1 << 20)
    package static let authorsPerSnapshotChunk = Limit("authors in a chunk of a snapshot", 1 << 20)
    /// Fields of one kind.
    package static let columnsPerSnapshotChunk = Limit("columns in a chunk of a snapshot", 10_000)
    package static let feedsPerSnapshotChunk = Limit("feeds in a chunk of a snapshot", 1 << 20)
    /// Not compressed.
    package static let bytesPerSnapshotChunk = Limit("bytes in a chunk of a snapshot", 64 << 20)
}
