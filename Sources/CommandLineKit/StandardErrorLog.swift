import Foundation
import Logging

/// Writes log events to standard error, a line each: as words, or as JSON for a collector.
package struct StandardErrorLog: LogHandler {
    package enum Format: Sendable {
        case text
        case json
    }

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: Format
    private let console: Console

    package init(label: String, level: Logger.Level, format: Format, console: Console = .standard) {
        self.label = label
        self.format = format
        self.console = console
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let now = Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down))
        let time = CivilTime.iso(milliseconds: now)
        var values = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }
        values.merge(event.metadata ?? [:]) { $1 }
        // A dictionary's order changes from process to process.
        let pairs = values.sorted { $0.key < $1.key }.map { (name: $0.key, text: "\($0.value)") }
        let error = event.error.map { "\($0)" }
        switch format {
        case .text:
            let details = (pairs + (error.map { [(name: "error", text: $0)] } ?? [])).map { " \($0.name)=\($0.text)" }
            console.say("\(time) \(event.level) \(label): \(event.message)\(details.joined())".visible)
        case .json:
            var members: [JSONValue.Member] = [
                .init("time", .string(time)), .init("level", .string("\(event.level)")),
                .init("logger", .string(label)), .init("message", .string("\(event.message)")),
            ]
            if let error { members.append(.init("error", .string(error))) }
            members += pairs.map { JSONValue.Member($0.name, .string($0.text)) }
            console.say(JSONValue.object(members).line)
        }
    }
}
