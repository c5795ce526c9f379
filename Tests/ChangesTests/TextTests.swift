import Causality
import Changes
import Testing

@Suite("A text is its bytes")
struct TextTests {
    private static let composed: Text = "\u{e9}"
    private static let decomposed: Text = "e\u{301}"

    @Test func composedAndDecomposedAreTwoTexts() {
        #expect(Self.composed.string == Self.decomposed.string, "to String they are one")
        #expect(Self.composed != Self.decomposed)
        #expect(Set([Self.composed, Self.decomposed]).count == 2)
        #expect(Value.text(Self.composed) != .text(Self.decomposed))
        #expect(Value.text(Self.composed).canonicalBytes != Value.text(Self.decomposed).canonicalBytes)
    }

    @Test func composedAndDecomposedAreTwoElements() throws {
        var state = RecordState()
        for (sequence, text) in [Self.decomposed, Self.composed].enumerated() {
            let dot = Dot(feed: Samples.otherFeed, sequence: UInt64(sequence + 1))
            _ = try state.apply(
                Samples.operation("tags", .set, .null, element: .text(text)), dot: dot, effective: .zero,
                past: Past(of: dot, others: VersionVector())
            ) { nil }
        }
        #expect(state.elements("tags") == [.text(Self.composed), .text(Self.decomposed)])
    }

    @Test(arguments: [
        "", "\0", "a\0b", "\u{200f}\u{202e}abc\u{202c}", "🧾\u{10ffff}", "日本", "\r\n", "\u{feff}bom", "\u{e9}",
        "e\u{301}",
        "\u{d7ff}\u{e000}", String(repeating: "x", count: 100_000),
    ])
    func everyTextComesBackByteForByte(string: String) throws {
        let text = try #require(try whole(Value.text(string).canonicalBytes, Value.init(from:)).text)
        #expect(text.string.utf8.elementsEqual(string.utf8))
    }

    @Test(
        arguments: [
            [0xff], [0xc3], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0x61, 0x80, 0x62], [0xf0, 0x9f, 0xa7],
        ] as [[UInt8]])
    func whatIsNotUTF8IsRefused(bytes: [UInt8]) {
        #expect(Form.value.outcome([4, UInt8(bytes.count)] + bytes) == .refused(.text(at: 1)))
    }

    @Test func theOrderIsThatOfTheBytes() {
        let texts: [Text] = ["", "A", "Z", "a", "aa", "b", "e\u{301}", "\u{e9}", "日", "🧾"]
        #expect(texts.reversed().sorted() == texts)
        #expect(texts.map { Array($0.string.utf8) }.elementsEqual(texts.sorted().map { Array($0.string.utf8) }))
    }

    @Test func targetsAreInTheOrderOfTheirElementsBytes() {
        var generator = Generator(Effort.generator("targetsAreInTheOrderOfTheirElementsBytes"))
        for _ in 0..<2_000 {
            let (a, b) = (generator.element(), generator.element())
            let byBytes = a.canonicalBytes.lexicographicallyPrecedes(b.canonicalBytes)
            let byTarget =
                FieldTarget(field: "f", kind: .set, element: a) < FieldTarget(field: "f", kind: .set, element: b)
            guard claim(byBytes == byTarget, "\(a), \(b)") else { return }
        }
    }
}
