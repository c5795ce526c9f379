import CommandLineKit
import Foundation
import Testing

@Suite struct TextTableTests {
    @Test func columnsAreAlignedByTheCellsOfATerminal() {
        var table = TextTable(["case", "title"])
        table.add(["1", "汤"])
        table.add(["e\u{301}tude", nil])
        table.add([nil, "x", "y"])
        #expect(table.lines() == ["case   title", "1      汤", "e\u{301}tude", "       x      y"])
    }

    @Test func aTerminalDoesNotObeyWhatACellHolds() {
        var table = TextTable()
        table.add(["a\u{1B}[2J\nb", "\u{9B}x\u{7F}"])
        #expect(table.lines() == ["a␛[2J␊b  \u{FFFD}x␡"])
    }

    /// An override that is not closed would turn the rest of the row; marks and joiners of a language stay.
    @Test func aCellTurnsNoOtherCell() {
        #expect("evil\u{202E}txt.exe\u{2028}second".visible == "evil\u{FFFD}txt.exe␊second")
        #expect("\u{2067}x\u{2069}".visible == "\u{FFFD}x\u{FFFD}")
        for text in ["شكوى\u{200F} عن الحساب", "پروندهٔ هم‌گام", "عادي"] { #expect(text.visible == text) }
    }

    @Test func widthsCountWhatIsSeen() {
        #expect("abc".columnWidth == 3)
        #expect("متن".columnWidth == 3)
        #expect("寿司".columnWidth == 4)
        #expect("🧂".columnWidth == 2)
        for picture in ["❤️", "⚠️", "1️⃣", "👩‍🍳", "🇮🇩"] { #expect(picture.columnWidth == 2, "\(picture)") }
        #expect("हिन्दी".columnWidth == 5)
        #expect("한".decomposedStringWithCanonicalMapping.columnWidth == 2)
    }

    @Test func aTextIsCutByWhatIsSeen() {
        #expect("abcd".cut(toColumns: 4) == "abcd")
        #expect("abcde".cut(toColumns: 4) == "abc…")
        #expect("寿司です".cut(toColumns: 4) == "寿…")
        #expect("e\u{301}e\u{301}e\u{301}".cut(toColumns: 2) == "e\u{301}…")
        #expect("👩‍🍳👩‍🍳".cut(toColumns: 3) == "👩‍🍳…")
    }
}

@Suite struct ExitStatusTests {
    @Test func theParsersUsageStatusIsTwo() {
        #expect(ExitStatus(parserStatus: 64) == .usage)
        #expect(ExitStatus(parserStatus: 0) == .done)
        #expect(ExitStatus(parserStatus: 4) == .incomplete)
        #expect(ExitStatus(parserStatus: 77) == .failed)
        #expect(ExitStatus.usage.rawValue == 2)
    }
}
