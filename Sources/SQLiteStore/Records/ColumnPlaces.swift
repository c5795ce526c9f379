import Changes

/// Which column of a value table shows which of the fields that states in memory name by numbers: nothing is compared to find one.
struct ColumnPlaces: Sendable {
    /// By the number of a field's name: its column among `ValueTable.columns`, or -1.
    private let places: [Int]
    /// The number of the register that tells the type; 0 where states write its name out.
    private let typeName: UInt8

    init(_ table: ValueTable, _ names: FieldNames) {
        var places = Array(repeating: -1, count: Int(UInt8.max) + 1)
        func number(of name: [UInt8]) -> Int {
            let number = names.withView { names in
                name.withUnsafeBytes { names.number(of: $0, 0..<$0.count) }
            }
            return number < places.count ? number : 0
        }
        for (place, column) in table.columns.enumerated() {
            let number = number(of: Array(column.target.field.string.utf8))
            if number > 0 { places[number] = place }
        }
        typeName = UInt8(number(of: table.keys.typeName))
        self.places = places
    }

    /// The column of a slot's field, whatever its kind; -1 where there is none.
    ///
    /// - Precondition: the slot names its field by a number.
    func place(of slot: StateSlots.Slot) -> Int { places[Int(slot.name)] }

    /// Whether a slot is of the field that tells the type; nil where it writes the name out.
    func isOfType(_ slot: StateSlots.Slot) -> Bool? { slot.name == 0 ? nil : slot.name == typeName }
}
