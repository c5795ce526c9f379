import Causality

/// The records that a segment's changes name: each is listed where it first comes, and counted back to afterwards.
struct RecordList {
    private(set) var origins: [RecordOrigin] = []
    /// Of the canonical origins, in the shared buffer.
    private(set) var bytes: [Range<Int>] = []
    /// Every record of every change, as an index into `origins`.
    private(set) var mentions: [Int] = []
    private var codes: ByteReader
    private var list: ByteReader
    private var steps: ByteReader
    private var reader = OriginReader()
    private let count: Int

    enum Code {
        /// The next of the list.
        static let listed: UInt64 = 0
        /// The one that was listed last, with another number at its end.
        static let numbered: UInt64 = 1
        /// Less one: how many mentions ago it came.
        static let firstBack: UInt64 = 2
    }

    init(codes: ByteReader, list: ByteReader, steps: ByteReader, count: Int) {
        self.codes = codes
        self.list = list
        self.steps = steps
        self.count = count
    }

    /// Appends the next mention.
    ///
    /// - Parameter limit: how many bytes an origin may still have.
    mutating func next(buffer: inout [UInt8], limit: Int) throws(CodecError) {
        let start = codes.index
        let code = try codes.readInteger()
        if code >= Code.firstBack {
            let distance = code - Code.firstBack + 1
            guard distance <= UInt64(mentions.count) else { throw .malformed("a record is not listed", at: start) }
            mentions.append(mentions[mentions.count - Int(distance)])
            return
        }
        guard origins.count < count else { throw .malformed("more records than announced", at: start) }
        let last = bytes.last ?? 0..<0
        let range: Range<Int>
        if code == Code.listed {
            range = try FrontCoding.read(from: &list, after: last, into: &buffer, limit: limit)
        } else {
            range = try readNumbered(after: last, into: &buffer, limit: limit)
        }
        mentions.append(origins.count)
        origins.append(try reader.read(buffer, range))
        bytes.append(range)
    }

    private mutating func readNumbered(
        after last: Range<Int>, into buffer: inout [UInt8], limit: Int
    ) throws(CodecError) -> Range<Int> {
        let start = steps.index
        let step = try steps.readSigned()
        guard last.count <= limit else { throw .limit(.rebuiltBytesPerSegment, at: start) }
        guard let range = TrailingNumber.append(step, to: last, in: &buffer) else { throw .integer(at: start) }
        return range
    }

    func finish() throws(CodecError) {
        guard origins.count == count else { throw .malformed("fewer records than announced", at: codes.index) }
        try codes.finish()
        try list.finish()
        try steps.finish()
    }
}
