import Causality
import Changes
import Replication
import SQLiteStore

/// Who made a change, where and when.
package struct Authorship: Hashable, Sendable {
    package let change: Dot
    package let person: Text
    /// The branch's name; nil where nobody has told whose machine it is.
    package let branch: String?
    /// By the author's clock.
    package let recordedAt: Moment
    /// When it counts as made: never more than five minutes after the hub received it.
    package let effectiveAt: Moment
    /// Its place in the scope's order; nil while it has none.
    package let position: UInt64?
    /// The position of the snapshot that includes it, where nothing else of it is here.
    package let snapshot: UInt64?

    init(_ change: StoredChange, _ names: ChainNames) throws {
        self.change = change.dot
        person = change.header.person
        branch = try names.branch(of: change.dot.feed)
        let zone = change.header.zoneMinutes
        recordedAt = Moment(milliseconds: change.header.stamp.milliseconds, zoneMinutes: zone)
        effectiveAt = Moment(milliseconds: change.effective.milliseconds, zoneMinutes: zone)
        position = change.placement?.position
        snapshot = nil
    }

    /// Of a change that the scope's snapshot includes.
    init(
        _ dot: Dot, _ heading: SnapshotHeading, effective: HybridTimestamp, snapshot: UInt64, _ names: ChainNames
    ) throws {
        change = dot
        person = heading.person
        branch = try names.branch(of: dot.feed)
        recordedAt = Moment(milliseconds: heading.stamp.milliseconds, zoneMinutes: heading.zoneMinutes)
        effectiveAt = Moment(milliseconds: effective.milliseconds, zoneMinutes: heading.zoneMinutes)
        position = nil
        self.snapshot = snapshot
    }
}

extension SQLiteTransaction {
    /// `value` with the words of persons in place, where the part is held; a reference that leads nowhere stays.
    func resolved(_ value: Value, of dot: Dot, scope: ScopeID) throws -> Value {
        switch value {
        case .personal(let reference): try personal(reference, of: dot, scope: scope) ?? value
        case .fields(let fields):
            .fields(try fields.map { Value.Field($0.name, try resolved($0.value, of: dot, scope: scope)) })
        default: value
        }
    }
}

extension Value {
    /// The same with the words of persons in place, from the parts of the change that wrote it.
    func resolved(in parts: [[UInt8]?]) throws -> Value {
        switch self {
        case .personal(let reference):
            guard parts.indices.contains(reference.part), let bytes = parts[reference.part] else { return self }
            let items = try PersonalPart(bytes).items
            return items.indices.contains(reference.item) ? items[reference.item] : self
        case .fields(let fields):
            return .fields(try fields.map { Value.Field($0.name, try $0.value.resolved(in: parts)) })
        default: return self
        }
    }
}
