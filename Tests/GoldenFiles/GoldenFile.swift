import Causality
import Foundation
import Testing

/// Bytes that must never change: a text of labelled hexadecimal in `Tests/Fixtures/golden`.
package struct GoldenFile {
    private let name: String

    package init(name: String) { self.name = name }

    /// Holds `samples` against the file, or writes it where `AMENDS_WRITE_GOLDEN` is set.
    package func expect(
        _ samples: [(label: String, bytes: [UInt8])], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let made = samples.map { "# \($0.label)\n\(GoldenFile.lines(of: $0.bytes))\n" }.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["AMENDS_WRITE_GOLDEN"] != nil {
            try FileManager.default.createDirectory(at: GoldenFile.folder, withIntermediateDirectories: true)
            try made.write(to: url, atomically: true, encoding: .utf8)
            return
        }
        let kept = try String(contentsOf: url, encoding: .utf8)
        #expect(
            made == kept,
            """
            The bytes of \(name) are not those of \(url.path). Files, replicas and hubs in use hold and speak the old \
            ones, so the format or the message has changed: raise its version (a message's is SyncRequest.newestVersion), \
            keep reading the old one, and keep its golden file beside the new one. Write a file only for a form that \
            no release has written: AMENDS_WRITE_GOLDEN=1. Never edit one.
            """, sourceLocation: sourceLocation)
    }

    private var url: URL { GoldenFile.folder.appendingPathComponent("\(name).hex") }

    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/golden")

    /// 32 bytes a line.
    private static func lines(of bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 32)
            .map { hexadecimal(bytes[$0..<min($0 + 32, bytes.count)]) }
            .joined(separator: "\n")
    }
}
