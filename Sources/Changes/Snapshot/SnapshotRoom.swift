extension SnapshotChunk {
    /// Counts what a chunk holds, so that it is closed before it exceeds what `decode` takes.
    ///
    ///     var room = SnapshotChunk.Room()
    ///     if !room.take(record) { … }  // encode what was taken, begin another
    package struct Room {
        private var records = 0
        private var writes = 0
        private var columns: Set<FieldTarget> = []
        /// What the records taken may weigh at most, before and after they are read: far more than they mostly take.
        package private(set) var bytes = 0

        package init() {}

        /// - Returns: false, and nothing has changed, where the chunk is full; where it was empty, the record alone is
        ///   too large for any.
        /// - Complexity: O(bytes of the record).
        package mutating func take(_ record: SnapshotRecord) -> Bool {
            var scratch = ByteWriter(reserving: 256)
            record.origin.encode(into: &scratch)
            var bytes = Room.bytesPerWrite + scratch.count
            var writes = 1
            var new: Set<FieldTarget> = []
            func add(_ value: Value?) {
                scratch.removeAll()
                value?.encode(into: &scratch)
                bytes += scratch.count
            }
            func begin(_ field: Text, _ kind: FieldKind) {
                let column = FieldTarget(field: field, kind: kind)
                if columns.contains(column) || !new.insert(column).inserted { return }
                bytes += Room.bytesPerWrite + field.string.utf8.count
            }
            for slot in record.state.slots {
                begin(slot.target.field, slot.target.kind)
                add(slot.target.element)
                for survivor in slot.survivors { add(survivor.value) }
                writes += max(1, slot.survivors.count)
            }
            for row in record.log {
                begin(row.field, .log)
                add(row.value)
                writes += 1
            }
            bytes += writes * Room.bytesPerWrite
            guard records < Limit.recordsPerSnapshotChunk.value,
                self.writes + writes <= Limit.writesPerSnapshotChunk.value,
                columns.count + new.count <= Limit.columnsPerSnapshotChunk.value,
                self.bytes + bytes <= Limit.rebuiltBytesPerSnapshotChunk.value
            else { return false }
            records += 1
            self.writes += writes
            columns.formUnion(new)
            self.bytes += bytes
            return true
        }

        /// More than a write takes beside its value: marks, shape, time, feed.
        private static let bytesPerWrite = 96
    }
}
