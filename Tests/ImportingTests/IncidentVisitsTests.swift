import Importing
import Testing

@Suite struct IncidentVisitsTests {
    /// The visits of one incident after a random log.
    private func visits(seed: UInt64) throws -> IncidentVisits {
        let memory = SpyingVisitMemory()
        var mapper = IncidentMapper(selection: .only(["A", "B"]), memory: memory)
        // The last incident is remembered only when another comes.
        let rows = randomLog(seed: seed) + [LogRow(number: "INC0")]
        var log = try IncidentLog(try ByteSource(bytes: logFile(rows)))
        while let entry = try log.next() {
            if case .row(let row) = entry { _ = try mapper.map(row) }
        }
        return try #require(memory.visits(of: "INC1"))
    }

    @Test func encodingIsReadBackAndCompact() throws {
        for seed in 0..<200 as Range<UInt64> {
            let visits = try visits(seed: seed)
            let bytes = visits.encoded()
            #expect(try IncidentVisits(number: "INC1", encoded: bytes) == visits)
            #expect(bytes == visits.encoded())
            #expect(bytes.count < 400)
        }
    }

    @Test func damagedBytesAreRefusedOrReadAsOtherVisitsWithoutATrap() throws {
        let bytes = try visits(seed: 3).encoded()
        for length in bytes.indices {
            #expect(throws: VisitMemoryError.damaged(incident: "INC1")) {
                try IncidentVisits(number: "INC1", encoded: Array(bytes[..<length]))
            }
        }
        #expect(throws: VisitMemoryError.self) { try IncidentVisits(number: "INC1", encoded: bytes + [0]) }
        for place in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[place] ^= 1 << UInt8(bit)
                do {
                    // The memory is the importer's own, so a flip that still reads is nobody's attack.
                    _ = try IncidentVisits(number: "INC1", encoded: damaged)
                } catch {
                    #expect(error == .damaged(incident: "INC1"))
                }
            }
        }
    }
}

/// Lets a test see what the mapper remembers, and checks it.
private final class SpyingVisitMemory: VisitMemory {
    private var memory = InMemoryVisitMemory()

    func visits(of number: String) -> IncidentVisits? { memory.visits(of: number) }

    func remember(_ visits: IncidentVisits, of number: String) {
        visits.checkInvariants()
        memory.remember(visits, of: number)
    }
}
