import AsyncHTTPClient
import Changes
import NIOCore
import NIOHTTP1
import Replication

/// Requests over HTTP.
package struct HTTPTransport: HubTransport {
    private let client: HTTPClient
    private let address: HubAddress

    package init(_ address: HubAddress, client: HTTPClient = HTTPTransport.client) {
        self.address = address
        self.client = client
    }

    /// Redirects are not followed: what redirects is not the hub. Bodies are decompressed by `HubClient` alone, which
    /// counts what comes out.
    package static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(60)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // A hub that is down is said to be so at once; when to try again is `RetrySchedule`'s to decide.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package func send(_ request: HubRequest, limit: Limit, timeout: Duration) async throws -> HubResponse {
        do {
            let response = try await client.execute(httpRequest(request), timeout: .milliseconds(timeout.milliseconds))
            var head = HubResponse(response)
            head.body = Array(buffer: try await response.body.collect(upTo: limit.value))
            return head
        } catch {
            throw HTTPTransport.translated(error, from: address)
        }
    }

    package func stream(
        _ request: HubRequest, timeout: Duration
    ) async throws -> (head: HubResponse, body: any AsyncSequence<[UInt8], any Error> & Sendable) {
        do {
            // The deadline of a request covers its body too, so it is far away; the head has one of its own, and a
            // silent stream ends by the read timeout: the hub's heartbeats come more often.
            let httpRequest = httpRequest(request)
            let response = try await withTimeout(timeout) {
                try await client.execute(httpRequest, deadline: .distantFuture)
            }
            return (HubResponse(response), StreamedBody(body: response.body, address: address))
        } catch {
            throw HTTPTransport.translated(error, from: address)
        }
    }

    private func httpRequest(_ request: HubRequest) -> HTTPClientRequest {
        var result = HTTPClientRequest(url: address.base + request.target)
        result.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { result.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty { result.body = .bytes(ByteBuffer(bytes: request.body)) }
        return result
    }

    fileprivate static func translated(_ error: any Error, from address: HubAddress) -> any Error {
        if error is CancellationError || error is HubClientError { return error }
        if error is NIOTooManyBytesError {
            return HubClientError(
                .responseTooLarge, .retry(after: nil), "the answer is larger than any answer of a hub")
        }
        let known = error as? HTTPClientError
        if known == .cancelled { return CancellationError() }
        if error is TimeoutError || known == .deadlineExceeded || known == .readTimeout || known == .connectTimeout {
            return HubClientError(.deadline, .retry(after: nil), "the hub did not answer in time")
        }
        return HubClientError(
            .unreachable, .retry(after: nil),
            "the hub at \(address) cannot be reached: \(ConnectionFailure.reason(error))")
    }
}

extension HubResponse {
    /// The head.
    fileprivate init(_ response: HTTPClientResponse) {
        self.init(
            status: Int(response.status.code),
            headers: response.headers.map { HubRequest.Header($0.name, $0.value) })
    }
}

/// A body in pieces, its failures as this client names them.
private struct StreamedBody: AsyncSequence, Sendable {
    let body: HTTPClientResponse.Body
    let address: HubAddress

    func makeAsyncIterator() -> Iterator { Iterator(base: body.makeAsyncIterator(), address: address) }

    struct Iterator: AsyncIteratorProtocol {
        var base: HTTPClientResponse.Body.AsyncIterator
        let address: HubAddress

        mutating func next() async throws -> [UInt8]? {
            do { return try await base.next().map { Array(buffer: $0) } } catch {
                throw HTTPTransport.translated(error, from: address)
            }
        }
    }
}
