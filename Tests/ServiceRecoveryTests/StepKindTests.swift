import Changes
import ServiceRecovery
import Testing

@Suite struct StepKindTests {
    @Test func everyKindIsNamedOnce() {
        #expect(Set(StepKind.all.map(\.name)).count == StepKind.all.count)
        #expect(StepKind.all.allSatisfy { $0.isKnown })
    }

    @Test func aTypedKindIsFound() throws {
        #expect(try StepKind(validating: "followed_up") == .followedUp)
        #expect(try StepKind(validating: "Followed-Up") == .followedUp)
        for kind in StepKind.all { #expect(try StepKind(validating: kind.name.string) == kind) }
    }

    @Test(arguments: ["", "apologized", "fixed ", "fix", "_", "-"]) func aTypoIsRefusedWithTheKinds(_ text: String)
        throws
    {
        let error = #expect(throws: CaseError.unknownStepKind(text)) { try StepKind(validating: text) }
        let words = try #require(error).description
        for kind in StepKind.all { #expect(words.contains(kind.name.string)) }
    }

    @Test func aKindOfANewerVersionIsRead() {
        let kind = StepKind(reading: "sang_a_song")
        #expect(!kind.isKnown)
        #expect(kind.name == "sang_a_song")
    }
}
