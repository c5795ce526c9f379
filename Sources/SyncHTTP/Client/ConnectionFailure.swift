import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

/// Why there is no connection, in a few words for people: what the libraries say is for their authors.
enum ConnectionFailure {
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            // One failure for each address of the host; the first is as good as any.
            if let failure = error.connectionErrors.first { return reason(failure.error) }
            return "the name \(error.host) is not known to this network"
        case let error as IOError:
            let words = String(cString: strerror(error.errnoCode))
            return words.prefix(1).lowercased() + words.dropFirst()
        case let error as HTTPClientError: return error.shortDescription
        // The library's own names places in its sources.
        case let error where String(reflecting: type(of: error)).hasPrefix("NIOSSL"):
            return "its TLS failed: what answers may not speak it, or its certificate may not be trusted here"
        default: return "\(error)"
        }
    }
}
