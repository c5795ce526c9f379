import Dispatch
import Replication
import Synchronization

/// Threads for the work that a transaction has done beside its own.
final class BackgroundQueue: Background {
    private let queue = DispatchQueue(label: "amends.background", attributes: .concurrent)

    func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value {
        let awaited = Awaited<Value>()
        queue.async { awaited.fulfil(work()) }
        return { awaited.value() }
    }

    private final class Awaited<Value: Sendable>: Sendable {
        private let result = Mutex<Value?>(nil)
        private let isDone = DispatchSemaphore(value: 0)

        func fulfil(_ value: Value) {
            result.withLock { $0 = value }
            isDone.signal()
        }

        /// Waits for it.
        func value() -> Value {
            isDone.wait()
            return result.withLock { result in
                guard let value = result.take() else { preconditionFailure("a result is taken once") }
                return value
            }
        }
    }
}
