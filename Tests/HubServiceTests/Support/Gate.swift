import Dispatch

/// Keeps whoever comes to it waiting until it is opened; from then on it stands open.
final class Gate: Sendable {
    private let opening: AsyncStream<Never>.Continuation
    /// A task can be waited for by many; a stream by one.
    private let isOpen: Task<Void, Never>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        opening = continuation
        isOpen = Task { for await _ in stream {} }
    }

    func open() { opening.finish() }

    func passed() async { await isOpen.value }
}

/// Runs tasks one after the other in the order in which they came, each until it has to wait.
///
/// So a task that was added last knows that the ones before it wait.
final class ArrivalExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "arrivals")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
