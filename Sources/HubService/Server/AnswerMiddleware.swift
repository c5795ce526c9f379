import Causality
import Changes
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import SyncHTTP

/// Turns what handlers throw into answers, counts every answer, and writes the audit, each in this one place.
struct AnswerMiddleware: RouterMiddleware {
    let metrics: HubMetrics
    let audit: Audit
    let uptime: @Sendable () -> Duration

    /// How long a connection stays open after an answer that ends it.
    private static let linger: Duration = .milliseconds(500)

    func handle(
        _ request: Request, context: HubRequestContext,
        next: (Request, HubRequestContext) async throws -> Response
    ) async throws -> Response {
        let start = uptime()
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = answer(to: fault(error, context), context)
        }
        // RFC 9110, 9.3.2: whoever asks for the head alone takes a body for the next answer.
        if request.method == .head { response = response.createHeadResponse() }
        metrics.request(
            route: context.endpointPath ?? "none", status: response.status.code, duration: uptime() - start)
        return response
    }

    private func fault(_ error: any Error, _ context: HubRequestContext) -> HubFault {
        if let fault = error as? HubFault { return fault }
        if let error = error as? HTTPError {
            return HubFault(
                error.status == .notFound ? .notFound : .malformed,
                "the hub has no such path or method: it stands under another prefix, or is of another version")
        }
        if error is CancellationError { return HubFault(.unavailable, "the hub is stopping") }
        // What the store says goes into the log and not to the sender.
        context.logger.error("failed", metadata: ["reason": "\(error)", "route": "\(context.endpointPath ?? "none")"])
        return HubFault(.failed, "the hub failed; its log says why")
    }

    private func answer(to fault: HubFault, _ context: HubRequestContext) -> Response {
        if let suspect = fault.suspect {
            audit.refused(
                fault.problem.code, route: context.endpointPath ?? "none",
                chain: context.parameters.get("chain").flatMap { ChainID(hexadecimal: $0) }, replica: suspect.replica,
                session: suspect.session, peer: context.peer)
        }
        var headers = HTTPFields([HTTPField(name: .contentType, value: SyncMedia.problem)])
        if let wait = fault.retryAfter { headers[.retryAfter] = "\(wait.components.seconds)" }
        if fault.problem.status == 401 {
            headers[.wwwAuthenticate] = fault.problem.known == .notAdministrator ? "Bearer" : "Amends"
        }
        let body = body(telling: fault.problem, context)
        let status = HTTPResponse.Status(code: fault.problem.status)
        guard fault.endsConnection else {
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        headers[.connection] = "close"
        let channel = context.channel
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: body.readableBytes) { writer in
                try await writer.write(body)
                try await writer.finish(nil)
                // The rest of the request is not waited for, however slowly it comes. Closing at once would reset the
                // connection before the answer is read.
                try await Task.sleep(for: AnswerMiddleware.linger)
                do { try await channel.close() } catch ChannelError.alreadyClosed {
                    // The sender was faster.
                }
            })
    }

    /// The status tells the essential where the body cannot be made.
    private func body(telling problem: HubProblem, _ context: HubRequestContext) -> ByteBuffer {
        do { return ByteBuffer(bytes: try JSONEncoder().encode(problem)) } catch {
            context.logger.error(
                "a problem could not be told", metadata: ["code": "\(problem.code)", "reason": "\(error)"])
            return ByteBuffer()
        }
    }
}

extension Response {
    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return Response(
            status: .ok, headers: [.contentType: SyncMedia.json],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    init(_ answer: HubAnswer) {
        var headers = HTTPFields([HTTPField(name: .contentType, value: answer.contentType)])
        if let encoding = answer.contentEncoding { headers[.contentEncoding] = encoding }
        self.init(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
