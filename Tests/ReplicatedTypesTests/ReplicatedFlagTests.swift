import Causality
import ReplicatedTypes
import Testing

struct ReplicatedFlagTests {
    /// One replica turns it on and another off, neither knowing.
    private func contested<Flag: ReplicatedFlag>(_: Flag.Type) -> Flag {
        var a = Flag()
        a.set(true, at: dot("a", 1))
        var b = Flag()
        b.set(false, at: dot("b", 1))
        return a.merging(b)
    }

    @Test func concurrentEnableWins() {
        #expect(contested(EnableWinsFlag.self).isEnabled)
    }

    @Test func concurrentDisableWins() {
        #expect(!contested(DisableWinsFlag.self).isEnabled)
    }

    @Test func bothAreOffBeforeTheFirstSetting() {
        #expect(!EnableWinsFlag().isEnabled)
        #expect(!DisableWinsFlag().isEnabled)
    }

    @Test func settingThatSawTheOthersDecides() {
        var enable = contested(EnableWinsFlag.self)
        enable.set(false, at: dot("c", 1))
        #expect(!enable.isEnabled)

        var disable = contested(DisableWinsFlag.self)
        disable.set(true, at: dot("c", 1))
        #expect(disable.isEnabled)
    }

    @Test func settingThatWasShownOneLeavesTheOther() {
        var flag = contested(EnableWinsFlag.self)
        flag.set(false, at: dot("c", 1), replacing: .listed([dot("b", 1)]))
        #expect(flag.isEnabled)
    }
}
