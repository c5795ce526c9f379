import Hummingbird
import NIOCore

/// A request as the hub's handlers see it: with its connection, so that one that misbehaves can be closed.
struct HubRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// The address that the connection comes from; a proxy's, where there is one.
    var peer: String? { channel.remoteAddress?.ipAddress }
}
