import Changes

/// A request to a hub, before it is HTTP.
package struct HubRequest: Hashable, Sendable {
    package var method: String
    /// Path and query after the address's prefix; see `SyncRoute`.
    package var target: String
    package var headers: [Header]
    package var body: [UInt8]

    package init(method: String, target: String, headers: [Header] = [], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}

/// A whole answer.
package struct HubResponse: Hashable, Sendable {
    package var status: Int
    package var headers: [HubRequest.Header]
    package var body: [UInt8]

    package init(status: Int, headers: [HubRequest.Header], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header of this name, in whatever case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// How requests reach a hub: over a socket, or in tests straight into its router.
///
/// Everything that fails is thrown as `HubClientError` or `CancellationError`.
package protocol HubTransport: Sendable {
    /// - Parameters:
    ///   - limit: of the answer's body, as it is sent.
    ///   - timeout: for all of it.
    func send(_ request: HubRequest, limit: Limit, timeout: Duration) async throws -> HubResponse

    /// Opens an answer without an end.
    ///
    /// - Parameters:
    ///   - timeout: until the head has come. What comes after it may be silent for as long.
    /// - Returns: the head, and the body in pieces.
    func stream(
        _ request: HubRequest, timeout: Duration
    ) async throws -> (head: HubResponse, body: any AsyncSequence<[UInt8], any Error> & Sendable)
}
