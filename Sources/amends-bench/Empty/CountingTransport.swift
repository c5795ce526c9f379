import Changes
import SyncHTTP
import Synchronization

/// Passes requests on and counts them and their bodies.
final class CountingTransport: HubTransport, Sendable {
    struct Count: Sendable {
        var requests = 0
        /// Bytes of bodies, as they travel.
        var sent = 0
        var received = 0
    }

    private let base: HTTPTransport
    private let state = Mutex(Count())

    init(_ base: HTTPTransport) { self.base = base }

    var count: Count { state.withLock { $0 } }

    func send(_ request: HubRequest, limit: Limit, timeout: Duration) async throws -> HubResponse {
        state.withLock { state in
            state.requests += 1
            state.sent += request.body.count
        }
        let response = try await base.send(request, limit: limit, timeout: timeout)
        state.withLock { $0.received += response.body.count }
        return response
    }

    func stream(
        _ request: HubRequest, timeout: Duration
    ) async throws -> (head: HubResponse, body: any AsyncSequence<[UInt8], any Error> & Sendable) {
        state.withLock { $0.requests += 1 }
        return try await base.stream(request, timeout: timeout)
    }
}
