import Foundation
import Synchronization

/// Stands between a client and a hub on loopback and counts the bytes that pass, each way.
final class CountingRelay: Sendable {
    struct Count: Sendable {
        /// From the client to the hub, and back; headers and bodies.
        var up = 0
        var down = 0
        var connections = 0
    }

    let port: UInt16
    private let listener: Int32
    private let hubPort: UInt16
    private let state = Mutex(Count())
    private let isOver = Atomic<Bool>(false)

    init(to hubPort: UInt16) throws {
        self.hubPort = hubPort
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw BenchError("the relay gets no socket") }
        var address = CountingRelay.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else {
            close(listener)
            throw BenchError("the relay cannot listen")
        }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.accept() }
    }

    var count: Count { state.withLock { $0 } }

    /// Takes no more connections; those that are open end with their peers.
    func stop() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private func accept() {
        while !isOver.load(ordering: .sequentiallyConsistent) {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { continue }
            let hub = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = CountingRelay.loopback(hubPort)
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(hub, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            var noDelay: Int32 = 1
            for end in [client, hub] {
                setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
            }
            guard isConnected else {
                close(client)
                close(hub)
                continue
            }
            state.withLock { $0.connections += 1 }
            Thread.detachNewThread { self.pump(client, hub) }
        }
        close(listener)
    }

    private func pump(_ client: Int32, _ hub: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var ends = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: hub, events: Int16(POLLIN), revents: 0),
        ]
        defer {
            close(client)
            close(hub)
        }
        while true {
            guard poll(&ends, 2, -1) > 0 else { return }
            for index in 0..<2 where ends[index].revents != 0 {
                let count = recv(ends[index].fd, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                // Counted before it goes on, so that whoever has an answer finds it counted.
                state.withLock { state in
                    if index == 0 { state.up += count } else { state.down += count }
                }
                var sent = 0
                while sent < count {
                    let more = buffer.withUnsafeBytes { bytes in
                        send(
                            ends[1 - index].fd, bytes.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL)
                        )
                    }
                    guard more > 0 else { return }
                    sent += more
                }
            }
        }
    }
}
