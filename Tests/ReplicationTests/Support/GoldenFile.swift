import Causality
import Foundation
import Testing

/// Bytes that must never change: a text of labelled hexadecimal in `Tests/Fixtures/golden`.
struct GoldenFile {
    let name: String

    /// Holds `samples` against the file, or writes it where `AMENDS_WRITE_GOLDEN` is set.
    func expect(_ samples: [(label: String, bytes: [UInt8])]) throws {
        let made = samples.map { "# \($0.label)\n\(GoldenFile.lines(of: $0.bytes))\n" }.joined(separator: "\n")
        if Effort.environment("AMENDS_WRITE_GOLDEN") != nil {
            try FileManager.default.createDirectory(at: GoldenFile.folder, withIntermediateDirectories: true)
            try made.write(to: url, atomically: true, encoding: .utf8)
            return
        }
        let kept = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        #expect(
            made == kept,
            """
            The bytes of \(name) are not those of \(url.path). Replicas and hubs in use speak the old ones, so the \
            message has changed: raise SyncRequest.version, keep reading the old one, and keep its golden file beside \
            the new one. Write a file only for a message that no release has sent: AMENDS_WRITE_GOLDEN=1. Never edit one.
            """)
    }

    private var url: URL { GoldenFile.folder.appendingPathComponent("\(name).hex") }

    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/golden")

    /// 32 bytes a line.
    private static func lines(of bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 32)
            .map { hexadecimal(bytes[$0..<min($0 + 32, bytes.count)]) }
            .joined(separator: "\n")
    }
}
