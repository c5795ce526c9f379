import Glibc

/// The most memory that this process has held, in KiB.
func peakMemoryKiB() -> Int {
    var usage = rusage()
    // RUSAGE_SELF is an enumeration that Swift does not take for the parameter's integer.
    let isKnown = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0
    precondition(isKnown, "a process may ask for its own usage")
    return usage.ru_maxrss
}
