/// Rows of texts in aligned columns, for people.
package struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []
    private static let gap = "  "

    /// - Parameter header: the columns' names; empty for a table without a line of names.
    package init(_ header: [String] = []) { self.header = header }

    /// Adds a row. Control characters in it are made visible, so that it stays one line.
    package mutating func add(_ cells: [String?]) { rows.append(cells.map { ($0 ?? "").visible }) }

    package var isEmpty: Bool { rows.isEmpty }

    /// The table's lines; the last column is not padded.
    ///
    /// - Parameter style: how the line of names looks.
    package func lines(_ style: TextStyle = .plain) -> [String] {
        let all = (header.isEmpty ? [] : [header]) + rows
        var widths: [Int] = []
        for row in all {
            for (index, cell) in row.enumerated() {
                if index == widths.count { widths.append(0) }
                widths[index] = max(widths[index], cell.columnWidth)
            }
        }
        return all.enumerated().map { index, row in
            let line = TextTable.line(row, widths)
            return index == 0 && !header.isEmpty ? style.heading(line) : line
        }
    }

    private static func line(_ row: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in row.enumerated() {
            if index > 0 { line += gap }
            line += cell
            if row[(index + 1)...].contains(where: { !$0.isEmpty }) {
                line += String(repeating: " ", count: widths[index] - cell.columnWidth)
            } else {
                break
            }
        }
        return line
    }
}

/// The looks of a text for people: none, or a terminal's.
package struct TextStyle: Sendable {
    private let isColored: Bool

    package static let plain = TextStyle(isColored: false)
    package static let terminal = TextStyle(isColored: true)

    package init(_ console: Console) { self = console.hasColor() ? .terminal : .plain }

    private init(isColored: Bool) { self.isColored = isColored }

    package func heading(_ text: String) -> String { wrapped(text, "1") }
    package func faint(_ text: String) -> String { wrapped(text, "2") }
    package func warning(_ text: String) -> String { wrapped(text, "33") }

    private func wrapped(_ text: String, _ code: String) -> String {
        isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    /// The text with its control characters as pictures (`␊` for a line feed), and without what turns the direction of all that
    /// follows: a terminal must not obey what a case holds, and a row stays a row.
    package var visible: String {
        guard unicodeScalars.contains(where: { $0.isObeyed }) else { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0..<0x20: result.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
            case 0x7F: result.append("\u{2421}")
            case 0x80..<0xA0: result.append("\u{FFFD}")
            case 0x2028, 0x2029: result.append("\u{240A}")
            case _ where scalar.isObeyed: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// How many cells a terminal gives the text: two for East Asian wide signs and pictures, none for marks.
    package var columnWidth: Int { reduce(0) { $0 + $1.columnWidth } }

    /// As much of the text as so many cells hold, with an ellipsis in the last one where that is not all.
    package func cut(toColumns limit: Int) -> String {
        guard columnWidth > limit else { return self }
        var left = limit - 1
        let kept = prefix { character in
            left -= character.columnWidth
            return left >= 0
        }
        return kept + "…"
    }
}

extension Unicode.Scalar {
    /// Controls, line and paragraph separators, and the embeddings, overrides and isolates of Unicode's bidirectional
    /// algorithm (UAX #9). Marks, which turn nothing but themselves, are left.
    fileprivate var isObeyed: Bool {
        switch value {
        case 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: properties.generalCategory == .control
        }
    }
}

extension Character {
    fileprivate var columnWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        if first.isASCII, unicodeScalars.count == 1 { return 1 }
        // A picture, or a sign that is asked to be one: joined ones are one picture.
        if first.properties.isEmojiPresentation || unicodeScalars.contains(Character.pictureSelector) { return 2 }
        // Letters that are written as one cluster have a cell each; the marks of some scripts have one too.
        return unicodeScalars.reduce(0) { $0 + Character.columnWidth(of: $1) }
    }

    private static let pictureSelector: Unicode.Scalar = "\u{FE0F}"

    private static func columnWidth(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .format, .nonspacingMark, .enclosingMark: 0
        // Vowels and finals that join the Hangul letter before them.
        case _ where (0x1160...0x11FF).contains(scalar.value): 0
        default: wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// The wide blocks of Unicode's East Asian Width, as ranges of whole blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}
