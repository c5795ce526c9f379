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
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package func send(_ request: HubRequest, limit: Limit, timeout: Duration) async throws -> HubResponse {
        do {
            let response = try await client.execute(httpRequest(request), timeout: .milliseconds(timeout.milliseconds))
            var head = HubResponse(response)
            head.body = Array(buffer: try await response.body.collect(upTo: limit.value))
            return head
        } catch {
            throw HTTPTransport.translated(error)
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
            let body = AsyncThrowingStream<[UInt8], any Error> { continuation in
                let task = Task {
                    do {
                        for try await buffer in response.body { continuation.yield(Array(buffer: buffer)) }
                        continuation.finish()
                    } catch {
                        continuation.finish(throwing: HTTPTransport.translated(error))
                    }
                }
                continuation.onTermination = { _ in task.cancel() }
            }
            return (HubResponse(response), body)
        } catch {
            throw HTTPTransport.translated(error)
        }
    }

    private func httpRequest(_ request: HubRequest) -> HTTPClientRequest {
        var result = HTTPClientRequest(url: address.base + request.target)
        result.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { result.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty { result.body = .bytes(ByteBuffer(bytes: request.body)) }
        return result
    }

    private static func translated(_ error: any Error) -> any Error {
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
            .unreachable, .retry(after: nil), "the hub cannot be reached: \(known?.shortDescription ?? "\(error)")")
    }
}

struct TimeoutError: Error {}

/// Runs `body`, and gives it up after `timeout`.
func withTimeout<Result: Sendable>(
    _ timeout: Duration, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: timeout)
            throw TimeoutError()
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
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
