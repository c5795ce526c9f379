import Causality
import Changes
import SyncHTTP
import Synchronization

/// Who listens for what. A listener that is slow finds what grew meanwhile in one event.
package final class WakeUps: Sendable {
    private struct Listener {
        let certificate: Certificate
        let signal: AsyncStream<Void>.Continuation
        var grown: Set<ScopeID> = []
    }

    private struct State {
        var nextID = 0
        var listeners: [Int: Listener] = [:]
        var countOfReplica: [ReplicaID: Int] = [:]
    }

    /// Listeners of one chain, and of one replica among them: beyond, a poll has to do.
    package static let greatestListeners = 20_000
    package static let greatestListenersOfReplica = 8

    private let state = Mutex(State())

    package init() {}

    package var count: Int { state.withLock { $0.listeners.count } }

    /// Listens for as long as what is returned is kept.
    ///
    /// - Throws: `.overloaded` where too many listen.
    package func listen(_ certificate: Certificate) throws(HubFault) -> Listening {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> Int? in
            let own = state.countOfReplica[certificate.replica] ?? 0
            guard state.listeners.count < WakeUps.greatestListeners, own < WakeUps.greatestListenersOfReplica else {
                return nil
            }
            state.nextID += 1
            state.countOfReplica[certificate.replica] = own + 1
            state.listeners[state.nextID] = Listener(certificate: certificate, signal: signal)
            return state.nextID
        }
        guard let id else {
            var fault = HubFault(.overloaded, "too many listen already; a poll finds the same")
            fault.retryAfter = .seconds(60)
            throw fault
        }
        return Listening(self, id: id, signals: signals)
    }

    fileprivate func leave(_ id: Int) {
        let listener = state.withLock { state -> Listener? in
            guard let listener = state.listeners.removeValue(forKey: id) else { return nil }
            let replica = listener.certificate.replica
            let left = (state.countOfReplica[replica] ?? 1) - 1
            state.countOfReplica[replica] = left > 0 ? left : nil
            return listener
        }
        listener?.signal.finish()
    }

    /// Wakes those who may read one of the scopes.
    ///
    /// - Parameter author: whose exchange it was; its answer has told it already.
    package func grown(_ scopes: [ScopeID], by author: ReplicaID? = nil) {
        guard !scopes.isEmpty else { return }
        let signals = state.withLock { state -> [AsyncStream<Void>.Continuation] in
            var signals: [AsyncStream<Void>.Continuation] = []
            for id in state.listeners.keys {
                guard var listener = state.listeners[id], listener.certificate.replica != author else { continue }
                let readable = scopes.filter { listener.certificate.rights(in: $0).contains(.read) }
                guard !readable.isEmpty else { continue }
                listener.grown.formUnion(readable)
                state.listeners[id] = listener
                signals.append(listener.signal)
            }
            return signals
        }
        for signal in signals { signal.yield() }
    }

    /// Has every listener send something, so that dead connections show.
    package func beat() {
        let signals = state.withLock { state in state.listeners.values.map(\.signal) }
        for signal in signals { signal.yield() }
    }

    /// What a listener has to be told; nil where nothing grew.
    fileprivate func event(of id: Int) -> HubEvent? {
        let grown = state.withLock { state -> Set<ScopeID> in
            defer { state.listeners[id]?.grown = [] }
            return state.listeners[id]?.grown ?? []
        }
        return grown.isEmpty ? nil : .grown(grown.sorted())
    }
}

/// One who listens. Letting go of it ends the listening, whatever became of the connection.
package final class Listening: Sendable {
    /// Each means to look at `event`. Bounded to one, because more say nothing more.
    package let signals: AsyncStream<Void>
    private let wakeUps: WakeUps
    private let id: Int

    fileprivate init(_ wakeUps: WakeUps, id: Int, signals: AsyncStream<Void>) {
        self.wakeUps = wakeUps
        self.id = id
        self.signals = signals
    }

    deinit { wakeUps.leave(id) }

    /// What has grown since it was asked before; nil where nothing has.
    package func nextEvent() -> HubEvent? { wakeUps.event(of: id) }
}
