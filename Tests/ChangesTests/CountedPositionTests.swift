import Causality
import Changes
import Testing

/// Every place where bytes announce how much follows.
@Suite("A count is refused before memory is taken for it")
struct CountedPositionTests {
    /// Valid bytes up to a count, and the form that reads them.
    struct Place: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let form: Form
        let before: [UInt8]

        init(_ name: String, _ form: Form, _ before: @Sendable (inout ByteWriter) -> Void) {
            testDescription = name
            self.form = form
            self.before = encoded(before)
        }
    }

    @Test(arguments: places)
    func everyCount(place: Place) {
        for count in [1 << 16, 1 << 22, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1 << 63, .max] as [UInt64] {
            let bytes = place.before + Mutation.varint(count) + [0, 0, 0, 0]
            let at = place.before.count
            switch place.form.outcome(bytes) {
            case .refused(.length(at)), .refused(.limit(_, at)): break
            case let other: claim(false, "\(place.testDescription), \(count): \(other)")
            }
        }
    }

    static let places = valuePlaces + operationPlaces + changePlaces + otherPlaces

    private static let valuePlaces = [
        Place("a text", .value) { $0.write(byte: 4) },
        Place("bytes", .value) { $0.write(byte: 5) },
        Place("a currency", .value) { $0.write(raw: [7, 0]) },
        Place("fields", .value) { $0.write(byte: 11) },
        Place("the name of a field", .value) { $0.write(raw: [11, 1]) },
        Place("an unknown value", .value) { $0.write(byte: 16) },
        Place("the source of an origin", .recordOrigin) { $0.write(byte: 2) },
        Place("the id of an origin", .recordOrigin) { $0.write(raw: [2, 0]) },
    ]

    private static let operationPlaces = [
        Place("records", .operations) { $0.write(byte: 1) },
        Place("operations", .operations) { $0.write(raw: [1, 0]) },
        Place("the field of an operation", .operations) { $0.write(raw: [1, 1, 1, 0, 1, 0]) },
        Place("shown writes", .operations) { $0.write(raw: [1, 1, 1, 0, 1, 0, 0, 1, 0, 2, 0]) },
    ]

    private static let changePlaces = [
        Place("the person", .changeCarried) { $0.write(raw: [1, 0, 0]) },
        Place("the schema", .changeCarried) { $0.write(raw: [1, 0, 0, 0]) },
        Place("the context", .changeCarried) { $0.write(raw: [1, 0, 0, 0, 0]) },
        Place("the parts", .changeCarried) { $0.write(raw: [1, 0, 0, 0, 0, 0]) },
        Place("the operations of a change", .changeCarried) { $0.write(raw: [1, 0, 0, 0, 0, 0, 0]) },
        Place("the context of a header", .changeHeader) { writer in
            writer.write(byte: 1)
            writer.write(Samples.scope)
            writer.write(Samples.dot.feed)
            writer.write(Samples.dot.sequence)
            writer.write(Samples.hash)
            writer.write(raw: [0, 0, 0, 0])
        },
    ]

    private static let otherPlaces = [
        Place("the items of a part", .personalPart) { writer in
            writer.write(byte: 1)
            writer.write(Samples.subject)
            writer.write(raw: [UInt8](repeating: 0, count: 32))
        },
        Place("the grants of a certificate", .certificate) { writer in
            writer.write(byte: 1)
            writer.write(Samples.chain)
            writer.write(raw: Samples.key.publicKey.bytes)
            writer.write(Samples.scope)
        },
        Place("the feeds of a state", .recordState) { $0.write(byte: 1) },
        Place("the slots of a state", .recordState) { $0.write(raw: [1, 0]) },
        Place("the survivors of a slot", .recordState) { $0.write(raw: [1, 0, 1, 0, 1, 0, 0]) },
    ]
}
