/// How the slots of each column begin in a state's bytes: field and kind. They lie in one piece: nothing is counted to copy one.
struct SnapshotSlotHeads {
    struct Column {
        /// In `bytes`.
        let head: Range<Int>
        let isSet: Bool
    }

    let bytes: [UInt8]
    let columns: [Column]

    init(_ columns: [SnapshotColumn]) {
        var writer = ByteWriter(reserving: 32 * columns.count)
        var heads: [Column] = []
        heads.reserveCapacity(columns.count)
        for column in columns {
            let start = writer.count
            writer.write(column.field)
            writer.write(byte: column.kind.rawValue)
            heads.append(Column(head: start..<writer.count, isSet: column.kind == .set))
        }
        bytes = writer.bytes
        self.columns = heads
    }
}
