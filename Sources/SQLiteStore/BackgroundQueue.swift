import Dispatch
import Replication
import Synchronization

/// Threads for the work that a transaction has done beside its own. Where none is free, whoever waits for a result works it out: it
/// may itself stand on a thread that the work would need.
package final class BackgroundQueue: Background {
    private let queue = DispatchQueue(label: "amends.background", attributes: .concurrent)

    package init() {}

    package func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value {
        let piece = Piece(work)
        queue.async { piece.run() }
        return { piece.value() }
    }

    /// A piece of work, which one of two does: a thread of the queue, or who asks for the result before.
    final class Piece<Value: Sendable>: Sendable {
        private enum State {
            case waiting(@Sendable () -> Value)
            case running
            case done(Value)
        }

        private let state: Mutex<State>
        private let isDone = DispatchSemaphore(value: 0)

        init(_ work: @escaping @Sendable () -> Value) { state = Mutex(.waiting(work)) }

        /// Does the work, unless somebody does it or has.
        func run() {
            guard let work = taken() else { return }
            let value = work()
            state.withLock { $0 = .done(value) }
            isDone.signal()
        }

        /// The result, which is asked for once: worked out here where nobody has begun to.
        func value() -> Value {
            if let work = taken() { return work() }
            isDone.wait()
            return state.withLock { state in
                guard case .done(let value) = state else { preconditionFailure("a result is asked for once") }
                state = .running
                return value
            }
        }

        private func taken() -> (@Sendable () -> Value)? {
            state.withLock { state in
                guard case .waiting(let work) = state else { return nil }
                state = .running
                return work
            }
        }
    }
}
