/// One measured figure of a row.
struct Figure {
    /// The row's number in the table of goals.
    let row: Int
    /// Stable, for programs.
    let name: String
    /// What was done, for people.
    let work: String
    let value: Double
    let unit: Unit
    /// The same of plain SQLite, where it does the same work.
    var plain: Double?
    /// Ours to plain SQLite.
    var ratio: Double?
    /// Of the ratio where there is one, else of the value.
    var least: Double?
    var greatest: Double?
    /// Of the ratio where there is one, else of the value.
    var goal: Double?
    var sense = Sense.atMost
    /// What a reader must know to read the figure rightly.
    var note: String?

    enum Unit: String {
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case bytes
        case count
        case perSecond = "1/s"
        case ratio
    }

    enum Sense {
        case atMost
        case atLeast
    }

    var met: Bool? {
        guard let goal else { return nil }
        switch sense {
        case .atMost: return (ratio ?? value) <= goal
        case .atLeast: return (ratio ?? value) >= goal
        }
    }

    /// A timed contest with plain SQLite.
    static func contest(
        _ row: Int, _ name: String, _ work: String, _ contest: Contest, goal: Double, note: String? = nil
    ) -> Figure {
        Figure(
            row: row, name: name, work: work, value: contest.ours.median, unit: .seconds, plain: contest.plain.median,
            ratio: contest.ratio.median, least: contest.ratio.least, greatest: contest.ratio.greatest, goal: goal,
            note: note)
    }
}
