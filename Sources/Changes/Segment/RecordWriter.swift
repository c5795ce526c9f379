/// Lists the records that a segment's changes name.
struct RecordWriter {
    private var interner = ByteInterner()
    /// For each record, how many mentions there were after its last one.
    private var mentioned: [Int] = []
    private var mentions = 0
    private(set) var codes = ByteWriter()
    private(set) var list = ByteWriter()
    private(set) var steps = ByteWriter()

    var count: Int { interner.count }

    /// - Parameter range: of the canonical origin in `source`.
    /// - Returns: the record's index in the segment.
    mutating func append(_ source: [UInt8], _ range: Range<Int>) -> Int {
        let (record, isNew) = interner.intern(source, range)
        mentions += 1
        guard isNew else {
            codes.write(RecordList.Code.firstBack - 1 + UInt64(mentions - mentioned[record]))
            mentioned[record] = mentions
            return record
        }
        mentioned.append(mentions)
        if record > 0, let step = step(to: record) {
            codes.write(RecordList.Code.numbered)
            steps.write(signed: step)
        } else {
            codes.write(RecordList.Code.listed)
            let last = record == 0 ? 0..<0 : interner.range(record - 1)
            FrontCoding.write(interner.bytes, interner.range(record), after: last, into: &list)
        }
        return record
    }

    /// What must be added to the number at the end of the record before; nil where they differ in more than that.
    private func step(to record: Int) -> Int64? {
        TrailingNumber.step(interner.bytes, from: interner.range(record - 1), to: interner.range(record))
    }
}
