extension Array where Element: Comparable {
    /// Of a sorted array, the first place whose element does not come before `value`; the count where all do.
    ///
    /// - Complexity: O(log n).
    func lowerBound(of value: Element) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
