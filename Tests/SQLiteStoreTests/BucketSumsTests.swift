import Changes
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("What the rows of a fingerprint lack waits beside a feed, and is never lost or counted twice")
struct BucketSumsTests {
    private static let scope = Samples.scope.scope

    private static func waiting(in folder: Folder) throws -> [[SumDifference]] {
        let connection = try Connection(path: folder.file(), access: .readOnly)
        defer { connection.close() }
        return try connection.withStatement("SELECT differences FROM feed WHERE differences IS NOT NULL") { statement in
            var found: [[SumDifference]] = []
            while try statement.step() { found.append(try SumDifferences.decode(try statement.bytes(0))) }
            return found
        }
    }

    /// What the records come to, worked out of each of them.
    private static func expected(_ store: SQLiteStore) throws -> Fingerprint {
        try store.read { transaction in
            var fingerprint = Fingerprint()
            for record in try transaction.records(of: scope, after: nil, limit: 1_000) {
                fingerprint.buckets[Fingerprint.bucket(of: record.id)] &+= record.state.digest(of: record.id)
            }
            return fingerprint
        }
    }

    /// Saves of one record each, more than may wait, with openings between them.
    @Test func savesOneByOneComeToTheSumsOfTheirRecords() throws {
        let folder = try Folder()
        var store = try folder.store()
        var greatest = 0
        var wasBroughtToRows = false
        for number in 0..<80 {
            try Author(store).write(
                [Samples.register("title", .text("\(number)"))], to: .external(source: "test", id: Text("\(number)")))
            let waiting = try Self.waiting(in: folder)
            #expect(waiting.count <= 1)
            greatest = max(greatest, waiting.first?.count ?? 0)
            wasBroughtToRows = wasBroughtToRows || number > 0 && waiting.isEmpty
            #expect(try store.read { try $0.fingerprint(of: Self.scope) } == Self.expected(store))
            if number % 7 == 6 {
                try store.close()
                store = try folder.store()
                #expect(try store.read { try $0.fingerprint(of: Self.scope) } == Self.expected(store))
            }
        }
        #expect(greatest > 1 && greatest <= SumDifferences.greatestCount)
        #expect(wasBroughtToRows)
        try store.close()
        let damage = try Verifier().verify(path: folder.file(), schemas: Samples.schemas).damage
        #expect(damage.isEmpty, "\(damage)")
    }

    @Test func otherBytesThanThoseOfDifferencesAreRefused() throws {
        let folder = try Folder()
        let store = try folder.store()
        try Author(store).write([Samples.register("title", .text("a"))])
        try store.close()
        let connection = try Connection(path: folder.file(), access: .readOnly)
        let bytes = try connection.withStatement("SELECT differences FROM feed WHERE differences IS NOT NULL") {
            _ = try $0.step()
            return try $0.bytes(0)
        }
        connection.close()
        #expect(try SumDifferences.decode(bytes).count == 1)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(throws: CodecError.self) { try SumDifferences.decode(damaged) }
        }
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self) { try SumDifferences.decode(Array(bytes[..<count])) }
        }
        let (entry, digest) = (Array(bytes.prefix(17)), 8)
        #expect(throws: CodecError.self) { try SumDifferences.decode(entry + entry + bytes.suffix(digest)) }
        let tooMany = Array(repeatElement(entry, count: SumDifferences.greatestCount + 1).joined())
        #expect(throws: CodecError.self) { try SumDifferences.decode(tooMany + bytes.suffix(digest)) }
    }

    /// The feed is named, and the sums that cannot be told are not.
    @Test func damagedDifferencesAreNamedWhereTheyLie() throws {
        let folder = try Folder()
        let store = try folder.store()
        try Author(store).write([Samples.register("title", .text("a"))])
        try store.close()
        let connection = try Connection(path: folder.file(), access: .readWrite)
        try connection.execute(
            script: "UPDATE feed SET differences = zeroblob(length(differences)) WHERE differences IS NOT NULL")
        connection.close()
        let damage = try Verifier().verify(path: folder.file(), schemas: Samples.schemas).damage
        #expect(damage.map(\.table) == ["feed"])
    }
}
