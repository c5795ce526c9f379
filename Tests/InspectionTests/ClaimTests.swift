import Claims
import CommandLineKit
import Inspection
import Replication
import SQLiteStore
import StoreContract
import Testing

@Suite("Claims in their short form")
struct ClaimTests {
    @Test(arguments: ["same-bytes", "two-schemas", "random-histories"])
    func holds(_ name: String) throws {
        let claim = try #require(Claim.named(name))
        let outcome = claim.run(Effort(seed: 4))
        #expect(outcome.holds, "\(outcome.reason ?? "")")
        #expect(outcome.figures.rounds > 0)
    }

    @Test func namesAreUniqueAndHaveASentence() {
        #expect(Set(Claim.all.map(\.name)).count == Claim.all.count)
        #expect(Claim.all.allSatisfy { !$0.sentence.isEmpty && !$0.name.contains(" ") })
    }

    /// A claim that tries nothing does not hold.
    @Test func anOutcomeIsOneLineOfJSON() throws {
        let outcome = try #require(Claim.named("same-bytes")).run(Effort(seed: 9))
        #expect(
            outcome.json.line.hasPrefix("{\"claim\":\"same-bytes\",\"pass\":true,\"rounds\":2,\"seed\":9,\"figures\":{")
        )
    }
}
