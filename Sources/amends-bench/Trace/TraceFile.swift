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
                lines.append(try line(pending))
                pending = []
                rest = rest[(end + 1)...]
            }
            pending += rest
        }
        if lines.count < limit, !pending.isEmpty { lines.append(try line(pending)) }
        return lines
        func line(_ bytes: [UInt8]) throws -> String {
            guard
                let text = String(
                    validating: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...], as: UTF8.self)
            else { throw BenchError("line \(lines.count + 1) of the trace is not UTF-8") }
            return text
        }
    }
}
