import Causality
import Changes

/// One event of a stream.
package struct ServerSentEvent: Hashable, Sendable {
    package var name: String
    package var data: String

    package init(name: String = "message", data: String = "") {
        self.name = name
        self.data = data
    }

    /// - Precondition: neither name nor data has a line break.
    package var encoded: String { "event: \(name)\ndata: \(data)\n\n" }

    /// Something to send that means nothing, so that both sides notice a dead connection.
    package static let heartbeat = ": heartbeat\n\n"
}

/// Reads an event stream as its bytes come.
///
/// Source: WHATWG HTML, "Server-sent events", parsing; ids and retry times are not used here.
package struct ServerSentEventReader: Sendable {
    private var line: [UInt8] = []
    private var event = ServerSentEvent()
    private var hasField = false
    private var isAfterReturn = false

    package init() {}

    /// - Returns: the events that `bytes` complete.
    /// - Throws: `.limit` for a line or an event that is too long.
    package mutating func read(_ bytes: some Sequence<UInt8>) throws(CodecError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let isLineFeedOfPair = byte == UInt8(ascii: "\n") && isAfterReturn
            isAfterReturn = byte == UInt8(ascii: "\r")
            if isLineFeedOfPair { continue }
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                guard line.count < Limit.eventLineBytes.value else { throw .limit(.eventLineBytes, at: line.count) }
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
            guard event.data.utf8.count <= Limit.eventLineBytes.value else { throw .limit(.eventLineBytes, at: 0) }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        if text.isEmpty {
            defer {
                event = ServerSentEvent()
                hasField = false
            }
            return hasField ? event : nil
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let raw = parts.count > 1 ? parts[1] : ""
        let value = raw.hasPrefix(" ") ? raw.dropFirst() : raw
        switch parts[0] {
        case "event":
            event.name = String(value)
            hasField = true
        case "data":
            event.data += event.data.isEmpty ? String(value) : "\n" + value
            hasField = true
        default: break
        }
        return nil
    }
}

/// What the hub tells a replica that listens. Hints: a poll is the truth.
package enum HubEvent: Hashable, Sendable {
    /// The stream stands: what grew before may have been missed.
    case listening
    /// These scopes have grown; none named means that it may be any.
    case grown([ScopeID])

    /// More scopes than this are not named one by one.
    package static let greatestNamedScopes = 64

    package var event: ServerSentEvent {
        switch self {
        case .listening: ServerSentEvent(name: "listening")
        case .grown(let scopes):
            ServerSentEvent(
                name: "grown",
                data: scopes.count > HubEvent.greatestNamedScopes
                    ? "" : scopes.map(\.description).joined(separator: " "))
        }
    }

    /// Nil for an event that this version does not know.
    package init?(_ event: ServerSentEvent) {
        switch event.name {
        case "listening": self = .listening
        case "grown":
            let scopes = event.data.split(separator: " ").map { ScopeID(hexadecimal: $0) }
            self = .grown(scopes.contains(nil) ? [] : scopes.compactMap(\.self))
        default: return nil
        }
    }
}
