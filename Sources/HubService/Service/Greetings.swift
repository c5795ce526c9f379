import Causality
import Changes
import SyncHTTP
import Synchronization

/// Where each replica last said that it stands, since the hub started: who has received a change.
package final class Greetings: Sendable {
    private struct Standing {
        var position: UInt64
        var at: Int64
    }

    private struct State {
        var standings: [ScopeID: [ReplicaID: Standing]] = [:]
        var count = 0
    }

    /// Beyond this many pairs of scope and replica, new ones are not remembered.
    package static let greatestCount = 200_000

    private let state = Mutex(State())

    package init() {}

    package func note(_ greetings: [(scope: ScopeID, position: UInt64)], of replica: ReplicaID, at time: Int64) {
        state.withLock { state in
            for greeting in greetings {
                let isKnown = state.standings[greeting.scope]?[replica] != nil
                guard isKnown || state.count < Greetings.greatestCount else { continue }
                state.standings[greeting.scope, default: [:]][replica] = Standing(
                    position: greeting.position, at: time)
                if !isKnown { state.count += 1 }
            }
        }
    }

    /// Sorted by replica.
    package func receivers(_ scope: ScopeID, _ position: UInt64) -> [ChangeReport.Receiver] {
        let standings = state.withLock { $0.standings[scope] ?? [:] }
        return standings.filter { $0.value.position >= position }.sorted { $0.key < $1.key }.map {
            ChangeReport.Receiver(replica: $0.key.description, position: $0.value.position, at: $0.value.at)
        }
    }
}
