import CommandLineKit
import Foundation
import Testing

@Suite struct JSONValueTests {
    @Test func membersKeepTheirOrder() {
        let value: JSONValue = ["zeta": 1, "alpha": [true, .null, "x"], "mid": [:]]
        #expect(value.line == #"{"zeta":1,"alpha":[true,null,"x"],"mid":{}}"#)
    }

    @Test(arguments: ["e\u{301}", "\u{E9}", "a\u{0}b", "\u{1B}[31m", "\u{9B}2J", "\u{202E}abc", "\"\\/\n\r\t", "🧂 نص"])
    func textsComeBackByteForByte(text: String) throws {
        let bytes = JSONValue.array([.string(text)]).document
        #expect(!bytes.contains { $0 < 0x20 && $0 != UInt8(ascii: "\n") })
        let read = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String])
        #expect(Array(read[0].utf8) == Array(text.utf8))
    }

    @Test func aListHasALineForEachElement() {
        let document = String(decoding: JSONValue.array([["a": 1], ["a": 2]]).document, as: UTF8.self)
        #expect(document == "[\n{\"a\":1},\n{\"a\":2}\n]\n")
        #expect(String(decoding: JSONValue.array([]).document, as: UTF8.self) == "[]\n")
    }

    @Test func numbersOfAnySizeStayWhole() {
        #expect(JSONValue.array([.integer(.min), .integer(.max)]).line == "[-9223372036854775808,9223372036854775807]")
        #expect(JSONValue(Optional<Int>.none) == .null)
        #expect(JSONValue(UInt64.max) == .integer(.max))
    }
}
