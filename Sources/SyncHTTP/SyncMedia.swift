import Changes

/// What bodies are called, and how large they may be.
package enum SyncMedia {
    /// The binary messages.
    package static let message = "application/vnd.amends.sync"
    package static let events = "text/event-stream"
    package static let json = "application/json"
    /// Why a request failed. Source: RFC 9457.
    package static let problem = "application/problem+json"
    /// The one content encoding that is taken and given. Source: RFC 8878.
    package static let zstd = "zstd"

    /// Bodies that are smaller than this are sent as they are.
    package static let leastCompressedBytes = 512

    /// Whether a Content-Type names this media type, whatever its parameters.
    package static func matches(_ contentType: String?, _ type: String) -> Bool {
        guard let essence = contentType?.split(separator: ";", maxSplits: 1).first else { return false }
        return essence.split(separator: " ").joined().lowercased() == type
    }
}

extension Limit {
    /// A request to synchronise, as it is sent.
    package static let syncRequestBytes = Limit("bytes in a request to synchronise", 8 << 20)
    /// The same, decompressed.
    package static let decodedSyncRequestBytes = Limit("decompressed bytes in a request to synchronise", 16 << 20)
    /// An answer, as it is sent; a page may pass its limit by one change with its parts.
    package static let syncResponseBytes = Limit("bytes in an answer", 32 << 20)
    /// The same, decompressed.
    package static let decodedSyncResponseBytes = Limit("decompressed bytes in an answer", 32 << 20)
    /// Messages of joining and of sessions, and what an administrator sends.
    package static let smallRequestBytes = Limit("bytes in a small request", 16 << 10)
    package static let smallResponseBytes = Limit("bytes in a small answer", 256 << 10)
    package static let manifestBytes = Limit("bytes in a snapshot's manifest", 8 << 20)
    /// Reports in JSON; those that can be larger come in pages.
    package static let reportBytes = Limit("bytes in a report", 16 << 20)
    /// A line of an event stream.
    package static let eventLineBytes = Limit("bytes in a line of an event stream", 16 << 10)
}
