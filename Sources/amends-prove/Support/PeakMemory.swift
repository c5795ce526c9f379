import Glibc

/// The most memory that this process has held, in KiB.
func peakMemoryKiB() -> Int {
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
}
