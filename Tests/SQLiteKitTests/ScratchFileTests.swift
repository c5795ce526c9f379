import Foundation
import SQLiteKit
import Testing

@Suite("What leaves memory for a scratch file comes back")
struct ScratchFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("scratch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
        try body(folder)
    }

    @Test func allOfItComesBackAndNoNameIsLeft() throws {
        try withFolder { folder in
            let file = try ScratchFile(beside: folder + "/store")
            var ranges: [Range<Int>] = []
            // Some three steps, the last one in memory.
            for number in 0..<900 {
                let bytes = [UInt8](repeating: UInt8(number % 251), count: number)
                let start = file.count
                try file.append(bytes)
                ranges.append(start..<file.count)
                if number % 7 == 0 { #expect(try file.read(ranges[number / 2]).count == number / 2) }
            }
            for (number, range) in ranges.enumerated() {
                #expect(try file.read(range) == [UInt8](repeating: UInt8(number % 251), count: number))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        try withFolder { folder in
            #expect { try ScratchFile(beside: folder + "/none/store") } throws: { error in
                (error as? SystemError)?.path == folder + "/none/store"
            }
        }
    }
}
