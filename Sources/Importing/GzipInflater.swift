internal import CZlib

/// Inflates a stream of gzip members (RFC 1952), one after another, in constant memory.
///
/// Bytes are pushed in with ``feed(_:)`` and pulled out with ``inflate(into:)`` until that asks for more. Members may
/// be concatenated, as `cat a.gz b.gz` makes them, and followed by zero bytes, with which tapes and archives pad.
struct GzipInflater: ~Copyable {
    /// What one call of ``inflate(into:)`` led to.
    enum Progress: Equatable {
        /// So many bytes were written; there may be more.
        case wrote(Int)
        /// Everything fed so far is used up. The file may end here only after a whole member.
        case needsInput(isAtMemberEnd: Bool)
        /// Among the first so many compressed bytes are some that no gzip writer makes.
        case damaged(consumedBytes: Int)
    }

    /// zlib's window size for any gzip file (15 bits), with 16 added: it expects a gzip header.
    private static let gzipWindowBits: Int32 = 15 + 16

    /// At this address for life, because zlib's own state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var input: [UInt8] = []
    private var inputPosition = 0
    private var isBetweenMembers = false
    private var isPadding = false
    /// The last output was filled to the end, so zlib may hold more although all input is used.
    private var mayHoldOutput = false

    /// Compressed bytes used so far, over all members.
    private var consumedBytes = 0

    /// - Throws: `InflaterUnavailable` when zlib cannot be set up, which means that memory is short or that the
    ///   library does not fit its header.
    init() throws(InflaterUnavailable) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let code = inflateInit2_(stream, Self.gzipWindowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            stream.deallocate()
            throw InflaterUnavailable(code: code)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Hands over the next compressed bytes.
    ///
    /// - Precondition: ``inflate(into:)`` has answered `needsInput`, or nothing was fed yet.
    mutating func feed(_ bytes: [UInt8]) {
        precondition(inputPosition == input.count, "The inflater still holds input.")
        input = bytes
        inputPosition = 0
    }

    /// Fills `output` from its start with decompressed bytes.
    mutating func inflate(into output: inout [UInt8]) -> Progress {
        while inputPosition < input.count || mayHoldOutput {
            if isBetweenMembers {
                if input[inputPosition] == 0 || isPadding {
                    guard skipPadding() else { return .damaged(consumedBytes: consumedBytes) }
                    continue
                }
                inflateReset(stream)
                isBetweenMembers = false
            }
            let (code, written) = step(into: &output)
            switch code {
            case Z_STREAM_END: isBetweenMembers = true
            case Z_OK, Z_BUF_ERROR: break
            default: return .damaged(consumedBytes: consumedBytes)
            }
            mayHoldOutput = written == output.count && !isBetweenMembers
            if written > 0 { return .wrote(written) }
        }
        return .needsInput(isAtMemberEnd: isBetweenMembers)
    }

    /// Steps over zero bytes behind the last member; anything else there is damage.
    private mutating func skipPadding() -> Bool {
        isPadding = true
        while inputPosition < input.count, input[inputPosition] == 0 {
            inputPosition += 1
            consumedBytes += 1
        }
        return inputPosition == input.count
    }

    /// Calls zlib once, and says how many bytes it wrote.
    private mutating func step(into output: inout [UInt8]) -> (code: Int32, written: Int) {
        let stream = self.stream
        let position = inputPosition
        let capacity = output.count
        let (code, used) = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress.map { $0 + position }
                stream.pointee.avail_in = UInt32(source.count - position)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(capacity)
                let code = CZlib.inflate(stream, Z_NO_FLUSH)
                return (code, source.count - position - Int(stream.pointee.avail_in))
            }
        }
        inputPosition += used
        consumedBytes += used
        return (code, capacity - Int(stream.pointee.avail_out))
    }
}

/// zlib could not be set up; `code` is its return value.
struct InflaterUnavailable: Error {
    let code: Int32
}
