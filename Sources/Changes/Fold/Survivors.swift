import Causality

extension RecordState {
    /// The writes of a slot that nothing has replaced, sorted by dot.
    ///
    /// Nearly always there is exactly one: it lies in place, and only concurrent writes cost an array.
    package struct Survivors: Hashable, Sendable, RandomAccessCollection {
        private enum Storage: Hashable, Sendable {
            case none
            case one(Survivor)
            /// Two and more.
            case several([Survivor])
        }

        private var storage: Storage

        package init() { storage = .none }

        package init(_ only: Survivor) { storage = .one(only) }

        /// - Parameter survivors: sorted by dot, each dot once; whoever takes them for a state's checks that.
        package init(_ survivors: [Survivor]) {
            storage =
                switch survivors.count {
                case 0: .none
                case 1: .one(survivors[0])
                default: .several(survivors)
                }
        }

        /// Whether they are sorted by dot, each dot once.
        var isSorted: Bool {
            guard case .several(let list) = storage else { return true }
            return zip(list, list.dropFirst()).allSatisfy { $0.dot < $1.dot }
        }

        package var startIndex: Int { 0 }

        package var endIndex: Int {
            switch storage {
            case .none: 0
            case .one: 1
            case .several(let list): list.count
            }
        }

        package subscript(index: Int) -> Survivor {
            switch storage {
            case .several(let list): return list[index]
            case .one(let only):
                precondition(index == 0, "a write that does not survive")
                return only
            case .none: preconditionFailure("no write survives")
            }
        }

        mutating func insert(_ survivor: Survivor) {
            guard case .none = storage else {
                var list = Array(self)
                list.insert(survivor, at: list.firstIndex { survivor.dot < $0.dot } ?? list.endIndex)
                storage = .several(list)
                return
            }
            storage = .one(survivor)
        }

        mutating func removeAll(where isRemoved: (Survivor) -> Bool) {
            switch storage {
            case .none: break
            case .one(let only): if isRemoved(only) { storage = .none }
            case .several(let list): self = Survivors(list.filter { !isRemoved($0) })
            }
        }
    }
}
