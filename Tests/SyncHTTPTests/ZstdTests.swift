import Changes
import Compression
import SyncHTTP
import Testing

@Suite struct ZstdTests {
    private let small = Limit("bytes in a test", 1_000)

    @Test(arguments: [0, 1, 999, 1_000, 131_072, 131_073, 1_000_000])
    func bytesComeBack(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        #expect(try Zstd.decompress(Zstd.compress(bytes), limit: Limit("bytes", 1_000_000)) == bytes)
    }

    /// A frame of a few bytes that says nothing of its size and comes to 100 MB.
    @Test func aBombStopsAtTheLimit() {
        let bomb = Zstd.compress(Array(repeating: 0, count: 100 << 20))
        #expect(bomb.count < 20_000)
        #expect(throws: ZstdError.limit(small)) { try Zstd.decompress(bomb, limit: small) }
    }

    @Test func oneByteMoreThanTheLimitIsTooMuch() throws {
        #expect(try Zstd.decompress(Zstd.compress(Array(repeating: 7, count: 1_000)), limit: small).count == 1_000)
        #expect(throws: ZstdError.limit(small)) {
            try Zstd.decompress(Zstd.compress(Array(repeating: 7, count: 1_001)), limit: small)
        }
    }

    @Test func damageIsRefused() throws {
        let frame = Zstd.compress(Array("Amends brings the branches of a chain together. ".utf8))
        for count in 0..<frame.count {
            #expect(throws: ZstdError.self) { try Zstd.decompress(Array(frame.prefix(count)), limit: small) }
        }
        #expect(throws: ZstdError.trailing) { try Zstd.decompress(frame + [0], limit: small) }
        #expect(throws: ZstdError.trailing) { try Zstd.decompress(frame + frame, limit: small) }
        #expect(throws: ZstdError.self) { try Zstd.decompress(Array("<html>".utf8), limit: small) }
    }

    /// The window is what a reader has to allocate: 2 GB here, refused before anything is.
    @Test func aFrameThatAsksForAHugeWindowIsRefused() {
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        let descriptorWithWindow: UInt8 = 0x00
        let window2GB: UInt8 = 21 << 3
        #expect(throws: ZstdError.self) {
            try Zstd.decompress(magic + [descriptorWithWindow, window2GB, 0x01, 0, 0], limit: small)
        }
        // The same with a size that is told: 256 KB, of which two blocks say that they are all the same.
        let descriptorWithSize: UInt8 = 0x80
        let window128KB: UInt8 = 7 << 3
        let repeated: [UInt8] = [0, 0, 4, 0, 0x02, 0, 0x10, 0x61, 0x03, 0, 0x10, 0x61]
        let limit = Limit("bytes", 256 << 10)
        #expect(throws: ZstdError.self) {
            try Zstd.decompress(magic + [descriptorWithSize, window2GB] + repeated, limit: limit)
        }
        #expect(
            (try? Zstd.decompress(magic + [descriptorWithSize, window128KB] + repeated, limit: limit))
                == Array(repeating: 0x61, count: 256 << 10))
    }
}
