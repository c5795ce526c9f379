import Causality

extension Segment {
    /// The bytes of a segment of whole changes without places, with a place for each: its columns stay as they are.
    ///
    /// What comes out is a segment of the same changes; `SegmentWriter` may choose other columns for them.
    /// - Parameters:
    ///   - bytes: from which `segment` was decoded.
    ///   - places: one for each item, in order; `start` for sequence 1.
    /// - Precondition: all items are whole changes, and none has a place.
    /// - Complexity: O(bytes).
    package static func placed(
        _ bytes: [UInt8], _ segment: Segment, at places: [SegmentPlace]
    ) throws(CodecError) -> [UInt8] {
        precondition(!segment.isPlaced && places.count == segment.items.count, "a place for each change without one")
        var reader = ByteReader(bytes)
        var head = try SegmentHead(from: &reader)
        var streams = try head.readStreams(from: &reader).map { Array($0.bytes[$0.index..<$0.end]) }
        var times: [SegmentTime] = []
        times.reserveCapacity(places.count)
        var verdicts = RunWriter()
        var starts = ByteWriter()
        for (item, place) in zip(segment.items, places) {
            guard case .full(let change) = item else { preconditionFailure("an item that is no whole change") }
            precondition(
                (place.start != nil) == (change.dot.sequence == 1), "a feed's start comes with its first change")
            times.append(SegmentTime(stamp: change.stamp.milliseconds, received: SegmentTime.held(place.received)))
            verdicts.append(UInt64(place.verdict.rawValue))
            if let start = place.start { starts.write(start) }
        }
        let (received, followsStamp) = SegmentTime.received(times)
        head.isPlaced = true
        head.receivedFollowsStamp = followsStamp
        streams[SegmentStream.received.rawValue] = received
        streams[SegmentStream.verdicts.rawValue] = verdicts.encoded()
        streams[SegmentStream.starts.rawValue] = starts.bytes
        var writer = ByteWriter(reserving: bytes.count + received.count + 64)
        head.encode(into: &writer)
        head.encode(streams, into: &writer)
        return writer.bytes
    }
}

/// The times of an item that has some: how they are written is chosen when all are known.
struct SegmentTime {
    var stamp: Int64?
    var received: Int64?

    /// A received time as entries are written.
    static func held(_ time: Int64) -> Int64 { min(max(time, 0), HybridTimestamp.greatestMilliseconds) }

    /// The column of received times, and whether they are told from the stamps.
    static func received(_ times: [SegmentTime]) -> (bytes: [UInt8], followsStamp: Bool) {
        func written(followingStamp: Bool) -> [UInt8] {
            var writer = ByteWriter()
            var last: Int64 = 0
            for time in times {
                guard let received = time.received else { continue }
                if followingStamp, let stamp = time.stamp { last = stamp }
                writer.write(signed: received - last)
                last = received
            }
            return writer.bytes
        }
        let (plain, following) = (written(followingStamp: false), written(followingStamp: true))
        let followsStamp = ByteCost.value(of: following) < ByteCost.value(of: plain)
        return (followsStamp ? following : plain, followsStamp)
    }
}
