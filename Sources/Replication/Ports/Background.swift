/// Where work that needs no store is done while the store does other work. The core says what is to be done; who is behind this
/// port says on which thread.
package protocol Background: AnyObject {
    /// Takes on a piece of work; several may be done at once.
    ///
    /// - Returns: what waits for the result. It is called at most once.
    func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value
}

/// A row of values, each worked out in the background while the one before is used. No more than one is ready before it is asked
/// for.
///
/// What comes out is the same as if each were worked out where it is asked for. Where there is but one, it is.
package struct Lookahead<State: Sendable, Value: Sendable> {
    private typealias Step = (state: State, value: Value)

    private let count: Int
    private let start: State
    private let step: @Sendable (inout State, Int) -> Value
    private var begun = 0
    private var taken = 0
    private var next: (@Sendable () -> Step)?

    /// - Parameters:
    ///   - count: how many values there are.
    ///   - state: what each value hands on to the next.
    ///   - step: works out a value, given which it is.
    package init(count: Int, from state: State, _ step: @escaping @Sendable (inout State, Int) -> Value) {
        self.count = count
        start = state
        self.step = step
    }

    /// - Precondition: fewer than `count` were taken.
    package mutating func take(_ background: some Background) -> Value {
        precondition(taken < count, "there is no further value")
        taken += 1
        if count == 1 {
            var state = start
            return step(&state, 0)
        }
        let ready = (next ?? begin(start, background))()
        next = begun < count ? begin(ready.state, background) : nil
        return ready.value
    }

    private mutating func begin(_ state: State, _ background: some Background) -> @Sendable () -> Step {
        let (step, index) = (step, begun)
        begun += 1
        return background.begin {
            var state = state
            let value = step(&state, index)
            return (state, value)
        }
    }
}
