import Importing
import Testing

@Suite struct ByteSourceTests {
    private static let text = (0..<5_000).flatMap { Array("row \($0)\n".utf8) }

    @Test(arguments: [1, 2, 100, 64 * 1024])
    func storedAndCompressedBytesReadTheSame(chunkBytes: Int) throws {
        let bytes = Array(Self.text.prefix(chunkBytes == 1 ? 2_000 : Self.text.count))
        #expect(try readAll(bytes, chunkBytes: chunkBytes) == bytes)
        #expect(try readAll(gzip(bytes), chunkBytes: chunkBytes) == bytes)
    }

    @Test func shortAndEmptyFilesReadAsTheyAre() throws {
        #expect(try readAll([]) == [])
        #expect(try readAll([0x1f], chunkBytes: 1) == [0x1f])
        #expect(try readAll(gzip([])) == [])
    }

    @Test(arguments: [1, 50, 64 * 1024])
    func gzipMembersPutEndToEndReadAsOne(chunkBytes: Int) throws {
        let file = gzip(Array("a\n".utf8)) + gzip([]) + gzip(Array("b\n".utf8))
        #expect(try readAll(file, chunkBytes: chunkBytes) == Array("a\nb\n".utf8))
        #expect(try readAll(file + [0, 0, 0], chunkBytes: chunkBytes) == Array("a\nb\n".utf8))
    }

    @Test(arguments: [1, 64 * 1024])
    func gzipCutAtAnyByteIsNamedWithThatByte(chunkBytes: Int) throws {
        let file = gzip(Array("some rows, some more rows\n".utf8)) + gzip(Array("more".utf8))
        let boundary = gzip(Array("some rows, some more rows\n".utf8)).count
        for length in 2..<file.count where length != boundary {
            #expect(throws: ByteSourceError.truncatedGzip(path: "the given bytes", offset: length)) {
                try readAll(Array(file[..<length]), chunkBytes: chunkBytes)
            }
        }
    }

    @Test func damagedGzipIsNeverReadAsIfWhole() throws {
        let bytes = Array(Self.text.prefix(400))
        let file = gzip(bytes)
        for place in file.indices.dropFirst(2) {
            var damaged = file
            damaged[place] ^= 0x10
            // Header bytes 4...9 (time, flags, system) are not covered by the checksum, and mean nothing here.
            let read = try? readAll(damaged)
            #expect(read == nil || ((4...9).contains(place) && read == bytes), "byte \(place)")
        }
        #expect(throws: ByteSourceError.self) { try readAll(file + [1, 2, 3]) }
        #expect(throws: ByteSourceError.self) { try readAll(file + [0] + file) }
    }

    @Test func filesAreReadFromDisk() throws {
        let file = TemporaryFile(gzip(Self.text))
        var source = try ByteSource(path: file.path, chunkBytes: 777)
        var all: [UInt8] = []
        while let chunk = try source.next() { all += chunk }
        #expect(all == Self.text)
    }

    @Test func missingFileAndDirectoryAreNamed() {
        #expect(throws: ByteSourceError.cannotOpen(path: "/nowhere/log.csv", code: 2)) {
            _ = try readFile("/nowhere/log.csv")
        }
        #expect(throws: ByteSourceError.cannotRead(path: "/", offset: 0, code: 21)) { _ = try readFile("/") }
        #expect(
            ByteSourceError.cannotOpen(path: "log.csv", code: 2).description
                == "log.csv cannot be opened: No such file or directory.")
    }

    private func readFile(_ path: String) throws -> [UInt8]? {
        var source = try ByteSource(path: path)
        return try source.next()
    }
}
