import Changes
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import SyncHTTP

/// Requests straight into a router, or over the one connection of a test client.
struct RouterTransport: HubTransport {
    let client: any TestClientProtocol
    var prefix = ""

    func send(_ request: HubRequest, limit: Limit, timeout: Duration) async throws -> HubResponse {
        var headers = HTTPFields()
        for header in request.headers {
            guard let name = HTTPField.Name(header.name) else { preconditionFailure("no header name: \(header.name)") }
            headers.append(HTTPField(name: name, value: header.value))
        }
        guard let method = HTTPRequest.Method(request.method) else { preconditionFailure("no method") }
        let response = try await client.executeRequest(
            uri: prefix + request.target, method: method, headers: headers,
            body: request.body.isEmpty ? nil : ByteBuffer(bytes: request.body))
        return HubResponse(
            status: response.status.code,
            headers: response.headers.map { HubRequest.Header($0.name.canonicalName, $0.value) },
            body: Array(buffer: response.body))
    }

    func stream(
        _ request: HubRequest, timeout: Duration
    ) async throws -> (head: HubResponse, body: any AsyncSequence<[UInt8], any Error> & Sendable) {
        preconditionFailure("streams need a socket")
    }
}
