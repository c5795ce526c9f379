/// A value that a statement takes.
///
/// There is no floating point: amounts are minor units and times are milliseconds.
package protocol Bindable {
    /// Binds this value to the parameter `index`, counted from 1.
    func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError)
}

extension Int64: Bindable {
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        try statement.bind(self, at: index)
    }
}

extension Int: Bindable {
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        try statement.bind(Int64(self), at: index)
    }
}

extension Bool: Bindable {
    /// True is 1, false is 0.
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        try statement.bind(self ? Int64(1) : 0, at: index)
    }
}

extension String: Bindable {
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        try statement.bind(self, at: index)
    }
}

extension [UInt8]: Bindable {
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        try statement.bind(self.span.bytes, at: index)
    }
}

extension UnsafeRawBufferPointer: Bindable {
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        try statement.bind(self, at: index)
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    package func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        switch self {
        case .some(let value): try value.bind(to: statement, at: index)
        case .none: try statement.bindNull(at: index)
        }
    }
}
