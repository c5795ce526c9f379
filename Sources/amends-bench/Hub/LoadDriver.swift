import Foundation

/// An answer as it came.
struct HTTPAnswer {
    let status: Int
    let isCompressed: Bool
    /// Seconds, of a 503.
    let retryAfter: Int?
    let body: [UInt8]
}

/// One keep-alive connection on loopback that never blocks.
final class LoadConnection {
    let descriptor: Int32
    private var output: [UInt8] = []
    private var written = 0
    private var input: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LoadConnection.failure("open a socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        var noDelay: Int32 = 1
        guard isConnected,
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size)) == 0,
            fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0
        else {
            // The descriptor is closed with what was made of it.
            throw LoadConnection.failure("connect")
        }
    }

    deinit { close(descriptor) }

    var isWriting: Bool { written < output.count }

    func send(_ bytes: [UInt8]) throws {
        precondition(!isWriting, "one request after the other")
        output = bytes
        written = 0
        try write()
    }

    func write() throws {
        while isWriting {
            let count = output.withUnsafeBytes { bytes in
                Foundation.send(
                    descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { throw LoadConnection.failure("write to the hub") }
            written += count
        }
    }

    /// What has come, as bytes of a stream.
    func readAll() throws -> [UInt8] {
        try fill()
        defer { input.removeAll(keepingCapacity: true) }
        return input
    }

    /// A whole answer; nil while some of it is missing.
    func read() throws -> HTTPAnswer? {
        try fill()
        guard let (answer, end) = try LoadConnection.answer(input) else { return nil }
        try require(end == input.count, "the hub answered what was not asked")
        input.removeAll(keepingCapacity: true)
        return answer
    }

    private func fill() throws {
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else { throw LoadConnection.failure("read from the hub") }
            input += buffer[..<count]
            if count < buffer.count { return }
        }
    }

    private static func answer(_ bytes: [UInt8]) throws -> (HTTPAnswer, end: Int)? {
        guard let end = headEnd(bytes) else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).lowercased().split(separator: "\r\n")
        func header(_ name: String) -> Substring? {
            lines.first { $0.hasPrefix(name + ": ") }?.dropFirst(name.count + 2)
        }
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }),
            let length = header("content-length").flatMap({ Int($0) })
        else { throw BenchError("what answered is not HTTP with a length") }
        guard bytes.count >= end + 4 + length else { return nil }
        return (
            HTTPAnswer(
                status: status, isCompressed: header("content-encoding") == "zstd",
                retryAfter: header("retry-after").flatMap { Int($0) },
                body: Array(bytes[(end + 4)..<(end + 4 + length)])),
            end + 4 + length
        )
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        var index = 0
        while index + 3 < bytes.count {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                return index
            }
            index += 1
        }
        return nil
    }

    private static func failure(_ verb: String) -> BenchError {
        BenchError("the driver cannot \(verb): \(String(cString: strerror(errno)))")
    }
}

/// Plays branches over connections: each connection has one request under way, and takes the next when it is answered.
final class LoadDriver {
    /// What a branch wants to send, and does with the answer.
    struct Request {
        let bytes: [UInt8]
        /// Returns what the branch sends next on this connection, if anything.
        let answered: (HTTPAnswer) throws -> Request?
        /// Makes the request anew where the hub has refused it for now.
        var again: (() -> Request)?
    }

    struct Outcome {
        /// Seconds from sending to the whole answer, of those with status 200.
        var latencies: [Double] = []
        var seconds = 0.0
        var refusals = 0
        /// How often the one that was refused most often was.
        var greatestRefusals = 0
        var driver = 0.0
        var hub = 0.0

        func percentile(_ part: Double) -> Double {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
        }
    }

    private struct Running {
        var request: Request
        var since: ContinuousClock.Instant
        var refusals = 0
    }

    private let hub: HubProcess
    private let connections: [LoadConnection]

    init(_ hub: HubProcess, connections: Int) throws {
        self.hub = hub
        self.connections = try (0..<connections).map { _ in try LoadConnection(port: hub.port) }
    }

    /// Sends what `next` gives until it gives nothing more, and waits for all answers.
    func run(_ next: () throws -> Request?) throws -> Outcome {
        var outcome = Outcome()
        let clock = ContinuousClock()
        let (ownBefore, hubBefore) = (try CPUTime.own().seconds, try hub.cpu().seconds)
        let start = clock.now
        var running: [Running?] = Array(repeating: nil, count: connections.count)
        /// Refused for now, by when they come back.
        var waiting: [(at: ContinuousClock.Instant, running: Running)] = []
        func begin(_ index: Int, _ given: Running?) throws {
            let now = clock.now
            if var back = given {
                back.since = now
                running[index] = back
            } else if let due = waiting.firstIndex(where: { $0.at <= now }) {
                var back = waiting.remove(at: due).running
                if let again = back.request.again { back.request = again() }
                back.since = clock.now
                running[index] = back
            } else if let request = try next() {
                running[index] = Running(request: request, since: clock.now)
            }
            if let begun = running[index] { try connections[index].send(begun.request.bytes) }
        }
        var polled = connections.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while true {
            for index in connections.indices where running[index] == nil { try begin(index, nil) }
            if waiting.isEmpty, !running.contains(where: { $0 != nil }) { break }
            for index in connections.indices {
                polled[index].events = Int16(POLLIN | (connections[index].isWriting ? POLLOUT : 0))
            }
            // The next that comes back may be due before anything is answered.
            let limit: Int32 = waiting.isEmpty ? LoadDriver.patienceMilliseconds : 20
            let count = poll(&polled, nfds_t(polled.count), limit)
            guard count > 0 || !waiting.isEmpty else { throw BenchError("the hub does not answer any more") }
            for index in connections.indices where polled[index].revents != 0 {
                if connections[index].isWriting { try connections[index].write() }
                guard polled[index].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0, var done = running[index],
                    let answer = try connections[index].read()
                else { continue }
                running[index] = nil
                if answer.status == 503, done.request.again != nil {
                    guard let seconds = answer.retryAfter else { throw BenchError("a 503 without Retry-After") }
                    outcome.refusals += 1
                    done.refusals += 1
                    outcome.greatestRefusals = max(outcome.greatestRefusals, done.refusals)
                    waiting.append((clock.now + .seconds(seconds), done))
                    continue
                }
                guard answer.status == 200 else {
                    throw BenchError("status \(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
                }
                outcome.latencies.append(LoadDriver.seconds(clock.now - done.since))
                if let following = try done.request.answered(answer) {
                    try begin(index, Running(request: following, since: clock.now))
                } else {
                    try begin(index, nil)
                }
            }
        }
        outcome.seconds = LoadDriver.seconds(clock.now - start)
        outcome.driver = try CPUTime.own().seconds - ownBefore
        outcome.hub = try hub.cpu().seconds - hubBefore
        return outcome
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// A hub that says nothing for so long has failed.
    static let patienceMilliseconds: Int32 = 60_000
}
