import Importing

/// Reads the lines of a trace, plain or gzip.
enum TraceFile {
    static func lines(of path: String, limit: Int) throws -> [String] {
        var source = try ByteSource(path: path)
        var lines: [String] = []
        var pending: [UInt8] = []
        while lines.count < limit, let chunk = try source.next() {
            var rest = chunk[...]
            while lines.count < limit, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                pending += rest[..<end]
                lines.append(String(decoding: pending, as: UTF8.self))
                pending = []
                rest = rest[(end + 1)...]
            }
            pending += rest
        }
        if lines.count < limit, !pending.isEmpty { lines.append(String(decoding: pending, as: UTF8.self)) }
        return lines
    }
}
