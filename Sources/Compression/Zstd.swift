import CZstd
import Changes
import Synchronization

/// Why compressed bytes were not taken.
package enum ZstdError: Error, Hashable, Sendable {
    /// They decompress to more than is allowed.
    case limit(Limit)
    /// The frame ends too early.
    case truncated
    /// Bytes follow the frame.
    case trailing
    /// What the library says is wrong with them.
    case malformed(String)
}

extension ZstdError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .limit(let limit): "more than \(limit.value) \(limit.name)"
        case .truncated: "the compressed bytes end too early"
        case .trailing: "bytes follow the compressed ones"
        case .malformed(let why): "not zstd: \(why)"
        }
    }
}

/// Whole bodies through the system's libzstd. Source: RFC 8878.
package enum Zstd {
    /// A level at which compressing costs little more than reading.
    package static let level: Int32 = 3

    /// The largest window that a frame may ask for, 8 MB: it bounds what reading a hostile frame allocates.
    private static let greatestWindowLog: Int32 = 23
    private static let stepBytes = 128 << 10
    private static let leastStepBytes = 4 << 10

    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = bytes.withUnsafeBytes { source in
                compressors.use { context in
                    ZSTD_compressCCtx(context, target.baseAddress, bound, source.baseAddress, source.count, level)
                }
            }
            precondition(ZSTD_isError(count) == 0, "zstd has a large enough buffer and still fails")
        }
    }

    /// Decompresses one frame. The size that a frame announces is held against the limit before memory is taken, and what comes
    /// out against the size; where none is announced, or it is not so, what comes out is counted as it comes.
    ///
    /// - Throws: `.limit` as soon as more than `limit` comes out.
    package static func decompress(_ bytes: [UInt8], limit: Limit) throws(ZstdError) -> [UInt8] {
        try decompressors.use { context throws(ZstdError) in
            // Also after a frame that was not read to its end.
            _ = ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters)
            _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, greatestWindowLog)
            if let result = decompressAtOnce(bytes, limit: limit, context) { return result }
            return try decompress(bytes, limit: limit, context)
        }
    }

    private static let compressors = ZstdContexts(
        make: ZSTD_createCCtx, size: { ZSTD_sizeof_CCtx($0) }, free: { _ = ZSTD_freeCCtx($0) })
    private static let decompressors = ZstdContexts(
        make: ZSTD_createDCtx, size: { ZSTD_sizeof_DCtx($0) }, free: { _ = ZSTD_freeDCtx($0) })

    /// Into memory of the size that the frame announces: what it refers back to is read there, and needs no window of its own.
    ///
    /// - Returns: nil where that is not possible; `decompress` says why.
    private static func decompressAtOnce(_ bytes: [UInt8], limit: Limit, _ context: OpaquePointer) -> [UInt8]? {
        bytes.withUnsafeBytes { source in
            // Two greatest numbers stand for an unknown size and for no frame.
            let announced = ZSTD_getFrameContentSize(source.baseAddress, source.count)
            guard announced <= UInt64(limit.value), windowBytes(source, announced) <= 1 << UInt64(greatestWindowLog),
                ZSTD_findFrameCompressedSize(source.baseAddress, source.count) == source.count
            else { return nil }
            var isWhole = false
            let result = [UInt8](unsafeUninitializedCapacity: Int(announced)) { target, count in
                let written = ZSTD_decompressDCtx(
                    context, target.baseAddress, target.count, source.baseAddress, source.count)
                isWhole = ZSTD_isError(written) == 0 && written == announced
                count = isWhole ? written : 0
            }
            return isWhole ? result : nil
        }
    }

    /// How far back a frame may refer: RFC 8878, section 3.1.1.1.2.
    ///
    /// - Parameter frame: with a whole header.
    private static func windowBytes(_ frame: UnsafeRawBufferPointer, _ announced: UInt64) -> UInt64 {
        let isSingleSegment = frame[4] & 0x20 != 0
        if isSingleSegment { return announced }
        let base = UInt64(1) << UInt64(10 + frame[5] >> 3)
        return base + base / 8 * UInt64(frame[5] & 7)
    }

    private static func decompress(
        _ bytes: [UInt8], limit: Limit, _ context: OpaquePointer
    ) throws(ZstdError) -> [UInt8] {
        var step = [UInt8](repeating: 0, count: min(stepBytes, max(leastStepBytes, 4 * bytes.count)))
        var result: [UInt8] = []
        var consumed = 0
        while true {
            let (status, read, written) = advance(context, bytes, from: consumed, into: &step)
            guard ZSTD_isError(status) == 0 else { throw .malformed(String(cString: ZSTD_getErrorName(status))) }
            consumed += read
            guard result.count + written <= limit.value else { throw .limit(limit) }
            result += step[..<written]
            if status == 0 {
                guard consumed == bytes.count else { throw .trailing }
                return result
            }
            // A full buffer may hide more output; without one, the library wants input that is not there.
            if consumed == bytes.count, written < step.count { throw .truncated }
        }
    }

    private static func advance(
        _ context: OpaquePointer, _ bytes: [UInt8], from start: Int, into step: inout [UInt8]
    ) -> (status: Int, read: Int, written: Int) {
        bytes.withUnsafeBytes { source in
            step.withUnsafeMutableBytes { target in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: start)
                var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                let status = ZSTD_decompressStream(context, &output, &input)
                return (status, input.pos - start, output.pos)
            }
        }
    }
}

/// The library's working memory, some hundred kilobytes, kept between bodies: to make it anew takes longer than to
/// compress a small body.
private final class ZstdContexts: Sendable {
    /// Addresses of contexts that nobody uses.
    private let idle = Mutex<[UInt]>([])
    private let make: @Sendable () -> OpaquePointer?
    private let size: @Sendable (OpaquePointer) -> Int
    private let free: @Sendable (OpaquePointer) -> Void

    /// More than these, and larger ones (bytes), are not kept.
    private static let greatestIdle = 4
    private static let greatestKeptBytes = 4 << 20

    init(
        make: @escaping @Sendable () -> OpaquePointer?, size: @escaping @Sendable (OpaquePointer) -> Int,
        free: @escaping @Sendable (OpaquePointer) -> Void
    ) {
        self.size = size
        self.make = make
        self.free = free
    }

    func use<Result, Failure: Error>(_ body: (OpaquePointer) throws(Failure) -> Result) throws(Failure) -> Result {
        let kept = idle.withLock { $0.popLast() }
        guard let context = kept.flatMap({ OpaquePointer(bitPattern: $0) }) ?? make() else {
            preconditionFailure("there is no memory left for zstd")
        }
        defer {
            let isSmall = size(context) <= ZstdContexts.greatestKeptBytes
            let isKept = idle.withLock { idle in
                guard isSmall, idle.count < ZstdContexts.greatestIdle else { return false }
                idle.append(UInt(bitPattern: context))
                return true
            }
            if !isKept { free(context) }
        }
        return try body(context)
    }
}
