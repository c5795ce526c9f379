import Replication
import Testing

/// Found by a trial: over a line of 2 kB/s a branch sent its first request again and again, each cut off by the hub's limit.
@Suite struct PushPaceTests {
    @Test func aLineThatIsTooSlowIsAskedForLessUntilARequestComesThrough() {
        var pace = PushPace(greatestBytes: 1 << 20)
        var attempts = 0
        // 1,200 bytes a second, and two minutes for a body.
        while pace.bytes > 1_200 * 120 {
            pace.failed(after: .seconds(120))
            attempts += 1
        }
        #expect(attempts == 1 && pace.bytes == 1 << 17)
        pace.answered(after: .seconds(109))
        #expect(pace.bytes == 1 << 17, "what took so long is not doubled")
        for _ in 0..<9 { pace.failed(after: .seconds(120)) }
        #expect(pace.bytes == PushPace.leastBytes)
        for _ in 0..<9 { pace.answered(after: .seconds(1)) }
        #expect(pace.bytes == 1 << 20)
    }

    @Test func whatFailsAtOnceSaysNothingOfTheLine() {
        var pace = PushPace(greatestBytes: 1 << 20)
        for _ in 0..<9 { pace.failed(after: .seconds(1)) }
        #expect(pace.bytes == 1 << 20)
        var small = PushPace(greatestBytes: 100)
        small.failed(after: .seconds(60))
        #expect(small.bytes == 100)
    }
}
