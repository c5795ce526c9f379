import Causality
import Changes
import Replication
import SQLiteKit

/// Settings, and the clock, which lies beside one of the feeds: a commit that moves it writes that row anyway.
extension SQLiteTransaction {
    package func setting(_ key: SettingKey) throws -> [UInt8]? {
        if key == .clock, caches.isClockDirty { return caches.clock?.encoded() }
        if let cached = caches.settings[key] { return cached }
        var value: [UInt8]?
        if key == .clock, let feed = try clockFeed() {
            value = try connection.withStatement("SELECT clock FROM feed WHERE rid = ?") { statement in
                try statement.bind(feed)
                return try statement.step() ? try statement.optionalBytes(0) : nil
            }
        } else {
            value = try connection.withStatement("SELECT value FROM setting WHERE key = ?") { statement in
                try statement.bind(key.rawValue)
                return try statement.step() ? try statement.bytes(0) : nil
            }
        }
        caches.settings[key] = .some(value)
        return value
    }

    package func put(_ value: [UInt8]?, for key: SettingKey) throws {
        if key == .clock {
            caches.clock = nil
            caches.isClockDirty = false
        }
        caches.settings[key] = .some(value)
        caches.dirtySettings.insert(key)
    }

    func flushSettings() throws {
        for key in caches.dirtySettings.sorted(by: { $0.rawValue < $1.rawValue }) {
            if key == .clock { try moveClock(to: nil) }
            if let value = caches.settings[key] ?? nil {
                try connection.execute(
                    "INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)", key.rawValue, value)
            } else {
                try connection.execute("DELETE FROM setting WHERE key = ?", key.rawValue)
            }
        }
        caches.dirtySettings = []
    }

    // MARK: - The clock

    package func clock() throws -> HybridLogicalClock {
        if let clock = caches.clock { return clock }
        let clock = try setting(.clock).map { try HybridLogicalClock($0) } ?? HybridLogicalClock()
        caches.clock = clock
        return clock
    }

    /// Encoded once, when the transaction ends.
    package func put(_ clock: HybridLogicalClock) throws {
        caches.clock = clock
        caches.isClockDirty = true
    }

    /// The row of the feed beside which the clock lies; nil where it lies with the settings.
    private func clockFeed() throws -> Int64? {
        if let known = caches.clockFeed { return known }
        let feed = try clockFeeds().first
        caches.clockFeed = .some(feed)
        return feed
    }

    /// The feeds beside which a clock lies: one at most.
    package func clockFeeds() throws -> [Int64] {
        try connection.withStatement("SELECT rid FROM feed WHERE clock IS NOT NULL ORDER BY rid") { statement in
            var feeds: [Int64] = []
            while try statement.step() { feeds.append(try statement.int64(0)) }
            return feeds
        }
    }

    /// Whether a clock lies with the settings.
    package func hasClockSetting() throws -> Bool {
        try connection.withStatement("SELECT 1 FROM setting WHERE key = 'clock'") { try $0.step() }
    }

    /// Gives the clock its place in this transaction: beside a feed that is written with it, the one where it lies if that is among
    /// them, and else with the settings.
    func flushClock() throws {
        guard caches.isClockDirty, let clock = caches.clock else { return }
        caches.isClockDirty = false
        let bytes = clock.encoded()
        guard try setting(.clock) != bytes else { return }
        caches.settings[.clock] = .some(bytes)
        let place = try clockFeed()
        guard let feed = caches.dirtyFeeds.first(where: { $0.rid == place }) ?? caches.dirtyFeeds.first else {
            caches.dirtySettings.insert(.clock)
            return
        }
        try moveClock(to: feed.rid)
        feed.unsavedClock = bytes
    }

    /// Takes the clock away where it lies, so that it lies in one place only.
    ///
    /// - Parameter feed: beside which it is put next; nil for the settings.
    private func moveClock(to feed: Int64?) throws {
        let place = try clockFeed()
        guard place != feed else { return }
        if let place {
            try connection.execute("UPDATE feed SET clock = NULL WHERE rid = ?", place)
        } else {
            caches.dirtySettings.remove(.clock)
            try connection.execute("DELETE FROM setting WHERE key = ?", SettingKey.clock.rawValue)
        }
        caches.clockFeed = .some(feed)
    }
}
