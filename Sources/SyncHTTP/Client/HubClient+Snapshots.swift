import Causality
import Changes
import Replication

extension HubClient {
    /// The manifest of a scope's snapshot; nil where the hub has none to give.
    package func snapshot(of scope: ScopeID) async throws -> SnapshotManifest? {
        do {
            let response = try await send(
                "GET", .snapshot(scope), limit: .manifestBytes, timeout: timeouts.sync)
            return try HubClient.decoded(
                try HubClient.message(response, limit: .manifestBytes)
            ) { bytes throws(CodecError) in
                try SnapshotManifest(bytes)
            }
        } catch let error as HubClientError where error.code == .hub(.noSnapshot) {
            return nil
        } catch let error as HubClientError where error.code == .hub(.notFound) {
            // A hub of a version before snapshots.
            return nil
        }
    }

    /// The placed changes that touch a record.
    package func history(of record: RecordID, scope: ScopeID) async throws -> RecordHistory {
        let response = try await send(
            "GET", .history(scope, record), headers: [.init("Accept-Encoding", SyncMedia.zstd)],
            limit: .decodedSyncResponseBytes, timeout: timeouts.sync)
        return try HubClient.decoded(
            try HubClient.message(response, limit: .decodedSyncResponseBytes)
        ) { bytes throws(CodecError) in
            try RecordHistory(bytes, scope: scope)
        }
    }

    /// A piece of the snapshot of this id, as it travels; nil where the hub does not keep it any more.
    package func piece(_ piece: SnapshotPiece, of id: ShortHash, scope: ScopeID) async throws -> [UInt8]? {
        do {
            let response = try await send(
                "GET", .snapshotPiece(scope, id, piece), limit: .bytesPerSnapshotChunk, timeout: timeouts.sync)
            return try HubClient.message(response, limit: .bytesPerSnapshotChunk)
        } catch let error as HubClientError where error.code == .hub(.snapshotGone) {
            return nil
        }
    }
}
