/// How many records wait to be written, and how long.
package struct RecordWindow: Hashable, Sendable {
    /// Bytes of those in memory, and of those beside them that were read; the others are set aside.
    package var bytes: Int
    /// The same while records lag behind the log of an import.
    package var importBytes: Int
    /// Records whose places are kept, of those that were ever set aside since all were written; some 50 bytes each.
    package var asideRecords: Int
    /// Bytes of the scratch file, those of records that were taken back included.
    package var asideBytes: Int
    /// Changes by which rows lag behind the log, but for a block or a commit: whoever opens the file after a crash folds them first,
    /// which takes some 3 to 5 microseconds each.
    package var lag: Int

    package init(
        bytes: Int = 13 << 18, importBytes: Int = 10 << 20, asideRecords: Int = 1 << 15, asideBytes: Int = 1 << 28,
        lag: Int = 1 << 18
    ) {
        self.bytes = bytes
        self.importBytes = importBytes
        self.asideRecords = asideRecords
        self.asideBytes = asideBytes
        self.lag = lag
    }
}
