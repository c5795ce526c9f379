import SyncHTTP
import Synchronization

/// How many exchanges run at once: beyond, a replica is told to come back, before its body is read.
package final class Admission: Sendable {
    private let limit: Int
    private let running = Mutex(0)
    private let random: @Sendable (Int) -> [UInt8]

    /// Retry-After is drawn from one to this many seconds, so that a crowd does not come back at one instant.
    static let greatestRetryAfterSeconds = 8

    package init(limit: Int, random: @escaping @Sendable (Int) -> [UInt8]) {
        self.limit = limit
        self.random = random
    }

    package func admit<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        let isAdmitted = running.withLock { running in
            guard running < limit else { return false }
            running += 1
            return true
        }
        guard isAdmitted else {
            var fault = HubFault(.overloaded, "the hub is busy; it takes this again in a moment")
            fault.retryAfter = .seconds(1 + Int(random(1)[0]) % Admission.greatestRetryAfterSeconds)
            throw fault
        }
        defer { running.withLock { $0 -= 1 } }
        return try await body()
    }
}
