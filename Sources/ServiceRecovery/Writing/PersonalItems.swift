import Causality
import Changes

/// The personal parts of a draft while it grows.
///
/// A change has its parts sorted by subject, but the subjects come in any order; references are to the order in which
/// they came until `sorted` gives the final ones.
struct PersonalItems: Sendable {
    private var subjects: [SubjectID] = []
    private var items: [[Value]] = []

    /// Puts an item into the part of `subject`, once.
    ///
    /// - Throws: `.limit` of parts or items.
    mutating func place(_ item: Value, of subject: SubjectID) throws(CaseError) -> PartReference {
        let part: Int
        if let known = subjects.firstIndex(of: subject) {
            part = known
        } else {
            if subjects.count == Limit.partsPerChange.value { throw .limit(.partsPerChange) }
            part = subjects.count
            subjects.append(subject)
            items.append([])
        }
        if let known = items[part].firstIndex(of: item) { return PartReference(part: part, item: known) }
        if items[part].count == Limit.itemsPerPart.value { throw .limit(.itemsPerPart) }
        items[part].append(item)
        return PartReference(part: part, item: items[part].count - 1)
    }

    /// The parts as a change has them, and where each came to lie.
    func sorted() -> (parts: [ChangeDraft.Part], places: [Int]) {
        let order = subjects.indices.sorted { subjects[$0] < subjects[$1] }
        var places = [Int](repeating: 0, count: order.count)
        for (place, part) in order.enumerated() { places[part] = place }
        return (order.map { ChangeDraft.Part(subject: subjects[$0], items: items[$0]) }, places)
    }
}

extension Value {
    /// This value with every reference to part `n` made one to part `places[n]`.
    func movingParts(to places: [Int]) -> Value {
        switch self {
        case .personal(let reference): .personal(PartReference(part: places[reference.part], item: reference.item))
        case .fields(let fields): .fields(fields.map { Field($0.name, $0.value.movingParts(to: places)) })
        default: self
        }
    }
}
