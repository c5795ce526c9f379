import Foundation
import SQLiteKit
import Testing

/// Faults of the caller stop the program before they can reach the file.
@Suite struct MisuseTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func aTransactionInsideATransactionStops() async {
        let result = await #expect(processExitsWith: .failure) { [path = scratch.database as String] in
            let connection = try Connection(path: path, access: .readWriteCreate)
            try connection.transaction(.immediate) { try connection.transaction(.deferred) {} }
        }
        expectTrap(result)
    }

    @Test func aWriteInsideAWriteStops() async {
        let result = await #expect(processExitsWith: .failure) { [path = scratch.database as String] in
            let writer = try Writer(path: path, migrator: notes)
            try writer.write { _ in try writer.write { try $0.addNote("inside") } }
        }
        expectTrap(result)
    }

    @Test func anotherNumberOfValuesStops() async {
        let result = await #expect(processExitsWith: .failure) { [path = scratch.database as String] in
            let connection = try Connection(path: path, access: .readWriteCreate)
            try connection.execute("SELECT ?, ?", 1)
        }
        expectTrap(result)
    }

    @Test func closingUnderARunningStatementStops() async {
        let result = await #expect(processExitsWith: .failure) { [path = scratch.database as String] in
            let connection = try Connection(path: path, access: .readWriteCreate)
            try connection.withStatement("SELECT 1") { _ in connection.close() }
        }
        expectTrap(result)
    }

    @Test func readingWithoutARowStops() async {
        let result = await #expect(processExitsWith: .failure) { [path = scratch.database as String] in
            let connection = try Connection(path: path, access: .readWriteCreate)
            _ = try connection.withStatement("SELECT 1") { try $0.int64(0) }
        }
        expectTrap(result)
    }

    /// A precondition traps; an error that is thrown ends the process in another way.
    private func expectTrap(_ result: ExitTest.Result?, sourceLocation: SourceLocation = #_sourceLocation) {
        let traps: [ExitStatus] = [.signal(SIGILL), .signal(SIGTRAP)]
        #expect(result.map { traps.contains($0.exitStatus) } == true, sourceLocation: sourceLocation)
    }
}
