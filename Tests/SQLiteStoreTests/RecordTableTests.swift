import Causality
import Changes
import SQLiteStore
import Testing

@Suite("A table of cached records finds what was put there")
struct RecordTableTests {
    private final class Holder: RecordHolder {
        let id: RecordID

        init(_ id: RecordID) { self.id = id }
    }

    /// Few ids and many of them, so that it grows, fills and is emptied again, and gaps are closed behind what is removed.
    @Test func insertedAndRemovedRecordsAreThoseOfADictionary() {
        var generator = SystemRandomNumberGenerator()
        for ids in [3, 40, 90, 5_000] as [UInt64] {
            var table = RecordTable<Holder>()
            var expected: [RecordID: Holder] = [:]
            for step in 0..<20_000 {
                let id = RecordID(high: 7, low: UInt64.random(in: 0..<ids, using: &generator))
                if let holder = expected[id] {
                    table.remove(holder)
                    expected[id] = nil
                } else {
                    let holder = Holder(id)
                    table.insert(holder)
                    expected[id] = holder
                }
                let other = RecordID(high: 7, low: UInt64.random(in: 0..<ids, using: &generator))
                guard table.find(other) === expected[other], table.find(id) === expected[id],
                    table.count == expected.count
                else {
                    Issue.record("\(ids) ids: it differs after \(step) steps")
                    return
                }
            }
            for (id, holder) in expected where table.find(id) !== holder { Issue.record("\(id) is lost") }
        }
    }
}
