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

    init(_ change: StoredChange, _ names: ChainNames) throws {
        self.change = change.dot
        person = change.header.person
        branch = try names.branch(of: change.dot.feed)
        let zone = change.header.zoneMinutes
        recordedAt = Moment(milliseconds: change.header.stamp.milliseconds, zoneMinutes: zone)
        effectiveAt = Moment(milliseconds: change.effective.milliseconds, zoneMinutes: zone)
        position = change.placement?.position
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
