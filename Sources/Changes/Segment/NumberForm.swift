/// How the values of a column are numbers.
enum NumberForm: Hashable, Sendable {
    case integer
    /// Moments that are whole units (milliseconds each) in one zone.
    case moment(unit: Int64, zoneMinutes: Int16)
    case civil(CivilText)

    /// Milliseconds in one of the column's numbers, where they are moments.
    var unit: Int64? {
        switch self {
        case .integer: nil
        case .moment(let unit, _): unit
        case .civil(let form): form.unit
        }
    }

    /// - Returns: nil for a number that no value of this form has.
    func value(of number: Int64) -> Value? {
        switch self {
        case .integer: return .integer(number)
        case .moment(let unit, let zone):
            let (milliseconds, overflows) = number.multipliedReportingOverflow(by: unit)
            return overflows ? nil : .time(Moment(milliseconds: milliseconds, zoneMinutes: zone))
        case .civil(let form): return form.text(of: number).map { .text($0) }
        }
    }

    /// Writes the canonical bytes of the value of a number.
    ///
    /// - Returns: false, and what is written is of no use, for a number that no value of this form has.
    func writeValue(of number: Int64, into writer: inout ByteWriter) -> Bool {
        switch self {
        case .integer: Value.encode(integer: number, into: &writer)
        case .moment:
            guard let value = value(of: number) else { return false }
            value.encode(into: &writer)
        case .civil(let form):
            writer.write(textHead: form.byteCount)
            return form.write(number, into: &writer)
        }
        return true
    }

    /// - Returns: nil for a value of another form.
    func number(of value: Value) -> Int64? {
        switch (self, value) {
        case (.integer, .integer(let number)): return number
        case (.moment(let unit, let zone), .time(let moment)):
            let isWhole = moment.zoneMinutes == zone && moment.milliseconds % unit == 0
            return isWhole ? moment.milliseconds / unit : nil
        case (.civil(let form), .text(let text)):
            guard let (found, number) = CivilText.parse(text), found == form else { return nil }
            return number
        default: return nil
        }
    }

    /// The number of a value where it lies in canonical bytes that were checked; nil for a value of another form.
    func number(of value: Range<Int>, in bytes: [UInt8]) -> Int64? {
        if case .civil(let form) = self {
            return bytes.withUnsafeBytes { bytes in
                guard case .text(let text) = EncodedScalar(value, in: bytes),
                    let (found, number) = CivilText.parse(UnsafeRawBufferPointer(rebasing: bytes[text])), found == form
                else { return nil }
                return number
            }
        }
        return number(of: Value(checked: bytes, value))
    }

    /// The forms that `value` could have, the coarsest units first.
    static func candidates(for value: Value) -> [NumberForm] {
        switch value {
        case .integer: [.integer]
        case .time(let moment): units.map { .moment(unit: $0, zoneMinutes: moment.zoneMinutes) }
        case .text(let text): CivilText.parse(text).map { [.civil($0.form)] } ?? []
        default: []
        }
    }

    private static let units: [Int64] = [60_000, 1_000, 1]

    // MARK: - Bytes

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .integer: writer.write(byte: 0)
        case .moment(let unit, let zone):
            writer.write(byte: 1)
            writer.write(UInt64(unit))
            writer.write(signed: Int64(zone))
        case .civil(let form):
            writer.write(byte: 2)
            writer.write(byte: form.rawValue)
        }
    }

    /// Integers that follow the first byte.
    static func parameterCount(of form: UInt8) -> Int { form == 1 ? 2 : form == 2 ? 1 : 0 }

    init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        switch try reader.readByte() {
        case 0: self = .integer
        case 1:
            let unit = Int64(try reader.readInteger(upTo: 60_000))
            guard NumberForm.units.contains(unit) else { throw .malformed("\(unit) ms are no unit", at: start) }
            self = .moment(unit: unit, zoneMinutes: try reader.readZone())
        case 2:
            guard let form = CivilText(rawValue: try reader.readByte()) else {
                throw .malformed("a form of moments does not exist", at: start)
            }
            self = .civil(form)
        case let tag: throw .malformed("number form \(tag) does not exist", at: start)
        }
    }
}

/// What a column's number is told from; a difference of 0 is the cheapest.
enum Prediction: UInt8, CaseIterable, Sendable {
    /// The column's number before.
    case column = 0
    /// The number of the same record before, 0 for its first in the segment.
    case record = 1
    /// One more than that.
    case recordSuccessor = 2
    /// The change's stamp in the column's unit.
    case stamp = 3

    var step: Int64 { self == .recordSuccessor ? 1 : 0 }
    var isOfRecord: Bool { self == .record || self == .recordSuccessor }
}

/// How the contents of a column's operations are written.
enum ColumnCoding: Hashable, Sendable {
    /// Contents are listed where they first come. A code is 0, and the next of the list follows it, or it counts those
    /// listed: from the first one up, or from the newest one down.
    ///
    /// Where all of them are texts, they are listed without what canonical bytes have before a text.
    case listed(texts: Bool, newestFirst: Bool)
    /// A code is the difference from what was predicted.
    case numbers(NumberForm, Prediction)

    /// Smaller ones are of lists.
    static let firstOfNumbers: UInt8 = 4

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .listed(let texts, let newestFirst): writer.write(byte: (newestFirst ? 1 : 0) | (texts ? 2 : 0))
        case .numbers(let form, let prediction):
            writer.write(byte: ColumnCoding.firstOfNumbers + prediction.rawValue)
            form.encode(into: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        let tag = try reader.readByte()
        if tag < ColumnCoding.firstOfNumbers {
            self = .listed(texts: tag & 2 != 0, newestFirst: tag & 1 != 0)
            return
        }
        guard let prediction = Prediction(rawValue: tag - ColumnCoding.firstOfNumbers) else {
            throw .malformed("column coding \(tag) does not exist", at: start)
        }
        let form = try NumberForm(from: &reader)
        guard prediction != .stamp || form.unit != nil else {
            throw .malformed("a number without unit is told from a stamp", at: start)
        }
        self = .numbers(form, prediction)
    }
}
