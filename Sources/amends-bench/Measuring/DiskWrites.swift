import Foundation

/// What a process has caused to be written to disks, by Linux's count of pages that it made dirty.
struct DiskWrites {
    /// Bytes since the process began.
    let bytes: Int

    /// - Parameter process: nil for this one.
    init(of process: Int32? = nil) throws {
        let text = try String(contentsOfFile: "/proc/\(process.map(String.init) ?? "self")/io", encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("write_bytes: ") }),
            let bytes = Int(line.dropFirst("write_bytes: ".count))
        else { throw BenchError("the system does not tell what was written to disks") }
        self.bytes = bytes
    }
}

/// The database and its write-ahead log as the folder shows them: a write changes a size or a time.
struct FileTimes: Equatable {
    private var entries: [String: [Int]] = [:]

    init(of path: String) throws {
        for suffix in ["", "-wal"] {
            var status = stat()
            guard stat(path + suffix, &status) == 0 else { continue }
            entries[suffix] = [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        }
        guard entries[""] != nil else { throw BenchError("there is no file \(path)") }
    }
}
