import Changes
import Foundation
import HubService
import HummingbirdTesting
import SyncHTTP
import Testing

/// Connections that misbehave, byte by byte.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private let world = TestWorld()
    private let source: MemorySource

    init() throws { source = try MemorySource(world) }

    /// Sends `bytes` to a hub and returns all that it answers until it closes the connection.
    ///
    /// - Parameter idleSeconds: short only where the idle connection itself is tried: on a busy machine the hub must
    ///   have the time to answer.
    private func answer(_ bytes: String, endingInput: Bool = false, idleSeconds: Int = 50) async throws -> String {
        var configuration = HubConfiguration()
        configuration.port = 0
        configuration.idleTimeoutSeconds = idleSeconds
        configuration.bodyTimeout = .milliseconds(200)
        let server = HubServer(
            source, configuration: configuration, environment: world.environment, logger: LogLines().logger)
        return try await server.application().test(.ahc()) { client in
            let port = try #require(client.port)
            // Blocking calls, on a thread of their own.
            return try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(with: Result { try RawConnection.talk(port, bytes, endingInput) })
                }
            }
        }
    }

    private var joinHead: String {
        "POST /v1/join HTTP/1.1\r\nHost: x\r\nContent-Type: \(SyncMedia.message)\r\nContent-Length: 1000\r\n\r\n"
    }

    @Test func aBodyThatDoesNotComeIsGivenUp() async throws {
        let answer = try await answer(joinHead + "a")
        #expect(answer.hasPrefix("HTTP/1.1 408"), "\(answer)")
    }

    @Test func aBodyThatIsCutShortIsNotTaken() async throws {
        let answer = try await answer(joinHead + "a", endingInput: true)
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
    }

    @Test func aHeadThatDoesNotComeIsGivenUp() async throws {
        #expect(try await answer("POST /v1/join HTTP/1.1\r\nHost: ", idleSeconds: 1).isEmpty)
    }

    @Test func anAnnouncedFloodIsRefusedBeforeItComes() async throws {
        let head = joinHead.replacing("1000", with: "99999999999")
        #expect(try await answer(head).hasPrefix("HTTP/1.1 413"))
    }
}

private enum RawConnection {
    struct Failure: Error { let call: String }

    static func talk(_ port: Int, _ bytes: String, _ endsInput: Bool) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Failure(call: "connect") }
        let sent = Array(bytes.utf8)
        guard write(descriptor, sent, sent.count) == sent.count else { throw Failure(call: "write") }
        if endsInput { shutdown(descriptor, Int32(SHUT_WR)) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += buffer[..<count]
        }
    }
}
