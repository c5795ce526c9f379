import SQLiteKit
import Testing

/// Faults of the caller stop the program, with a sentence, before they can reach the file.
@Suite struct MisuseTests {
    @Test func aTransactionInsideATransactionStops() async {
        await #expect(processExitsWith: .failure) {
            let scratch = try Scratch()
            let connection = try Connection(path: scratch.database, access: .readWriteCreate)
            try connection.transaction(.immediate) { try connection.transaction(.deferred) {} }
        }
    }

    @Test func aWriteInsideAWriteStops() async {
        await #expect(processExitsWith: .failure) {
            let scratch = try Scratch()
            let writer = try Writer(path: scratch.database, migrator: notes)
            try writer.write { _ in try writer.write { try $0.addNote("inside") } }
        }
    }

    @Test func anotherNumberOfValuesStops() async {
        await #expect(processExitsWith: .failure) {
            let scratch = try Scratch()
            let connection = try Connection(path: scratch.database, access: .readWriteCreate)
            try connection.execute("SELECT ?, ?", 1)
        }
    }

    @Test func closingUnderARunningStatementStops() async {
        await #expect(processExitsWith: .failure) {
            let scratch = try Scratch()
            let connection = try Connection(path: scratch.database, access: .readWriteCreate)
            try connection.withStatement("SELECT 1") { _ in connection.close() }
        }
    }

    @Test func readingWithoutARowStops() async {
        await #expect(processExitsWith: .failure) {
            let scratch = try Scratch()
            let connection = try Connection(path: scratch.database, access: .readWriteCreate)
            _ = try connection.withStatement("SELECT 1") { try $0.int64(0) }
        }
    }
}
