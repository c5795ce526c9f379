import Causality
import Testing

struct IdentifierTests {
    private let identifier = FeedID(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f)

    @Test func bytesAreMostSignificantFirst() {
        #expect(identifier.bytes == Array(0...15))
        #expect(FeedID(identifier.bytes) == identifier)
        #expect(FeedID(Array(0...31)) == identifier)
    }

    @Test func orderIsThatOfTheBytes() {
        let bytes: [[UInt8]] = [0, 1, 7, 8, 15].flatMap { place in
            [1, 127, 128, 255].map { (value: UInt8) in
                var bytes = [UInt8](repeating: 0, count: 16)
                bytes[place] = value
                return bytes
            }
        }
        for left in bytes {
            for right in bytes {
                #expect((FeedID(left) < FeedID(right)) == left.lexicographicallyPrecedes(right))
            }
        }
    }

    @Test func hexadecimalComesBack() {
        #expect(identifier.description == "000102030405060708090a0b0c0d0e0f")
        #expect(FeedID(hexadecimal: "000102030405060708090A0B0C0D0E0F") == identifier)
    }

    @Test(arguments: [
        "", "00", "000102030405060708090a0b0c0d0e0", "000102030405060708090a0b0c0d0e0f0",
        "000102030405060708090a0b0c0d0e0g", "0x0102030405060708090a0b0c0d0e0f",
    ])
    func otherTextIsNoIdentifier(text: String) {
        #expect(FeedID(hexadecimal: text) == nil)
    }

    @Test func dotComesBackFromItsText() {
        let dot = Dot(feed: identifier, sequence: .max)
        #expect(Dot(dot.description) == dot)
    }

    @Test(arguments: ["", ":", "1", ":1", ":+1", ":01", ":0", ":-1", ":18446744073709551616", ":1:1", ": 1"])
    func otherTextIsNoDot(ending: String) {
        #expect(Dot(ending) == nil)
        guard ending != ":1" else { return }
        #expect(Dot(identifier.description + ending) == nil)
    }

    @Test func dotsAreOrderedByFeedThenSequence() {
        let later = FeedID(high: 1, low: 0)
        let dots = [
            Dot(feed: identifier, sequence: 1), Dot(feed: identifier, sequence: 2), Dot(feed: later, sequence: 1),
        ]
        #expect([dots[1], dots[2], dots[0]].sorted() == (identifier < later ? dots : [dots[2], dots[0], dots[1]]))
    }
}
