import SyncHTTP
import Testing

@Suite("What takes too long is given up, and nothing of it stays", .timeLimit(.minutes(1)))
struct TimeoutTests {
    private struct Failure: Error {}

    /// Waits for what never comes.
    private func untilCancelled() async {
        let (nothing, end) = AsyncStream.makeStream(of: Void.self)
        for await _ in nothing {}
        end.finish()
    }

    @Test func whatComesInTimeIsTheResult() async throws {
        #expect(try await withTimeout(.seconds(3_600)) { 7 } == 7)
        await #expect(throws: Failure.self) { try await withTimeout(.seconds(3_600)) { throw Failure() } }
    }

    @Test func whatTakesTooLongIsCancelled() async throws {
        let (cancellations, cancelled) = AsyncStream.makeStream(of: Void.self)
        await #expect(throws: TimeoutError.self) {
            try await withTimeout(.milliseconds(20)) {
                await self.untilCancelled()
                cancelled.yield()
            }
        }
        for await _ in cancellations { break }
        // Whoever looked through the limits has ended by now, or goes on: the next is given up too.
        await #expect(throws: TimeoutError.self) {
            try await withTimeout(.milliseconds(20)) { await self.untilCancelled() }
        }
    }

    @Test func whoeverCancelsFromOutsideIsNotToldOfATimeout() async throws {
        let task = Task { try await withTimeout(.seconds(3_600)) { await self.untilCancelled() } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// A snapshot that was being made was waited for to its end, whatever the limit.
    @Test func whatDoesNotHearIsNotWaitedFor() async throws {
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        let deaf = Task { for await _ in stream {} }
        await #expect(throws: TimeoutError.self) { try await withTimeout(.milliseconds(20)) { await deaf.value } }
        end.finish()
        await deaf.value
    }

    @Test func thousandsAtOnceEndEachByItself() async throws {
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<5_000 { group.addTask { try await withTimeout(.seconds(60)) { number } } }
            return try await group.reduce(0, +)
        }
        #expect(sum == 4_999 * 5_000 / 2)
    }
}
