import CZstd
import Changes

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

    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = bytes.withUnsafeBytes {
                ZSTD_compress(target.baseAddress, bound, $0.baseAddress, $0.count, level)
            }
            precondition(ZSTD_isError(count) == 0, "zstd has a large enough buffer and still fails")
        }
    }

    /// Decompresses one frame, counting what comes out: the size that a frame announces is never trusted.
    ///
    /// - Throws: `.limit` as soon as more than `limit` comes out.
    package static func decompress(_ bytes: [UInt8], limit: Limit) throws(ZstdError) -> [UInt8] {
        guard let context = ZSTD_createDCtx() else { throw .malformed("out of memory") }
        defer { ZSTD_freeDCtx(context) }
        _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, greatestWindowLog)
        var step = [UInt8](repeating: 0, count: stepBytes)
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
