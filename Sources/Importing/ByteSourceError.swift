#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Why a file's bytes cannot be read any further.
///
/// Everything delivered before the error stands; nothing after it can be known. Offsets count from zero and are
/// places in the file as it lies on disk, before decompression.
package enum ByteSourceError: Error, Hashable, Sendable {
    /// The file cannot be opened; `code` is the system's `errno`.
    case cannotOpen(path: String, code: Int32)
    /// Reading failed at this byte; `code` is the system's `errno`.
    case cannotRead(path: String, offset: Int, code: Int32)
    /// The file ends at this byte, inside a gzip member: it was cut short.
    case truncatedGzip(path: String, offset: Int)
    /// The compressed bytes are wrong somewhere before this byte: header, data, checksum or length.
    case damagedGzip(path: String, offset: Int)
    /// The decompressor could not be set up; `code` is zlib's return value.
    case cannotInflate(path: String, code: Int32)
}

extension ByteSourceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotOpen(let path, let code):
            "\(path) cannot be opened: \(systemMessage(code))."
        case .cannotRead(let path, let offset, let code):
            "\(path) cannot be read at byte \(offset): \(systemMessage(code))."
        case .truncatedGzip(let path, let offset):
            "\(path) is cut short: it ends at byte \(offset), inside gzip data."
        case .damagedGzip(let path, let offset):
            "\(path) holds damaged gzip data before byte \(offset)."
        case .cannotInflate(let path, let code):
            "\(path) cannot be decompressed: zlib returned \(code)."
        }
    }
}

private func systemMessage(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
