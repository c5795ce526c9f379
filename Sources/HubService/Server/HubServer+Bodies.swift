import Changes
import Compression
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import SyncHTTP

extension HubServer {
    // MARK: - Reading

    /// The whole body as it was sent.
    ///
    /// - Throws: `.tooLarge`, `.slow`, or `.malformed` where less came than was announced.
    func body(_ request: Request, limit: Limit) async throws -> [UInt8] {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit.value { throw HubServer.tooLarge(limit) }
        do {
            let buffer = try await withTimeout(configuration.bodyTimeout) {
                try await request.body.collect(upTo: limit.value)
            }
            // A connection that breaks in the middle looks like the end of the body.
            if let announced, announced != buffer.readableBytes {
                throw HubFault(.malformed, "the body ended before the length that was announced")
            }
            return Array(buffer: buffer)
        } catch is NIOTooManyBytesError {
            throw HubServer.tooLarge(limit)
        } catch is TimeoutError {
            var fault = HubFault(.slow, "the body did not come in time")
            fault.endsConnection = true
            throw fault
        } catch  where !(error is HubFault || error is CancellationError) {
            // The connection broke, or what came on it is not HTTP.
            throw HubFault(.malformed, "the body did not come whole")
        }
    }

    private static func tooLarge(_ limit: Limit) -> HubFault {
        var fault = HubFault(.tooLarge, "more than \(limit.value) \(limit.name)")
        fault.endsConnection = true
        return fault
    }

    /// - Throws: `.unsupportedMedia` unless the body is a message.
    func checkMedia(_ request: Request) throws {
        guard SyncMedia.matches(request.headers[.contentType], SyncMedia.message) else {
            throw HubFault(.unsupportedMedia, "the body must be \(SyncMedia.message)")
        }
    }

    /// A message from a body, decompressed where it says so.
    func message<Message>(
        _ bytes: [UInt8], of request: Request, limit: Limit, _ decode: ([UInt8]) throws(CodecError) -> Message
    ) throws -> Message {
        var bytes = bytes
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "identity": break
        case SyncMedia.zstd:
            do { bytes = try Zstd.decompress(bytes, limit: limit) } catch {
                if case .limit = error { throw HubFault(.tooLarge, "the body: \(error)") }
                throw HubFault(.malformed, "the body: \(error)")
            }
        case .some: throw HubFault(.unsupportedMedia, "the only content encoding is \(SyncMedia.zstd)")
        }
        do { return try decode(bytes) } catch { throw HubFault(.malformed, "the body: \(error)") }
    }

    func json<Value: Decodable>(_ type: Value.Type, _ request: Request) async throws -> Value {
        let bytes = try await body(request, limit: .smallRequestBytes)
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw HubFault(.malformed, "the body is not the JSON that this path takes")
        }
    }

    // MARK: - Answering

    /// An answer, compressed where it is worth it and the asker takes it.
    func answer(_ bytes: [UInt8], type: String, isZstdTaken: Bool) -> HubAnswer {
        guard isZstdTaken, bytes.count >= SyncMedia.leastCompressedBytes else {
            return HubAnswer(contentType: type, body: bytes)
        }
        return HubAnswer(contentType: type, contentEncoding: SyncMedia.zstd, body: Zstd.compress(bytes))
    }

    func takesZstd(_ request: Request) -> Bool {
        (request.headers[.acceptEncoding] ?? "").split(separator: ",")
            .contains { $0.split(separator: ";").first?.split(separator: " ").joined().lowercased() == SyncMedia.zstd }
    }

    /// Path and query as they are signed: without the prefix.
    func target(_ request: Request) -> String {
        let target = request.uri.string
        let prefix = configuration.prefix
        return !prefix.isEmpty && target.hasPrefix(prefix + "/") ? String(target.dropFirst(prefix.count)) : target
    }
}
