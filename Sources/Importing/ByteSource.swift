#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Delivers a file's bytes chunk by chunk, decompressed if they are gzip.
///
/// Gzip is recognised by its first two bytes (1f 8b), whatever the file is called. Memory is two chunks and zlib's
/// window, whatever the file's size.
///
/// ```swift
/// var source = try ByteSource(path: "-")      // standard input
/// while let chunk = try source.next() { … }
/// ```
package struct ByteSource: ~Copyable {
    /// How many bytes are asked of the system at once.
    package static let defaultChunkBytes = 64 * 1024

    private static let gzipMagic: [UInt8] = [0x1f, 0x8b]

    private enum Origin {
        case descriptor(Int32, isOwned: Bool)
        case memory([UInt8])
    }

    private let origin: Origin
    private let path: String
    private let chunkBytes: Int

    /// Bytes taken from the file so far, as they lie there.
    private var offset = 0
    /// Bytes read while looking for the magic, to be delivered first.
    private var lookahead: [UInt8] = []
    private var inflater: GzipInflater?

    /// Opens a file, or standard input for `-`.
    ///
    /// - Parameters:
    ///   - path: A file, pipe or device.
    ///   - chunkBytes: Size of one read in bytes, at least 1.
    /// - Throws: Any `ByteSourceError`; the first bytes are read at once.
    package init(path: String, chunkBytes: Int = defaultChunkBytes) throws(ByteSourceError) {
        if path == "-" {
            try self.init(.descriptor(STDIN_FILENO, isOwned: false), path: "standard input", chunkBytes: chunkBytes)
            return
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, code: errno) }
        try self.init(.descriptor(descriptor, isOwned: true), path: path, chunkBytes: chunkBytes)
    }

    /// Reads bytes that are in memory already, as if they were a file's.
    package init(bytes: [UInt8], chunkBytes: Int = defaultChunkBytes) throws(ByteSourceError) {
        try self.init(.memory(bytes), path: "the given bytes", chunkBytes: chunkBytes)
    }

    private init(_ origin: Origin, path: String, chunkBytes: Int) throws(ByteSourceError) {
        precondition(chunkBytes > 0, "A chunk holds at least one byte.")
        self.origin = origin
        self.path = path
        self.chunkBytes = chunkBytes
        self.inflater = nil
        while lookahead.count < Self.gzipMagic.count, let bytes = try readChunk() {
            lookahead += bytes
        }
        guard lookahead.starts(with: Self.gzipMagic) else { return }
        do {
            inflater = try GzipInflater()
        } catch {
            throw .cannotInflate(path: path, code: error.code)
        }
    }

    deinit {
        if case .descriptor(let descriptor, isOwned: true) = origin { close(descriptor) }
    }

    /// The next decompressed bytes, at least one, or nil at the end of the file.
    ///
    /// - Throws: `cannotRead`; `truncatedGzip` when the file ends inside a member; `damagedGzip`.
    package mutating func next() throws(ByteSourceError) -> [UInt8]? {
        guard inflater != nil else { return try nextStored() }
        var output = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            switch inflater?.inflate(into: &output) {
            case .wrote(let count):
                output.removeLast(output.count - count)
                return output
            case .damaged(let consumedBytes):
                throw .damagedGzip(path: path, offset: consumedBytes)
            case .needsInput(let isAtMemberEnd):
                if let stored = try nextStored() {
                    inflater?.feed(stored)
                } else if isAtMemberEnd {
                    return nil
                } else {
                    throw .truncatedGzip(path: path, offset: offset)
                }
            case nil:
                return nil
            }
        }
    }

    /// The next bytes as they lie in the file.
    private mutating func nextStored() throws(ByteSourceError) -> [UInt8]? {
        guard lookahead.isEmpty else {
            defer { lookahead = [] }
            return lookahead
        }
        return try readChunk()
    }

    private mutating func readChunk() throws(ByteSourceError) -> [UInt8]? {
        switch origin {
        case .memory(let bytes):
            guard offset < bytes.count else { return nil }
            let end = min(offset + chunkBytes, bytes.count)
            defer { offset = end }
            return Array(bytes[offset..<end])
        case .descriptor(let descriptor, _):
            return try readChunk(from: descriptor)
        }
    }

    private mutating func readChunk(from descriptor: Int32) throws(ByteSourceError) -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = read(descriptor, &chunk, chunkBytes)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .cannotRead(path: path, offset: offset, code: errno) }
            guard count > 0 else { return nil }
            offset += count
            chunk.removeLast(chunkBytes - count)
            return chunk
        }
    }
}
