import Changes
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import SyncHTTP

extension HubServer {
    /// Tells a machine, for as long as it listens, which of the scopes that it may read have grown.
    ///
    /// The certificate is read once: a stream says no more than that a scope has grown.
    func events(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        let replica = try service.sessions.admit(try proof(request, service), content(request, []))
        let certificate = try await certificate(of: replica, service)
        let listening = try service.wakeUps.listen(certificate)
        return Response(
            status: .ok,
            headers: [
                .contentType: SyncMedia.events, .cacheControl: "no-store",
                // Proxies that gather answers before they pass them on would hold events back.
                HTTPField.Name("X-Accel-Buffering")!: "no",
            ],
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await writer.write(ByteBuffer(string: HubEvent.listening.event.encoded))
                    for await _ in listening.signals.cancelOnGracefulShutdown() {
                        let text = listening.nextEvent()?.event.encoded ?? ServerSentEvent.heartbeat
                        try await writer.write(ByteBuffer(string: text))
                    }
                }
                try await writer.finish(nil)
            })
    }
}
