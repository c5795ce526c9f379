import Causality
import ReplicatedTypes
import Testing

struct MultiValueRegisterTests {
    /// Two replicas that wrote without knowing of each other; `b` by the later clock.
    private func concurrentWrites() -> MultiValueRegister<String> {
        var a = MultiValueRegister<String>()
        a.write("high", at: dot("a", 1), effective: at(100))
        var b = MultiValueRegister<String>()
        b.write("low", at: dot("b", 1), effective: at(200))
        return a.merging(b)
    }

    @Test func emptyRegisterReadsNothing() {
        let register = MultiValueRegister<Int>()
        #expect(register.latest == nil)
        #expect(register.ask == [])
        #expect(register.max(by: <) == nil)
    }

    @Test func latestHidesConcurrentValueAndKeepsIt() {
        let register = concurrentWrites()
        #expect(register.latest == "low")
        #expect(register.ask == ["high", "low"])
    }

    @Test func writeReplacesWhatItsAuthorSawWhateverTheClocks() {
        var register = concurrentWrites()
        let tenYearsBehind = at(0)
        register.write("medium", at: dot("a", 2), effective: tenYearsBehind)
        #expect(register.ask == ["medium"])
    }

    @Test func writeThatWasShownAnOlderVersionReplacesOnlyThat() {
        var register = concurrentWrites()
        register.write("medium", at: dot("a", 2), effective: at(300), replacing: .listed([dot("a", 1)]))
        #expect(register.ask == ["medium", "low"])
    }

    @Test func listedWriteThatIsGoneIsNoError() {
        var register = concurrentWrites()
        register.write("medium", at: dot("a", 2), effective: at(300))
        register.write("none", at: dot("b", 2), effective: at(400), replacing: .listed([dot("a", 1)]))
        #expect(register.ask == ["medium", "none"])
    }

    @Test func equalConcurrentValuesAreOneValue() {
        var a = MultiValueRegister<Int>()
        a.write(7, at: dot("a", 1), effective: at(1))
        var b = MultiValueRegister<Int>()
        b.write(7, at: dot("b", 1), effective: at(2))
        #expect(a.merging(b).ask == [7])
    }

    @Test func maxShowsTheSafeSideUntilSomeoneChooses() {
        var a = MultiValueRegister<Int>()
        a.write(3, at: dot("a", 1), effective: at(1))
        var b = MultiValueRegister<Int>()
        b.write(1, at: dot("b", 1), effective: at(9))
        a.merge(b)
        #expect(a.max(by: <) == 3)
        a.write(1, at: dot("a", 2), effective: at(2))
        #expect(a.max(by: <) == 1)
    }

    @Test func equalTimesAreToldApartByTheDot() {
        var a = MultiValueRegister<Int>()
        a.write(1, at: dot("a", 9), effective: at(5))
        var b = MultiValueRegister<Int>()
        b.write(2, at: dot("b", 1), effective: at(5))
        #expect(a.merging(b).latest == 2)
        #expect(b.merging(a).latest == 2)
    }

    @Test func valuesThatTheOrderDoesNotTellApartAreReadByTheLeastDot() {
        var a = MultiValueRegister<String>()
        a.write("xx", at: dot("a", 1), effective: at(5))
        var b = MultiValueRegister<String>()
        b.write("yy", at: dot("b", 1), effective: at(6))
        #expect(b.merging(a).max { $0.count < $1.count } == "xx")
    }
}
